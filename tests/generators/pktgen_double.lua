-- SPDX-License-Identifier: BSD-2-Clause
-- lua5.4 pktgen_double.lua FOLDER SCRIPT [PCAP]: runs a Pktgen script without Pktgen.
--
-- Has the calls of Pktgen 24.07 that a script may make, and is stricter than it: a wrong number or
-- type of arguments, an unknown name or a value out of range ends the run with an error. Leaves in
-- FOLDER `calls`, one call a line as a JSON list, and `frames`, one line for each frame that the
-- settings send: the number of the start() that sends it, and the frame in hexadecimal. PCAP is
-- what `-s 0:PCAP` would load. Time does not pass: counters follow from rate and delay.
--
-- Environment: DOUBLE_LINK_MS (1500), when the link comes up; DOUBLE_PREFIX, whether a destination
-- address is taken only with its prefix length (`must`), only without (`never`), or as it comes;
-- DOUBLE_PCAP, `never`: the file is not taken, as by 24.07, and single frames are sent.

local folder, script, pcap_path = table.unpack(arg)
local FRAMES_A_START = 256
local LINK_BITS = 10e9
local LINK_MS = tonumber(os.getenv("DOUBLE_LINK_MS") or 1500)
local PREFIX = os.getenv("DOUBLE_PREFIX")
local TAKES_PCAP = os.getenv("DOUBLE_PCAP") ~= "never"
local FCS_BYTES = 4
local calls = assert(io.open(folder .. "/calls", "w"))
local frames = assert(io.open(folder .. "/frames", "w"))

local state = {
	n_starts = 0,
	sending = false,
	mode = "single",
	set = { count = 0, rate = 100, size = 64, burst = 32, sport = 1234, dport = 5678 },
	mac = {},
	ipaddr = {},
	type = "ipv4",
	proto = "tcp",
	range = { ip_proto = "tcp", pkt_size = { start = 64, inc = 0, min = 64, max = 1518 } },
	flags = { ack = true },
	sent = 0,
	frame_bytes = 0, -- the mean of what is sent, without the frame check sequence
	ms = 0, -- since it began
	paced = false, -- is it known how long to wait between bursts? Without, none is sent
}

---- Frames ----

local FLAG_BITS = { fin = 1, syn = 2, rst = 4, psh = 8, ack = 16, urg = 32 }
local PROTOCOLS = { tcp = 6, udp = 17 }

local function mac_bytes(text)
	return (text:gsub("(%x%x):?", function(pair)
		return string.char(tonumber(pair, 16))
	end))
end

local function ip_number(text)
	local a, b, c, d = text:match("^(%d+)%.(%d+)%.(%d+)%.(%d+)$")

	return ((a * 256 + b) * 256 + c) * 256 + d
end

local function checksum(bytes)
	local sum = 0

	for i = 1, #bytes - 1, 2 do
		sum = sum + string.unpack(">I2", bytes, i)
	end
	if #bytes % 2 == 1 then
		sum = sum + (bytes:byte(-1) << 8)
	end
	while sum > 0xffff do
		sum = (sum & 0xffff) + (sum >> 16)
	end
	return ~sum & 0xffff
end

local function patched(bytes, at, sum)
	return bytes:sub(1, at) .. string.pack(">I2", sum) .. bytes:sub(at + 3)
end

local function l4(f, length)
	local header, at

	if f.proto == "tcp" then
		local bits = 0

		for name in pairs(state.flags) do
			bits = bits | FLAG_BITS[name]
		end
		header = string.pack(">I2I2I4I4BB", f.sport, f.dport, 0x12378, 0x12390, 0x50, bits)
			.. string.pack(">I2I2I2", 8192, 0, 0)
		at = 16
	else
		header = string.pack(">I2I2I2I2", f.sport, f.dport, length, 0)
		at = 6
	end
	local bytes = header .. ("\0"):rep(length - #header)
	local pseudo = string.pack(">I4I4I2I2", f.src, f.dst, PROTOCOLS[f.proto], length)

	return patched(bytes, at, checksum(pseudo .. bytes))
end

-- Pktgen fills the frame to its size with what counts as payload: the IP length covers all of it.
local function frame_of(f)
	local payload = l4(f, f.size - 4 - 14 - 20)
	local ether = mac_bytes(f.dst_mac) .. mac_bytes(f.src_mac) .. "\8\0"
	local ip = string.pack(">BBI2I2I2BB", 0x45, 0, 20 + #payload, 0, 0, 64, PROTOCOLS[f.proto])
		.. string.pack(">I2I4I4", 0, f.src, f.dst)

	return ether .. patched(ip, 10, checksum(ip)) .. payload
end

local function single_frames()
	local f = {
		dst_mac = assert(state.mac.dst, "no destination MAC is set"),
		src_mac = assert(state.mac.src, "no source MAC is set"),
		dst = ip_number((assert(state.ipaddr.dst, "no destination address is set"):match("^[^/]+"))),
		src = ip_number((assert(state.ipaddr.src, "no source address is set"):match("^[^/]+"))),
		proto = state.proto,
		sport = state.set.sport,
		dport = state.set.dport,
		size = state.set.size,
	}

	return { frame_of(f) }
end

-- One field of range mode: its value in frame n, counted from 0.
local function stepped(name, n, number)
	local r = assert(state.range[name], "range." .. name .. " is not set")
	local start, inc, min, max = number(r.start), number(r.inc), number(r.min), number(r.max)

	assert(min <= start and start <= max, "range." .. name .. ": start lies outside min and max")
	return min + (start - min + n * inc) % (max - min + 1)
end

local function fixed_mac(name)
	local r = assert(state.range[name], "range." .. name .. " is not set")

	assert(r.inc == "00:00:00:00:00:00", "the double knows no steps of " .. name)
	return r.start
end

local function itself(value)
	return value
end

local function range_frames()
	local list = {}

	for n = 0, FRAMES_A_START - 1 do
		list[#list + 1] = frame_of({
			dst_mac = fixed_mac("dst_mac"),
			src_mac = fixed_mac("src_mac"),
			dst = stepped("dst_ip", n, ip_number),
			src = stepped("src_ip", n, ip_number),
			proto = state.range.ip_proto,
			sport = stepped("src_port", n, itself),
			dport = stepped("dst_port", n, itself),
			size = stepped("pkt_size", n, itself),
		})
	end
	return list
end

local function pcap_frames()
	local file = assert(io.open(pcap_path, "rb"))
	local bytes = file:read("a")
	local at, list = 25, {}

	file:close()
	assert(string.unpack("<I4", bytes) == 0xa1b2c3d4, pcap_path .. " is no pcap file of this machine")
	while at < #bytes and #list < FRAMES_A_START do
		local length = string.unpack("<I4", bytes, at + 8)

		list[#list + 1] = bytes:sub(at + 16, at + 15 + length)
		at = at + 16 + length
	end
	return list
end

-- Whatever Pktgen has from its start, where nothing of it was set.
local function unset_frames()
	return { ("\0"):rep(state.set.size - FCS_BYTES) }
end

local MODES = {
	single = single_frames,
	range = range_frames,
	pcap = TAKES_PCAP and pcap_frames or unset_frames,
}

---- Arguments ----

local function one_of(...)
	local list = { ... }

	return function(value)
		for _, name in ipairs(list) do
			if name == value then
				return true
			end
		end
		return false, "is none of " .. table.concat(list, ", ")
	end
end

local function integer(min, max)
	return function(value)
		return math.type(value) == "integer" and min <= value and value <= max,
			("is no whole number from %d to %d"):format(min, max)
	end
end

local function number(min, max)
	return function(value)
		return type(value) == "number" and min <= value and value <= max,
			("is no number from %g to %g"):format(min, max)
	end
end

local function matching(pattern, what)
	return function(value)
		return type(value) == "string" and value:match(pattern) ~= nil, "is no " .. what
	end
end

local PAIR = "%x%x"
local ports = function(value)
	return value == 0 or value == "0" or value == "all", "is no list of our one port"
end
local on_off = one_of("on", "off")
local mac = matching("^" .. PAIR .. (":" .. PAIR):rep(5) .. "$", "MAC address")
local ip = matching("^%d+%.%d+%.%d+%.%d+$", "IPv4 address")
local ip_or_prefix = matching("^%d+%.%d+%.%d+%.%d+/?%d*$", "IPv4 address")
local any_text = matching("", "text")
local smmi = one_of("start", "inc", "min", "max")
local l4_port = integer(0, 65535)
local frame_size = integer(64, 1518)

local SETTABLE = {
	count = integer(0, (1 << 32) - 1),
	rate = number(0.01, 100),
	size = frame_size,
	burst = integer(1, 256),
	sport = l4_port,
	dport = l4_port,
}

local function settable(value)
	return SETTABLE[value] ~= nil, "is nothing that can be set"
end

local function its_value(value, arguments)
	return SETTABLE[arguments[2]](value)
end

local function prefix_at_source(value, arguments)
	if arguments[2] == "src" and not value:match("/%d+$") then
		return false, "lacks its prefix length"
	end
	return ip_or_prefix(value)
end

---- Calls ----

local function json(value)
	return type(value) == "string" and ('"%s"'):format(value:gsub('[\\"]', "\\%0")) or tostring(value)
end

local function record(name, arguments)
	local words = { json(name) }

	for i = 1, arguments.n do
		words[#words + 1] = json(arguments[i])
	end
	calls:write("[", table.concat(words, ", "), "]\n")
end

-- A call that checks its arguments, is recorded, and then has its effect.
local function call(name, checks, effect)
	return function(...)
		local arguments = table.pack(...)

		if arguments.n ~= #checks then
			error(("pktgen.%s takes %d arguments, not %d"):format(name, #checks, arguments.n), 2)
		end
		for i, check in ipairs(checks) do
			local good, why = check(arguments[i], arguments)

			if not good then
				error(("pktgen.%s: argument %d, %s, %s"):format(name, i, json(arguments[i]), why), 2)
			end
		end
		record(name, arguments)
		return effect and effect(table.unpack(arguments, 1, arguments.n))
	end
end

-- A frame takes 20 bytes more on the wire than its size says.
local function pps()
	if not state.sending then
		return 0
	end
	return math.floor(LINK_BITS * state.set.rate / 100 / (8 * (state.set.size + 20)))
end

local function link_is_up()
	return state.ms >= LINK_MS
end

-- Enabling a file forgets the pace, which the rate, the size or the burst sets anew; a range cannot
-- be enabled while something is sent.
local function switch(mode)
	return function(_, onoff)
		assert(mode ~= "pcap" or pcap_path, "no file was given with -s 0:FILE")
		assert(not state.sending, mode .. " is switched while it sends")
		state.mode = onoff == "on" and mode or "single"
		state.paced = mode ~= "pcap" and link_is_up()
	end
end

local PACING = { rate = true, size = true, burst = true }

local function set(_, name, value)
	state.set[name] = value
	if PACING[name] then
		state.paced = link_is_up()
	end
end

local function set_ipaddr(_, which, value)
	local has_prefix = value:match("/") ~= nil

	if which == "src" or PREFIX == nil or has_prefix == (PREFIX == "must") then
		state.ipaddr[which] = value
	end
end

local function delay(ms)
	state.ms = state.ms + ms
	state.sent = state.sent + pps() * ms // 1000
end

local function start()
	state.n_starts = state.n_starts + 1
	state.sending = state.paced
	local total, list = 0, MODES[state.mode]()

	for _, bytes in ipairs(list) do
		if not state.paced then
			return
		end
		total = total + #bytes
		state.frame_bytes = total / #list
		local hex = bytes:gsub(".", function(c)
			return ("%02x"):format(c:byte())
		end)

		frames:write(state.n_starts, " ", hex, "\n")
	end
end

-- Every second frame is answered.
local function port_stats(_, kind)
	local tx = kind == "rate" and pps() or state.sent

	return {
		n = 1,
		[0] = {
			opackets = tx,
			ipackets = tx // 2,
			obytes = math.floor(tx * state.frame_bytes),
			pkts_tx = kind == "rate" and tx or nil,
			pkts_rx = kind == "rate" and tx // 2 or nil,
		},
	}
end

local function tcp_flag(action, name)
	for flag in pairs(FLAG_BITS) do
		if name == "all" or name == flag then
			state.flags[flag] = action == "set" or nil
		end
	end
	assert(name == "all" or FLAG_BITS[name], "there is no TCP flag " .. name)
end

local function run_commands(_, path)
	local file = assert(io.open(path))

	for line in file:lines() do
		local action, name = line:match("^range 0 tcp flag (%l+) (%l+)$")

		assert(action == "set" or action == "clr", "not understood: " .. line)
		record("command", { line, n = 1 })
		tcp_flag(action, name)
	end
	file:close()
end

local function quit()
	assert(not state.sending, "quit while it sends")
	record("quit", { n = 0 })
	calls:close()
	frames:close()
	os.exit(0, true)
end

local function range_field(name, check, taken_as)
	return call("range." .. name, { ports, smmi, check }, function(_, what, value)
		state.range[name] = state.range[name] or {}
		state.range[name][what] = taken_as and taken_as(what, value) or value
	end)
end

-- As in sources of early 2024: what is too small is lifted, and all else is taken for too large.
local function range_size(what, value)
	return what == "inc" and value or value < 64 and 64 or 1518
end

local function no_such(where)
	return {
		__index = function(_, name)
			error(("there is no %s.%s"):format(where, name), 2)
		end,
	}
end

pktgen = setmetatable({
	screen = call("screen", { on_off }),
	set = call("set", { ports, settable, its_value }, set),
	set_mac = call("set_mac", { ports, one_of("src", "dst"), mac }, function(_, which, value)
		state.mac[which] = value
	end),
	set_ipaddr = call("set_ipaddr", { ports, one_of("src", "dst"), prefix_at_source }, set_ipaddr),
	set_type = call("set_type", { ports, one_of("ipv4") }),
	set_proto = call("set_proto", { ports, one_of("tcp", "udp") }, function(_, value)
		state.proto = value
	end),
	clr = call("clr", {}, function()
		state.sent = 0
	end),
	start = call("start", { ports }, start),
	stop = call("stop", { ports }, function()
		state.sending = false
	end),
	delay = call("delay", { integer(1, 3600000) }, delay),
	linkState = call("linkState", { ports }, function()
		return { n = 1, [0] = link_is_up() and "<UP-10000-FD>" or "<--Down-->" }
	end),
	portStats = call("portStats", { ports, one_of("rate", "port") }, port_stats),
	run = call("run", { one_of("cmd"), any_text, any_text }, run_commands),
	set_range = call("set_range", { ports, on_off }, switch("range")),
	pcap = call("pcap", { ports, on_off }, switch("pcap")),
	quit = quit,
	range = setmetatable({
		dst_mac = range_field("dst_mac", mac),
		src_mac = range_field("src_mac", mac),
		dst_ip = range_field("dst_ip", ip),
		src_ip = range_field("src_ip", ip),
		dst_port = range_field("dst_port", l4_port),
		src_port = range_field("src_port", l4_port),
		pkt_size = range_field("pkt_size", integer(0, 1518), range_size),
		ip_proto = call("range.ip_proto", { ports, one_of("tcp", "udp") }, function(_, value)
			state.range.ip_proto = value
		end),
	}, no_such("pktgen.range")),
}, no_such("pktgen"))

dofile(script)
error(script .. " ended without pktgen.quit()")
