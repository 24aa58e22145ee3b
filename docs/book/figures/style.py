"""The one look of all figures in the book.

Every figure is a script beside this file. It defines `draw()`, which returns a matplotlib figure
and has no side effects, and saves the drawing under its own name when run:

    from style import BLUE, figure, save

    def draw() -> Figure:
        fig, ax = figure()
        ...
        return fig

    if __name__ == "__main__":
        save(draw(), "ch01_example")

Running a script twice writes the same bytes.
"""

from __future__ import annotations

import io
from collections.abc import Sequence
from pathlib import Path

import matplotlib as mpl
import numpy as np
from cycler import cycler
from matplotlib.axes import Axes
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.figure import Figure
from matplotlib.patches import FancyBboxPatch
from numpy.typing import NDArray

FOLDER = Path(__file__).resolve().parent

INK = "#1f2933"
GREY = "#7b8794"
LIGHT = "#d9dee4"
PAPER = "#fdfdfb"
BLUE = "#1f6fb2"
ORANGE = "#d9730d"
GREEN = "#2f8f4e"
RED = "#c8323f"
PURPLE = "#7a4fb5"
CYCLE = (BLUE, ORANGE, GREEN, RED, PURPLE, GREY)

_RC = {
    "axes.edgecolor": GREY,
    "axes.labelcolor": INK,
    "axes.prop_cycle": cycler(color=list(CYCLE)),
    "axes.spines.right": False,
    "axes.spines.top": False,
    "axes.titlesize": 10,
    "axes.titleweight": "bold",
    "axes.titlecolor": INK,
    "font.family": "DejaVu Sans",
    "font.size": 9,
    "grid.color": LIGHT,
    "grid.linewidth": 0.7,
    "legend.edgecolor": LIGHT,
    "legend.fontsize": 8,
    "lines.linewidth": 1.8,
    "mathtext.fontset": "dejavusans",
    "path.simplify": False,
    "svg.fonttype": "path",
    "svg.hashsalt": "lectern",
    "text.color": INK,
    "xtick.color": GREY,
    "xtick.labelcolor": INK,
    "ytick.color": GREY,
    "ytick.labelcolor": INK,
}
mpl.rcParams.update(_RC)


def figure(width_in: float = 6.0, height_in: float = 3.6) -> tuple[Figure, Axes]:
    """Return a figure with one set of axes.

    Args:
        width_in: Width in inches; 6 fills the text column.
        height_in: Height in inches.
    """
    fig = blank(width_in, height_in)
    return fig, fig.add_subplot()


def blank(width_in: float = 6.0, height_in: float = 3.6) -> Figure:
    """Return a figure without axes, for several panels or a 3-D view; sizes in inches."""
    fig = Figure(figsize=(width_in, height_in), layout="constrained")
    fig.get_layout_engine().set(w_pad=0.1, h_pad=0.1)  # type: ignore[union-attr, call-arg]
    FigureCanvasSVG(fig)
    return fig


def diagram(ax: Axes, xlim: tuple[float, float], ylim: tuple[float, float]) -> None:
    """Turn axes into a drawing board: no ticks, no frame, equal scales, the limits given."""
    ax.set_axis_off()
    ax.set_aspect("equal")
    ax.set_xlim(*xlim)
    ax.set_ylim(*ylim)


def arrow(
    ax: Axes,
    start: Sequence[float] | NDArray[np.float64],
    end: Sequence[float] | NDArray[np.float64],
    color: str = INK,
    *,
    width: float = 1.6,
    bend: float = 0.0,
) -> None:
    """Draw an arrow from start to end, in data coordinates; `bend` curves it (radius fraction)."""
    ax.annotate(
        "",
        xy=(end[0], end[1]),
        xytext=(start[0], start[1]),
        arrowprops={
            "arrowstyle": "-|>,head_length=0.55,head_width=0.25",
            "color": color,
            "linewidth": width,
            "shrinkA": 0,
            "shrinkB": 0,
            "connectionstyle": f"arc3,rad={bend}",
        },
    )


def box(
    ax: Axes,
    center: tuple[float, float],
    size: tuple[float, float],
    text: str,
    color: str = BLUE,
) -> None:
    """Draw a rounded box with centred text, in data coordinates."""
    (x, y), (w, h) = center, size
    ax.add_patch(
        FancyBboxPatch(
            (x - w / 2, y - h / 2),
            w,
            h,
            boxstyle=f"round,pad=0,rounding_size={0.18 * min(w, h)}",
            facecolor=color + "1f",
            edgecolor=color,
            linewidth=1.4,
        )
    )
    ax.text(x, y, text, ha="center", va="center", linespacing=1.35)


def svg_text(fig: Figure) -> str:
    """Return the drawing as SVG text; equal drawings give equal text."""
    _add_page(fig)
    stream = io.StringIO()
    fig.savefig(
        stream,
        format="svg",
        facecolor="none",
        metadata={"Date": None, "Creator": "Lectern figures"},
    )
    lines = (line.rstrip() for line in stream.getvalue().splitlines())
    return "\n".join(lines) + "\n"


def save(fig: Figure, name: str) -> None:
    """Write the drawing to NAME.svg in this folder."""
    (FOLDER / f"{name}.svg").write_text(svg_text(fig), encoding="utf-8")


def _add_page(fig: Figure) -> None:
    # An opaque page of its own keeps a figure legible on dark web pages.
    width, height = fig.get_size_inches()
    page = FancyBboxPatch(
        (0, 0),
        1,
        1,
        boxstyle="round,pad=0,rounding_size=0.025",
        mutation_aspect=width / height,
        transform=fig.transFigure,
        facecolor=PAPER,
        edgecolor="none",
        zorder=-10,
    )
    fig.add_artist(page)
