# SPDX-License-Identifier: BSD-2-Clause
"""What perf/bench is made of."""
