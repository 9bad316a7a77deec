#!/usr/bin/env python3
"""Ends connections in every way that matters and writes down what the kernel says of each, for Core/Ends tests:
unshare -n ./capture.py > linux-$(uname -r | cut -d. -f1,2).txt

One scene: a line "scene NAME", then a line for each message, "server" or "client", in the order in which they came, with the
whole netlink message in hex, and a line "time_wait server|client|none": whose side kept the connection afterwards.
"""
import os
import platform
import socket
import ssl
import struct
import subprocess
import tempfile
import threading
import time

REQUEST = b'GET /index.html HTTP/1.1\r\nHost: web.shop\r\n\r\n'
ANSWER = b'HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello'
IDLE = .5
LINGER_0 = struct.pack('ii', 1, 0)

subprocess.run(['ip', 'link', 'set', 'lo', 'up'], check=True)
events = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 4)
events.setsockopt(socket.SOL_SOCKET, 33, 8 << 20)
events.bind((0, 0))
for group in (1, 3):
    events.setsockopt(270, 1, group)
server = socket.socket()
server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
server.bind(('127.0.0.1', 8080))
server.listen(64)
PORT = 8080


def connect():
    client = socket.create_connection(('127.0.0.1', PORT))
    accepted, _ = server.accept()
    return client, accepted


def answered():
    """A connection on which one request was answered, idle since."""
    client, accepted = connect()
    client.sendall(REQUEST)
    accepted.recv(1000)
    accepted.sendall(ANSWER)
    client.recv(1000)
    time.sleep(IDLE)
    return client, accepted


def finish(scene, wait=.4):
    events.settimeout(wait)
    lines, port = [], 0
    try:
        while True:
            message = events.recv(65536)
            source, destination = struct.unpack_from('>HH', message, 20)
            role = 'server' if source == PORT else 'client'
            port = destination if source == PORT and destination else source
            lines.append(f'{role} {message.hex()}')
    except TimeoutError:
        pass
    print(f'scene {scene}')
    print('\n'.join(lines))
    print(f'time_wait {time_wait(port)}')


def time_wait(port):
    for line in open('/proc/net/tcp').readlines()[1:]:
        local, remote, state = line.split()[1:4]
        ports = int(local[9:], 16), int(remote[9:], 16)
        # TIME_WAIT, or FIN_WAIT2 without an owner.
        if port in ports and (state == '06' or state == '05' and line.split()[9] == '0'):
            return 'server' if ports[0] == PORT else 'client'
    return 'none'


def quietly(action, *arguments):
    try:
        return action(*arguments)
    except OSError:
        return None


def plain():
    c, s = answered(); s.close(); time.sleep(.2); c.close(); finish('server closes idle')
    c, s = answered(); s.close(); c.recv(9); c.close(); finish('server closes idle, client at once')
    c, s = answered(); s.shutdown(1); c.recv(9); c.close(); time.sleep(.05); s.recv(9); s.close(); finish('server shuts down idle, then closes')
    c, s = answered(); c.close(); time.sleep(.2); s.close(); finish('client closes idle')
    c, s = answered(); c.close(); time.sleep(.05); s.recv(9); s.close(); finish('client closes idle, server reads the end of file')
    c, s = answered(); c.sendall(REQUEST); time.sleep(.1); s.close(); time.sleep(.1); quietly(c.recv, 9); c.close(); finish('request unread at close')
    c, s = answered(); s.close(); time.sleep(.1); c.sendall(REQUEST); time.sleep(.1); quietly(c.recv, 9); c.close(); finish('request after close')
    c, s = answered(); s.shutdown(1); time.sleep(.1); c.sendall(REQUEST); time.sleep(.1); s.close(); time.sleep(.1); quietly(c.recv, 9); c.close()
    finish('request after shutdown')
    c, s = answered(); c.setsockopt(1, 13, LINGER_0); c.close(); time.sleep(.1); s.close(); finish('client resets')
    c, s = answered(); s.setsockopt(1, 13, LINGER_0); s.close(); time.sleep(.1); c.close(); finish('server resets')
    c, s = answered(); c.sendall(REQUEST); c.shutdown(1); time.sleep(.5); s.recv(1000); s.sendall(ANSWER); s.close(); time.sleep(.1); c.recv(1000); c.close()
    finish('client half-closes, server answers and closes')
    quietly(socket.create_connection, ('127.0.0.1', 9)); finish('refused')
    c, s = answered(); c.sendall(REQUEST); time.sleep(.1); s.recv(1000); time.sleep(.3); s.close(); time.sleep(.1); c.recv(9); c.close()
    finish('request taken, closed without an answer')
    c, s = answered(); c.sendall(REQUEST); time.sleep(.1); s.recv(1000); time.sleep(.3)
    t = threading.Thread(target=lambda: (c.recv(9), c.close())); t.start(); s.close(); t.join()
    finish('request taken, closed without an answer, client at once')
    c, s = connect(); c.sendall(REQUEST); s.recv(1000); time.sleep(.3); s.close(); time.sleep(.1); c.recv(9); c.close(); finish('first request taken, closed without an answer')
    c, s = connect(); c.sendall(REQUEST); time.sleep(.3); s.close(); time.sleep(.1); quietly(c.recv, 9); c.close(); finish('first request unread at close')
    c, s = answered(); c.sendall(b'x' * 3000); time.sleep(.1); s.recv(100); s.sendall(b'HTTP/1.1 413 no\r\n\r\n'); s.close(); time.sleep(.1); quietly(c.recv, 99); c.close()
    finish('upload refused')
    c, s = answered(); c.sendall(b'x' * 3000); time.sleep(.1); s.recv(100); s.sendall(b'HTTP/1.1 413 no\r\n\r\n'); c.sendall(b'x' * 3000); time.sleep(.02); s.close()
    time.sleep(.1); quietly(c.recv, 99); c.close(); finish('upload refused, more of the body after the answer')
    c, s = connect(); c.sendall(b'x' * 3000); time.sleep(.1); s.recv(100); s.sendall(b'HTTP/1.1 413 no\r\n\r\n'); s.shutdown(1)
    for _ in range(5): c.sendall(b'x' * 3000); time.sleep(.1)
    c.recv(99); c.close(); time.sleep(.1)
    while s.recv(9000): pass
    s.close(); finish('upload refused, server lingers')
    c, s = answered(); c.sendall(REQUEST); time.sleep(.1); s.recv(1000); time.sleep(.4); c.close(); time.sleep(.2); quietly(s.sendall, ANSWER); time.sleep(.05); quietly(s.sendall, b'x'); s.close()
    finish('client gives up, server answers later')
    c, s = answered(); c.sendall(REQUEST); time.sleep(.1); s.recv(1000); time.sleep(.4); c.close(); time.sleep(.05); s.recv(9); s.close()
    finish('client gives up, server reads the end of file')
    c, s = answered(); c.sendall(REQUEST); time.sleep(.5); c.close(); time.sleep(.1); s.close(); finish('client gives up, its request unread')
    c, s = answered(); s.sendall(b'z' * 100000); s.close(); time.sleep(.1); c.close(); finish('server closes, its answer unread by the client')
    c, s = answered(); c.sendall(REQUEST); s.recv(1000); s.sendall(ANSWER); time.sleep(.05); c.close(); time.sleep(.05); quietly(s.recv, 9); s.close(); finish('client closes with an answer unread')
    c, s = answered(); c.sendall(REQUEST); s.recv(1000); s.sendall(ANSWER); s.close(); c.recv(1000); c.recv(9); c.close(); finish('server answers and closes')
    c, s = connect(); time.sleep(.3); s.close(); time.sleep(.05); c.recv(9); c.close(); finish('unused, server closes')
    c, s = connect(); time.sleep(.3); c.close(); time.sleep(.05); s.recv(9); s.close(); finish('unused, client closes')
    c, s = connect(); c.setsockopt(1, 13, LINGER_0); c.close(); time.sleep(.05); s.close(); finish('check that ends with a reset')
    c, s = connect(); s.sendall(b'220 mail ESMTP\r\n'); c.recv(99); c.sendall(b'QUIT\r\n'); s.recv(99); s.sendall(b'221 Bye\r\n'); s.close(); time.sleep(.05); c.recv(99); c.recv(9); c.close()
    finish('SMTP')
    c, s = answered(); c.sendall(b'\x01\0\0\0\x01'); c.close(); s.recv(99); s.close(); finish('MySQL COM_QUIT')
    c, s = answered(); c.sendall(b'\x01\0\0\0\x01'); time.sleep(.002); s.recv(99); s.close(); time.sleep(.002); c.close(); finish('MySQL COM_QUIT, server first')
    c, s = answered(); s.sendall(b'\0\0\x08\x07\0\0\0\0\0' + bytes(8)); s.close(); time.sleep(.05); c.sendall(b'\0\0\x08\x06\0\0\0\0\0' + bytes(8)); time.sleep(.05); c.close()
    finish('HTTP/2 GOAWAY, client sends PING')
    c, s = answered(); s.setsockopt(6, 18, 300); c.setsockopt(6, 18, 300)
    subprocess.run(['ip', 'link', 'set', 'lo', 'down'], check=True); s.sendall(ANSWER); time.sleep(1.5); quietly(s.recv, 9); s.close()
    subprocess.run(['ip', 'link', 'set', 'lo', 'up'], check=True); c.setsockopt(1, 13, LINGER_0); c.close(); finish('nobody answers any more')


def tls():
    directory = tempfile.mkdtemp()
    certificate, key = f'{directory}/c.pem', f'{directory}/k.pem'
    subprocess.run(['openssl', 'req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-subj', '/CN=localhost',
                    '-keyout', key, '-out', certificate], check=True, stderr=subprocess.DEVNULL)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    context.set_ciphers('ALL')

    def pair(version, ciphers, options=0):
        trusting = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        trusting.check_hostname, trusting.verify_mode = False, ssl.CERT_NONE
        trusting.minimum_version = trusting.maximum_version = version
        trusting.options |= options
        if ciphers:
            trusting.set_ciphers(ciphers)
        result = {}

        def accept():
            s, _ = server.accept()
            s = context.wrap_socket(s, server_side=True)
            s.recv(1000)
            s.sendall(ANSWER)
            result['server'] = s
        thread = threading.Thread(target=accept)
        thread.start()
        c = trusting.wrap_socket(socket.create_connection(('127.0.0.1', PORT)))
        c.sendall(REQUEST)
        c.recv(1000)
        thread.join()
        time.sleep(IDLE)
        return c, result['server']

    def notify(end):
        end.setblocking(False)
        quietly(end.unwrap)

    mac_first = 1 << 19  # SSL_OP_NO_ENCRYPT_THEN_MAC
    for name, version, *suite in (('TLS 1.3', ssl.TLSVersion.TLSv1_3, None), ('TLS 1.2', ssl.TLSVersion.TLSv1_2, 'ECDHE-ECDSA-AES128-GCM-SHA256'),
                                  ('TLS 1.2 CBC', ssl.TLSVersion.TLSv1_2, 'ECDHE-ECDSA-AES128-SHA256'), ('TLS 1.2 ChaCha20', ssl.TLSVersion.TLSv1_2, 'ECDHE-ECDSA-CHACHA20-POLY1305'),
                                  ('TLS 1.2 CBC SHA-1', ssl.TLSVersion.TLSv1_2, 'ECDHE-ECDSA-AES128-SHA'), ('TLS 1.2 CBC SHA-384', ssl.TLSVersion.TLSv1_2, 'ECDHE-ECDSA-AES256-SHA384'),
                                  ('TLS 1.2 CBC SHA-1, MAC first', ssl.TLSVersion.TLSv1_2, 'ECDHE-ECDSA-AES128-SHA', mac_first)):
        c, s = pair(version, *suite); notify(s); s.close(); time.sleep(.1); c.close(); finish(f'{name}: server notifies and closes, client closes')
        c, s = pair(version, *suite); notify(s); s.close(); time.sleep(.1); notify(c); c.close(); finish(f'{name}: server notifies and closes, client notifies and closes')
        c, s = pair(version, *suite); s.close(); time.sleep(.1); notify(c); c.close(); finish(f'{name}: server closes, client notifies and closes')
        c, s = pair(version, *suite); notify(c); c.close(); time.sleep(.1); s.close(); finish(f'{name}: client notifies and closes, server closes unread')
        c, s = pair(version, *suite); notify(c); c.close(); time.sleep(.1); quietly(s.recv, 10); notify(s); s.close(); finish(f'{name}: client notifies and closes, server answers and closes')
        c, s = pair(version, *suite); notify(c); c.close(); time.sleep(.1); quietly(s.recv, 10); s.close(); finish(f'{name}: client notifies and closes, server reads and closes')
        c, s = pair(version, *suite); s.close(); time.sleep(.1); c.sendall(REQUEST); time.sleep(.1); c.close(); finish(f'{name}: request after close')
        c, s = pair(version, *suite); c.sendall(REQUEST); time.sleep(.1); s.close(); time.sleep(.1); c.close(); finish(f'{name}: request unread at close')
        c, s = pair(version, *suite); c.sendall(REQUEST); time.sleep(.5); notify(c); c.close(); time.sleep(.1); s.close(); finish(f'{name}: client notifies and leaves, its request unread')
        c, s = pair(version, *suite); c.close(); time.sleep(.1); s.close(); finish(f'{name}: client closes')


print(f'# Linux {platform.release()}')
plain()
tls()
os._exit(0)
