# SPDX-License-Identifier: BSD-2-Clause
"""Charts (SVG) and tables of docs/performance.md, drawn from perf/results/*.json."""

import json
import math
import os
import re
from xml.sax.saxutils import escape

from .figures import show

WIDTH, HEIGHT = 720, 360
LEFT, RIGHT, TOP, BOTTOM = 90, 30, 50, 50
LABELS = 45  # beside the last point of a curve: its name, or half of the last x label
COLOURS = ["#00805a", "#3b6fb6", "#c2703d", "#8a5aa8", "#b04a5a", "#5c8a3a", "#777777"]


class Chart:
    """One picture: a title, axes, marks. Coordinates in pixels from the upper left."""

    def __init__(self, title):
        self.parts = [text(LEFT, 26, title, size=16, weight="bold")]

    def add(self, part):
        self.parts.append(part)

    def svg(self):
        head = (
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" '
            f'width="{WIDTH}" height="{HEIGHT}" font-family="system-ui, sans-serif">'
        )
        paper = f'<rect width="{WIDTH}" height="{HEIGHT}" fill="#ffffff"/>'
        return "\n".join([head, paper, *self.parts, "</svg>"]) + "\n"

    def grid(self, most, unit):
        """Horizontal lines at round values from 0 to most. Returns the function to pixels."""
        step = round_step(most)
        top = step * math.ceil(most / step)
        area = HEIGHT - TOP - BOTTOM

        def y_of(value):
            return HEIGHT - BOTTOM - area * value / top

        for i in range(int(top / step) + 1):
            y = y_of(i * step)
            self.add(line(LEFT, y, WIDTH - RIGHT, y, "#dddddd"))
            self.add(text(LEFT - 8, y + 4, f"{i * step:,g}", anchor="end"))
        self.add(text(LEFT, TOP - 8, unit, size=11, colour="#666666"))
        return y_of


    def decades(self, least, most, unit):
        """Horizontal lines at powers of ten around least and most, evenly apart: for values that
        differ by orders of magnitude. Returns the function to pixels."""
        low = math.floor(math.log10(least))
        high = max(math.ceil(math.log10(most)), low + 1)
        area = HEIGHT - TOP - BOTTOM

        def y_of(value):
            return HEIGHT - BOTTOM - area * (math.log10(value) - low) / (high - low)

        for power in range(low, high + 1):
            y = y_of(10.0**power)
            self.add(line(LEFT, y, WIDTH - RIGHT, y, "#dddddd"))
            self.add(text(LEFT - 8, y + 4, f"{10.0**power:,g}", anchor="end"))
        self.add(text(LEFT, TOP - 8, unit, size=11, colour="#666666"))
        return y_of


def log_places(numbers):
    """Where numbers stand on a logarithmic axis, as shares of its length."""
    logs = [math.log10(n) for n in numbers]
    return [(n - logs[0]) / ((logs[-1] - logs[0]) or 1) for n in logs]


def even_places(labels):
    return [i / max(len(labels) - 1, 1) for i in range(len(labels))]


def round_step(most):
    rough = most / 5 or 1
    power = 10 ** math.floor(math.log10(rough))
    return next(power * m for m in (1, 2, 5, 10) if power * m >= rough)


def text(x, y, words, anchor="start", size=12, weight="normal", colour="#222222"):
    return (
        f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" font-size="{size}" '
        f'font-weight="{weight}" fill="{colour}">{escape(words)}</text>'
    )


def line(x1, y1, x2, y2, colour):
    return f'<line x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}" stroke="{colour}"/>'


def rectangle(x, y, width, height, colour):
    return (
        f'<rect x="{x:.1f}" y="{y:.1f}" width="{width:.1f}" height="{height:.1f}" '
        f'fill="{colour}"/>'
    )


def bars(title, unit, values):
    """values: {label: number}."""
    chart = Chart(title)
    y_of = chart.grid(max(values.values()), unit)
    slot = (WIDTH - LEFT - RIGHT) / len(values)
    for i, (label, value) in enumerate(values.items()):
        x, y = LEFT + slot * (i + 0.2), y_of(value)
        chart.add(rectangle(x, y, slot * 0.6, HEIGHT - BOTTOM - y, COLOURS[min(i, 1)]))
        chart.add(text(x + slot * 0.3, y - 6, f"{value:.3g}", anchor="middle"))
        chart.add(text(x + slot * 0.3, HEIGHT - BOTTOM + 18, label, anchor="middle"))
    return chart.svg()


def curves(title, unit, x_labels, series, places=None, decades=False):
    """series: {label: [values, one for each x label]}. places: where the x labels stand, 0 to 1;
    evenly apart unless told. decades: the values' axis is logarithmic."""
    chart = Chart(title)
    every = [value for values in series.values() for value in values]
    y_of = chart.decades(min(every), max(every), unit) if decades else chart.grid(max(every), unit)
    width = WIDTH - LEFT - RIGHT - LABELS
    x_of = [LEFT + width * place for place in places or even_places(x_labels)]
    for x, label in zip(x_of, x_labels):
        chart.add(text(x, HEIGHT - BOTTOM + 18, label, anchor="middle"))
    for n, (label, values) in enumerate(series.items()):
        colour = COLOURS[n % len(COLOURS)]
        points = list(zip(x_of, map(y_of, values)))
        path = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
        chart.add(f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="2"/>')
        for x, y in points:
            chart.add(f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3.5" fill="{colour}"/>')
    if len(series) > 1:
        name_curves(chart, x_of[-1] + 10, {label: y_of(v[-1]) for label, v in series.items()})
    return chart.svg()


def name_curves(chart, x, ends):
    """ends: {label: where its curve ends}. Names that would lie on each other move down."""
    free = 0
    colours = dict(zip(ends, COLOURS))
    for label, y in sorted(ends.items(), key=lambda end: end[1]):
        y = max(y + 4, free)
        free = y + 13
        chart.add(text(x, y, label, colour=colours[label], weight="bold"))


def stack(title, unit, values):
    """One bar, of pieces: {label: number}."""
    chart = Chart(title)
    total = sum(values.values())
    x = LEFT
    for i, (label, value) in enumerate(values.items()):
        width = (WIDTH - LEFT - RIGHT) * value / total
        chart.add(rectangle(x, 90, width, 90, COLOURS[i % len(COLOURS)]))
        y = 205 + 22 * (i % 3)
        chart.add(text(x + width / 2, y, f"{label} {value:.0f}", anchor="middle"))
        x += width
    chart.add(text(LEFT, TOP + 20, f"{unit}: {total:.0f} in all", size=11, colour="#666666"))
    return chart.svg()


def medians(result):
    return {name: s["median"] for name, s in result["figures"].items()}


def draw_all(results):
    """{file name: SVG} of the results that are there."""
    drawn = {}
    if "keepalive" in results:
        m = medians(results["keepalive"])
        rates = {"ringside": m.get("rps")}
        rates.update({name: m.get(f"{name}_rps") for name in ("nginx", "haproxy", "h2o")})
        rates = {name: rate / 1e6 for name, rate in rates.items() if rate}
        if rates:
            drawn["rivals.svg"] = bars("Keep-alive requests on one core", "million/s", rates)
        swept = sorted(int(n.removeprefix("rps_at_")) for n in m if n.startswith("rps_at_"))
        if swept:
            values = [m[f"rps_at_{n}"] / 1e6 for n in swept]
            labels = [f"{n:,}" for n in swept]
            drawn["connections.svg"] = curves(
                "Requests by number of connections (logarithmic)",
                "million/s",
                labels,
                {"ringside": values},
                places=log_places(swept),
            )
    if "latency" in results:
        m = medians(results["latency"])
        series = {
            p: [m[f"{p}_us_at_{at}"] for at in (10, 50, 90)]
            for p in ("p50", "p90", "p99", "p999")
            if all(f"{p}_us_at_{at}" in m for at in (10, 50, 90))
        }
        if series:
            drawn["latency.svg"] = curves(
                "Latency by load, open loop (logarithmic)",
                "µs",
                ["10 %", "50 %", "90 % of the peak"],
                series,
                decades=True,
            )
    if "stages" in results:
        m = medians(results["stages"])
        pieces = {
            name.removeprefix("cycles_"): value
            for name, value in m.items()
            if name.startswith("cycles_")
        }
        if pieces:
            drawn["stages.svg"] = stack("Where a request's cycles go", "TSC cycles a frame", pieces)
    return drawn


def markdown_table(result):
    rows = ["| figure | median | min | max |", "| --- | ---: | ---: | ---: |"]
    for name, s in result["figures"].items():
        rows.append(
            f"| {name} | {show(s['median'])} | {show(s['min'])} | {show(s['max'])} |"
        )
    rows += [f"| {name} | absent: {why} | | |" for name, why in result["absent"].items()]
    rows.append("")
    rows.append(
        f"{result['rounds']} rounds, {result['date']}, commit {result['commit']}, {result['cpu']}."
    )
    rows += [f"Note: {note}." for note in result["notes"]]
    return "\n".join(rows)


def fill(page, results):
    """Replaces what stands between <!-- NAME --> and <!-- /NAME -->."""
    for name, result in results.items():
        page = re.sub(
            rf"(<!-- {name} -->\n).*?(<!-- /{name} -->)",
            lambda found, r=result: found[1] + markdown_table(r) + "\n" + found[2],
            page,
            flags=re.DOTALL,
        )
    return page


def redraw(results_folder, docs):
    results = {}
    for file_name in sorted(os.listdir(results_folder)):
        if file_name.endswith(".json"):
            with open(os.path.join(results_folder, file_name), encoding="utf-8") as file:
                results[file_name.removesuffix(".json")] = json.load(file)
    os.makedirs(os.path.join(docs, "charts"), exist_ok=True)
    for file_name, svg in draw_all(results).items():
        with open(os.path.join(docs, "charts", file_name), "w", encoding="utf-8") as file:
            file.write(svg)
    page_name = os.path.join(docs, "performance.md")
    with open(page_name, encoding="utf-8") as file:
        page = file.read()
    with open(page_name, "w", encoding="utf-8") as file:
        file.write(fill(page, results))
