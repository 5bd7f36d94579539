-- SPDX-License-Identifier: BSD-2-Clause
-- A stream of ICMP echo requests, which the appliance's net core answers itself: a whole way in and
-- out, without TCP.
--
-- The frames come from icmp.pcap, which perf/pktgen/make-pcaps makes: start Pktgen with
-- `-s 0:icmp.pcap`.
--
--   rates   in percent of the link's speed

local here = debug.getinfo(1, "S").source:match("^@(.*/)") or "perf/pktgen/"

dofile(here .. "common.lua").replay("icmp")
