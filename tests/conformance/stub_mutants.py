# SPDX-License-Identifier: Apache-2.0
"""Mutants of our stub, as data: what is changed in its source, and which cases have to notice."""

from tests.conformance.mutants import Mutant

KNOWN, OWN, STREAM, FLASH = "known.c", "own.c", "stream.c", "flash.c"

STUB_MUTANTS = (
    Mutant("SYNC is answered seven times", KNOWN, "times < 8", "times < 7", ("stub.sync",)),
    Mutant(
        *("SYNC takes its time", KNOWN, "    for (int times = 0;"),
        "    ets_delay_us(60000), ets_delay_us(60000);\n    for (int times = 0;",
        ("stub.sync-in-time",),
    ),
    Mutant(
        *(
            "unknown commands are confirmed",
            KNOWN,
            "return answered(INVALID_COMMAND);",
            "return answered(OK);",
        ),
        (
            "stub.unknown.00",
            "stub.unknown.0c",
            "stub.unknown.0e",
            "stub.unknown.14",
            "stub.unknown.cf",
            "stub.unknown.df",
        ),
    ),
    Mutant(
        *(
            "opcodes beyond its own are confirmed",
            OWN,
            "return answer_own(0, 0, INVALID_COMMAND);\n    if",
            "return answer_own(0, 0, OK);\n    if",
        ),
        ("stub.unknown.ff", "own.unknown"),
    ),
    Mutant(
        *(
            "the checksum of data is not looked at",
            KNOWN,
            "if (xor_of(data, size) != (packet.check & 0xFF))",
            "if ((xor_of(data, size) ^ packet.check) > 0xFFFF0000u)",
        ),
        ("stub.mem-bad-checksum", "stub.bad-checksum", "stub.deflate-checksum"),
    ),
    Mutant(
        *(
            "SPI_ATTACH is refused",
            KNOWN,
            "return answered(packet.size >= 4 ? OK : BAD_LENGTH);",
            "return answered(BAD_LENGTH);",
        ),
        ("stub.attach",),
    ),
    Mutant(
        *("SPI_SET_PARAMS wants 20 bytes", KNOWN, "packet.size == 24", "packet.size == 20"),
        ("stub.params",),
    ),
    Mutant(
        *(
            "CHANGE_BAUDRATE changes nothing",
            KNOWN,
            "    uart_flush();\n    uart_set_divisor(divisor);",
            "    uart_flush();",
        ),
        ("stub.baud", "own.baud-back"),
    ),
    Mutant(
        *(
            "a digest lacks the last page",
            KNOWN,
            "        MD5Update(&context, page, count);\n",
            "        if (left > count)\n            MD5Update(&context, page, count);\n",
        ),
        ("stub.md5", "stub.write-digest", "stub.deflate-digest"),
    ),
    Mutant(
        *(
            "a digest of nothing is refused",
            KNOWN,
            "    if (packet.size != 16) {\n        answer(0, 0, 0, BAD_LENGTH);",
            "    if (packet.size != 16 || !left) {\n        answer(0, 0, 0, BAD_LENGTH);",
        ),
        ("stub.md5-of-nothing",),
    ),
    Mutant(
        *(
            "the digest of a reading lacks its first frame",
            KNOWN,
            "            MD5Update(&context, data, count);\n            sent",
            "            if (sent)\n                MD5Update(&context, data, count);\n            sent",
        ),
        ("stub.read", "stub.read-waits", "stub.read-last-short"),
    ),
    Mutant(
        *(
            "a reading does not wait",
            KNOWN,
            "sent - confirmed < most * (window ? window : 1)",
            "sent - confirmed < most * (window + 8)",
        ),
        ("stub.read-waits",),
    ),
    Mutant(
        *(
            "the last frame is as long as the others",
            KNOWN,
            "size - sent < most ? size - sent : most",
            "size - sent < most ? most : most",
        ),
        ("stub.read-last-short",),
    ),
    Mutant(
        *(
            "a reading begins at a word",
            KNOWN,
            "flash_read(first + sent, data, count);",
            "flash_read((first + sent) & ~3u, data, count);",
        ),
        ("stub.read-unaligned",),
    ),
    Mutant(
        *(
            "nothing ends a reading",
            KNOWN,
            "if ((received && received != sizeof confirmed) || confirmed > sent)",
            "if (confirmed > sent)",
        ),
        ("stub.read-ended",),
    ),
    Mutant(
        *(
            "an end that does not stay boots the flash",
            KNOWN,
            "return status == OK && !stay ? RESTART : GO_ON;",
            "return status == OK && !stay ? LEAVE : GO_ON;",
        ),
        ("own.end-restarts",),
    ),
    Mutant(
        *(
            "RUN_USER_CODE is answered",
            KNOWN,
            "return packet.size ? answered(BAD_LENGTH) : LEAVE;",
            "return answered(OK), LEAVE;",
        ),
        ("stub.run",),
    ),
    Mutant(
        *(
            "data need no begin",
            KNOWN,
            "    if (writing != what)\n        return NOT_BEGUN;\n    if (packet.size < DATA_HEADER",
            "    if (writing != what)\n        return OK;\n    if (packet.size < DATA_HEADER",
        ),
        ("stub.not-begun",),
    ),
    Mutant(
        *(
            "nothing is programmed",
            FLASH,
            "        if (!is_blank(data, count)) {",
            "        if (!is_blank(data, count) && !size) {",
        ),
        (
            "stub.write",
            "stub.write-two",
            "stub.write-across",
            "stub.begin-20",
            "stub.deflate",
            "stub.deflate-split",
            "own.put",
            "own.put-packed",
            "own.put-after",
            "own.put-clears",
            "own.put-repeated",
            "own.block-twice",
        ),
    ),
    Mutant(
        *(
            "nothing is erased before it is written",
            KNOWN,
            "if (!is_blank(erased, size) && !flash_erase(erased, size))",
            "if (!is_blank(erased, size) && !size)",
        ),
        ("stub.write", "stub.write-across", "stub.write-digest"),
    ),
    Mutant(
        *("FLASH_BEGIN wants 16 bytes", KNOWN, "packet.size != 16 && packet.size != 20", "packet.size != 16"),
        ("stub.begin-20",),
    ),
    Mutant(
        *(
            "blocks may be too large",
            KNOWN,
            "    if (packet_word(8) > BLOCK_MAX)\n        return BAD_BLOCK_SIZE;\n    writing",
            "    writing",
        ),
        ("stub.begin-too-large",),
    ),
    Mutant(
        *(
            "the length of a block is not looked at",
            KNOWN,
            "packet.size < DATA_HEADER || packet_word(0) + DATA_HEADER != packet.size",
            "packet.size < DATA_HEADER",
        ),
        ("stub.bad-length",),
    ),
    Mutant(
        *("FLASH_END does not count", KNOWN, "    if (at != end)\n        return NOT_ENOUGH;\n", ""),
        ("stub.end-early",),
    ),
    Mutant(
        *(
            "each block begins a stream of its own",
            KNOWN,
            "    inflate_feed(data, size);\n    uint32_t written",
            "    inflate_begin(true);\n    inflate_feed(data, size);\n    uint32_t written",
        ),
        ("stub.deflate-split",),
    ),
    Mutant(
        *(
            "what cannot be unpacked is left out",
            KNOWN,
            "        if (result == INFLATE_BAD)\n            return INFLATE_FAILED;",
            "        if (result == INFLATE_BAD)\n            return at = end, OK;",
        ),
        ("stub.deflate-damaged", "own.damaged-at-once"),
    ),
    Mutant(
        *(
            "a region lacks its last sector",
            KNOWN,
            "return flash_erase(address, size) ? OK",
            "return flash_erase(address, size - SECTOR) ? OK",
        ),
        ("stub.erase-region", "stub.erase-all"),
    ),
    Mutant(
        *(
            "half sectors are erased",
            KNOWN,
            "    if ((address | size) % SECTOR)\n        return BAD_ADDRESS;\n    return flash",
            "    return flash",
        ),
        ("stub.erase-unaligned",),
    ),
    Mutant(
        *(
            "a block that comes twice is an error",
            KNOWN,
            "    if (packet_word(4) + 1 == next_block)\n        return OK; /* the answer to it was lost */\n",
            "",
        ),
        ("own.block-twice",),
    ),
    Mutant(
        *(
            "the sequence is not looked at",
            KNOWN,
            "    if (packet_word(4) != next_block)\n        return OUT_OF_ORDER;\n",
            "",
        ),
        ("own.mem-out-of-order", "own.block-missing"),
    ),
    Mutant(
        *(
            "any address is read",
            KNOWN,
            "return address >= LOWEST_ADDRESS && address % 4 == 0;",
            "return address || LOWEST_ADDRESS;",
        ),
        ("own.read-unaligned", "own.read-null", "own.write-unaligned"),
    ),
    Mutant(
        *("it lets itself be written over", KNOWN, "meets(first, size, text_start, text_end) || ", ""),
        ("own.over-itself",),
    ),
    Mutant("it is of another version", OWN, "#define VERSION 1", "#define VERSION 2", ("own.info",)),
    Mutant(
        *("INFO needs no body", OWN, "    if (packet.size != 4)\n", "    if (packet.size > 4)\n"),
        ("own.info-empty",),
    ),
    Mutant(
        *(
            "the CRC of requests is not looked at",
            OWN,
            "if (packet.check != crc32(0, packet.body, packet.size))",
            "if (packet.check == 1 && !crc32(0, packet.body, packet.size))",
        ),
        ("own.bad-crc",),
    ),
    Mutant(
        *(
            "the CRC of answers is of the answer alone",
            OWN,
            "crc32(0, (const uint8_t *)&packet.check, sizeof packet.check)",
            "crc32(0, (const uint8_t *)&packet.check, 0)",
        ),
        ("own.seal", "own.info", "own.digests"),
    ),
    Mutant(
        *(
            "ECHO lacks its last byte",
            OWN,
            "return answer_own(packet.body, packet.size, OK);",
            "return answer_own(packet.body, packet.size ? packet.size - 1 : 1, OK);",
        ),
        ("own.echo", "own.echo-nothing", "own.echo-long"),
    ),
    Mutant(
        *(
            "a sector's digest lacks its end",
            OWN,
            "piece < SECTOR / PIECE; piece++",
            "piece < SECTOR / PIECE - 2; piece++",
        ),
        ("own.digest-of-digests",),
    ),
    Mutant(
        *(
            "one digest is missing",
            OWN,
            "return answer_own(found, count * DIGEST_SIZE, OK);",
            "return answer_own(found, count * DIGEST_SIZE - DIGEST_SIZE, OK);",
        ),
        ("own.digests", "own.digest-of-digests"),
    ),
    Mutant(
        *(
            "digests of any addresses",
            OWN,
            "!unit || (address | size | unit) % SECTOR || size",
            "!unit || size",
        ),
        ("own.digests-unaligned", "own.seal"),
    ),
    Mutant(
        *("65 digests", OWN, "#define DIGESTS_MAX 64", "#define DIGESTS_MAX 65"),
        ("own.digests-many",),
    ),
    Mutant(
        *(
            "a stream's digest is of something else",
            STREAM,
            "            hashing = true;\n",
            "            hashing = next != first;\n",
        ),
        ("own.stream", "own.stream-unpacked"),
    ),
    Mutant(
        *(
            "a stream is always packed",
            STREAM,
            "uint32_t packed = effort ? deflate(data, size, memory.packing.packed, size, effort) : 0;",
            "uint32_t packed = deflate(data, size, memory.packing.packed, size, effort + 24);",
        ),
        ("own.stream-unpacked",),
    ),
    Mutant(
        *(
            "nothing is sent again",
            STREAM,
            "    if (!missing_count)\n        return false;\n",
            "    missing_count = 0;\n    if (!missing_count)\n        return false;\n",
        ),
        ("own.stream-again",),
    ),
    Mutant(
        *(
            "the digest is sent once",
            STREAM,
            "if (again.address == end && digested)",
            "if (again.address == end && !digested)",
        ),
        ("own.stream-digest-again",),
    ),
    Mutant(
        *(
            "nothing ends a stream",
            STREAM,
            "                if (is_other_command())\n                    return AGAIN; /* the host has given up */\n",
            "                if (is_other_command() && !packet.command)\n                    return AGAIN;\n",
        ),
        ("own.stream-over",),
    ),
    Mutant(
        *("streams of any address", STREAM, "(first | size) % PIECE == 0 && first", "first"),
        ("own.stream-unaligned",),
    ),
    Mutant(
        *(
            "STREAM_CONTROL is answered",
            OWN,
            "    case STREAM_CONTROL: /* of a stream that is over */\n        return GO_ON;",
            "    case STREAM_CONTROL:\n        return answer_own(0, 0, OK);",
        ),
        ("own.control-unanswered",),
    ),
    Mutant(
        *(
            "PUT always says that it erased",
            OWN,
            "{address, flash_make(address, wanted, SECTOR, true)}",
            "{address, flash_make(address, wanted, SECTOR, true) ? 2 : 2}",
        ),
        ("own.put-nothing", "own.put-clears", "own.put-after-other"),
    ),
    Mutant(
        *(
            "PUT does not erase",
            OWN,
            "flash_make(address, wanted, SECTOR, true)",
            "flash_make(address, wanted, SECTOR, false)",
        ),
        ("own.put", "own.put-repeated", "own.put-packed", "own.put-after", "own.put-nothing"),
    ),
    Mutant(
        *(
            "what PUT refers to is not compared",
            OWN,
            "if (!wanted || crc32(0, wanted, SECTOR) != packet_word(PUT_HEADER + 1)) {",
            "if (!wanted) {",
        ),
        ("own.put-after-other",),
    ),
    Mutant(
        *(
            "PUT inside a sector",
            OWN,
            "packet.size <= PUT_HEADER || address % SECTOR)",
            "packet.size <= PUT_HEADER)",
        ),
        ("own.put-unaligned",),
    ),
    Mutant(
        *(
            "what PUT cannot unpack is done",
            OWN,
            "            return answer_own(0, 0, INFLATE_FAILED);",
            "            return answer_own(packet.body, 5, OK);",
        ),
        ("own.put-damaged",),
    ),
    Mutant(
        *(
            "ERASE lacks its last sector",
            OWN,
            "if (!flash_erase(address, size))",
            "if (!flash_erase(address, size - SECTOR))",
        ),
        ("own.erase",),
    ),
    Mutant(
        *(
            "ERASE takes half sectors",
            OWN,
            "if (packet.size != 8 || (address | size) % SECTOR)",
            "if (packet.size != 8)",
        ),
        ("own.erase-unaligned",),
    ),
    Mutant(
        *(
            "TRY_BAUDRATE never changes",
            OWN,
            "    else\n        uart_set_divisor(divisor);",
            "    else\n        uart_flush();",
        ),
        ("own.try-rate", "own.trial-kept"),
    ),
    Mutant(
        *(
            "a trial is for good",
            OWN,
            "    if (milliseconds)\n        uart_try",
            "    if (milliseconds > LONGEST_TRIAL)\n        uart_try",
        ),
        ("own.trial-ends",),
    ),
    Mutant(
        *(
            "a trial may be as long as it likes",
            OWN,
            "!divisor || milliseconds > LONGEST_TRIAL)",
            "!divisor)",
        ),
        ("own.trial-too-long",),
    ),
)
