"""Ends of connections whose truth is known by the one who makes them.

ends.py serve PORT IDLE...     answers once at each port, closes IDLE seconds later, and writes "PORT LEAST MOST": how many seconds it was idle
ends.py drive SERVER UPLOAD    makes five idle connections to each port from 8080 on, five health checks that end with a reset
                               (SO_LINGER 0), connects that are refused, and uploads that nginx at UPLOAD:8080 refuses (413)
"""
import select
import socket
import struct
import sys
import threading
import time

RESET = struct.pack('ii', 1, 0)


def answer(port, idle, connection):
    try:
        if connection.recv(1000):
            before = time.monotonic()
            connection.sendall(b'hello')
            sent = time.monotonic()
            time.sleep(idle)
            least = time.monotonic() - sent
            connection.close()
            print(port, f'{least:.4f} {time.monotonic() - before:.4f}', flush=True)
    except ConnectionResetError:
        pass
    connection.close()


def serve(port, idle):
    server = socket.create_server(('0.0.0.0', port), backlog=64)
    while True:
        threading.Thread(target=answer, args=(port, idle, server.accept()[0]), daemon=True).start()


def wait_for_close(address, port):
    with socket.create_connection((address, port)) as client:
        client.sendall(b'GET')
        while client.recv(1000):
            pass


def check(address, port):
    client = socket.create_connection((address, port))
    client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
    client.close()


def be_refused(address, port, blocking):
    client = socket.socket()
    client.setblocking(blocking)
    try:
        client.connect((address, port))
    except (ConnectionRefusedError, BlockingIOError):
        pass
    select.select([client], [client], [client], 5)
    client.close()


def upload(address, port):
    client = socket.create_connection((address, port))
    try:
        client.sendall(b'POST / HTTP/1.1\r\nHost: web\r\nContent-Length: 3000000\r\n\r\n' + b'x' * 3000000)
    except OSError:
        pass
    client.close()


def drive(server, refuses):
    threads = [threading.Thread(target=wait_for_close, args=(server, port)) for port in (8080, 8081) for _ in range(5)]
    for thread in threads:
        thread.start()
    for _ in range(5):
        check(server, 8080)
        be_refused(server, 9, True)
        be_refused(server, 9, False)
        upload(refuses, 8080)
    for thread in threads:
        thread.join()


if sys.argv[1] == 'drive':
    drive(*sys.argv[2:4])
else:
    servers = [threading.Thread(target=serve, args=(int(sys.argv[2]) + i, float(idle))) for i, idle in enumerate(sys.argv[3:])]
    for thread in servers:
        thread.start()
