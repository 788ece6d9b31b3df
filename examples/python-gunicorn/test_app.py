import unittest
from wsgiref.util import setup_testing_defaults

from app import MESSAGE, application


class TestPage(unittest.TestCase):
    def test_the_page_says_the_message(self):
        environ, said = {}, []
        setup_testing_defaults(environ)
        body = b"".join(application(environ, lambda status, headers: said.append(status)))
        self.assertEqual(said, ["200 OK"])
        self.assertIn(MESSAGE, body.decode())


if __name__ == "__main__":
    unittest.main()
