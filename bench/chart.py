"""A bar chart as SVG: the time of each contender as a multiple of the session's, on a logarithmic scale."""

import math
from xml.sax.saxutils import escape

WIDTH, LEFT, RIGHT, BAR, GAP = 820, 330, 70, 14, 12
# The powers of ten at the ends: a tenth of the session's time, and about three hundred times it.
LEAST, MOST = -1.0, 2.5
COLOURS = {
    "diesel-rows": "#8a6d3b",
    "diesel-batches": "#c09853",
    "rusqlite": "#3a6ea5",
    "unnest": "#5b8f3d",
    "copy": "#2f6f4f",
    "seaorm": "#7a4f9e",
    "sqlalchemy": "#b5473c",
}


def x(ratio):
    share = (math.log10(ratio) - LEAST) / (MOST - LEAST)
    return LEFT + max(0.0, min(1.0, share)) * (WIDTH - LEFT - RIGHT)


def label(at, y, text, anchor="start", weight="normal"):
    return f'<text x="{at:.0f}" y="{y:.0f}" text-anchor="{anchor}" font-weight="{weight}">{escape(text)}</text>'


def svg(title, results, names, work):
    """The bars lead from the session's time: to the left what is faster, to the right what is slower."""
    parts, y = [label(12, 24, title, weight="bold")], 52
    for result in results:
        session = result.median("session")
        parts.append(label(12, y + 11, f"{result.rows:,} {work[result.case]}"))
        y += BAR + 6
        for name in sorted((name for name in result.rounds if name != "session"), key=result.median):
            ratio = result.median(name) / session
            here, one = x(ratio), x(1.0)
            parts.append(label(LEFT - 8, y + 11, names[name], "end"))
            bar = f'x="{min(here, one):.1f}" y="{y}" width="{max(abs(here - one), 1):.1f}" height="{BAR}"'
            parts.append(f'<rect {bar} fill="{COLOURS[name]}"/>')
            parts.append(label(max(here, one) + 5, y + 11, f"{ratio:.2f}" if ratio < 10 else f"{ratio:.0f}"))
            y += BAR + 3
        y += GAP
    line = f'<line x1="{x(1.0):.1f}" x2="{x(1.0):.1f}" y1="36" y2="{y}" stroke="currentColor" stroke-dasharray="3 3"/>'
    style = "svg { color: #222; font: 12px sans-serif } text { fill: currentColor }"
    dark = "@media (prefers-color-scheme: dark) { svg { color: #ddd } }"
    head = f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{y}" viewBox="0 0 {WIDTH} {y}">'
    return "\n".join([head, f"<style>{style} {dark}</style>", line, *parts, "</svg>", ""])
