"""The page, as a WSGI application."""

# What the page says. Change it while devloop runs, and reload the page.
MESSAGE = "Hello, World!"


def application(environ, start_response):
    if environ["PATH_INFO"] != "/":
        start_response("404 Not Found", [("Content-Type", "text/plain")])
        return [b"not found\n"]
    start_response("200 OK", [("Content-Type", "text/html; charset=utf-8")])
    return [f"<!doctype html>\n<title>python-gunicorn</title>\n<h1>{MESSAGE}</h1>\n".encode()]
