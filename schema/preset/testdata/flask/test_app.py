import unittest


class Greets(unittest.TestCase):
    def test_greets(self):
        import app  # as the server does
