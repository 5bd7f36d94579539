-- SPDX-License-Identifier: BSD-2-Clause
-- How many frames the appliance takes in: frames of one size and rate to a port that nobody
-- listens on, step by step. It drops them after its checks (or says so, with an ICMP error now and
-- then), so what is measured is the way in; compare `sent` with the appliance's frames_in.
--
--   sizes   of frames, with their 4 bytes of frame check sequence
--   rates   in percent of the link's speed
--   proto   udp; or tcp, where every segment is answered by a RST
--   dport   where nobody listens

local here = debug.getinfo(1, "S").source:match("^@(.*/)") or "perf/pktgen/"
local common = dofile(here .. "common.lua")

local set = common.settings({
	sizes = "64,128,256,512,1024,1518",
	rates = "10,50,100",
	proto = "udp",
	sport = 1234,
	dport = 9,
})
local report = common.report(set, "rate: " .. set.proto .. " frames")

common.begin(set)
pktgen.set_mac(set.port, "dst", set.mac)
pktgen.set_mac(set.port, "src", set.client_mac)
pktgen.set_type(set.port, "ipv4")
pktgen.set_proto(set.port, set.proto)
-- Some versions of Pktgen take a destination only without a prefix length, others only with one.
-- What they do not take they ignore without a word, so both are given.
pktgen.set_ipaddr(set.port, "dst", set.ip)
pktgen.set_ipaddr(set.port, "dst", set.ip .. "/32")
pktgen.set_ipaddr(set.port, "src", set.client_ip .. "/32")
pktgen.set(set.port, "sport", set.sport)
pktgen.set(set.port, "dport", set.dport)

for _, size in ipairs(common.numbers(set.sizes)) do
	pktgen.set(set.port, "size", size)
	for _, rate in ipairs(common.numbers(set.rates)) do
		pktgen.set(set.port, "rate", rate)
		report.figures(("size=%d rate_percent=%g"):format(size, rate), common.measure(set))
	end
end
report.finish()
