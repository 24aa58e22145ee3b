"""Reads HTML pages, above all those that Sphinx, Docusaurus, MkDocs and Jupyter publish.

The text of a page is its main content as Markdown: code fenced, tables with pipes, LaTeX between
dollar signs.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator
from pathlib import Path

from lxml import etree, html
from lxml.html import HtmlElement

from lectern.book.model import BlockKind, Document, SourceKind
from lectern.book.readers.extracted import ExtractedText, fenced
from lectern.book.readers.files import decode_utf8, read_bytes
from lectern.book.readers.outline import build_document
from lectern.book.readers.tables import table_text
from lectern.book.words import word_set
from lectern.errors import SourceUnreadable

# Deeper elements are read as plain text: the walk recurses and must not run out of stack.
_MAX_DEPTH = 100

_CONTENT_PATHS = tuple(
    etree.XPath(path)
    for path in (
        "//div[contains(concat(' ', @class, ' '), ' theme-doc-markdown ')]",
        "//*[@itemprop='articleBody']",
        "//main[count(.//article) = 1]//article",
        "//*[@role='main']",
        "//main",
        "//div[@class='body' or @class='rst-content']",
        "//article[count(//article) = 1]",
        "//div[contains(concat(' ', @class, ' '), ' document ')]",
        "//body",
    )
)
_DROPPED_TAGS = word_set(
    "nav aside footer script style form template noscript iframe svg button input select object "
    "canvas head dialog audio video textarea link meta colgroup hr img map embed"
)
_DROPPED_CLASSES = word_set(
    "headerlink hash-link anchor-link anchorjs-link breadcrumbs theme-doc-breadcrumbs "
    "wy-breadcrumbs toctree-wrapper toc contents table-of-contents tableOfContents "
    "sphinxsidebar related prev-next-area prev-next-footer pagination-nav theme-doc-footer "
    "theme-edit-this-page edit-this-page rst-footer-buttons rst-versions theme-doc-toc-mobile "
    "theme-doc-toc-desktop theme-doc-version-badge theme-doc-version-banner linenos linenodiv "
    "copybtn bd-header-article bd-sidebar-secondary bd-footer-article md-source-file "
    "md-content__button jp-OutputArea jp-Cell-outputWrapper jp-InputPrompt output_wrapper "
    "output_area output cell_output nboutput prompt input_prompt katex-html MathJax_Preview "
    "MathJax_SVG MathJax mjx-chtml footer-article nav-links page-nav edit-link system-message"
)
_BLOCK_TAGS = word_set(
    "p div section article main ul ol dl dt dd pre table blockquote figure figcaption details "
    "summary header h1 h2 h3 h4 h5 h6 center fieldset address tbody thead tr td th li body html "
    "hgroup menu caption"
)
_HEADINGS = {f"h{level}": level for level in range(1, 7)}
_LANGUAGE = re.compile(r"(?:^|\s)(?:highlight-|language-|lang-)([A-Za-z][\w+#-]*)")
_ADMONITION_TITLES = word_set(
    "note tip hint info warning danger caution important attention error seealso"
)
_PROMPTS = frozenset(("default", "none", "text", "notranslate"))
_TITLE_TAIL = re.compile(r"\s+(?:[|—·]|-{1,2}|\u2013)\s+[^|—·]*$")
_CHARSET = re.compile(rb"<meta[^>]{0,200}charset\s*=\s*[\"']?\s*([\w-]+)", re.I)
_DELIMITERS = (("\\(", "\\)"), ("\\[", "\\]"), ("$$", "$$"), ("$", "$"))
_PARAGRAPH_MARK = re.compile(r"\s*[¶#\u200b]\s*$")


def read_html(path: Path, *, max_bytes: int) -> Document:
    """Read an HTML page.

    Args:
        path: The file.
        max_bytes: Largest size that is accepted.

    Raises:
        SourceUnreadable: The file is not text in UTF-8 or in the encoding it declares, or holds
            no element.
    """
    root = _parse(_decoded(read_bytes(path, max_bytes), path), path)
    walk = _Walk()
    walk.children(_content(root), 0)
    title = "" if _has_title(walk.extracted) else _page_title(root)
    return build_document(
        path, SourceKind.HTML, walk.extracted.text, walk.extracted.items, title=title
    )


def _decoded(data: bytes, path: Path) -> str:
    declared = _CHARSET.search(data[:4096])
    try:
        return decode_utf8(data, path)
    except SourceUnreadable:
        if not declared or b"\0" in data:
            raise
        try:
            return codecs.decode(data, declared[1].decode("ascii"))
        except (LookupError, ValueError, TypeError):
            pass
        raise


def _parse(text: str, path: Path) -> HtmlElement:
    # Without `huge_tree` libxml2 ends a page at the 256th nested element; unclosed tags get there.
    parser = html.HTMLParser(
        encoding="utf-8", remove_comments=True, remove_pis=True, huge_tree=True
    )
    try:
        root = html.document_fromstring(text.encode("utf-8", "replace"), parser=parser)
    except (etree.LxmlError, ValueError, AssertionError) as error:
        raise SourceUnreadable(
            f"{path} is no HTML page: {error}.", "Export it again, or leave it out."
        ) from error
    if any(entry.type == etree.ErrorTypes.ERR_RESOURCE_LIMIT for entry in parser.error_log):
        # What follows the limit is lost without a sign in the tree.
        raise SourceUnreadable(
            f"{path} nests its elements too deeply.", "Close its tags, or leave it out."
        )
    return root


def _content(root: HtmlElement) -> HtmlElement:
    for path in _CONTENT_PATHS:
        for element in path(root):
            if any(text.strip() for text in element.itertext()):
                return element
    return root


def _has_title(extracted: ExtractedText) -> bool:
    return any(getattr(item, "level", 0) == 1 for item in extracted.items)


def _page_title(root: HtmlElement) -> str:
    title = " ".join((root.findtext(".//title") or "").split())
    return _TITLE_TAIL.sub("", title) or title


class _Walk:
    """Walks the content once, in reading order, and adds each block to the extracted text."""

    def __init__(self) -> None:
        self.extracted = ExtractedText()

    def children(self, element: HtmlElement, depth: int) -> None:
        """Add the blocks in an element; text between them becomes paragraphs."""
        run = [element.text or ""]
        for child in element:
            if _is_block(child):
                self._paragraph(run)
                run = []
                self._block(child, depth + 1)
            else:
                run.append(_inline(child, depth + 1))
            run.append(child.tail or "")
        self._paragraph(run)

    def _paragraph(self, run: list[str]) -> None:
        text = _collapsed("".join(run))
        if text.lower() not in _ADMONITION_TITLES:
            self.extracted.add_block(BlockKind.PARAGRAPH, text)

    def _block(self, element: HtmlElement, depth: int) -> None:
        tag = element.tag
        formula = _display_formula(element)
        if formula:
            self.extracted.add_block(BlockKind.MATH, f"$$\n{formula}\n$$")
        elif _is_dropped(element):
            return
        elif depth > _MAX_DEPTH:
            self._paragraph([" ".join(element.itertext())])
        elif tag in _HEADINGS:
            title = _PARAGRAPH_MARK.sub("", _inline_children(element, depth))
            self.extracted.add_heading(_HEADINGS[tag], _unmarked(title), _anchor(element))
        elif tag == "pre":
            self.extracted.add_block(BlockKind.CODE, _code_block(element))
        elif tag in ("ul", "ol", "menu"):
            if not _is_link_list(element):
                self.extracted.add_block(BlockKind.LIST, "\n".join(_list(element, "", depth)))
        elif tag == "dl":
            self._definitions(element, depth)
        elif tag == "table":
            self._table(element, depth)
        else:
            self.children(element, depth)

    def _definitions(self, element: HtmlElement, depth: int) -> None:
        term = ""
        for child in element:
            if child.tag == "dt":
                term = _collapsed(_PARAGRAPH_MARK.sub("", _inline_children(child, depth)))
            elif child.tag == "dd" and not any(_is_block(part) for part in child.iterchildren()):
                self._paragraph([f"{term}: " if term else "", _inline_children(child, depth)])
                term = ""
            elif child.tag == "dd":
                self._paragraph([f"{term.rstrip(':')}:" if term else ""])
                self.children(child, depth + 1)
                term = ""
            elif _is_block(child):
                self._block(child, depth + 1)
        self._paragraph([term])

    def _table(self, element: HtmlElement, depth: int) -> None:
        if element.find(".//pre") is not None or element.find(".//table") is not None:
            self.children(element, depth)  # a table for layout
            return
        caption = element.find("caption")
        if caption is not None:
            self._paragraph([_PARAGRAPH_MARK.sub("", _inline_children(caption, depth))])
        rows = [
            [_collapsed(_inline_children(cell, depth)) for cell in row if cell.tag in ("td", "th")]
            for row in element.iter("tr")
        ]
        self.extracted.add_block(BlockKind.TABLE, table_text(rows))


def _is_block(element: HtmlElement) -> bool:
    return element.tag in _BLOCK_TAGS or _display_formula(element) != ""


def _is_dropped(element: HtmlElement) -> bool:
    tag = element.tag
    classes = (element.get("class") or "").split()
    if tag in _DROPPED_TAGS:
        return tag != "aside" or not _holds_content(classes)
    if tag == "header":
        # A page header is navigation; that of an article holds its title.
        return next(element.iter(*_HEADINGS), None) is None
    if element.get("role") == "navigation" or element.get("hidden") is not None:
        return True
    return bool(classes) and not _DROPPED_CLASSES.isdisjoint(classes)


def _holds_content(classes: list[str]) -> bool:
    return not {"admonition", "note", "footnote", "footnote-list"}.isdisjoint(classes)


def _anchor(heading: HtmlElement) -> str:
    own = heading.get("id")
    if own:
        return str(own)
    parent = heading.getparent()
    if parent is not None and parent.get("id"):
        is_section = parent.tag == "section" or "section" in (parent.get("class") or "").split()
        if is_section and next(parent.iterchildren(*_HEADINGS), None) is heading:
            return str(parent.get("id"))
    for inner in heading.iterdescendants("a", "span"):
        if inner.get("id") or inner.get("name"):
            return str(inner.get("id") or inner.get("name"))
    return ""


def _inline_children(element: HtmlElement, depth: int) -> str:
    if depth > _MAX_DEPTH:
        return "".join(element.itertext())
    pieces = [element.text or ""]
    for child in element:
        pieces.append(_inline(child, depth + 1))
        pieces.append(child.tail or "")
    return "".join(pieces)


def _inline(element: HtmlElement, depth: int) -> str:
    tag = element.tag
    if not isinstance(tag, str):
        return ""
    formula = _formula(element)
    if formula:
        return f"${formula}$"
    if tag == "br":
        return "\n"
    if _is_dropped(element):
        return ""
    if tag in ("code", "tt", "kbd", "samp"):
        code = _collapsed("".join(element.itertext()))
        return f"`{code}`" if code and "`" not in code else code
    inside = _inline_children(element, depth)
    # A block inside a cell or an item must not run into the text before it.
    return f" {inside} " if tag in _BLOCK_TAGS else inside


def _formula(element: HtmlElement) -> str:
    """Return the LaTeX of an element that shows a formula, else an empty text."""
    tag = element.tag
    classes = element.get("class") or ""
    if tag == "script":
        is_tex = (element.get("type") or "").startswith("math/tex")
        return _collapsed(element.text or "") if is_tex else ""
    if tag in ("math", "mjx-container") or "katex" in classes.split():
        return _annotation(element)
    if tag == "img" and "math" in classes.split():
        return _collapsed(element.get("alt") or "")
    if tag in ("span", "div", "p") and not _MATH_CLASSES.isdisjoint(classes.split()):
        return _undelimited("".join(element.itertext()))
    return ""


_MATH_CLASSES = frozenset(("math", "math-tex", "arithmatex"))


def _display_formula(element: HtmlElement) -> str:
    """Return the LaTeX of an element that shows a formula on its own line."""
    tag = element.tag
    classes = (element.get("class") or "").split()
    is_display = (
        (tag in ("div", "p") and not _MATH_CLASSES.isdisjoint(classes))
        or "katex-display" in classes
        or (tag == "math" and element.get("display") == "block")
        or (tag == "mjx-container" and element.get("display") == "true")
        or (tag == "script" and "mode=display" in (element.get("type") or ""))
        or (tag == "span" and "math" in classes and "display" in classes)
    )
    if not is_display:
        return ""
    if "katex-display" in classes:
        return _annotation(element)
    if tag == "div" and element.find(".//img") is not None:
        return _collapsed(element.find(".//img").get("alt") or "")
    return _formula(element)


def _annotation(element: HtmlElement) -> str:
    for annotation in element.iter("annotation"):
        return _collapsed(annotation.text or "")
    return "" if element.tag != "math" else _collapsed(" ".join(element.itertext()))


def _undelimited(latex: str) -> str:
    latex = latex.strip()
    # A number such as "(1)" may stand before or after a displayed formula.
    begin, end = latex.find("\\["), latex.rfind("\\]")
    if 0 <= begin < end:
        return _collapsed(latex[begin + 2 : end])
    for opening, closing in _DELIMITERS:
        is_long = len(latex) >= len(opening + closing)
        if is_long and latex.startswith(opening) and latex.endswith(closing):
            return _collapsed(latex[len(opening) : len(latex) - len(closing)])
    return _collapsed(latex)


def _code_block(element: HtmlElement) -> str:
    for line_break in element.iter("br"):
        line_break.text = "\n"
    for number in element.find_class("linenos"):
        number.drop_tree()
    code = "".join(_code_pieces(element))
    if not code.strip():
        return ""
    return fenced(code.replace("\r\n", "\n").replace("\r", "\n"), _code_language(element))


def _code_pieces(element: HtmlElement) -> Iterator[str]:
    if element.find(".//div") is None:
        yield from element.itertext()
        return
    for line in element.iter("div"):
        yield "".join(line.itertext()).rstrip("\n") + "\n"


def _code_language(element: HtmlElement) -> str:
    candidates = [element, *element.iterchildren("code"), *element.iterancestors()][:5]
    for candidate in candidates:
        found = _LANGUAGE.search(candidate.get("class") or "")
        if found and found[1] not in _PROMPTS:
            return str(found[1]).lower().removesuffix("3")
    return ""


def _is_link_list(element: HtmlElement) -> bool:
    """Tell whether a list holds nothing but links to places on the same page."""
    links = element.findall(".//a")
    if not links or not all((link.get("href") or "").startswith("#") for link in links):
        return False
    linked = sum(len("".join(link.itertext()).strip()) for link in links)
    return linked >= len(_collapsed("".join(element.itertext()))) - 2 * len(links)


def _list(element: HtmlElement, indent: str, depth: int) -> Iterator[str]:
    if depth > _MAX_DEPTH:
        yield indent + "- " + _collapsed(" ".join(element.itertext()))
        return
    number = 1
    for item in element:
        if item.tag != "li" or _is_dropped(item):
            continue
        mark = f"{number}. " if element.tag == "ol" else "- "
        number += 1
        lines = list(_item_lines(item, depth + 1))
        if not lines:
            continue
        yield f"{indent}{mark}{lines[0].lstrip()}"
        inner = indent + " " * len(mark)
        yield from (f"{inner}{line}" for line in lines[1:])


def _item_lines(item: HtmlElement, depth: int) -> Iterator[str]:
    run = [item.text or ""]
    for child in item:
        if child.tag in ("ul", "ol", "pre") or _wraps_code(child):
            yield from _text_lines(run)
            run = []
            if child.tag in ("ul", "ol"):
                yield from _list(child, "", depth)
            else:
                code = child if child.tag == "pre" else child.find(".//pre")
                yield from _code_block(code).splitlines()
        else:
            run.append(_inline(child, depth))
        run.append(child.tail or "")
    yield from _text_lines(run)


def _wraps_code(element: HtmlElement) -> bool:
    return element.tag == "div" and element.find(".//pre") is not None


def _text_lines(run: list[str]) -> Iterator[str]:
    text = _collapsed("".join(run))
    if text:
        yield text


def _unmarked(title: str) -> str:
    return title.replace("`", "").replace("$", "")


def _collapsed(text: str) -> str:
    return " ".join(text.split())
