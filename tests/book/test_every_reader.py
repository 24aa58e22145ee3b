"""What holds for every reader, whatever the file."""

from __future__ import annotations

import json
import os
import tempfile
import time
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lectern.book.model import Document
from lectern.book.passages import cut_passages
from lectern.book.plain import plain_text
from lectern.book.readers import SUFFIXES, read_document
from lectern.book.sentences import split_sentences
from lectern.errors import SourceUnreadable

SCRAPS = st.sampled_from(
    [
        *("# ", "## Title {#id}\n", "Title\n=====\n", "---\n", "===\n", "---\ntitle: x\n---\n"),
        *("- ", "1. ", "    ", "   ", "\t", "> ", "\n", "\n\n", "\r\n", "\r", "\f", "\x0b", "\x85"),
        *("```\n", "```python\n", "~~~\n", "```{note}\n", ":::note\n", ":::\n", "$$\n", "$$", "$"),
        *("\\[", "\\]", "\\begin{align}\n", "\\end{align}\n", "| a | b |\n", "|---|---|\n"),
        *("<!--", "-->", "{/*", "*/}", "<Tabs>\n", "</Tabs>\n", "<div>", "<table>", "<pre>"),
        *("import a from 'b'\n", "export const x = {\n", "![a](b)", "[a](b)", "[a]: b\n", "`"),
        *(".. note:: text\n", ".. math::\n\n   x\n", ".. _label:\n", "::\n\n", ".. \n", "..\n"),
        *("=== ===\n", "+--+\n", ":field: x\n", ">>> x\n", "|", "(label)=\n", "a. ", "\ufeff"),
        *("One. Two! Three? ", "where x is ", "see:", "word " * 60, "x" * 300, "\ue0000\ue001"),
        *("<h1 id=a>", "</h1>", "<p>", "<li>", "<ul>", "<main>", "<td>", "<tr>", "<script>"),
        *('<span class="math">', "</span>", "&#xD800;", "&amp;", "&#0;", "<math>", "<dl><dt>"),
    ]
)
TEXTS = st.lists(st.one_of(SCRAPS, st.text(max_size=20)), max_size=40).map("".join)
NOTEBOOKS = st.recursive(
    st.none() | st.booleans() | st.integers() | TEXTS,
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(
                [
                    "cells",
                    "worksheets",
                    "source",
                    "input",
                    "cell_type",
                    "level",
                    "metadata",
                    "title",
                ]
            ),
            inner | st.sampled_from(["markdown", "code", "heading", "raw"]),
            max_size=5,
        )
    ),
    max_leaves=25,
)
TEXT_SUFFIXES = sorted(SUFFIXES - {".pdf", ".ipynb"})


def _read(suffix: str, data: bytes) -> Document | None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"page{suffix}"
        path.write_bytes(data)
        refused: SourceUnreadable | None = None
        try:
            return read_document(path, max_bytes=1_000_000)
        except SourceUnreadable as error:
            refused = error
        assert str(path) in refused.detail
        assert refused.remedy
        return None


def _check(document: Document) -> None:
    text, at = document.text, 0
    text.encode()
    for section in document.sections:
        assert at <= section.start <= section.end <= len(text)
        assert section.trail
        assert section.trail[0] == document.title
        at = section.start
        for block in section.blocks:
            assert at <= block.start < block.end <= section.end
            assert text[block.start : block.end].strip()
            at = block.end
        at = section.end
    _check_passages(document)


def _check_passages(document: Document) -> None:
    passages = cut_passages(document, target_chars=200, max_chars=400)
    at = 0
    for passage in passages:
        assert at <= passage.start < passage.end
        assert passage.text == document.text[passage.start : passage.end]
        assert passage.text == passage.text.rstrip()
        at = passage.end
        plain_text(passage.text, passage.kind)
        _check_sentences(passage.text)
    assert len({passage.passage_id for passage in passages}) == len(passages)
    covered = [
        (block.start, block.end) for section in document.sections for block in section.blocks
    ]
    missing = [
        document.text[start:end]
        for start, end in covered
        if not any(p.start <= start < p.end for p in passages)
    ]
    assert not missing


def _check_sentences(text: str) -> None:
    at = 0
    for span in split_sentences(text):
        assert at <= span.start < span.end <= len(text)
        at = span.end


@pytest.mark.parametrize("suffix", TEXT_SUFFIXES)
@settings(max_examples=120, deadline=None)
@given(text=TEXTS)
def test_spans_of_any_text_are_ordered_exact_and_complete(suffix, text):
    document = _read(suffix, text.encode("utf-8", "replace"))
    if document is not None:
        _check(document)


@settings(max_examples=150, deadline=None)
@given(notebook=NOTEBOOKS)
def test_spans_of_any_notebook_are_ordered_exact_and_complete(notebook):
    document = _read(".ipynb", json.dumps(notebook).encode())
    if document is not None:
        _check(document)


@pytest.mark.parametrize("suffix", sorted(SUFFIXES))
@settings(max_examples=60, deadline=None)
@given(data=st.binary(max_size=300))
def test_any_bytes_give_a_document_or_a_named_error(suffix, data):
    document = _read(suffix, data)
    if document is not None:
        _check(document)


@pytest.mark.parametrize("suffix", sorted(SUFFIXES))
@pytest.mark.parametrize(
    ("data", "reason"),
    [
        pytest.param(b"", "is empty", id="empty"),
        pytest.param(b" \n\t\n", "is empty", id="blank"),
        pytest.param(b"x" * 1_000_001, "larger than", id="too large"),
    ],
)
def test_a_file_without_usable_content_is_refused(tmp_path, suffix, data, reason):
    path = tmp_path / f"page{suffix}"
    path.write_bytes(data)
    with pytest.raises(SourceUnreadable, match=reason):
        read_document(path, max_bytes=1_000_000)


@pytest.mark.parametrize("suffix", sorted(SUFFIXES - {".pdf"}))
@pytest.mark.parametrize(
    ("data", "reason"),
    [
        pytest.param("Größe".encode("latin-1"), r"byte 2 \(0xf6\) is invalid", id="latin-1"),
        pytest.param("# Title".encode("utf-16"), "UTF-16", id="utf-16"),
        pytest.param(b"GIF89a\0\0", "binary", id="binary"),
    ],
)
def test_a_file_that_is_no_utf8_text_is_refused_with_the_reason(tmp_path, suffix, data, reason):
    path = tmp_path / f"page{suffix}"
    path.write_bytes(data)
    with pytest.raises(SourceUnreadable, match=reason):
        read_document(path, max_bytes=1_000_000)


def test_a_folder_a_pipe_and_a_missing_file_are_refused_without_waiting(tmp_path):
    os.mkfifo(tmp_path / "pipe.md")
    (tmp_path / "folder.md").mkdir()
    for name in ("pipe.md", "folder.md", "missing.md"):
        with pytest.raises(SourceUnreadable):
            read_document(tmp_path / name, max_bytes=1000)


def test_a_suffix_that_no_reader_knows_is_refused(tmp_path):
    (tmp_path / "page.docx").write_text("x")
    with pytest.raises(SourceUnreadable, match="format"):
        read_document(tmp_path / "page.docx", max_bytes=1000)


@pytest.mark.parametrize("suffix", sorted(SUFFIXES - {".pdf"}))
@pytest.mark.parametrize(
    "unit",
    [
        *("> ", "- ", "[", "![", "*", "<div>", "<ul><li>", "<b>", "[[", "(", "{", "`", "$", "$$\n"),
        *("<!--", "<a ", "\\begin{align}\n", "| a ", "|-", ":::note\n", "```{note}\n", "1. a\n"),
        *(
            "# a\n",
            "===\n",
            ".. note::\n\n",
            "   ",
            "a.\n",
            "$$ a\n\n",
            "<Tabs\n",
            "{/*",
            "_a",
            "**a",
        ),
        *('{"cells":[', "a\n=\n", "`a", "$a", "[a](", "<table><tr><td>", "![a](b)", "a: b\n  c\n"),
        *(
            "= =\n",
            "+-+\n",
            "|\n",
            "\\dot{",
            "\\frac{",
            ":a:`",
            "`a <",
            "export const a\n",
            "<dl><dt>",
        ),
    ],
)
def test_pathological_repetition_neither_hangs_nor_breaks_the_stack(suffix, unit):
    # 60 kB of anything is read, cut and split in far less than the limit when time is linear.
    began = time.perf_counter()
    document = _read(suffix, (unit * (60_000 // len(unit))).encode())
    if document is not None:
        for passage in cut_passages(document):
            plain_text(passage.text, passage.kind)
            split_sentences(passage.text)
    assert time.perf_counter() - began < 5.0
