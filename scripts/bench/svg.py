"""Two kinds of pictures for the measurements: bars and lines, on logarithmic scales."""

import math
from html import escape

COLOURS = ("#1a73e8", "#7baaf7", "#c6dafc", "#d93025", "#f9ab00", "#188038", "#9334e6", "#80868b")
HEAD = ('<svg xmlns="http://www.w3.org/2000/svg" width="{0}" height="{1}" viewBox="0 0 {0} {1}" '
        'font-family="sans-serif" font-size="12">\n<rect width="100%" height="100%" fill="white"/>\n')


def number(value):
    """Short text of a value: 0.0123, 1.23, 12.3, 123."""
    return f"{value:.3g}" if value < 1000 else f"{value:.0f}"


def text(x, y, words, extra=""):
    return f'<text x="{x:.1f}" y="{y:.1f}" {extra}>{escape(str(words))}</text>\n'


def line(x1, y1, x2, y2, colour="#dadce0"):
    return f'<line x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}" stroke="{colour}"/>\n'


class Log:
    """A logarithmic scale from the decades around some values to an interval of pixels."""

    def __init__(self, values, first, last):
        self.low = math.floor(math.log10(min(values)) + 1e-9)
        self.high = max(math.ceil(math.log10(max(values)) - 1e-9), self.low + 1)
        self.first, self.last = first, last

    def at(self, value):
        share = (math.log10(value) - self.low) / (self.high - self.low)
        return self.first + (self.last - self.first) * share

    def decades(self):
        return [10.0 ** i for i in range(self.low, self.high + 1)]


def bars(path, title, unit, panels, foot):
    """panels: [(heading, [(group, [(series, value or None)])])], one below the other; the same
    series has the same colour everywhere. Writes the file."""
    names = list(dict.fromkeys(s for _, groups in panels for _, row in groups for s, _ in row))
    values = [v for _, groups in panels for _, row in groups for _, v in row if v]
    if not values:
        return
    width, left, bar = 860, 130, 13
    scale = Log(values, left, width - 70)
    out = [text(10, 22, title, 'font-size="16"')]
    x = 10
    for i, name in enumerate(names):
        out.append(f'<rect x="{x}" y="34" width="10" height="10" fill="{COLOURS[i % 8]}"/>')
        out.append(text(x + 14, 43, name))
        x += 28 + 7 * len(name)
    y = 66
    for heading, groups in panels:
        out.append(text(10, y, heading, 'font-weight="bold"'))
        top, y = y + 6, y + 12
        body = []
        for group, row in groups:
            shown = [(s, v) for s, v in row if v]
            body.append(text(left - 8, y + bar * len(shown) / 2 + 4, group, 'text-anchor="end"'))
            for series, value in shown:
                end = scale.at(value)
                colour = COLOURS[names.index(series) % 8]
                body.append(f'<rect x="{left}" y="{y}" width="{max(end - left, 1):.1f}" '
                            f'height="{bar - 2}" fill="{colour}"/>')
                body.append(text(end + 4, y + bar - 3, number(value), 'font-size="10"'))
                y += bar
            y += 9
        for decade in scale.decades():
            out.append(line(scale.at(decade), top, scale.at(decade), y))
            out.append(text(scale.at(decade), y + 13, number(decade) + unit,
                            'text-anchor="middle" fill="#5f6368"'))
        out += body
        y += 40
    out.append(text(10, y, foot, 'fill="#5f6368" font-size="10"'))
    with open(path, "w", encoding="utf-8") as file:
        file.write(HEAD.format(width, y + 12) + "".join(out) + "</svg>\n")


def lines(path, title, axes, series, foot):
    """axes: (x, y) labels. series: [(name, [(x, y, mark or None)])]; a point without a y (None) is
    drawn as its mark at the top. Writes the file."""
    points = [p for _, row in series for p in row]
    ys = [y for _, y, _ in points if y]
    if not ys:
        return
    width, height = 860, 440
    across = Log([x for x, _, _ in points], 70, width - 30)
    down = Log(ys, height - 70, 80)
    out = [text(10, 22, title, 'font-size="16"'), text(10, 76, axes[1], 'fill="#5f6368"'),
           text(width - 30, height - 34, axes[0], 'text-anchor="end" fill="#5f6368"')]
    for decade in down.decades():
        out.append(line(70, down.at(decade), width - 30, down.at(decade)))
        out.append(text(62, down.at(decade) + 4, number(decade), 'text-anchor="end"'))
    for x in sorted({x for x, _, _ in points}):
        out.append(line(across.at(x), 80, across.at(x), height - 70, "#f1f3f4"))
        out.append(text(across.at(x), height - 54, number(x), 'text-anchor="middle"'))
    for i, (name, row) in enumerate(series):
        legend, above = 10 + 205 * (i % 4), 34 + 15 * (i // 4)
        colour = COLOURS[i % 8]
        good = [(across.at(x), down.at(y)) for x, y, _ in row if y]
        out.append(f'<polyline fill="none" stroke="{colour}" stroke-width="2" points="'
                   + " ".join(f"{x:.1f},{y:.1f}" for x, y in good) + '"/>\n')
        out += [f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3" fill="{colour}"/>\n' for x, y in good]
        for x, y, mark in row:
            if not y and mark:
                out.append(text(across.at(x), 90 + 13 * i, mark,
                                f'text-anchor="middle" font-size="10" fill="{colour}"'))
        out.append(f'<rect x="{legend}" y="{above}" width="10" height="10" fill="{colour}"/>')
        out.append(text(legend + 14, above + 9, name))
    out.append(text(10, height - 12, foot, 'fill="#5f6368" font-size="10"'))
    with open(path, "w", encoding="utf-8") as file:
        file.write(HEAD.format(width, height) + "".join(out) + "</svg>\n")
