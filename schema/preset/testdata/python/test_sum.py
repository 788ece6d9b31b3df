import unittest

import sum


class Sums(unittest.TestCase):
    def test_sums(self):
        self.assertEqual(sum.sum(1, 2), 3)
