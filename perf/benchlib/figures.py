# SPDX-License-Identifier: BSD-2-Clause
"""Figures: several rounds of each, or the reason why there is none."""

import json
import os
import statistics

from .machine import Unable

SPARE_ROUNDS = 2  # for each round, of those to be begun anew


class Figures:
    """What a scenario has found out."""

    def __init__(self, scenario, about, unit_of=None):
        self.scenario = scenario
        self.about = about
        self.units = unit_of or {}
        self.values = {}  # by name, then by round and number in it
        self.failures = {}
        self.notes = []
        self.round, self.n_rounds = 0, 1

    def rounds(self, n, spoilt=lambda: None):
        """To be looped over: what is added meanwhile belongs to that round. spoilt() is asked at
        its end: if it says why, the round is begun anew, without what it had, while there are
        spare ones; then it counts, with that for a note."""
        self.n_rounds = n
        n_anew = 0
        for self.round in range(n):
            yield self.round
            while why := spoilt():
                if n_anew == SPARE_ROUNDS * n:
                    self.note(f"round {self.round + 1} counts all the same: {why}")
                    break
                n_anew += 1
                self._forget_round()
                yield self.round
        if n_anew:
            self.note(f"rounds begun anew: {n_anew}")

    def _forget_round(self):
        for name, values in list(self.values.items()):
            kept = {key: value for key, value in values.items() if key[0] != self.round}
            if kept:
                self.values[name] = kept
            else:
                del self.values[name]

    def add(self, name, value):
        """This round's value."""
        if value is not None:
            self.values.setdefault(name, {})[self.round, 0] = value

    def observe(self, name, value):
        """A circumstance, seen any number of times a round: its spread is what it tells."""
        seen = self.values.setdefault(name, {})
        seen[self.round, len(seen)] = value

    def add_ratio(self, name, above, below):
        """The ratio of two figures, round by round; absent where one of them is."""
        over, under = self.values.get(above, {}), self.values.get(below, {})
        ratios = {n: over[n] / under[n] for n in over if under.get(n)}
        if ratios:
            self.values[name] = ratios
        else:
            self.missing(name, f"no round has both {above} and {below}")

    def missing(self, name, why):
        """This round has no such figure, and why."""
        self.failures.setdefault(name, why)

    def end_early(self, why, owed):
        """No more will come, and what is owed may be missing for that reason."""
        self.note(f"ended early: {why}")
        for name in owed:
            self.missing(name, "the scenario ended early")

    def absent(self):
        """Figures that no round has: why, by name."""
        return {name: why for name, why in self.failures.items() if name not in self.values}

    def all_notes(self):
        """What was noted, and which figures some rounds lack."""
        partly = [
            f"{name} is of {len(self.values[name])} of {self.n_rounds} rounds: {why}"
            for name, why in self.failures.items()
            if 0 < len(self.values.get(name, ())) < self.n_rounds
        ]
        return self.notes + partly

    def note(self, text):
        if text not in self.notes:
            self.notes.append(text)

    def median(self, name):
        return self.summary()[name]["median"] if name in self.values else None

    def summary(self):
        rounds = {name: list(by_round.values()) for name, by_round in self.values.items()}
        return {
            name: {"median": statistics.median(v), "min": min(v), "max": max(v)}
            for name, v in rounds.items()
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
            "absent": self.absent(),
            "notes": self.all_notes(),
        }

    def table(self):
        """Lines of text, one a figure."""
        lines = [f"{'figure':<34}{'median':>14}{'min':>14}{'max':>14}"]
        for name, s in self.summary().items():
            lines.append(
                f"{name:<34}{show(s['median']):>14}{show(s['min']):>14}{show(s['max']):>14}"
            )
        lines += [f"{name:<34}absent: {why}" for name, why in self.absent().items()]
        lines += [f"note: {note}" for note in self.all_notes()]
        return lines


def show(value):
    """A number as people read it: thousands apart, three or so digits that say something."""
    if abs(value) >= 1000:
        return f"{value:,.0f}"
    return f"{value:.3g}" if abs(value) < 100 else f"{value:.1f}"


def check_writable(path):
    """Before anything is measured, and not when the figures would be lost."""
    is_new = not os.path.exists(path)
    try:
        with open(path, "a", encoding="utf-8"):
            pass
        if is_new:
            os.remove(path)
    except OSError as error:
        raise Unable(f"{path}: {error.strerror}") from None


def save(path, content):
    with open(path, "w", encoding="utf-8") as file:
        json.dump(content, file, indent=1)
        file.write("\n")
