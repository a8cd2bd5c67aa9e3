"""Plots as SVG, drawn on the server: they need no script, print well, and stand beside the table of their numbers.

Every text stays text, so the reader's own Chinese font is used, and the same numbers give the same bytes.
"""

from __future__ import annotations

import io
import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

FONTS = ("Noto Sans CJK SC", "Noto Sans SC", "Source Han Sans SC", "Microsoft YaHei", "PingFang SC", "DejaVu Sans")
COLOURS = ("#1f5fbf", "#b3541e", "#2f7d4f", "#7a4fa3", "#8a6d00", "#00747c")  # at least 4.5 : 1 on white
LIMIT = "#b00020"
INK = "#1d2733"
INCHES = (8, 3.4)


@dataclass(frozen=True, slots=True)
class Line:
    """One named line of points; ``is_forecast`` draws it dashed."""

    label: str
    points: Sequence[tuple[date | str, Decimal | int]]
    is_forecast: bool = False


def lines(title: str, drawn: Sequence[Line], *, unit: str, limits: Mapping[str, Decimal | int] | None = None) -> bytes:
    """Return a line chart as SVG.

    Args:
        title: what the plot shows; also what a screen reader says.
        drawn: the lines, each with points of day (or name) and value.
        unit: of the values, written at the axis.
        limits: named values drawn as horizontal lines, such as a ceiling.
    """
    figure, axes = _figure(unit)
    for number, line in enumerate(drawn):
        axes.plot(
            [at for at, _ in line.points], [value for _, value in line.points], label=line.label,
            color=COLOURS[number % len(COLOURS)], linestyle="--" if line.is_forecast else "-", marker="o", markersize=4,
        )  # fmt: skip
    return _finished(figure, axes, title, limits or {})


def bars(
    title: str, names: Sequence[str], drawn: Mapping[str, Sequence[Decimal | int]], *, unit: str,
    limits: Mapping[str, Decimal | int] | None = None,
) -> bytes:  # fmt: skip
    """Return a chart of grouped bars as SVG: for each name one bar of every series.

    Args:
        title: what the plot shows; also what a screen reader says.
        names: what stands along the axis.
        drawn: values by series, as many as there are names.
        unit: of the values, written at the axis.
        limits: named values drawn as horizontal lines.
    """
    figure, axes = _figure(unit)
    width = Decimal("0.8") / max(len(drawn), 1)
    for number, (label, values) in enumerate(drawn.items()):
        shift = width * number - Decimal("0.4") + width / 2
        axes.bar(
            [place + shift for place in range(len(names))], list(values), width, label=label,
            color=COLOURS[number % len(COLOURS)],
        )  # fmt: skip
    axes.set_xticks(range(len(names)), list(names))
    if all(isinstance(value, int) for values in drawn.values() for value in values):
        axes.yaxis.get_major_locator().set_params(integer=True)  # nobody calls half a time
    return _finished(figure, axes, title, limits or {})


def _figure(unit: str) -> tuple[Any, Any]:
    # imported here: half a second that only those who look at a plot wait for
    import matplotlib as mpl
    from matplotlib.figure import Figure

    logging.getLogger("matplotlib.font_manager").setLevel(logging.ERROR)  # readers bring their own fonts
    mpl.rcParams.update({"svg.fonttype": "none", "svg.hashsalt": "huiyi", "font.family": list(FONTS)})
    figure = Figure(figsize=INCHES, layout="constrained")
    axes = figure.add_subplot()
    axes.set_ylabel(unit, color=INK)
    axes.ticklabel_format(axis="y", style="plain", useOffset=False)
    axes.yaxis.set_major_formatter(lambda value, _position: f"{value:,.10g}")
    axes.grid(axis="y", color="#d5dbe3")
    axes.set_axisbelow(True)
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)
    return figure, axes


def _finished(figure: Any, axes: Any, title: str, limits: Mapping[str, Decimal | int]) -> bytes:
    for label, value in limits.items():
        axes.axhline(value, color=LIMIT, linewidth=1.5, linestyle=":", label=label)
    axes.set_ylim(bottom=0)
    axes.set_title(title, color=INK, loc="left")
    axes.tick_params(colors=INK)
    handles, labels = axes.get_legend_handles_labels()
    if labels:
        axes.legend(handles, labels, loc="upper left", bbox_to_anchor=(0, -0.12), ncols=4, frameon=False)
    drawn = io.BytesIO()
    figure.savefig(drawn, format="svg", metadata={"Date": None, "Title": title})
    return drawn.getvalue()
