from __future__ import annotations

import os
from pathlib import Path

import pytest

from lectern.book.sources import Sources, find_sources
from lectern.errors import InvalidInput


def _tree(root: Path, *names: str) -> Path:
    for name in names:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text("x")
    return root


def _found(root: Path) -> list[str]:
    return [path.relative_to(root).as_posix() for path in find_sources([root]).files]


def _reason(sources: Sources, ending: str) -> str:
    return next(skip.reason for skip in sources.skipped if skip.source.endswith(ending))


def test_folders_of_builds_tools_and_hidden_ones_are_not_searched(tmp_path):
    _tree(tmp_path, "b.md", "a/c.ipynb", "node_modules/x.md", ".venv/x.md", "__pycache__/x.md")
    _tree(tmp_path, ".git/x.md", "build/x.html", "venv/x.rst", ".hidden.md")
    assert _found(tmp_path) == ["a/c.ipynb", "b.md"]


def test_a_docusaurus_tree_gives_its_current_pages_in_one_language(tmp_path):
    _tree(tmp_path, "docusaurus.config.js", "sidebars.js", "docs/intro.mdx", "docs/a/b.md")
    _tree(tmp_path, "versioned_docs/version-1/intro.mdx", "i18n/de/docs/intro.mdx")
    assert _found(tmp_path) == ["docs/a/b.md", "docs/intro.mdx"]


def test_a_sphinx_tree_gives_its_pages_without_templates(tmp_path):
    _tree(tmp_path, "conf.py", "index.rst", "guide/a.rst", "_templates/x.html", "_build/y.html")
    assert _found(tmp_path) == ["guide/a.rst", "index.rst"]


def test_a_published_site_gives_its_pages_without_navigation_and_copied_sources(tmp_path):
    _tree(tmp_path, "index.html", "genindex.html", "search.html", "_static/x.html")
    _tree(tmp_path, "_sources/index.rst", "build/page.html")
    assert _found(tmp_path) == ["build/page.html", "index.html"]


def test_a_jupyter_book_tree_gives_its_content(tmp_path):
    _tree(tmp_path, "_config.yml", "_toc.yml", "intro.md", "part/one.ipynb", "_build/html/i.html")
    assert _found(tmp_path) == ["intro.md", "part/one.ipynb"]


def test_formats_that_are_not_read_are_counted_by_suffix(tmp_path):
    sources = find_sources([_tree(tmp_path, "a.md", "b.png", "c.png", "notes.txt")])
    assert [path.name for path in sources.files] == ["a.md"]
    assert _reason(sources, "*.png") == "2 files of an unread format"
    assert _reason(sources, "*.txt") == "1 file of an unread format"


def test_a_file_reached_twice_is_taken_once(tmp_path):
    _tree(tmp_path, "a.md")
    (tmp_path / "other-name.md").symlink_to(tmp_path / "a.md")
    assert find_sources([tmp_path, tmp_path / "a.md", tmp_path]).files == (tmp_path / "a.md",)


def test_cyclic_links_and_links_to_nowhere_do_not_stop_the_search(tmp_path):
    _tree(tmp_path, "a/b.md")
    (tmp_path / "a" / "up").symlink_to(tmp_path)
    (tmp_path / "loop.md").symlink_to(tmp_path / "loop.md")
    (tmp_path / "gone.md").symlink_to(tmp_path / "nothing.md")
    sources = find_sources([tmp_path])
    assert sources.files == (tmp_path / "a" / "b.md",)
    assert _reason(sources, "loop.md") == _reason(sources, "gone.md") == "the link leads nowhere"


def test_a_given_file_of_an_unread_format_and_a_pipe_are_named(tmp_path):
    _tree(tmp_path, "sub/a.md", "Makefile")
    os.mkfifo(tmp_path / "sub" / "pipe.md")
    sources = find_sources([tmp_path / "Makefile", tmp_path / "sub"])
    assert _reason(sources, "Makefile") == "is of an unread format"
    assert _reason(sources, "pipe.md") == "is no regular file"


def test_a_folder_that_may_not_be_opened_is_reported_and_passed_over(tmp_path, monkeypatch):
    _tree(tmp_path, "open/a.md", "closed/b.md")
    scan = os.scandir

    # The tests may run as root, whom no permission stops.
    def refuse(folder):
        if Path(folder).name == "closed":
            raise PermissionError(13, "Permission denied")
        return scan(folder)

    monkeypatch.setattr(os, "scandir", refuse)
    sources = find_sources([tmp_path])
    assert sources.files == (tmp_path / "open" / "a.md",)
    assert _reason(sources, "closed") == "Permission denied"


def test_a_path_that_does_not_exist_is_an_error_that_names_it(tmp_path):
    with pytest.raises(InvalidInput, match="missing does not exist"):
        find_sources([tmp_path / "missing"])


@pytest.mark.parametrize("path", ["x" * 5000, "a\0b"])
def test_a_path_that_cannot_exist_is_an_error(tmp_path, path):
    with pytest.raises(InvalidInput):
        find_sources([tmp_path / path])
