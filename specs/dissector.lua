
-- What stands above is made from esprom's packet definitions; from here on is the code that uses it.

local esp = Proto("esp8266", "ESP8266 serial boot loader")

local FROM_HOST, FROM_CHIP = "host", "chip"
local GOOD, BAD, UNCHECKED = 1, 0, 2

-- Fields and findings ---------------------------------------------------------------------------

local fields = {} -- by record and name; what is not of a record by name alone
local every = {} -- the same in a row, for Wireshark

local function declare(key, field)
    fields[key] = field
    every[#every + 1] = field
end

local function declare_number(key, field)
    local kinds = { [1] = ProtoField.uint8, [2] = ProtoField.uint16, [4] = ProtoField.uint32 }
    local names = field.names and ENUMS[field.names]
    local shown = (names or field.size == 1) and base.HEX or base.HEX_DEC
    declare(key, kinds[field.size]("esp8266." .. key, field.name, shown, names))
end

for name, record in pairs(RECORDS) do
    for _, field in ipairs(record.fields) do
        local key = record.key .. "." .. field.name
        if fields[key] then
            -- of a packet's header, which is a record of its own too
        elseif field.kind == "number" then
            declare_number(key, field)
        elseif field.kind == "numbers" then
            declare_number(key, { name = field.name, size = field.size })
        elseif field.kind ~= "records" then
            declare(key, ProtoField.bytes("esp8266." .. key, field.name))
        end
    end
end

declare("kind", ProtoField.string("esp8266.kind", "Kind"))
declare("command", ProtoField.string("esp8266.command", "Command"))
declare("text", ProtoField.string("esp8266.text", "Text"))
declare("data", ProtoField.bytes("esp8266.data", "Data"))
declare("meaning", ProtoField.string("esp8266.meaning", "Meaning"))
declare("succeeded", ProtoField.bool("esp8266.succeeded", "Succeeded"))
local CHECKED = { [GOOD] = "Good", [BAD] = "Bad", [UNCHECKED] = "Unverified" }
declare("checksum_status", ProtoField.uint8("esp8266.checksum.status", "Checksum", base.DEC, CHECKED))
declare("checksum_expected", ProtoField.uint32("esp8266.checksum.expected", "Checksum expected", base.HEX))
local frame_number = ProtoField.framenum
declare("request_in", frame_number("esp8266.request_in", "Answers frame", base.NONE, frametype.REQUEST))
declare("answer_in", frame_number("esp8266.answer_in", "Answer in frame", base.NONE, frametype.RESPONSE))
declare("time", ProtoField.relative_time("esp8266.time", "Time since the request"))
declare("received", ProtoField.uint32("esp8266.read.received", "Bytes so far", base.HEX_DEC))
declare("address", ProtoField.uint32("esp8266.read.address", "Flash address", base.HEX_DEC))
esp.fields = every

local findings = {} -- by name
local experts = {} -- the same in a row, for Wireshark

local function find(name, group, severity, words)
    local found = ProtoExpert.new("esp8266." .. name, words, expert.group[group], expert.severity[severity])
    findings[name] = found
    experts[#experts + 1] = found
end

find("bad_checksum", "CHECKSUM", "ERROR", "Checksum is wrong")
find("blank", "UNDECODED", "NOTE", "All data are 0: left out of the capture?")
find("failed", "RESPONSE_CODE", "WARN", "The loader refused")
find("cut", "UNDECODED", "NOTE", "The capture has only the beginning")
find("unended", "MALFORMED", "WARN", "The frame does not end")
find("damaged", "MALFORMED", "WARN", "DB is followed by neither DC nor DD")
find("wrong_body", "PROTOCOL", "WARN", "The body is not what the command has")
find("unknown", "UNDECODED", "NOTE", "No command has this opcode")
find("stray", "SEQUENCE", "NOTE", "Answers no request of this capture")
find("wrong_side", "PROTOCOL", "WARN", "Comes from the wrong side of the line")
esp.experts = experts

-- Arithmetic ------------------------------------------------------------------------------------

local function unsigned(value)
    return value % 0x100000000
end

local function xor_of(data)
    local sum = CHECKSUM_SEED
    for at = 1, #data do
        sum = bit.bxor(sum, data:byte(at))
    end
    return sum
end

local crc_table = {}
for byte = 0, 255 do
    local crc = byte
    for _ = 1, 8 do
        local low = bit.band(crc, 1)
        crc = bit.rshift(crc, 1)
        if low == 1 then
            crc = bit.bxor(crc, 0xEDB88320)
        end
    end
    crc_table[byte] = crc
end

local function crc32_of(data)
    local crc = 0xFFFFFFFF
    for at = 1, #data do
        crc = bit.bxor(bit.rshift(crc, 8), crc_table[bit.band(bit.bxor(crc, data:byte(at)), 0xFF)])
    end
    return unsigned(bit.bnot(crc))
end

local function little(value)
    local bytes = {}
    for at = 1, 4 do
        bytes[at] = math.floor(value / 256 ^ (at - 1)) % 256
    end
    return string.char(bytes[1], bytes[2], bytes[3], bytes[4])
end

local function number_at(data, at, size)
    local value = 0
    for place = size, 1, -1 do
        value = value * 256 + data:byte(at + place)
    end
    return value
end

-- SLIP (SLIP-1 to SLIP-5) -----------------------------------------------------------------------

-- Returns the pieces of a record: frames, and what lies outside of them.
local function pieces_of(raw, is_cut)
    local found, at = {}, 1
    while at <= #raw do
        local first = raw:find(SLIP_END, at, true)
        if first ~= at then
            local last = first and first - 1 or #raw
            local piece = { first = at, last = last, raw = raw:sub(at, last), outside = true }
            piece.cut = is_cut and not first
            found[#found + 1] = piece
            at = last + 1
        else
            local close = raw:find(SLIP_END, at + 1, true)
            if close ~= at + 1 then
                local last = close or #raw
                local piece = { first = at, last = last, unended = not close }
                piece.raw = raw:sub(at + 1, close and close - 1 or #raw)
                piece.cut = is_cut and not close
                found[#found + 1] = piece
                at = last + 1
            else
                at = close -- an empty frame is no frame
            end
        end
    end
    return found
end

local function unescaped(piece)
    local raw = piece.raw
    if piece.cut and raw:sub(-1) == SLIP_ESC then
        raw = raw:sub(1, -2)
    end
    local damaged = false
    local plain = raw:gsub(SLIP_ESC .. "(.?)", function(code)
        damaged = damaged or not SLIP_ESCAPED[code]
        return SLIP_ESCAPED[code]
    end)
    return damaged and piece.raw or plain, damaged
end

-- The conversation ------------------------------------------------------------------------------

local awaited, reading, last_sync, notes

function esp.init()
    awaited, reading, last_sync = {}, nil, nil
    notes = {} -- by frame and piece: what that turned out to be, when it was first seen
end

local function is_packet(plain, cut)
    if #plain < HEADER_SIZE or plain:byte(1) > 1 then
        return false
    end
    local size = number_at(plain, 2, 2)
    return size == #plain - HEADER_SIZE or (cut and size > #plain - HEADER_SIZE)
end

local function status_of(plain)
    return plain:byte(-STATUS_SIZE)
end

-- Pairs a response with the oldest request that has its opcode (PROTO-1); SYNC has further ones.
local function answered(opcode, number)
    for at, request in ipairs(awaited) do
        if request.opcode == opcode then
            for _ = 1, at do
                table.remove(awaited, 1)
            end
            request.answer = number
            last_sync = COMMANDS[opcode] and COMMANDS[opcode].name == "SYNC" and request or last_sync
            return request
        end
    end
    return last_sync and last_sync.opcode == opcode and last_sync or nil
end

local function noted_request(plain, pinfo)
    local opcode = plain:byte(2)
    local command = COMMANDS[opcode]
    local request = { opcode = opcode, number = pinfo.number, time = pinfo.rel_ts, plain = plain }
    reading = nil
    if not (command and command.unanswered) then
        awaited[#awaited + 1] = request
    end
    return { kind = "request", request = request }
end

local function begin_reading(request)
    local body = request.plain:sub(HEADER_SIZE + 1)
    local field = {}
    for at, name in ipairs({ "offset", "size", "block_size" }) do
        field[name] = #body >= at * 4 and number_at(body, (at - 1) * 4, 4) or 0
    end
    return { offset = field.offset, size = field.size, block = field.block_size, got = 0, begun = request }
end

local function noted_response(plain, pinfo, cut)
    local opcode = plain:byte(2)
    local command = COMMANDS[opcode]
    if command and command.bare then
        return { kind = "response" }
    end
    local request = answered(opcode, pinfo.number)
    if request and command and command.name == "READ_FLASH" and not cut and status_of(plain) == 0 then
        reading = begin_reading(request)
    end
    return { kind = "response", request = request, stray = not request }
end

-- The frames of a READ_FLASH, which have no packet header (BODY-READ-FLASH, BODY-READ-ACK).
local function noted_reading(plain, side, cut)
    if side == FROM_HOST then
        if #plain == 4 or (cut and #plain < 4) then
            return { kind = "acknowledgement" }
        end
        return nil
    end
    if reading.got >= reading.size then
        local is_digest = #plain == 16 or (cut and #plain < 16)
        reading = nil
        return is_digest and { kind = "digest" } or nil
    end
    local size = cut and math.min(reading.block, reading.size - reading.got) or #plain
    local note = { kind = "data", address = reading.offset + reading.got, size = size }
    reading.got = reading.got + size
    note.received, note.of = reading.got, reading.size
    return note
end

local function note_of(piece, plain, damaged, side, pinfo)
    if piece.outside or damaged then
        return { kind = "other" }
    end
    local note = reading and noted_reading(plain, side, piece.cut)
    if note then
        return note
    elseif not is_packet(plain, piece.cut) then
        return { kind = plain == GREETING and "greeting" or "other" }
    elseif plain:byte(1) == 0 then
        return noted_request(plain, pinfo)
    end
    return noted_response(plain, pinfo, piece.cut)
end

-- Trees -----------------------------------------------------------------------------------------

local function generated(tree, key, ...)
    local item = tree:add(fields[key], ...)
    item:set_generated()
    return item
end

local function add_expert(tree, name, text)
    if text then
        tree:add_proto_expert_info(findings[name], text)
    else
        tree:add_proto_expert_info(findings[name])
    end
end

-- Adds the fields of a record from `at` on, as far as they are there; returns their values, and where they
-- end (nil: cut off).
local function add_record(tree, name, tvb, at, stop)
    local record, values = RECORDS[name], {}
    local function add(key, size)
        if at + size > stop then
            return false
        end
        if size > 0 then
            tree:add_le(fields[record.key .. "." .. key], tvb(at, size))
        end
        at = at + size
        return true
    end
    for _, field in ipairs(record.fields) do
        if field.kind == "number" then
            if not add(field.name, field.size) then
                return values, nil
            end
            values[field.name] = tvb(at - field.size, field.size):le_uint()
        elseif field.kind == "bytes" then
            local size = field.size or values[field.length] or (stop - at)
            if not add(field.name, size) then
                return values, nil
            end
            values[field.name] = size > 0 and tvb:raw(at - size, size) or ""
        elseif field.kind == "records" then
            while at < stop do
                local more = RECORDS[field.of]
                local item = tree:add(esp, tvb(at, math.min(more.size, stop - at)), field.of)
                local _, behind = add_record(item, field.of, tvb, at, stop)
                if not behind then
                    return values, nil
                end
                at = behind
            end
        else -- pieces or numbers, so many or up to the end
            local left = field.count or math.ceil((stop - at) / field.size)
            for _ = 1, left do
                if not add(field.name, field.size) then
                    return values, nil
                end
            end
        end
    end
    return values, at
end

local function add_body(tree, name, tvb, stop, cut, spare)
    if not name then
        if stop > HEADER_SIZE then
            tree:add(fields.data, tvb(HEADER_SIZE, stop - HEADER_SIZE))
            add_expert(tree, "wrong_body")
        end
        return {}
    end
    local item = tree:add(esp, tvb(HEADER_SIZE, stop - HEADER_SIZE), "Body: " .. name)
    local values, behind = add_record(item, name, tvb, HEADER_SIZE, stop)
    if behind ~= stop and not cut then
        if behind then
            item:add(fields.data, tvb(behind, stop - behind))
        end
        if not behind or stop - behind ~= spare then
            add_expert(item, "wrong_body")
        end
    end
    return values
end

local function add_check(tree, state, expected, is_blank)
    generated(tree, "checksum_status", state)
    if state == BAD then
        generated(tree, "checksum_expected", expected)
        add_expert(tree, "bad_checksum")
    elseif is_blank then
        add_expert(tree, "blank")
    end
end

-- A capture may have its payload blanked: zeros whose sum is wrong are taken for that.
local function check(tree, expected, stated, data)
    local good = expected == stated
    local blank = not good and #data > 0 and not data:find("[^%z]")
    add_check(tree, good and GOOD or blank and UNCHECKED or BAD, expected, blank)
end

local function check_request(tree, command, plain, values, stated, cut)
    if command.covered == "" then
        return
    elseif cut then
        add_check(tree, UNCHECKED)
    elseif command.covered == "data" then
        check(tree, xor_of(values.data or ""), stated % 256, values.data or "")
    else
        local body = plain:sub(HEADER_SIZE + 1)
        check(tree, crc32_of(body), stated, body)
    end
end

local function check_response(tree, command, plain, values, note, stated, cut)
    if command.covered ~= "body" then
        return
    end
    local body = plain:sub(HEADER_SIZE + 1)
    local is_packed = command.bare and ENUMS.Kind[values.kind] == "PACKED" -- the sum is of what it means
    if cut or is_packed or not (command.bare or note.request) then
        add_check(tree, UNCHECKED)
    elseif command.bare then
        check(tree, crc32_of(body), stated, body)
    else
        local asked = number_at(note.request.plain, CHECKSUM_AT, 4)
        check(tree, crc32_of(little(asked) .. body), stated, body)
    end
end

local function meaning_of(status, error)
    local reasons, code = STUB_ERRORS, status
    if status == 1 then
        reasons, code = ROM_ERRORS, error
    end
    return reasons[code] or "a reason that is not documented"
end

-- Returns what the fields of a body say, in one line: `0x60000240`, or `offset=0x0 size=0x1000`.
local function told(name, values)
    local words, single = {}, nil
    for _, field in ipairs(name and RECORDS[name].fields or {}) do
        local value = field.kind == "number" and values[field.name]
        if value then
            local text = field.names and ENUMS[field.names][value] or string.format("0x%x", value)
            single = string.format(field.size == 4 and "0x%08x" or "0x%02x", value)
            words[#words + 1] = field.name .. "=" .. text
        end
    end
    return #words == 1 and single or table.concat(words, " ")
end

local function told_writes(tvb, stop)
    local words, size = {}, RECORDS.REGISTER_WRITE.size
    for at = HEADER_SIZE, stop - size, size do
        words[#words + 1] = string.format("0x%08x=0x%x", tvb(at, 4):le_uint(), tvb(at + 4, 4):le_uint())
    end
    return table.concat(words, " ")
end

local function add_request(tree, tvb, plain, note, cut)
    local header = add_record(tree, "REQUEST_HEADER", tvb, 0, tvb:len())
    local command = COMMANDS[header.command]
    local name = command and command.name or string.format("opcode 0x%02x", header.command)
    generated(tree, "command", name)
    if not command then
        if tvb:len() > HEADER_SIZE then
            tree:add(fields.data, tvb(HEADER_SIZE))
        end
        add_expert(tree, "unknown")
        return name
    end
    local values = add_body(tree, command.request, tvb, tvb:len(), cut, command.spare)
    check_request(tree, command, plain, values, header.checksum, cut)
    if note.request.answer then
        generated(tree, "answer_in", note.request.answer)
    end
    local writes = command.request == "WRITE_REG"
    local more = writes and told_writes(tvb, tvb:len()) or told(command.request, values)
    return more == "" and name or name .. " " .. more
end

local function add_status(tree, tvb, at)
    local item = tree:add(esp, tvb(at, STATUS_SIZE), "Status")
    local status = add_record(item, "STATUS", tvb, at, at + STATUS_SIZE)
    local succeeded = status.status == 0
    generated(tree, "succeeded", succeeded)
    if succeeded then
        return true, "ok"
    end
    local meaning = meaning_of(status.status, status.error)
    generated(tree, "meaning", meaning)
    add_expert(tree, "failed", "The loader refused: " .. meaning)
    return false, string.format("failed %02x%02x: %s", status.status, status.error, meaning)
end

local function add_pairing(tree, note, pinfo)
    if note.request then
        generated(tree, "request_in", note.request.number)
        local seconds = pinfo.rel_ts - note.request.time
        local whole = math.floor(seconds)
        generated(tree, "time", NSTime.new(whole, math.floor((seconds - whole) * 1e9 + 0.5)))
    elseif note.stray then
        add_expert(tree, "stray")
    end
end

local function add_response(tree, tvb, plain, note, cut, pinfo)
    local header = add_record(tree, "RESPONSE_HEADER", tvb, 0, tvb:len())
    local command = COMMANDS[header.command]
    local name = command and command.name or string.format("opcode 0x%02x", header.command)
    generated(tree, "command", name)
    add_pairing(tree, note, pinfo)
    if command and command.bare then
        local values = add_body(tree, command.answer, tvb, tvb:len(), cut)
        check_response(tree, command, plain, values, note, header.value, cut)
        return name .. " " .. told(command.answer, values)
    end
    local stop = tvb:len() - STATUS_SIZE
    if cut or stop < HEADER_SIZE then
        if tvb:len() > HEADER_SIZE then
            tree:add(fields.data, tvb(HEADER_SIZE))
        end
        if not cut then
            add_expert(tree, "wrong_body")
        end
        return name .. " answered"
    end
    local succeeded, words = add_status(tree, tvb, stop)
    local values = {}
    if succeeded or stop > HEADER_SIZE then
        values = add_body(tree, command and command.answer, tvb, stop, cut)
    end
    if not command then
        add_expert(tree, "unknown")
        return name .. " " .. words
    end
    check_response(tree, command, plain, values, note, header.value, cut)
    if command.name == "READ_REG" and succeeded then
        return string.format("%s = 0x%08x", name, header.value)
    end
    local more = succeeded and told(command.answer, values) or ""
    return name .. " " .. words .. (more == "" and "" or " " .. more)
end

local function add_reading(tree, tvb, note)
    if note.kind == "acknowledgement" then
        local values = add_record(tree, "READ_FLASH_ACK", tvb, 0, tvb:len())
        local bytes = values.received and string.format("%d bytes so far", values.received) or "cut short"
        return "READ_FLASH acknowledgement: " .. bytes
    elseif note.kind == "digest" then
        if tvb:len() == 16 then
            add_record(tree, "MD5_DIGEST", tvb, 0, 16)
        end
        return "READ_FLASH digest"
    end
    generated(tree, "address", note.address)
    generated(tree, "received", note.received)
    if tvb:len() > 0 then
        tree:add(fields.data, tvb())
    end
    local form = "READ_FLASH data: 0x%x bytes from 0x%x, 0x%x of 0x%x so far"
    return form:format(note.size, note.address, note.received, note.of)
end

local function add_other(tree, tvb, plain)
    local text = plain:gsub("[%c\128-\255]", function(byte)
        return (byte == "\r" or byte == "\n") and "" or "."
    end)
    local letters = select(2, plain:gsub("[%g%s]", ""))
    if letters >= #plain * 0.8 then
        if tvb:len() > 0 then
            tree:add(fields.text, tvb(), text)
        end
        return "text: " .. text:sub(1, 80)
    end
    if tvb:len() > 0 then
        tree:add(fields.data, tvb())
    end
    return string.format("no packet: %d bytes", #plain)
end

local KINDS = {
    request = "Request",
    response = "Response",
    data = "Data of READ_FLASH",
    acknowledgement = "Acknowledgement of READ_FLASH",
    digest = "Digest of READ_FLASH",
    greeting = "Greeting of a stub loader",
    other = "No packet",
}

local function packet_tvb(tvb, piece, plain, damaged)
    if #plain == 0 then
        return nil
    elseif plain == piece.raw or damaged then
        return tvb(piece.outside and piece.first - 1 or piece.first, #plain):tvb()
    end
    return ByteArray.new(plain, true):tvb("Unescaped packet")
end

local function add_contents(tree, packet, plain, note, piece, pinfo)
    if note.kind == "request" then
        return add_request(tree, packet, plain, note, piece.cut)
    elseif note.kind == "response" then
        return add_response(tree, packet, plain, note, piece.cut, pinfo)
    elseif note.kind == "greeting" then
        tree:add(fields.text, packet(), plain)
        return "greeting of a stub loader"
    elseif note.kind == "other" then
        return add_other(tree, packet, plain)
    end
    return add_reading(tree, packet, note)
end

local function add_piece(tree, tvb, piece, key, side, pinfo)
    local plain, damaged = unescaped(piece)
    notes[key] = notes[key] or note_of(piece, plain, damaged, side, pinfo)
    local note = notes[key]
    local place = tvb(piece.first - 1, piece.last - piece.first + 1)
    local item = tree:add(esp, place, "ESP8266, " .. KINDS[note.kind])
    generated(item, "kind", note.kind)
    local packet = packet_tvb(tvb, piece, plain, damaged)
    local told_in_short = packet and add_contents(item, packet, plain, note, piece, pinfo) or "empty"
    local from = note.kind == "request" and FROM_HOST or note.kind == "response" and FROM_CHIP or side
    if from ~= side and side then
        add_expert(item, "wrong_side")
    end
    if piece.cut then
        add_expert(item, "cut")
    elseif piece.unended then
        add_expert(item, "unended")
    end
    if damaged then
        add_expert(item, "damaged")
    end
    item:append_text(": " .. told_in_short)
    return told_in_short .. (piece.cut and " (cut short)" or "")
end

-- The dissector ---------------------------------------------------------------------------------

-- Wireshark gives a serial capture to `rtacser`, which has nobody to give its bytes to unless somebody is
-- chosen by "Decode As". So this takes its place, lets it show its own header, and goes on from there.
local PSEUDO_HEADER, EVENT_AT = 12, 8 -- bytes
local SIDES = { [1] = FROM_HOST, [2] = FROM_CHIP, [3] = FROM_HOST, [4] = FROM_CHIP }
local rtacser = Dissector.get("rtacser")

local function add_pieces(tree, tvb, is_cut, side, pinfo)
    local told_in_short = {}
    for at, piece in ipairs(pieces_of(tvb:raw(), is_cut)) do
        told_in_short[at] = add_piece(tree, tvb, piece, pinfo.number .. "/" .. at, side, pinfo)
    end
    return #told_in_short > 0 and table.concat(told_in_short, "; ") or "empty frame"
end

function esp.dissector(tvb, pinfo, tree)
    local header = math.min(PSEUDO_HEADER, tvb:len())
    rtacser:call(tvb(0, header):tvb(), pinfo, tree)
    local is_cut = tvb:reported_len() > tvb:len()
    pinfo.cols.protocol = "ESP8266"
    if tvb:len() <= header then
        pinfo.cols.info = is_cut and "left out of the capture" or "nothing"
        return tvb:len()
    end
    local side = SIDES[tvb(EVENT_AT, 1):uint()]
    if side then
        pinfo.cols.src, pinfo.cols.dst = side, side == FROM_HOST and FROM_CHIP or FROM_HOST
    end
    pinfo.cols.info = add_pieces(tree, tvb(header):tvb(), is_cut, side, pinfo)
    return tvb:len()
end

DissectorTable.get("wtap_encap"):add(wtap.RTAC_SERIAL, esp)
