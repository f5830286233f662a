"""Compares two texts: the same words, and numbers that differ by no more than a tolerance.

    same_numbers.py TOLERANCE A B

The tolerance is a fraction of the number, absolute for numbers below 1. Prints the first difference
and exits with 1 when there is one.
"""

import sys


def number(word):
    try:
        return float(word)
    except ValueError:
        return None


def same(a, b, tolerance):
    x, y = number(a), number(b)
    if x is None or y is None:
        return a == b
    return x == y or (x != x and y != y) or abs(x - y) <= tolerance * max(1, abs(x), abs(y))


def compare(a, b, tolerance):
    """A sentence about the first difference of two lists of lines, or None."""
    for i, (p, q) in enumerate(zip(a, b), 1):
        words, others = p.split(), q.split()
        if len(words) != len(others) or not all(map(same, words, others, [tolerance] * len(words))):
            return "line %d: '%s' and '%s'" % (i, p.strip(), q.strip())
    if len(a) != len(b):
        return "%d and %d lines" % (len(a), len(b))
    return None


def main():
    tolerance, *paths = sys.argv[1:]
    texts = [open(path, errors="replace").readlines() for path in paths]
    difference = compare(*texts, float(tolerance))
    if difference:
        sys.exit(difference)
    if not texts[0]:
        sys.exit("both are empty")


if __name__ == "__main__":
    main()
