"""Sets of words, written as prose."""

from __future__ import annotations


def word_set(words: str) -> frozenset[str]:
    """Return the words of a text that white space separates."""
    return frozenset(words.split())
