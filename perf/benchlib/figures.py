# SPDX-License-Identifier: BSD-2-Clause
"""Figures: several rounds of each, or the reason why there is none."""

import json
import statistics


class Figures:
    """What a scenario has found out."""

    def __init__(self, scenario, about, unit_of=None):
        self.scenario = scenario
        self.about = about
        self.units = unit_of or {}
        self.values = {}
        self.absent = {}
        self.notes = []

    def add(self, name, value):
        """One round's value."""
        if value is not None:
            self.values.setdefault(name, []).append(value)

    def add_ratio(self, name, above, below):
        """The ratio of two figures, round by round; absent where one of them is."""
        pairs = zip(self.values.get(above, []), self.values.get(below, []))
        ratios = [a / b for a, b in pairs if b]
        if ratios:
            self.values[name] = ratios
        else:
            self.missing(name, f"{above} or {below} is absent")

    def missing(self, name, why):
        """There is no such figure, and why."""
        if name not in self.values:
            self.absent[name] = why

    def note(self, text):
        if text not in self.notes:
            self.notes.append(text)

    def median(self, name):
        return statistics.median(self.values[name]) if self.values.get(name) else None

    def summary(self):
        return {
            name: {"median": statistics.median(v), "min": min(v), "max": max(v)}
            for name, v in self.values.items()
            if v
        }

    def as_json(self, machine, rounds):
        return {
            "scenario": self.scenario,
            "about": self.about,
            "commit": machine.commit,
            "date": machine.date,
            "cpu": machine.cpu,
            "rounds": rounds,
            "figures": self.summary(),
            "absent": self.absent,
            "notes": self.notes,
        }

    def table(self):
        """Lines of text, one a figure."""
        lines = [f"{'figure':<34}{'median':>14}{'min':>14}{'max':>14}"]
        for name, s in self.summary().items():
            lines.append(
                f"{name:<34}{show(s['median']):>14}{show(s['min']):>14}{show(s['max']):>14}"
            )
        lines += [f"{name:<34}absent: {why}" for name, why in self.absent.items()]
        lines += [f"note: {note}" for note in self.notes]
        return lines


def show(value):
    """A number as people read it: thousands apart, three or so digits that say something."""
    if abs(value) >= 1000:
        return f"{value:,.0f}"
    return f"{value:.3g}" if abs(value) < 100 else f"{value:.1f}"


def save(path, content):
    with open(path, "w", encoding="utf-8") as file:
        json.dump(content, file, indent=1)
        file.write("\n")
