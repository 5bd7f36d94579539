-- SPDX-License-Identifier: BSD-2-Clause
-- A flood of SYNs to the HTTP port, each from the next address and the next port of a range.
-- The appliance answers every one, with a SYN cookie when its backlog is full, and must go on
-- serving others meanwhile; `received` are its SYN-ACKs (and their few repetitions).
--
--   clients        addresses, from client_ip on
--   first_port, last_port
--   rates          in percent of the link's speed
--
-- Addresses and ports step together, so the number of different SYNs is the least common multiple
-- of both ranges. Pktgen writes them once, into the frames of its pool, and sends those in turn.
-- They have the size that Pktgen begins with, the smallest: 6 bytes follow the TCP header. It is
-- not set, as some sources of 2024 make 1518 of every size from 64 on (Pktgen's pull request 266).

local here = debug.getinfo(1, "S").source:match("^@(.*/)") or "perf/pktgen/"
local common = dofile(here .. "common.lua")

local set = common.settings({
	clients = 101,
	first_port = 1024,
	last_port = 65534, -- not 65535: some versions' step is 16 bits wide and stays there
	rates = "1,10,100",
})
local report = common.report(set, "syn-flood")
local range = pktgen.range
local last_ip = common.address(set.client_ip, set.clients - 1)

-- start, increment, minimum and maximum of one field
local function field(setter, start, inc, min, max)
	setter(set.port, "start", start)
	setter(set.port, "inc", inc)
	setter(set.port, "min", min)
	setter(set.port, "max", max)
end

local function fixed(setter, value, nothing)
	field(setter, value, nothing, value, value)
end

-- Lua has no call for the flags, only the command line has.
local function only_syn()
	local path = os.tmpname()
	local file = assert(io.open(path, "w"))

	file:write(("range %d tcp flag clr all\nrange %d tcp flag set syn\n"):format(set.port, set.port))
	file:close()
	pktgen.run("cmd", path, "")
	os.remove(path)
end

common.begin(set)
fixed(range.dst_mac, set.mac, "00:00:00:00:00:00")
fixed(range.src_mac, set.client_mac, "00:00:00:00:00:00")
fixed(range.dst_ip, set.ip, "0.0.0.0")
field(range.src_ip, set.client_ip, "0.0.0.1", set.client_ip, last_ip)
range.ip_proto(set.port, "tcp")
fixed(range.dst_port, set.http_port, 0)
field(range.src_port, set.first_port, 1, set.first_port, set.last_port)
only_syn()
pktgen.set_range(set.port, "on")

for _, rate in ipairs(common.numbers(set.rates)) do
	pktgen.set(set.port, "rate", rate)
	report.figures(("rate_percent=%g"):format(rate), common.measure(set))
end
pktgen.set_range(set.port, "off")
report.finish()
