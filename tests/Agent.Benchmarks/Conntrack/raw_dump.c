/* raw_dump: dumps the conntrack table by netlink and throws it away: the least that any reader can cost. */
#include <linux/netfilter/nfnetlink.h>
#include <linux/netfilter/nfnetlink_conntrack.h>
#include <linux/netlink.h>
#include <sys/socket.h>

static char buffer[65536];

int main(void)
{
	struct {
		struct nlmsghdr header;
		struct nfgenmsg generic;
	} request = {
		.header = {
			.nlmsg_len = sizeof(request),
			.nlmsg_type = NFNL_SUBSYS_CTNETLINK << 8 | IPCTNL_MSG_CT_GET,
			.nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP,
			.nlmsg_seq = 1,
		},
	};
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_NETFILTER);

	if (fd < 0 || send(fd, &request, sizeof(request), 0) != sizeof(request))
		return 1;
	for (;;) {
		ssize_t length = recv(fd, buffer, sizeof(buffer), 0);
		struct nlmsghdr *message = (struct nlmsghdr *)buffer;

		if (length < (ssize_t)sizeof(*message) || message->nlmsg_type == NLMSG_ERROR)
			return 1;
		/* The kernel sends NLMSG_DONE alone, or last in a datagram of few messages. */
		for (; NLMSG_OK(message, length); message = NLMSG_NEXT(message, length))
			if (message->nlmsg_type == NLMSG_DONE)
				return 0;
	}
}
