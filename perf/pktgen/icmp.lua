-- SPDX-License-Identifier: BSD-2-Clause
-- A stream of ICMP echo requests. The appliance answers at most 1,000 a second a core, however
-- many come in (the others count as drop_icmp_limit): does the limit hold, and what does it cost?
--
-- The frames come from icmp.pcap, which perf/pktgen/make-pcaps makes: start Pktgen with
-- `-s 0:icmp.pcap`.
--
--   rates   in percent of the link's speed

local here = debug.getinfo(1, "S").source:match("^@(.*/)") or "perf/pktgen/"

dofile(here .. "common.lua").replay("icmp")
