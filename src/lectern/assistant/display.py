"""How a quoted span is shown in an answer; the citation has it as it stands in the book."""

from __future__ import annotations

import re

_LINK = re.compile(r"(?<!!)\[([^\]\[]+)\]\([^()\s]*(?:\s[^()]*)?\)")
_IMAGE = re.compile(r"!\[[^\]\[]*\]\([^()]*\)")
_BULLET = re.compile(r"^(?:[-*+\u2022]|\d{1,3}[.)])\s+")
_ROLE = re.compile(r":[a-z][\w:+.-]*:`([^`<]+?)(?:\s*<[^`>]*>)?`")
_TARGET = re.compile(r"`([^`<>\n]+?)\s*<[^`<>]+>`__?")
_LITERAL = re.compile(r"``([^`]+)``")
_BLANK = re.compile(r"[ \t]*\r?\n[ \t]*")
_LABEL = re.compile(r"^\*\*(?:Solution|Exercise|Example|Answer)\b[^*]{0,20}\*\*\s*", re.I)
_LINK_ALONE = re.compile(r"\W*\[[^\]\[]+\]\([^()\s]*\)\W*$")
_MARKUP = re.compile(r"[\[`*]")
_LEAST_WORDS = 3


def shown(text: str) -> str:
    """Take links, images, roles and the labels of exercises out of a sentence.

    Their targets mean nothing outside the book.
    """
    text = _TARGET.sub(r"\1", _ROLE.sub(r"`\1`", text))
    text = _LINK.sub(r"\1", _IMAGE.sub("", _LITERAL.sub(r"`\1`", text)))
    return _LABEL.sub("", _BLANK.sub(" ", text)).strip()


def without_bullet(text: str) -> str:
    """Take the mark off a list item: a single item is no list."""
    return _BULLET.sub("", text)


def says_something(text: str) -> bool:
    """Tell whether a sentence is more than a label, a picture or a link."""
    if not _MARKUP.search(text):
        return len(text.split()) >= _LEAST_WORDS
    return not _LINK_ALONE.match(text) and len(shown(text).split()) >= _LEAST_WORDS
