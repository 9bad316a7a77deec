#!/usr/bin/env bash
# A Kubernetes node of its own: containerd with its CRI and CNI in new mount, network, uts, ipc, pid and cgroup
# namespaces. Nothing of the machine's own network, sysctls, cgroups or file system is written, except one cgroup for
# the node, which is removed at the end.
#
#   node.sh NAME        says "pid N" (its PID 1 as the machine numbers it), then "ready"; ends when standard input ends
#
# Whoever started it holds the other end of standard input: however that process ends, so does the node.
set -euo pipefail
name=$1 cgroup=closewatch-e2e/$1
node4=172.31.255.1 node6=fd00:31::1 pods4=10.88.1.0/24 pods6=fd00:10:88:1::/64 services4=10.96.0.0/16 services6=fd00:10:96::/112

hierarchies() { findmnt -rno TARGET,FSTYPE,FS-OPTIONS -t cgroup,cgroup2; }

# Outside: a cgroup in every hierarchy, made the root of the node's cgroup namespace, so that pods are at /kubepods there.
enter_cgroups() {
  local mount folder part controller file
  while read -r mount _; do
    folder=$mount
    for part in ${cgroup/\// }; do
      if [ "$mount" = /sys/fs/cgroup ]; then # cgroup2 alone
        for controller in $(<"$folder/cgroup.controllers"); do echo "+$controller" >"$folder/cgroup.subtree_control" || true; done
      fi
      mkdir -p "$folder/$part"
      if [ -f "$folder/cpuset.mems" ]; then
        for file in cpuset.cpus cpuset.mems; do cat "$folder/$file" >"$folder/$part/$file"; done
      fi
      folder=$folder/$part
    done
    echo "$BASHPID" >"$folder/cgroup.procs"
  done < <(hierarchies)
}

remove_cgroups() {
  local mount
  while read -r mount _; do
    for _ in $(seq 100); do
      [ -d "$mount/$cgroup" ] || break
      find "$mount/$cgroup" -depth -type d -exec rmdir {} + 2>/dev/null || sleep .02 # the kernel is still ending its processes
    done
    rmdir "$mount/${cgroup%/*}" 2>/dev/null || true # another node may be using it
  done < <(hierarchies)
}

if [ "${2:-}" != inside ]; then
  trap '' INT TERM HUP # a Ctrl-C ends the tests, and with them the node; its cgroups still have to go
  trap remove_cgroups EXIT
  (
    trap - INT TERM HUP
    enter_cgroups
    exec unshare --mount --net --uts --ipc --pid --cgroup --fork --kill-child --propagation private bash "$0" "$1" inside
  )
  exit
fi

read -r pid _ </proc/self/stat # the machine's /proc still
echo "pid $pid"
mount -t proc proc /proc

# /sys of the new network namespace, with the cgroup hierarchies that the machine has, rooted at the node
mounts=$(hierarchies)
links=$(find /sys/fs/cgroup -maxdepth 1 -type l -printf '%f %l\n')
umount -R /sys
mount -t sysfs sysfs /sys
if grep -q '^/sys/fs/cgroup cgroup2' <<<"$mounts"; then
  mount -t cgroup2 cgroup2 /sys/fs/cgroup
  mkdir -p /sys/fs/cgroup/init
  echo 1 >/sys/fs/cgroup/init/cgroup.procs # only leaves may hold processes
  for controller in $(</sys/fs/cgroup/cgroup.controllers); do echo "+$controller" >/sys/fs/cgroup/cgroup.subtree_control || true; done
else
  mount -t tmpfs -o mode=755 tmpfs /sys/fs/cgroup
  while read -r folder type options; do
    options=${options#rw} options=${options#,}
    [[ $options != *name=* ]] || options=none,$options
    mkdir -p "$folder"
    mount -t "$type" ${options:+-o "$options"} "$type" "$folder"
  done <<<"$mounts"
  while read -r link target; do [ -z "$link" ] || ln -s "$target" "/sys/fs/cgroup/$link"; done <<<"$links"
fi

# In memory, and gone with the mount namespace: what programs of the node write
mount -t tmpfs -o mode=755 tmpfs /run
mkdir -p /run/node/containerd /run/lock /run/netns
for folder in /etc /var; do
  mkdir -p "/run/node/upper$folder" "/run/node/work$folder"
  mount -t overlay -o "lowerdir=$folder,upperdir=/run/node/upper$folder,workdir=/run/node/work$folder" overlay "$folder"
done
rm -rf /var/log/pods /var/log/containers /var/lib/cni /var/run /etc/cni/net.d
mkdir -p /var/log/pods /var/log/containers /var/lib/cni /var/lib/kubelet /etc/cni/net.d
ln -s /run /var/run
mount --make-rshared / # as systemd leaves it: pods may ask for mount propagation

hostname "$name"
echo "$name" >/etc/hostname
printf '127.0.0.1\tlocalhost\n::1\tlocalhost\n%s\t%s\n' $node4 "$name" >/etc/hosts
rm -f /etc/resolv.conf # may be a link
echo 'nameserver 127.0.0.1' >/etc/resolv.conf # no name server here: fail at once

ip link set lo up
ip link add node0 type bridge # the node's own addresses; no way out of it
ip address add $node4/24 dev node0
ip address add $node6/64 dev node0 nodad
ip link set node0 up
ip route add $services4 dev node0 # the node's own programs need a route before a Service's rule sees them
ip route add $services6 dev node0
[ -d /proc/sys/net/bridge ] || { echo "the kernel module br_netfilter is not loaded" >&2; exit 1; }
sysctl -qw net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1 net.ipv6.conf.default.accept_dad=0 \
  net.bridge.bridge-nf-call-iptables=1 net.bridge.bridge-nf-call-ip6tables=1
# As kube-proxy leaves a node. Its rules are also what makes the namespace track connections at all.
sysctl -qw net.netfilter.nf_conntrack_tcp_timeout_close_wait=3600 net.netfilter.nf_conntrack_tcp_timeout_established=86400
rules() { # PODS: pods keep their address towards each other
  cat <<R
*nat
:KUBE-SERVICES - [0:0]
:KUBE-POSTROUTING - [0:0]
-A PREROUTING -j KUBE-SERVICES
-A OUTPUT -j KUBE-SERVICES
-A POSTROUTING -j KUBE-POSTROUTING
-A POSTROUTING -s $1 ! -d $1 -m addrtype ! --dst-type LOCAL -j MASQUERADE
COMMIT
*filter
-A FORWARD -m conntrack --ctstate INVALID -j DROP
COMMIT
R
}
rules $pods4 | iptables-restore
rules $pods6 | ip6tables-restore

cat >/etc/cni/net.d/10-pods.conflist <<C
{"cniVersion": "0.4.0", "name": "pods", "plugins": [
  {"type": "bridge", "bridge": "cni0", "isGateway": true, "hairpinMode": true,
   "ipam": {"type": "host-local", "dataDir": "/run/node/addresses", "ranges": [[{"subnet": "$pods4"}], [{"subnet": "$pods6"}]],
            "routes": [{"dst": "0.0.0.0/0"}, {"dst": "::/0"}]}}]}
C
cat >/run/node/containerd.toml <<C
version = 2
root = "/run/node/containerd/root"
state = "/run/node/containerd/state"
disabled_plugins = ["io.containerd.snapshotter.v1.aufs", "io.containerd.snapshotter.v1.btrfs", "io.containerd.snapshotter.v1.devmapper",
  "io.containerd.snapshotter.v1.zfs", "io.containerd.internal.v1.restart"]
[grpc]
  address = "/run/containerd/containerd.sock"
[plugins."io.containerd.internal.v1.opt"]
  path = "/run/node/containerd/opt"
[plugins."io.containerd.grpc.v1.cri"]
  sandbox_image = "localhost/pause:1"
  disable_apparmor = true
  restrict_oom_score_adj = true # where CAP_SYS_RESOURCE is missing runc can not lower it
  [plugins."io.containerd.grpc.v1.cri".cni]
    bin_dir = "/usr/lib/cni"
    conf_dir = "/etc/cni/net.d"
C
containerd -c /run/node/containerd.toml >/run/node/containerd.log 2>&1 </dev/null &
for _ in $(seq 500); do
  [ -S /run/containerd/containerd.sock ] && break
  kill -0 $! 2>/dev/null || { tail -n 5 /run/node/containerd.log >&2; exit 1; }
  sleep .02
done
echo ready
# The end of PID 1 ends everything in the node. bash reaps what is handed to PID 1 while it reads.
while read -r _; do :; done
