import asyncio
import unittest

from app import MESSAGE, app


class TestPage(unittest.TestCase):
    def test_the_page_says_the_message(self):
        sent = []

        async def send(message):
            sent.append(message)

        asyncio.run(app({"type": "http", "path": "/"}, None, send))
        self.assertEqual(sent[0]["status"], 200)
        self.assertIn(MESSAGE, sent[1]["body"].decode())


if __name__ == "__main__":
    unittest.main()
