"""Three servers with the usual faults, one a port."""

import asyncio

ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


async def closes_early(reader, writer):
    """Keeps an idle connection for two seconds, and whatever is in front of it keeps it for a minute."""
    try:
        while await asyncio.wait_for(reader.read(1000), 2):
            writer.write(ANSWER)
    except asyncio.TimeoutError:
        pass
    writer.close()


async def answers_late(reader, writer):
    """Answers half a minute after its client has sent everything and closed its side."""
    await reader.read()
    await asyncio.sleep(30)
    writer.write(ANSWER)
    writer.close()


LEAKED = []


async def never_closes(reader, writer):
    """Forgets the connection when its client has gone."""
    LEAKED.append(writer)
    await reader.read()


async def main():
    for port, serve in ((8080, closes_early), (8081, answers_late), (8082, never_closes)):
        await asyncio.start_server(serve, "10.1.2.2", port)
    await asyncio.Event().wait()


asyncio.run(main())
