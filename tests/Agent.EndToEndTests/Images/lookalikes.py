# What looks like trouble and is none: clients and servers of healthy nodes.
#
#   lookalikes.py trickle PORT                a server that goes on answering whoever has half-closed, a line a second
#   lookalikes.py listen ADDRESS PORT COUNT   COUNT clients of it: they half-close and read
#   lookalikes.py pool ADDRESS PORT COUNT     asks once on each of COUNT connections and keeps them, whatever their peer does
#   lookalikes.py idle ADDRESS PORT TEXT      every second a new connection that says TEXT once, reads, and stays until it is closed
#   lookalikes.py check ADDRESS PORT          health checks that end with a reset (SO_LINGER 0), and SYNs to a port where nobody listens
#   lookalikes.py upload ADDRESS PORT         uploads that are refused before their end
import socket
import struct
import sys
import threading
import time

GET = b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"


def connect(address, port):
    return socket.create_connection((address, port), timeout=10)


def trickle(port):
    server = socket.create_server(("0.0.0.0", port), backlog=128)
    while True:
        threading.Thread(target=answer, args=(server.accept()[0],), daemon=True).start()


def answer(connection):
    try:
        while True:
            connection.sendall(b"line\n")
            time.sleep(1)
    except OSError:
        connection.close()


def listen(address, port, count):
    connections = [connect(address, port) for _ in range(count)]
    for connection in connections:
        connection.shutdown(socket.SHUT_WR)
    while True:
        for connection in connections:
            connection.recv(4096)


def pool(address, port, count):
    kept = [connect(address, port) for _ in range(count)]
    for connection in kept:
        connection.sendall(GET)
        connection.recv(4096)
    time.sleep(3600)


def idle(address, port, text):
    while True:
        # At once: what a busy machine sends so late that the server has closed meanwhile is really lost.
        connection = connect(address, port)
        connection.sendall(text)
        threading.Thread(target=stay, args=(connection,), daemon=True).start()
        time.sleep(1)


def stay(connection):
    connection.settimeout(None)
    while connection.recv(4096):
        pass
    connection.close()


def check(address, port):
    while True:
        connection = connect(address, port)
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        connection.close()
        try:
            connect(address, 9)
        except ConnectionRefusedError:
            pass
        time.sleep(0.05)


def upload(address, port):
    head = b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 4000000\r\n\r\n"
    while True:
        connection = connect(address, port)
        try:
            connection.sendall(head)
            for _ in range(40):
                connection.sendall(b"x" * 100000)
        except OSError:
            pass
        connection.close()
        time.sleep(0.3)


way, *rest = sys.argv[1:]
if way == "trickle":
    trickle(int(rest[0]))
elif way == "idle":
    idle(rest[0], int(rest[1]), GET if rest[2] == "GET" else rest[2].encode() + b"\r\n")
elif way in ("listen", "pool"):
    globals()[way](rest[0], int(rest[1]), int(rest[2]))
else:
    globals()[way](rest[0], int(rest[1]))
