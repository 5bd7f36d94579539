-- SPDX-License-Identifier: BSD-2-Clause
-- The flood of syn-flood.lua from a file, for where ranges send the same few SYNs again and again:
-- over drivers that copy (memif, af_packet) Pktgen 24.07 takes those frames next that have just
-- been sent. Those of a file it takes in turn.
--
-- The frames come from syn.pcap, which perf/pktgen/make-pcaps makes: start Pktgen with
-- `-s 0:syn.pcap`.
--
--   rates   in percent of the link's speed

local here = debug.getinfo(1, "S").source:match("^@(.*/)") or "perf/pktgen/"

dofile(here .. "common.lua").replay("syn-replay")
