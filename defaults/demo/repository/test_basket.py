import unittest

from basket import split_evenly


class SplitEvenly(unittest.TestCase):
    def test_the_shares_add_up_to_the_total(self):
        for total in range(200):
            self.assertEqual(total, sum(split_evenly(total, 7)))

    def test_nobody_pays_more_than_a_cent_more_than_another(self):
        for total in range(200):
            shares = split_evenly(total, 7)
            self.assertLessEqual(max(shares) - min(shares), 1)


if __name__ == "__main__":
    unittest.main()
