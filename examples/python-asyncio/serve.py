"""The part to copy into a server of your own: take the socket that devloop holds, serve on it, and drain on the way out."""

import asyncio
import os
import signal
import socket

# When a drain, in seconds, hangs up on what is still open. It is less than the 5s after which devloop kills.
DRAIN = 4


def listener(host, port):
    """The socket that was passed to this process, or one bound to host and port if none was: it also runs by hand."""
    if socket_passed():
        return socket.socket(fileno=3)
    return socket.create_server((host, port))


def socket_passed():
    """Systemd's protocol: LISTEN_FDS counts the sockets, which start at descriptor 3, and LISTEN_PID, if it is there,
    names the one process that they are meant for."""
    pid = os.environ.get("LISTEN_PID")
    return int(os.environ.get("LISTEN_FDS") or 0) > 0 and pid in (None, "", str(os.getpid()))


async def serve(sock, answer):
    """Answers on sock until SIGTERM or SIGINT; answer(reader, writer) is called for each connection. Then it drains: it
    accepts no more, and returns when the connections that it has are done. Those that nobody has accepted stay in the
    socket's queue, for the next version of this server."""
    open_connections = set()

    async def connected(reader, writer):
        task = asyncio.current_task()
        open_connections.add(task)
        try:
            await answer(reader, writer)
        except (asyncio.IncompleteReadError, ConnectionError):
            pass  # the client went away
        finally:
            writer.close()
            open_connections.discard(task)

    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    # asyncio shortens the queue to 100 unless it is told otherwise.
    server = await asyncio.start_server(connected, sock=sock, backlog=4096)
    await stop.wait()
    server.close()
    # What was accepted in this turn of the loop becomes a transport in the next, and calls connected a turn or two later.
    for _ in range(5):
        await asyncio.sleep(0)
    if open_connections:
        await asyncio.wait(open_connections, timeout=DRAIN)
