-- SPDX-License-Identifier: BSD-2-Clause
-- What the Pktgen scripts share: settings, how a stream is measured, how figures are told.
--
-- A setting `client_ip` comes from the environment variable PKTGEN_CLIENT_IP, else from the
-- global table SETTINGS (for those who load a script from Pktgen's own Lua prompt), else it has
-- the default that stands here or in the script.

local common = {}

local defaults = {
	port = 0, -- Pktgen's port number
	ip = "10.99.0.2", -- the appliance
	mac = "02:00:00:00:00:01",
	http_port = 80,
	client_ip = "10.99.0.100", -- the first of the client addresses
	client_mac = "02:00:00:00:00:02",
	seconds = 10, -- how long each step is measured
	settle_ms = 2000, -- before the first sample, and before the last count
	burst = 64, -- frames in one TX call
	link_seconds = 30, -- how long is waited for the link
	out = "", -- a file that gets the figures, too: the screen is Pktgen's
}

local function typed(name, text, model)
	if type(model) ~= "number" then
		return tostring(text)
	end
	return tonumber(text) or error(("PKTGEN_%s is no number: %s"):format(name:upper(), text), 0)
end

-- The settings of a script: `more` has those that only this script knows.
function common.settings(more)
	local all, given = {}, SETTINGS or {}

	for _, source in ipairs({ defaults, more or {} }) do
		for name, model in pairs(source) do
			local text = os.getenv("PKTGEN_" .. name:upper()) or given[name]

			all[name] = text == nil and model or typed(name, text, model)
		end
	end
	for name in pairs(given) do
		assert(all[name] ~= nil, "SETTINGS has an unknown name: " .. name)
	end
	return all
end

-- "64,128" or 64 as a list of numbers.
function common.numbers(text)
	local list = {}

	for word in tostring(text):gmatch("[^,%s]+") do
		list[#list + 1] = tonumber(word) or error(word .. " is no number", 0)
	end
	return list
end

-- The address n after this one, as text.
function common.address(ip, n)
	local a, b, c, d = ip:match("^(%d+)%.(%d+)%.(%d+)%.(%d+)$")
	local value

	assert(a, ip .. " is no IPv4 address")
	value = (((a * 256) + b) * 256 + c) * 256 + d + n
	return ("%d.%d.%d.%d"):format(value >> 24 & 255, value >> 16 & 255, value >> 8 & 255, value & 255)
end

-- A rate is a share of the link's speed. Set while there is no link it is zero: nothing is sent.
local function wait_for_link(set)
	for _ = 1, set.link_seconds do
		if tostring(pktgen.linkState("all")[set.port]):match("UP") then
			return
		end
		pktgen.delay(1000)
	end
	error(("port %d has no link after %d s"):format(set.port, set.link_seconds), 0)
end

-- Everything quiet, counters at zero, nothing drawn over what we print.
function common.begin(set)
	pktgen.screen("off")
	wait_for_link(set)
	pktgen.stop(set.port)
	pktgen.set(set.port, "count", 0)
	pktgen.set(set.port, "burst", set.burst)
	pktgen.clr()
end

local function counters(set, kind)
	return assert(pktgen.portStats("all", kind)[set.port], "Pktgen has no port " .. set.port)
end

-- Sends what is set up for set.seconds. The rates are means of Pktgen's own, one a second; the
-- totals are of the whole run, read when nothing is under way any more.
function common.measure(set)
	local tx, rx = 0, 0

	pktgen.clr()
	pktgen.start(set.port)
	pktgen.delay(set.settle_ms)
	for _ = 1, set.seconds do
		local rate

		pktgen.delay(1000)
		rate = counters(set, "rate")
		tx = tx + rate.pkts_tx
		rx = rx + rate.pkts_rx
	end
	pktgen.stop(set.port)
	pktgen.delay(set.settle_ms)

	local total = counters(set, "port")
	return {
		tx_pps = tx / set.seconds,
		rx_pps = rx / set.seconds,
		sent = total.opackets,
		sent_bytes = total.obytes,
		received = total.ipackets,
	}
end

-- A report: figures() adds a line, finish() prints all of them and ends Pktgen.
function common.report(set, title)
	local lines = { ("%s to %s (%s), %d s a step"):format(title, set.ip, set.mac, set.seconds) }
	local report = {}

	function report.figures(step, got)
		local percent = got.sent > 0 and 100 * got.received / got.sent or 0

		lines[#lines + 1] = step
			.. (" tx_pps=%.0f rx_pps=%.0f"):format(got.tx_pps, got.rx_pps)
			.. (" sent=%d received=%d"):format(got.sent, got.received)
			.. (" received_percent=%.2f"):format(percent)
	end

	function report.finish()
		local text = table.concat(lines, "\n") .. "\n"

		io.write("\n", text)
		io.flush()
		if set.out ~= "" then
			local file = assert(io.open(set.out, "w"))

			file:write(text)
			file:close()
		end
		pktgen.quit()
	end

	return report
end

-- Pktgen does not say that it has no file: it sends its own frames then. So these are made longer
-- than those of any file here.
local OWN_FRAME = 1518
local FCS_BYTES = 4

local function check_replayed(got)
	if got.sent > 0 and got.sent_bytes / got.sent >= OWN_FRAME - FCS_BYTES then
		error("Pktgen has no file from -s, and sends its own frames: 24.10 takes one, 24.07.1 not", 0)
	end
end

-- The whole of a script that sends what `-s PORT:FILE` has loaded.
function common.replay(title)
	local set = common.settings({ rates = "1,10,100" })
	local report = common.report(set, title)

	common.begin(set)
	pktgen.set(set.port, "size", OWN_FRAME)
	pktgen.pcap(set.port, "on") -- forgets the rate, which must follow
	for _, rate in ipairs(common.numbers(set.rates)) do
		local got

		pktgen.set(set.port, "rate", rate)
		got = common.measure(set)
		check_replayed(got)
		report.figures(("rate_percent=%g"):format(rate), got)
	end
	pktgen.pcap(set.port, "off")
	report.finish()
end

return common
