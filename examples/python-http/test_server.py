import os
import threading
import unittest
from unittest import mock
from urllib.request import urlopen

from app import MESSAGE, App
from serve import Server, listener, socket_passed


class TestPage(unittest.TestCase):
    def test_the_page_says_the_message(self):
        sock = listener("127.0.0.1", 0)
        with Server(sock, App) as server:
            threading.Thread(target=server.serve_forever, args=[0.05]).start()
            try:
                with urlopen(f"http://127.0.0.1:{sock.getsockname()[1]}/") as page:
                    self.assertIn(MESSAGE, page.read().decode())
            finally:
                server.shutdown()


class TestSocketPassed(unittest.TestCase):
    def test_only_if_it_was_passed_to_this_process(self):
        for environment, passed in [
            ({}, False),
            ({"LISTEN_FDS": "1"}, True),
            ({"LISTEN_FDS": "1", "LISTEN_PID": str(os.getpid())}, True),
            ({"LISTEN_FDS": "1", "LISTEN_PID": "1"}, False),
        ]:
            with self.subTest(environment), mock.patch.dict(os.environ, environment, clear=True):
                self.assertIs(socket_passed(), passed)


if __name__ == "__main__":
    unittest.main()
