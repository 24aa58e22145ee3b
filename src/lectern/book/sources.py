"""Finds the source files of a book in files, folders and documentation trees."""

from __future__ import annotations

import os
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from lectern.book.readers import SUFFIXES
from lectern.book.readers.rst import is_sphinx_text
from lectern.book.words import word_set
from lectern.errors import InvalidInput

_SKIPPED_FOLDERS = word_set(
    "node_modules __pycache__ venv env site-packages build dist target _build out coverage "
    "_static _templates _themes _includes _layouts _downloads _images _modules _theme "
    "versioned_docs versioned_sidebars i18n locale locales translations egg-info log install"
)
# Folders that a published site needs although a source tree would leave them out.
_KEPT_IN_SITES = word_set("build dist out target install log")
_NAVIGATION_FILES = word_set(
    "genindex.html search.html py-modindex.html modindex.html http-routingtable.html 404.html "
    "opensearch.html webpack-stats.html toc.html print.html _sidebar.md _navbar.md summary.md"
)
# In capitals these are a repository's papers; "Contributing.rst" may well be a page of the book.
_PROJECT_FILES = re.compile(
    r"(?:CHANGELOG|CHANGES|CODE_OF_CONDUCT|CONTRIBUTING|LICEN[CS]E|SECURITY|AUTHORS|MAINTAINERS"
    r"|(?:PULL_REQUEST|ISSUE)_TEMPLATE)\.(?:md|rst|markdown)"
)
_SITE_MARKS = ("genindex.html", "searchindex.js", "sitemap.xml")


@dataclass(frozen=True)
class Skipped:
    """Something that was left out, and why.

    Attributes:
        source: A path, or a suffix such as `*.png` that stands for many.
        reason: One phrase for people.
    """

    source: str
    reason: str


@dataclass(frozen=True)
class Sources:
    """Files to read, sorted and each once, and what was left out."""

    files: tuple[Path, ...]
    skipped: tuple[Skipped, ...]


def find_sources(paths: Sequence[Path]) -> Sources:
    """Find the source files at some paths.

    A file given itself is taken whatever folder it lies in. Folders are searched, without those
    of version control, builds, environments and generated navigation; a link is followed once.

    Args:
        paths: Files and folders.

    Raises:
        InvalidInput: A path does not exist.
    """
    search = _Search()
    for path in paths:
        search.add(path)
    return search.result()


class _Search:
    def __init__(self) -> None:
        self._files: dict[Path, Path] = {}
        self._folders: set[tuple[int, int]] = set()
        self._skipped: list[Skipped] = []
        self._unsupported: Counter[str] = Counter()

    def add(self, path: Path) -> None:
        """Add what lies at a path."""
        try:
            if path.is_dir():
                self._walk(path)
            elif path.exists():
                self._add_given_file(path)
            else:
                raise InvalidInput(f"{path} does not exist.", "Give the path of a file or folder.")
        except (OSError, ValueError) as error:
            raise InvalidInput(f"{path} cannot be opened: {error}.", "Check the path.") from error

    def result(self) -> Sources:
        """Return everything found so far."""
        for suffix, count in sorted(self._unsupported.items()):
            files = "file" if count == 1 else "files"
            self._skipped.append(Skipped(f"*{suffix}", f"{count} {files} of an unread format"))
        return Sources(tuple(sorted(self._files.values())), tuple(self._skipped))

    def _add_given_file(self, path: Path) -> None:
        if _is_source(path):
            self._add_file(path)
        else:
            self._skipped.append(Skipped(str(path), "is of an unread format"))

    def _add_file(self, path: Path) -> None:
        real = path.resolve()
        known = self._files.get(real)
        absolute = path.absolute()
        # Of several names of one file, the shortest is most likely the real one.
        if known is None or (len(str(absolute)), absolute) < (len(str(known)), known):
            self._files[real] = absolute

    def _walk(self, top: Path) -> None:
        waiting = [top]
        while waiting:
            folder = waiting.pop()
            if self._enters(folder):
                waiting.extend(self._search_folder(folder))

    def _enters(self, folder: Path) -> bool:
        try:
            status = folder.stat()
        except OSError as error:
            self._skip(folder, error)
            return False
        identity = (status.st_dev, status.st_ino)
        is_new = identity not in self._folders
        self._folders.add(identity)
        return is_new

    def _skip(self, path: Path, error: OSError) -> None:
        self._skipped.append(Skipped(str(path), error.strerror or "cannot be opened"))

    def _search_folder(self, folder: Path) -> Iterator[Path]:
        try:
            with os.scandir(folder) as listing:
                entries = sorted(listing, key=lambda entry: entry.name)
        except OSError as error:
            self._skip(folder, error)
            return
        names = {entry.name for entry in entries}
        for entry in entries:
            path = folder / entry.name
            if _is_folder(entry):
                if not _is_skipped_folder(entry.name, names):
                    yield path
            elif not entry.name.startswith((".", "_toc", "_config")):
                self._consider(path, entry)

    def _consider(self, path: Path, entry: os.DirEntry[str]) -> None:
        if path.name.lower() in _NAVIGATION_FILES:
            self._skipped.append(Skipped(str(path), "generated navigation"))
        elif _PROJECT_FILES.fullmatch(path.name):
            self._skipped.append(Skipped(str(path), "paper of the project, not of the book"))
        elif not _exists(entry):
            why = "the link leads nowhere" if entry.is_symlink() else "is no regular file"
            self._skipped.append(Skipped(str(path), why))
        elif _is_source(path):
            self._add_file(path)
        elif path.suffix:
            self._unsupported[path.suffix.lower()] += 1


def _is_source(path: Path) -> bool:
    suffix = path.suffix.lower()
    return suffix in SUFFIXES or (suffix == ".txt" and is_sphinx_text(path))


def _is_folder(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir()
    except OSError:
        return False


def _exists(entry: os.DirEntry[str]) -> bool:
    # A link to itself makes stat() fail with ELOOP.
    try:
        return entry.is_file()
    except OSError:
        return False


def _is_skipped_folder(name: str, siblings: set[str]) -> bool:
    if name.startswith("."):
        return True
    lowered = name.lower()
    if lowered == "_sources":
        # The sources Sphinx copies beside the pages it made from them.
        return any(sibling.endswith(".html") for sibling in siblings)
    if lowered in _KEPT_IN_SITES and not siblings.isdisjoint(_SITE_MARKS):
        return False
    return lowered in _SKIPPED_FOLDERS or lowered.endswith(".egg-info")
