# Clients that keep a connection, use it again after a while and never look whether it was closed meanwhile.
#
#   reuse.py ADDRESS PORT CONNECTIONS IDLE_SECONDS
#
# Prints "answered" or "lost" for each request on a connection that had been idle.
import socket, sys, threading, time

address, port, connections, idle = sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), float(sys.argv[4])
REQUEST = f"POST / HTTP/1.1\r\nHost: {address}\r\nContent-Length: 100\r\n\r\n".encode() + 100 * b"x"


def ask(connection):
    connection.sendall(REQUEST)
    return connection.recv(65536)


def run():
    while True:
        try:
            with socket.create_connection((address, port), timeout=5) as connection:
                ask(connection)
                while True:
                    time.sleep(idle)
                    try:
                        answer = ask(connection)
                    except OSError:
                        answer = b""
                    print("answered" if answer else "lost", flush=True)
                    if not answer:
                        break
        except OSError:
            time.sleep(0.2)


for _ in range(connections):
    threading.Thread(target=run, daemon=True).start()
    time.sleep(0.05)
time.sleep(3600)
