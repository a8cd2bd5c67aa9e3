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
from xml.sax.saxutils import escape, quoteattr

FONTS = ("Noto Sans CJK SC", "Noto Sans SC", "Source Han Sans SC", "Microsoft YaHei", "PingFang SC", "DejaVu Sans")
COLOURS = ("#1f5fbf", "#b3541e", "#2f7d4f", "#7a4fa3", "#8a6d00", "#00747c")  # at least 4.5 : 1 on white
LIMIT = "#b00020"
INK = "#1d2733"
INCHES = (8, 3.4)
TENTHS = 10  # places of a flow are whole tenths of a pixel
WIDTH, HEIGHT, HEAD, GAP, BAR, ROOM = 10_800, 4_600, 420, 240, 140, 1_900
FAR = 2  # a flow bends where its two ends have an equal say
THIN = 6
LABEL_MAX, TITLE_MAX = 20, 60  # characters; a name of a whole line would leave the plot itself no room
ROOM_OF_WORDS = 60  # a bar below it is too near the next one for two lines of words


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
            [at for at, _ in line.points], [value for _, value in line.points], label=_short(line.label),
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
            [place + shift for place in range(len(names))], list(values), width, label=_short(label),
            color=COLOURS[number % len(COLOURS)],
        )  # fmt: skip
    axes.set_xticks(range(len(names)), [_short(name) for name in names])
    if all(isinstance(value, int) for values in drawn.values() for value in values):
        axes.yaxis.get_major_locator().set_params(integer=True)  # nobody calls half a time
    return _finished(figure, axes, title, limits or {})


def cascade(
    title: str, start: tuple[str, Decimal], taken: Sequence[tuple[str, Decimal]], *, unit: str
) -> bytes:  # fmt: skip
    """Return a waterfall as SVG: a first bar, and what each step takes hanging where the one before left off.

    Args:
        title: what the plot shows; also what a screen reader says.
        start: name and value of the first bar.
        taken: name and value of every step, in order; none negative.
        unit: of the values, written at the axis.
    """
    figure, axes = _figure(unit)
    name, left = start
    names = [name, *(step for step, _ in taken)]
    axes.bar([0], [left], Decimal("0.7"), color=COLOURS[0])
    for place, (_, value) in enumerate(taken, start=1):
        axes.plot([place - 1, place], [left, left], color=INK, linewidth=Decimal("0.8"))
        axes.bar([place], [value], Decimal("0.7"), bottom=left - value, color=COLOURS[1 + (place - 1) % 5])
        left -= value
    axes.set_xticks(range(len(names)), [_short(one) for one in names])
    return _finished(figure, axes, title, {})


def _figure(unit: str) -> tuple[Any, Any]:
    # imported here: half a second that only those who look at a plot wait for
    import matplotlib as mpl
    from matplotlib.figure import Figure

    logging.getLogger("matplotlib.font_manager").setLevel(logging.ERROR)  # readers bring their own fonts
    mpl.rcParams.update({
        "svg.fonttype": "none", "svg.hashsalt": "huiyi", "font.family": list(FONTS), "text.parse_math": False,
    })  # fmt: skip
    figure = Figure(figsize=INCHES, layout="constrained")
    axes = figure.add_subplot()
    axes.set_ylabel(unit, color=INK, rotation=0 if len(unit) == 1 else 90)  # one character lies on its side otherwise
    axes.ticklabel_format(axis="y", style="plain", useOffset=False)
    axes.yaxis.set_major_formatter(lambda value, _position: f"{value:,.10g}")
    axes.grid(axis="y", color="#d5dbe3")
    axes.set_axisbelow(True)
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)
    return figure, axes


def _short(text: str, most: int = LABEL_MAX) -> str:
    """Cut a text that would push the plot away; the table beside it says all of it."""
    return text if len(text) <= most else f"{text[: most - 1]}…"


def _finished(figure: Any, axes: Any, title: str, limits: Mapping[str, Decimal | int]) -> bytes:
    for label, value in limits.items():
        axes.axhline(value, color=LIMIT, linewidth=1.5, linestyle=":", label=_short(label))
    if not axes.dataLim.y0 < 0:  # what is below zero is shown, and everything else stands on it
        axes.set_ylim(bottom=0)
    axes.set_title(_short(title, TITLE_MAX), color=INK, loc="left")
    axes.tick_params(colors=INK)
    handles, labels = axes.get_legend_handles_labels()
    if labels:
        axes.legend(handles, labels, loc="upper left", bbox_to_anchor=(0, -0.12), ncols=4, frameon=False)
    drawn = io.BytesIO()
    figure.savefig(drawn, format="svg", metadata={"Date": None, "Title": title})
    return drawn.getvalue()


@dataclass(frozen=True, slots=True)
class Flow:
    """So much from one node to another; a node stands in the column after the farthest that feeds it."""

    source: str
    target: str
    amount: int


def sankey(title: str, flows: Sequence[Flow], *, words: Mapping[str, str], shown: Mapping[str, str]) -> bytes:
    """Return a diagram of flows as SVG: bars as high as what passes through them, bands between them.

    The words of a bar that is too small for them would lie on those of the next one: they are left out, and said when
    somebody points at the bar. The table beside the diagram has them all.

    Args:
        title: what it shows; also what a screen reader says.
        flows: without circles; those of nothing are left out.
        words: the name of each node.
        shown: the amount of each node as people read it.
    """
    drawn = [flow for flow in flows if flow.amount > 0]
    columns = _columns(drawn)
    sizes = {name: max(_sum(drawn, name, True), _sum(drawn, name, False)) for column in columns for name in column}
    most = max((sum(sizes[name] for name in column) for column in columns), default=0)
    deepest = max((len(column) for column in columns), default=0)
    room = max(HEIGHT - GAP * (deepest - 1), HEIGHT // FAR)
    high = {name: max(sizes[name] * room // most, THIN) for name in sizes} if most else {}
    at = _places(columns, high)
    bottom = max((at[name][1] + high[name] for name in at), default=HEAD) + GAP
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_px(WIDTH)} {_px(bottom)}"'
        f' role="img" aria-label={quoteattr(title)} font-family="{", ".join(FONTS)}" font-size="13" fill="{INK}">',
        f"<title>{escape(title)}</title>", f'<text x="4" y="20" font-size="15">{escape(title)}</text>',
        *_bands(drawn, at, high, sizes),
    ]  # fmt: skip
    for number, column in enumerate(columns):
        for name in column:
            parts.append(_node(name, at[name], high[name], number, len(columns), words, shown))
    return "".join([*parts, "</svg>"]).encode()


def _columns(flows: Sequence[Flow]) -> list[list[str]]:
    """Return the nodes by column, in the order in which they are first named."""
    depth: dict[str, int] = {}
    for flow in flows:
        depth.setdefault(flow.source, 0)
        depth.setdefault(flow.target, 0)
    for _ in depth:
        for flow in flows:
            depth[flow.target] = max(depth[flow.target], depth[flow.source] + 1)
    columns: list[list[str]] = [[] for _ in range(max(depth.values(), default=-1) + 1)]
    for name, column in depth.items():
        columns[column].append(name)
    return columns


def _sum(flows: Sequence[Flow], name: str, is_source: bool) -> int:
    return sum(flow.amount for flow in flows if (flow.source if is_source else flow.target) == name)


def _places(columns: Sequence[Sequence[str]], high: Mapping[str, int]) -> dict[str, tuple[int, int]]:
    """Return left and top of each bar, in tenths of a pixel."""
    step = (WIDTH - ROOM - BAR) // max(len(columns) - 1, 1)
    found = {}
    for number, column in enumerate(columns):
        top = HEAD
        for name in column:
            found[name] = (number * step, top)
            top += high[name] + GAP
    return found


def _bands(
    flows: Sequence[Flow], at: Mapping[str, tuple[int, int]], high: Mapping[str, int], sizes: Mapping[str, int]
) -> list[str]:
    """Return the bands; those of a node leave and arrive one below the other."""
    left, arrived, found = dict.fromkeys(at, 0), dict.fromkeys(at, 0), []
    for number, flow in enumerate(sorted(flows, key=lambda one: (at[one.source], at[one.target]))):
        (from_x, from_y), (to_x, to_y) = at[flow.source], at[flow.target]
        start = from_y + high[flow.source] * left[flow.source] // sizes[flow.source]
        end = to_y + high[flow.target] * arrived[flow.target] // sizes[flow.target]
        left[flow.source] += flow.amount
        arrived[flow.target] += flow.amount
        below = from_y + high[flow.source] * left[flow.source] // sizes[flow.source]
        under = to_y + high[flow.target] * arrived[flow.target] // sizes[flow.target]
        x, far = from_x + BAR, (from_x + BAR + to_x) // FAR
        curve = (
            f"M{_px(x)} {_px(start)}C{_px(far)} {_px(start)} {_px(far)} {_px(end)} {_px(to_x)} {_px(end)}"
            f"V{_px(max(under, end + TENTHS))}"
            f"C{_px(far)} {_px(under)} {_px(far)} {_px(below)} {_px(x)} {_px(max(below, start + TENTHS))}Z"
        )
        found.append(f'<path d="{curve}" fill="{COLOURS[number % len(COLOURS)]}" fill-opacity="0.28"/>')
    return found


def _node(
    name: str, at: tuple[int, int], high: int, column: int, columns: int, words: Mapping[str, str],
    shown: Mapping[str, str],
) -> str:  # fmt: skip
    x, y = at
    label, amount = escape(words.get(name, name)), escape(shown.get(name, ""))
    middle = y + max(high // FAR, BAR // FAR)
    colour = COLOURS[column % len(COLOURS)]
    bar = f'<rect x="{_px(x)}" y="{_px(y)}" width="{_px(BAR)}" height="{_px(high)}" fill="{colour}"'
    if high < ROOM_OF_WORDS:
        return f"{bar}><title>{label} {amount}</title></rect>"
    beside = _px(x + BAR + 60)
    return (
        f'{bar}/><text x="{beside}" y="{_px(middle)}" stroke="#fff" stroke-width="3" paint-order="stroke">{label}'
        f'<tspan x="{beside}" dy="15" font-size="12">{amount}</tspan></text>'
    )


def _px(tenths: int) -> str:
    whole, tenth = divmod(tenths, TENTHS)
    return f"{whole}.{tenth}" if tenth else str(whole)
