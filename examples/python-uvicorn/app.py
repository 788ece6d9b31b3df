"""The page, as an ASGI application."""

# What the page says. Change it while devloop runs, and reload the page.
MESSAGE = "Hello, World!"


async def app(scope, receive, send):
    if scope["type"] != "http":
        return
    status, text = 200, f"<!doctype html>\n<title>python-uvicorn</title>\n<h1>{MESSAGE}</h1>\n"
    if scope["path"] != "/":
        status, text = 404, "not found\n"
    headers = [(b"content-type", b"text/html; charset=utf-8")]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": text.encode()})
