/* SPDX-License-Identifier: Apache-2.0
 *
 * Commands of our own (specs/stub.md). Their packets are protected by a CRC-32 where the others have an XOR or
 * nothing: in requests as the checksum, in answers as the value.
 */
#include "commands.h"
#include "crc.h"
#include "flash.h"
#include "memory.h"
#include "packet.h"
#include "status.h"
#include "stream.h"
#include "uart.h"

#define VERSION 1
#define DIGEST_SIZE 16
#define DIGESTS_MAX 64
#define PUT_HEADER 5
#define AFTER_HEADER 5 /* sectors before it, CRC-32 of the sector */
#define LONGEST_TRIAL 10000

enum { INFO = 0xE0, ECHO, DIGESTS, PUT = 0xE6, ERASE, TRY_BAUD };

/* The CRC is of the request's too, so that no answer is taken for that to another request. */
static enum next answer_own(const void *body, uint32_t size, uint8_t status)
{
    const uint8_t end[] = {status, 0};
    uint32_t crc = crc32(0, (const uint8_t *)&packet.check, sizeof packet.check);
    answer(crc32(crc32(crc, body, size), end, sizeof end), body, size, status);
    return GO_ON;
}

static enum next info(void)
{
    if (packet.size != 4)
        return answer_own(0, 0, BAD_LENGTH);
    uint32_t words[] = {
        VERSION,  sizeof packet.body - 4, RX_SIZE,  flash_id(),  flash_status(),
        EFUSE[0], EFUSE[1],               EFUSE[2], EFUSE[3],    UART_CLKDIV,
        uart_overflows,
    };
    return answer_own(words, sizeof words, OK);
}

/* The digest of a sector is its MD5; of a larger unit, the MD5 of its sectors' digests. */
static void sector_digest(uint32_t address, uint8_t digest[DIGEST_SIZE])
{
    uint32_t *data = (uint32_t *)memory.packing.sector;
    const uint32_t pieces_hashed = 2;
    md5_t context;
    MD5Init(&context);
    flash_start(address);
    for (uint32_t piece = 0; piece < SECTOR / PIECE; piece++) {
        uint32_t *to = data + piece * (PIECE / 4);
        flash_take(to);
        if (piece + 1 < SECTOR / PIECE)
            flash_start(address + (piece + 1) * PIECE);
        if (piece % pieces_hashed == pieces_hashed - 1)
            MD5Update(&context, to - PIECE / 4, pieces_hashed * PIECE);
    }
    MD5Final(digest, &context);
}

static enum next digests(void)
{
    static uint8_t found[DIGESTS_MAX * DIGEST_SIZE];
    uint32_t address = packet_word(0), size = packet_word(4), unit = packet_word(8), count = 0;
    if (packet.size != 12 || !unit || (address | size | unit) % SECTOR || size > DIGESTS_MAX * unit)
        return answer_own(0, 0, packet.size == 12 ? BAD_ADDRESS : BAD_LENGTH);
    for (uint32_t end = address + size; address < end; count++) {
        uint8_t *digest = found + count * DIGEST_SIZE, of_sector[DIGEST_SIZE];
        uint32_t last = end - address < unit ? end : address + unit;
        md5_t context;
        if (unit == SECTOR) {
            sector_digest(address, digest);
            address = last;
            continue;
        }
        MD5Init(&context);
        for (; address < last; address += SECTOR) {
            sector_digest(address, of_sector);
            MD5Update(&context, of_sector, DIGEST_SIZE);
        }
        MD5Final(digest, &context);
    }
    return answer_own(found, count * DIGEST_SIZE, OK);
}

/* What the window holds of the flash, as long as nothing else needs its memory. */
static struct {
    uint32_t end, size; /* address behind it, bytes */
    uint32_t place;     /* of `end` in the window, or that and a multiple of WINDOW */
} window;

void window_forget(void)
{
    window.end = window.size = window.place = 0;
}

/* Unpack what lies behind `before` bytes of flash; 0 if it is damaged. Whole sectors: none of them wraps. */
static const uint8_t *unpack_sector(uint32_t address, uint32_t before, const uint8_t *data, uint32_t size)
{
    if (window.end != address || window.size < before) {
        flash_read(address - before, inflate_window, before);
        window.size = window.place = before;
    }
    uint32_t place = window.place % WINDOW;
    inflate_begin(false);
    inflate_out = place + WINDOW; /* the CRC tells whether what it refers to was meant */
    inflate_feed(data, size);
    bool good = inflate_run(inflate_out + SECTOR + 1) == INFLATE_DONE && inflate_out == place + WINDOW + SECTOR;
    window.end = address + SECTOR, window.place = place + SECTOR;
    window.size = window.size < WINDOW - SECTOR ? window.size + SECTOR : WINDOW;
    return good ? inflate_window + place : 0;
}

/* Make a sector hold what the packet says, however often it is asked for. */
static enum next put(void)
{
    uint32_t address = packet_word(0), size = packet.size - PUT_HEADER;
    const uint8_t *data = packet.body + PUT_HEADER, *wanted = memory.packing.sector;
    if (packet.size <= PUT_HEADER || address % SECTOR)
        return answer_own(0, 0, packet.size <= PUT_HEADER ? BAD_LENGTH : BAD_ADDRESS);
    switch (packet.body[4]) {
    case RAW:
        if (size != SECTOR)
            return answer_own(0, 0, BAD_LENGTH);
        wanted = data;
        break;
    case REPEAT:
        if (size != 1)
            return answer_own(0, 0, BAD_LENGTH);
        window_forget();
        memset(memory.packing.sector, *data, SECTOR);
        break;
    case PACKED:
        wanted = unpack_sector(address, 0, data, size);
        if (!wanted) {
            window_forget();
            return answer_own(0, 0, INFLATE_FAILED);
        }
        break;
    case PACKED_AFTER:
        if (size <= AFTER_HEADER || data[0] * SECTOR > WINDOW - SECTOR || data[0] * SECTOR > address)
            return answer_own(0, 0, BAD_LENGTH);
        wanted = unpack_sector(address, data[0] * SECTOR, data + AFTER_HEADER, size - AFTER_HEADER);
        if (!wanted || crc32(0, wanted, SECTOR) != packet_word(PUT_HEADER + 1)) {
            window_forget();
            return answer_own(0, 0, BAD_CHECKSUM); /* what was to be put before it is not there (yet) */
        }
        break;
    default:
        return answer_own(0, 0, BAD_ADDRESS);
    }
    struct {
        uint32_t address;
        uint8_t done;
    } result = {address, flash_make(address, wanted, SECTOR, true)};
    if (result.done == FAILED)
        window_forget();
    return answer_own(&result, 5, result.done == FAILED ? FLASH_FAILED : OK);
}

static enum next erase(void)
{
    uint32_t address = packet_word(0), size = packet_word(4);
    if (packet.size != 8 || (address | size) % SECTOR)
        return answer_own(0, 0, packet.size == 8 ? BAD_ADDRESS : BAD_LENGTH);
    if (!flash_erase(address, size))
        return answer_own(0, 0, FLASH_FAILED);
    return answer_own(packet.body, 4, OK);
}

/* Change the rate: for good, or for so many milliseconds unless it is said again for good. */
static enum next try_baud(void)
{
    uint32_t now = packet_word(4), divisor = uart_divisor(packet_word(0), now), milliseconds = packet_word(8);
    if (packet.size != 12 || !divisor || milliseconds > LONGEST_TRIAL)
        return answer_own(0, 0, packet.size == 12 ? BAD_ADDRESS : BAD_LENGTH);
    answer_own(0, 0, OK);
    uart_flush();
    if (milliseconds)
        uart_try_divisor(divisor, uart_hertz(now) / 1000 * milliseconds);
    else
        uart_set_divisor(divisor);
    return GO_ON;
}

enum next do_own(void)
{
    if (packet.command > TRY_BAUD)
        return answer_own(0, 0, INVALID_COMMAND);
    if (packet.check != crc32(0, packet.body, packet.size))
        return answer_own(0, 0, BAD_CHECKSUM);
    write_forget();
    if (packet.command != PUT)
        window_forget();
    switch (packet.command) {
    case INFO:
        return info();
    case ECHO:
        return answer_own(packet.body, packet.size, OK);
    case DIGESTS:
        return digests();
    case STREAM:
        if (packet.size != 16 || !stream_asked_well())
            return answer_own(0, 0, packet.size == 16 ? BAD_ADDRESS : BAD_LENGTH);
        answer_own(0, 0, OK);
        return stream();
    case STREAM_CONTROL: /* of a stream that is over */
        return GO_ON;
    case PUT:
        return put();
    case ERASE:
        return erase();
    case TRY_BAUD:
        return try_baud();
    default:
        return answer_own(0, 0, INVALID_COMMAND);
    }
}
