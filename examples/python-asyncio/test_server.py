import unittest

from app import MESSAGE, page


class TestPage(unittest.TestCase):
    def test_the_page_says_the_message(self):
        status, text = page("/")
        self.assertEqual(status, 200)
        self.assertIn(MESSAGE, text)

    def test_there_is_no_other(self):
        self.assertEqual(page("/nothing")[0], 404)


if __name__ == "__main__":
    unittest.main()
