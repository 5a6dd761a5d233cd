"""The whole corpus."""

import itertools
from collections.abc import Iterator

from mails.corpus import Mail, makers
from mails.shapes import shapes


def corpus() -> Iterator[Mail]:
    """Every mail with a number of its own."""
    for number, make in enumerate(itertools.chain(makers(), shapes()), 1):
        yield make(number)
