import asyncio

from app import page
from serve import listener, serve

# How long, in seconds, a connection may take to ask. Browsers open some ahead of need, and may never use them: a drain
# waits for those too, so it is short.
PATIENCE = 2


async def answer(reader, writer):
    """As much of HTTP as one page needs."""
    try:
        head = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), timeout=PATIENCE)
    except TimeoutError:
        return  # nothing was asked
    path = head.split(b" ", 2)[1].decode("latin-1")
    status, text = page(path)
    body = text.encode()
    writer.write(
        b"HTTP/1.1 %d %s\r\nContent-Type: text/html; charset=utf-8\r\nContent-Length: %d\r\nConnection: close\r\n\r\n"
        % (status, b"OK" if status == 200 else b"Not Found", len(body))
    )
    writer.write(body)
    await writer.drain()


if __name__ == "__main__":
    sock = listener("127.0.0.1", 3000)
    host, port = sock.getsockname()[:2]
    print(f"serving on http://{host}:{port}", flush=True)
    asyncio.run(serve(sock, answer))
