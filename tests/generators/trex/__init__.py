# SPDX-License-Identifier: BSD-2-Clause
"""Doubles of those parts of TRex 3.08's Python API that perf/trex uses.

They refuse what TRex would refuse (unknown arguments by their signatures, wrong types), record what
they are told, and can play it.
"""


class TRexError(Exception):
    """As TRex raises it."""


def check(name, value, kinds, must=True):
    """TRex checks its arguments so; a bool is no number."""
    if value is None and not must:
        return
    is_number = kinds in (int, (int, float))
    if not isinstance(value, kinds) or (is_number and isinstance(value, bool)):
        raise TRexError(f"{name} is {value!r}, of the wrong type")


def get_profile(function, **more):
    """A profile's function must have defaults for all of its arguments, or for none."""
    defaults = function.__defaults__
    if defaults is not None and len(defaults) != function.__code__.co_argcount - 1:
        raise TRexError("defaults for some arguments only")
    return function(**more)
