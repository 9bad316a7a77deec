"""Clients of servers that close idle connections after a second or two. They end their connections in every way there is.

clients.py ADDRESS ROUNDS PORT[:plain][:h2][:slow][:quiet]...

Waits until the ports are answered. Each client speaks TLS 1.2 or 1.3 unless the port is plain, and HTTP/1.1 or /2. Prints a line of JSON a
port: what was done there, and the client's ports of the requests that got no answer because the server had closed. Such a request is sent
when the server's FIN has come and was not read yet, as a busy client does it. At a slow port, where /slow is answered after seconds,
clients give up as well. At a quiet one, of TLS 1.2 alone, hardly any client says a word before it closes. curl and openssl s_client ask
once and leave.
"""
import collections
import json
import select
import socket
import ssl
import subprocess
import sys
import threading
import time

VERSIONS = ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3
PATIENCE = 30
QUIET_ONES = 15
GIVES_UP_AFTER = .6
EMPTY_SETTINGS = b'\0\0\0\x04\0\0\0\0\0'
SETTINGS_ACK = b'\0\0\0\x04\x01\0\0\0\0'
GOAWAY = b'\0\0\x08\x07\0\0\0\0\0' + bytes(8)
PREFACE = b'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n' + EMPTY_SETTINGS


def headers(stream):
    """GET https://web/index.html, as a client sends it whose tables are still empty (RFC 7541)."""
    agent = b'Mozilla/5.0 (X11; Linux x86_64; as long as that of other clients)'
    block = b'\x82\x87\x85\x41\x03web\x0f\x2b' + bytes([len(agent)]) + agent
    return len(block).to_bytes(3, 'big') + b'\x01\x05' + stream.to_bytes(4, 'big') + block


class Client:
    def __init__(self, address, port, traits, version):
        self.http2, self.is_plain, self.stream, self.gave_up = 'h2' in traits, 'plain' in traits, 1, False
        self.socket = socket.create_connection((address, port), PATIENCE)
        if self.is_plain:
            return
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        context.minimum_version = context.maximum_version = version
        context.set_alpn_protocols(['h2' if self.http2 else 'http/1.1'])
        self.socket = context.wrap_socket(self.socket)
        if self.http2:
            self.socket.sendall(PREFACE)

    def ask(self, path=b'/'):
        if self.http2:
            self.socket.sendall(headers(self.stream))
            self.stream += 2
        else:
            self.socket.sendall(b'GET ' + path + b' HTTP/1.1\r\nHost: web\r\n\r\n')

    def get_answer(self):
        """False when the connection ends before the answer does."""
        received = b''
        try:
            while part := self.socket.recv(65536):
                received += part
                if not self.http2:
                    if received.endswith(b'hello\n'):
                        return True
                    continue
                while len(received) >= 9 and len(received) >= (length := 9 + int.from_bytes(received[:3], 'big')):
                    kind, flags, stream = received[3], received[4], int.from_bytes(received[5:9], 'big')
                    if kind == 4 and not flags & 1:
                        self.socket.sendall(SETTINGS_ACK)
                    if kind in (0, 1) and flags & 1 and stream == self.stream - 2:
                        return True
                    received = received[length:]
        except OSError:
            pass
        return False

    def is_closed(self, patience):
        """Whether the server's FIN has come; nothing is read."""
        poll = select.poll()
        poll.register(self.socket, select.POLLRDHUP)
        return bool(poll.poll(patience * 1000))

    def await_close(self):
        if not self.is_closed(PATIENCE):
            raise TimeoutError('the server closes no idle connection')

    def close(self, notify):
        """With GOAWAY and close_notify or without a word."""
        self.socket.setblocking(False)
        try:
            if notify and self.http2:
                self.socket.send(GOAWAY)
            if notify and not self.is_plain:
                self.socket.unwrap()
        except OSError:
            pass
        self.socket.close()


def leave(client, notify):
    time.sleep(.3)
    client.close(notify)


def stay(client, notify):
    client.await_close()
    client.close(notify)


def ask_late(client, notify):
    client.await_close()
    try:
        client.ask()
        answered = client.get_answer()
    except OSError:
        answered = False
    client.close(notify)
    return answered


def give_up(client, notify):
    # Apart from the answer before it: the kernel's clock has ticks of some milliseconds.
    time.sleep(.3)
    if client.is_closed(0):
        # A busy machine: what was to be 0.3 s was the server's idle time.
        client.close(notify=False)
        return
    client.ask(b'/slow')
    time.sleep(GIVES_UP_AFTER)
    client.close(notify)
    client.gave_up = True


def await_answer(address, port, traits):
    """Until the port listens."""
    until = time.monotonic() + PATIENCE
    while True:
        try:
            client = Client(address, port, traits, VERSIONS[0])
            client.close(notify=False)
            return
        except OSError:
            if time.monotonic() > until:
                raise
            time.sleep(.1)


def run(address, port, traits, version, act, notify, counts, lost):
    client = Client(address, port, traits, version)
    own_port = client.socket.getsockname()[1]
    client.ask()
    if not client.get_answer():
        raise ConnectionError(f'{port}: the first request was not answered')
    answered = act(client, notify)
    if act is not give_up:
        counts[act.__name__] += 1
    elif client.gave_up:
        counts['give_up_with_words' if notify else 'give_up'] += 1
    if answered is False:
        lost.append(own_port)


def run_curl(address, port, traits, counts):
    """It says close_notify, after GOAWAY where it speaks HTTP/2."""
    version = '--http2' if 'h2' in traits else '--http1.1'
    scheme = 'http' if 'plain' in traits else 'https'
    subprocess.run(['curl', '-sSkf', '-m', str(PATIENCE), version, f'{scheme}://{address}:{port}/'], check=True, stdout=subprocess.DEVNULL)
    counts['leave'] += 1


def run_openssl(address, port, notify, counts):
    """s_client says close_notify at the end of its input, and nothing when it is killed."""
    client = subprocess.Popen(
        ['openssl', 's_client', '-quiet', '-no_ign_eof', '-connect', f'{address}:{port}'],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    client.stdin.write(b'GET / HTTP/1.1\r\nHost: web\r\n\r\n')
    client.stdin.flush()
    received = b''
    while not received.endswith(b'hello\n'):
        part = client.stdout.read1(65536)
        if not part:
            raise ConnectionError(f'{port}: openssl s_client got no answer')
        received += part
    if notify:
        client.stdin.close()
    else:
        client.kill()
    client.wait(PATIENCE)
    counts['leave'] += 1


def main():
    address, rounds = sys.argv[1], int(sys.argv[2])
    ports = {}
    threads = []
    for word in sys.argv[3:]:
        port, *traits = word.split(':')
        await_answer(address, int(port), traits)
        counts, lost = ports[int(port)] = collections.Counter(), []
        is_quiet = 'quiet' in traits
        versions = VERSIONS[:1] if is_quiet else VERSIONS
        acts = (stay, ask_late) if is_quiet else (leave, stay, ask_late) + ((give_up,) if 'slow' in traits else ())
        threads += [
            threading.Thread(target=run, args=(address, int(port), traits, version, act, notify, counts, lost))
            for _ in range(rounds) for version in versions for act in acts for notify in (True, False)]
        if is_quiet:
            threads += [
                threading.Thread(target=run, args=(address, int(port), traits, version, leave, False, counts, lost))
                for _ in range(rounds * QUIET_ONES) for version in versions]
            continue
        for _ in range(rounds):
            threads.append(threading.Thread(target=run_curl, args=(address, int(port), traits, counts)))
            if not {'h2', 'plain'} & set(traits):
                threads += [threading.Thread(target=run_openssl, args=(address, int(port), notify, counts)) for notify in (True, False)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for port, (counts, lost) in ports.items():
        print(json.dumps({'port': port, **counts, 'lost_from': lost}))


main()
