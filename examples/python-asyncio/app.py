"""The page."""

# What the page says. Change it while devloop runs, and reload the page.
MESSAGE = "Hello, World!"


def page(path):
    """The status and the text of a page."""
    if path == "/":
        return 200, f"<!doctype html>\n<title>python-asyncio</title>\n<h1>{MESSAGE}</h1>\n"
    return 404, "not found\n"
