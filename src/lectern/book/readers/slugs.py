"""Fragment identifiers as the publishing tools make them from headings."""

from __future__ import annotations

import re
import unicodedata

_NOT_ASCII_SLUG = re.compile(r"[^a-z0-9_\- ]")
_NOT_ID = re.compile(r"[^a-z0-9]+")
_NOT_ID_ENDS = re.compile(r"^[-0-9]+|-+$")


class GithubSlugger:
    """Slugs by the rules of GitHub and Docusaurus; a repeated one gets `-1`, `-2`, ..."""

    def __init__(self) -> None:
        self._seen: dict[str, int] = {}

    def slug(self, title: str) -> str:
        """Return the slug of a plain-text title, different from all slugs given before."""
        base = slug = github_slug(title)
        while slug in self._seen:
            self._seen[base] += 1
            slug = f"{base}-{self._seen[base]}"
        self._seen[slug] = 0
        return slug


def github_slug(title: str) -> str:
    """Return the lower-case title without punctuation, with hyphens for spaces."""
    lowered = title.strip().lower()
    if lowered.isascii():
        kept = _NOT_ASCII_SLUG.sub("", lowered)
    else:
        kept = "".join(char for char in lowered if char in "-_ " or _is_letter(char))
    return kept.replace(" ", "-")


def jupyter_anchor(title: str) -> str:
    """Return the anchor Jupyter gives a heading: hyphens for spaces, all else as it is."""
    return title.strip().replace(" ", "-")


def docutils_id(title: str) -> str:
    """Return the identifier docutils makes from a section title; empty when nothing is left."""
    ascii_only = unicodedata.normalize("NFKD", title.lower()).encode("ascii", "ignore").decode()
    return _NOT_ID_ENDS.sub("", _NOT_ID.sub("-", ascii_only))


def _is_letter(char: str) -> bool:
    # Letters, digits and the marks that combine with them; neither symbols nor punctuation.
    category = unicodedata.category(char)
    return category[0] in "LM" or category in ("Nd", "Nl")
