"""The page."""

from http.server import BaseHTTPRequestHandler

# What the page says. Change it while devloop runs, and reload the page.
MESSAGE = "Hello, World!"


class App(BaseHTTPRequestHandler):
    def do_GET(self):
        if self.path == "/":
            page = f"<!doctype html>\n<title>python-http</title>\n<h1>{MESSAGE}</h1>\n"
            self.respond(200, "text/html", page)
        elif self.path == "/healthz":
            self.respond(200, "text/plain", "ok\n")
        else:
            self.respond(404, "text/plain", "not found\n")

    def respond(self, status, media_type, text):
        body = text.encode()
        self.send_response(status)
        self.send_header("Content-Type", f"{media_type}; charset=utf-8")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_request(self, *args):
        """Requests are not logged; errors are."""
