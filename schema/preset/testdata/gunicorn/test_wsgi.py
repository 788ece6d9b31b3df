import unittest


class Greets(unittest.TestCase):
    def test_greets(self):
        import wsgi  # as the server does
