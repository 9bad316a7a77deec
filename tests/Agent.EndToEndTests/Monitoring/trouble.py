"""Keeps a network namespace in trouble until it is killed: an accept queue that overflows, connections that end in a reset,
connections that the server closes first after they have been idle, and requests that it leaves unread."""

import socket
import struct
import time


def listen(port, backlog):
    server = socket.socket()
    server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    server.bind(("127.0.0.1", port))
    server.listen(backlog)
    return server


def connect(port):
    client = socket.socket()
    client.setblocking(False)
    client.connect_ex(("127.0.0.1", port))
    return client


REQUEST = b"GET / HTTP/1.1\r\nHost: trouble\r\n\r\n"
never_accepts, resets, closes_first, loses = listen(7001, 1), listen(7002, 64), listen(7003, 64), listen(7004, 64)
waiting = []
while True:
    waiting = waiting[-8:] + [connect(7001)]

    client = connect(7002)
    server, _ = resets.accept()
    server.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    server.close()
    client.close()

    client = connect(7003)
    server, _ = closes_first.accept()
    client.setblocking(True)
    client.sendall(b"request")
    server.recv(16)
    server.sendall(b"answer")
    client.recv(16)
    time.sleep(0.25)  # Idle is what had no byte for 0.2 s.
    server.close()
    client.recv(1)
    client.close()

    client = connect(7004)
    server, _ = loses.accept()
    client.setblocking(True)
    client.sendall(REQUEST)
    server.recv(100)
    server.sendall(b"HTTP/1.1 204 No Content\r\n\r\n")
    client.recv(100)
    time.sleep(0.25)
    client.sendall(REQUEST)
    time.sleep(0.05)
    server.close()
    client.close()
