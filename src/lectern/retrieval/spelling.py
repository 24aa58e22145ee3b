"""Words the book never uses, taken for misspellings of words that it does use.

All words one edit away (Damerau, CACM 7(3), 1964: one letter left out, added, exchanged, or two
swapped) are tried against the collection's terms; the most frequent one wins. The first letter is
taken to be right, and short words and words with digits are left alone: they are rarely misspelt
and often names.
"""

from __future__ import annotations

import string
from collections.abc import Iterator

from lectern.retrieval.bm25 import TermStatistics, term_id
from lectern.retrieval.terms import stem

MIN_LETTERS = 5


def correct(word: str, statistics: TermStatistics) -> str | None:
    """Return the known term that a lower-case word was probably meant to be.

    Args:
        word: A word whose stem the collection does not know.
        statistics: Of the collection.
    """
    if len(word) < MIN_LETTERS or not (word.isascii() and word.isalpha()):
        return None
    known: dict[str, int] = {}
    for variant in _one_edit_away(word):
        term = stem(variant)
        frequency = statistics.document_frequency.get(term_id(term), 0)
        if frequency:
            known[term] = frequency
    return max(known, key=lambda term: (known[term], term)) if known else None


def _one_edit_away(word: str) -> Iterator[str]:
    for i in range(1, len(word) + 1):
        head, tail = word[:i], word[i:]
        for letter in string.ascii_lowercase:
            yield head + letter + tail
            if tail:
                yield head + letter + tail[1:]
        if tail:
            yield head + tail[1:]
        if len(tail) > 1:
            yield head + tail[1] + tail[0] + tail[2:]
