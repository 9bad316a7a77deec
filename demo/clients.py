"""Clients of servers.py, through the Service's address."""

import asyncio
import socket

SERVICE = "10.96.0.10"
REQUEST = b"GET / HTTP/1.1\r\nHost: web\r\n\r\n"


async def connect(port):
    for _ in range(100):
        try:
            return await asyncio.open_connection(SERVICE, port)
        except OSError:
            await asyncio.sleep(0.1)  # the servers are still starting
    raise SystemExit("no server at port %d" % port)


async def reuses(number):
    """Uses a connection again after a pause, as a load balancer does: the server has closed it meanwhile."""
    await asyncio.sleep(number * 0.3)
    while True:
        reader, writer = await connect(8080)
        writer.write(REQUEST)
        await reader.read(1000)
        await asyncio.sleep(2.01)
        writer.write(REQUEST)
        await asyncio.sleep(0.5)
        writer.transport.abort()


async def half_closes():
    _, writer = await connect(8081)
    writer.write(REQUEST)
    writer.get_extra_info("socket").shutdown(socket.SHUT_WR)
    await asyncio.Event().wait()


async def leaves():
    _, writer = await connect(8082)
    writer.write(REQUEST)
    await writer.drain()
    writer.close()


async def main():
    await asyncio.gather(*[reuses(number) for number in range(6)], *[half_closes() for _ in range(4)], *[leaves() for _ in range(12)])


asyncio.run(main())
