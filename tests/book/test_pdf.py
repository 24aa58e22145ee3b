from __future__ import annotations

import io
from collections.abc import Sequence

import pytest
from matplotlib.backends.backend_pdf import PdfPages
from matplotlib.figure import Figure

from lectern.book.passages import cut_passages
from lectern.errors import SourceUnreadable

BODIES = (
    "The manipulator is con-\ntrolled by its joint torques and\nnever by its speed alone.",
    "A frame has an origin and axes.\nIt moves with the body\nto which it is fixed.",
    "The Jacobian maps joint rates\nto the velocity of the tool,\nrow by row.",
)


def _pdf(bodies: Sequence[str]) -> bytes:
    file = io.BytesIO()
    with PdfPages(file) as pages:
        for number, body in enumerate(bodies):
            figure = Figure(figsize=(6, 8))
            figure.text(0.1, 0.95, "Robot Manual")
            figure.text(0.1, 0.6, body)
            figure.text(0.5, 0.05, str(number + 1))
            pages.savefig(figure)
    return file.getvalue()


def _with_bookmarks(*titles_and_pages: tuple[str, int], text: str = "Some words.") -> bytes:
    """Write a PDF of two pages by hand, with an outline."""
    stream = f"BT /F 12 Tf 50 700 Td ({text}) Tj ET"
    objects = [
        "<</Type/Catalog/Pages 2 0 R/Outlines 7 0 R>>",
        "<</Type/Pages/Kids[3 0 R 4 0 R]/Count 2>>",
        *["<</Type/Page/Parent 2 0 R/Contents 5 0 R/Resources<</Font<</F 6 0 R>>>>>>"] * 2,
        f"<</Length {len(stream)}>>\nstream\n{stream}\nendstream",
        "<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>",
        f"<</First 8 0 R/Last {7 + len(titles_and_pages)} 0 R/Count {len(titles_and_pages)}>>",
    ]
    for number, (title, page) in enumerate(titles_and_pages):
        following = f"/Next {9 + number} 0 R" if number + 1 < len(titles_and_pages) else ""
        objects.append(f"<</Title({title})/Parent 7 0 R/Dest[{3 + page} 0 R/Fit]{following}>>")
    body = "%PDF-1.4\n"
    offsets = []
    for number, content in enumerate(objects, 1):
        offsets.append(len(body))
        body += f"{number} 0 obj\n{content}\nendobj\n"
    table = "".join(f"{offset:010d} 00000 n \n" for offset in offsets)
    size = len(objects) + 1
    trailer = f"trailer<</Size {size}/Root 1 0 R>>\nstartxref\n{len(body)}\n%%EOF"
    return f"{body}xref\n0 {size}\n0000000000 65535 f \n{table}{trailer}".encode()


def test_pages_without_bookmarks_become_sections_without_heads_and_numbers(read):
    document = read("manual.pdf", _pdf(BODIES))
    passages = cut_passages(document)
    assert [passage.heading for passage in passages] == [
        ("manual", "Page 1"),
        ("manual", "Page 2"),
        ("manual", "Page 3"),
    ]
    assert [passage.anchor for passage in passages] == ["page=1", "page=2", "page=3"]
    assert passages[0].text == (
        "The manipulator is controlled by its joint torques and never by its speed alone."
    )
    assert "Robot Manual" not in document.text


def test_bookmarks_become_sections_that_open_at_their_page(read):
    document = read("book.pdf", _with_bookmarks(("First part", 0), ("Second part", 1)))
    assert [(section.trail, section.anchor) for section in document.sections] == [
        (("book", "First part"), "page=1"),
        (("book", "Second part"), "page=2"),
    ]


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        pytest.param(b"%PDF-1.4 nothing", "no readable PDF", id="broken"),
        pytest.param(_with_bookmarks(("x", 0), text=" "), "scanned", id="without text"),
    ],
)
def test_a_pdf_that_cannot_be_read_is_refused_with_the_reason(read, content, reason):
    with pytest.raises(SourceUnreadable, match=reason):
        read("bad.pdf", content)


def test_an_encrypted_pdf_is_refused_as_such(read):
    # Keys that belong to no password: whatever is tried does not open the file.
    keys = f"/O<{'41' * 32}>/U<{'42' * 32}>"
    encrypt = f"/Encrypt<</Filter/Standard/V 1/R 2{keys}/P -4>>/ID[<00><00>]".encode()
    locked = _with_bookmarks(("x", 0)).replace(b"trailer<<", b"trailer<<" + encrypt)
    with pytest.raises(SourceUnreadable, match="encrypted"):
        read("locked.pdf", locked)
