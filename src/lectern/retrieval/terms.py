"""Text to index terms: words, numbers, and identifiers together with their parts.

English is treated as Lucene's `EnglishAnalyzer` does (lower case, possessives off, the same 33 stop
words, Porter's stemmer). Beyond it, `use_sim_time` and `JointState` give both the whole identifier
and its parts, because readers ask for either.
"""

from __future__ import annotations

import re
from collections import Counter
from functools import lru_cache

import Stemmer

STOP_WORDS = frozenset(
    (
        *("a", "an", "and", "are", "as", "at", "be", "but", "by", "for", "if", "in", "into"),
        *("is", "it", "no", "not", "of", "on", "or", "such", "that", "the", "their", "then"),
        *("there", "these", "they", "this", "to", "was", "will", "with"),
    )
)
_WORD = re.compile(r"[^\W_](?:[\w]*[^\W_])?(?:['\u2019][a-zA-Z]+)?", re.UNICODE)
_PART = re.compile(r"_+|(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
_POSSESSIVE = re.compile(r"['\u2019].*$")
_STEM_CACHE = 65_536


@lru_cache(maxsize=_STEM_CACHE)
def stem(word: str) -> str:
    """Return Porter's stem of a lower-case word (Porter, 1980, Program 14(3), 130-137).

    Words of one or two letters stay as they are, as in Porter's own program; the stemmer would make
    nothing of "s".
    """
    if len(word) <= 2:
        return word
    # A stemmer is cheap to make and not safe to share between threads.
    return str(Stemmer.Stemmer("porter", 0).stemWord(word))


def analyze(text: str) -> list[str]:
    """Return the terms of a text in order, repeated as often as they occur."""
    terms: list[str] = []
    for match in _WORD.finditer(text):
        word = _POSSESSIVE.sub("", match.group())
        parts = [part for part in _PART.split(word) if part]
        if len(parts) > 1:
            terms.append(word.lower())
            terms += [stem(p) for p in map(str.lower, parts) if p not in STOP_WORDS]
        elif (lower := word.lower()) not in STOP_WORDS:
            terms.append(stem(lower))
    return terms


def count_terms(text: str) -> Counter[str]:
    """Count the terms of a text."""
    return Counter(analyze(text))
