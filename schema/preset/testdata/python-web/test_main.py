import unittest


class Greets(unittest.TestCase):
    def test_greets(self):
        import main  # as the server does
