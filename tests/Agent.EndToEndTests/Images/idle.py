# Clients that measure how long servers keep an idle connection.
#
#   idle.py NAME/PROTOCOL/ADDRESS/PORT...      PROTOCOL: http, redis, postgres, smtp
#
# Prints "NAME SECONDS WORDS" for each close: since the server's answer, and 1 where it said something before it closed. Three clients a
# server, which begin at different times.
import socket, struct, sys, threading, time


def exchange(protocol, connection, address):
    if protocol == "http":
        connection.sendall(f"GET / HTTP/1.1\r\nHost: {address}\r\n\r\n".encode())
        return connection.recv(65536)
    if protocol == "redis":
        connection.sendall(b"PING\r\n")
        return connection.recv(65536)
    if protocol == "smtp":
        connection.recv(65536)
        connection.sendall(b"EHLO client\r\n")
        return connection.recv(65536)
    parameters = b"user\0postgres\0database\0postgres\0\0"
    connection.sendall(struct.pack("!ii", 8 + len(parameters), 196608) + parameters)
    answer = b""
    while not answer.endswith(b"Z\0\0\0\5I"):
        part = connection.recv(65536)
        if not part:
            return part
        answer += part
    return answer


def measure(name, protocol, address, port):
    with socket.create_connection((address, int(port)), timeout=30) as connection:
        if not exchange(protocol, connection, address):
            return
        answered = time.monotonic()
        words = 0
        while connection.recv(65536):
            # What comes at once is the rest of the answer.
            if time.monotonic() - answered < 0.2:
                answered = time.monotonic()
            else:
                words = 1
        print(f"{name} {time.monotonic() - answered:.3f} {words}", flush=True)


def run(target, delay):
    time.sleep(delay)
    while True:
        try:
            measure(*target.split("/"))
        except OSError:
            time.sleep(0.2)


for target in sys.argv[1:]:
    for number in range(3):
        threading.Thread(target=run, args=(target, 0.7 * number), daemon=True).start()
time.sleep(3600)
