-- SPDX-License-Identifier: BSD-2-Clause
-- A stream of GET requests that belong to no connection: all that a stateless generator can do.
-- Each frame has a whole request, is looked up, found to belong to nobody, and answered by a RST
-- (RFC 9293 section 3.10.7.1). What HTTP costs is for TRex and dperf to find out.
--
-- The frames come from http-get.pcap, which perf/pktgen/make-pcaps makes: start Pktgen with
-- `-s 0:http-get.pcap`.
--
--   rates   in percent of the link's speed

local here = debug.getinfo(1, "S").source:match("^@(.*/)") or "perf/pktgen/"

dofile(here .. "common.lua").replay("http-get")
