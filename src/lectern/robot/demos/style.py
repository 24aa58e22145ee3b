"""The one look of all demo pictures: that of the book's figures, as PNG.

Nothing here touches matplotlib's global state, so that demos may draw in any thread; drawing is
one at a time, because font caches are shared. matplotlib is imported when something is drawn.
"""

from __future__ import annotations

import io
import threading
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from lectern.robot.geometry import Floats

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

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

_DPI = 150
_WIDTH_IN = 1000 / _DPI
_COLOURS = 96  # of the palette; drawings with few colours become a third of the size
_drawing = threading.Lock()


def picture(draw: Callable[[Figure], None], height_px: int = 560) -> bytes:
    """Return a PNG, 1000 px wide, of what `draw` puts on a figure."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    with _drawing:
        figure = Figure(figsize=(_WIDTH_IN, height_px / _DPI), dpi=_DPI, layout="constrained")
        figure.get_layout_engine().set(w_pad=0.1, h_pad=0.1)  # type: ignore[union-attr, call-arg]
        figure.set_facecolor(PAPER)
        canvas: Any = FigureCanvasAgg(figure)
        draw(figure)
        canvas.draw()
        return _png(np.asarray(canvas.buffer_rgba()))


def _png(pixels: Any) -> bytes:
    from PIL import Image

    image = Image.fromarray(pixels[:, :, :3]).quantize(_COLOURS, dither=Image.Dither.NONE)
    stream = io.BytesIO()
    image.save(stream, "png", optimize=True)
    return stream.getvalue()


def plot(figure: Figure, place: Any, title: str, across: str, up: str) -> Axes:
    """Add axes for curves; `place` is what `add_subplot` takes, labels carry their units."""
    axes = figure.add_subplot(*place) if isinstance(place, tuple) else figure.add_subplot(place)
    axes.set_anchor("N")  # titles side by side at one height, also where both axes have one scale
    axes.set_facecolor(PAPER)
    axes.set_title(title, fontsize=10, fontweight="bold", color=INK, loc="left")
    axes.set_xlabel(across, fontsize=9, color=INK)
    axes.set_ylabel(up, fontsize=9, color=INK)
    axes.tick_params(colors=GREY, labelcolor=INK, labelsize=8)
    axes.grid(color=LIGHT, linewidth=0.7)
    axes.set_axisbelow(True)
    for side, spine in axes.spines.items():
        spine.set_visible(side in ("left", "bottom"))
        spine.set_color(GREY)
    return axes


def space(figure: Figure, place: Any, title: str) -> Any:
    """Add a view of space with x, y, z in metres, all to one scale."""
    cell = place if isinstance(place, tuple) else (place,)
    axes: Any = figure.add_subplot(*cell, projection="3d", proj_type="persp")
    axes.set_anchor("N")  # titles side by side at one height
    axes.set_facecolor(PAPER)
    axes.set_title(title, fontsize=10, fontweight="bold", color=INK, loc="left")
    for name, axis in (("x", axes.xaxis), ("y", axes.yaxis), ("z", axes.zaxis)):
        axis.set_pane_color((0.95, 0.955, 0.96, 1.0))
        axis.line.set_color(GREY)
        axis._axinfo["grid"].update(color=LIGHT, linewidth=0.7)
        getattr(axes, f"set_{name}label")(f"{name} (m)", fontsize=8, color=INK)
    axes.tick_params(colors=GREY, labelcolor=INK, labelsize=7, pad=0)
    return axes


def frame_space(axes: Any, points_m: Floats, margin_m: float = 0.05) -> None:
    """Show all points, shape (n, 3), and the ground they stand on, all axes to one scale."""
    low = np.minimum(points_m.min(axis=0), [-0.2, -0.2, 0.0]) - margin_m
    high = np.maximum(points_m.max(axis=0), [0.2, 0.2, 0.5]) + margin_m
    low[2] = 0.0
    for name, a, b in zip("xyz", low, high, strict=True):
        getattr(axes, f"set_{name}lim")(a, b)
        ticks = np.arange(np.ceil(a / 0.4) * 0.4, b + 1e-9, 0.4)
        getattr(axes, f"set_{name}ticks")(ticks)
    axes.set_box_aspect(high - low, zoom=0.9)


def draw_arm(axes: Any, points_m: Floats, color: str = INK, alpha: float = 1.0) -> None:
    """Draw an arm through its points, shape (n, 2) or (n, 3), from base to tool."""
    columns = points_m.T
    axes.plot(*columns, color=color, alpha=alpha, linewidth=3.2, solid_capstyle="round", zorder=3)
    joints = columns[:, :-1]
    axes.plot(*joints, "o", color=PAPER, markeredgecolor=color, alpha=alpha, markersize=6, zorder=4)


def draw_line(axes: Any, points_m: Floats, color: str, dashes: Any, alpha: float) -> None:
    """Draw an arm as a thin line with points, of which several fit beside each other."""
    x, y, z = points_m.T
    axes.plot(x, y, z, color=color, alpha=alpha, linewidth=2, linestyle=dashes, zorder=3)
    axes.plot(x[1:-1], y[1:-1], z[1:-1], "o", color=color, alpha=alpha, markersize=2.5, zorder=4)


def mark(axes: Axes, at: Sequence[Any] | Floats, text: str, color: str = INK, **where: Any) -> None:
    """Write a label beside a point or a curve, in its colour."""
    where = {"xytext": (4, 3), "textcoords": "offset points", "fontsize": 8.5, **where}
    axes.annotate(text, (at[0], at[1]), color=color, zorder=6, **where)


def write(figure: Figure, place: Any, title: str, lines: Sequence[str]) -> None:
    """Set lines of a table, in letters of equal width."""
    axes = figure.add_subplot(place)
    axes.set_axis_off()
    axes.set_title(title, fontsize=10, fontweight="bold", color=INK, loc="left")
    text = "\n".join(lines)
    axes.text(
        0.0,
        0.97,
        text,
        family="DejaVu Sans Mono",
        fontsize=8.5,
        color=INK,
        va="top",
        linespacing=1.6,
        transform=axes.transAxes,
    )
