"""Tables as pipe text."""

from __future__ import annotations

from collections.abc import Sequence


def table_text(rows: Sequence[Sequence[str]]) -> str:
    """Return rows of cells as a Markdown table whose first row is the head; empty without cells.

    Args:
        rows: Plain text of the cells, one line each; rows may differ in length.
    """
    filled = [row for row in rows if any(cell for cell in row)]
    if not filled:
        return ""
    width = max(len(row) for row in filled)
    head, *body = filled
    rule = "|" + "---|" * width
    return "\n".join((_row(head, width), rule, *(_row(row, width) for row in body)))


def _row(cells: Sequence[str], width: int) -> str:
    escaped = [cell.replace("|", "\\|") for cell in cells]
    return "| " + " | ".join([*escaped, *[""] * (width - len(cells))]) + " |"
