# SPDX-License-Identifier: BSD-2-Clause
"""All scenarios by name, and the figures that each one owes."""

from . import content, scenarios

SCENARIOS = {**scenarios.SCENARIOS, **content.SCENARIOS}
PROMISED = {**scenarios.PROMISED, **content.PROMISED}
