# SPDX-License-Identifier: BSD-2-Clause
"""All scenarios by name, and the figures that each one owes."""

from . import content, isolation, scenarios, tls

MODULES = (scenarios, tls, isolation, content)
SCENARIOS = {name: f for module in MODULES for name, f in module.SCENARIOS.items()}
PROMISED = {name: names for module in MODULES for name, names in module.PROMISED.items()}
