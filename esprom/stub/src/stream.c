/* SPDX-License-Identifier: Apache-2.0
 *
 * The streaming read. Pieces go out as long as the window allows, each with its address and a CRC of what
 * the flash holds there. The host confirms, and asks for what it misses; that goes out first, read anew.
 * Behind the last piece comes the MD5 of all, made of the same pass.
 */
#include "stream.h"
#include "crc.h"
#include "deflate.h"
#include "flash.h"
#include "memory.h"
#include "packet.h"
#include "status.h"
#include "uart.h"

#define FRAME_HEADER 9
#define LONGEST_RUN BLOCK
#define MISSING_MAX 16
#define FINISHED 0xFFFFFFFF
#define HASHED 128 /* bytes at once: their hashing takes less time than a piece on the bus */

typedef struct {
    uint32_t address, size;
} range_t;

static range_t missing[MISSING_MAX]; /* what the host asks for again; first in, first out */
static uint32_t missing_count;
static range_t run; /* of one byte, not sent yet */
static uint8_t run_byte;
static uint32_t effort;
static bool hashing;
static md5_t context;

static void send(uint32_t address, uint32_t size, enum kind kind, const uint8_t *data, uint32_t sent,
                 const uint8_t *meant, uint32_t meant_size)
{
    uint8_t head[FRAME_HEADER];
    memcpy(head, &address, 4);
    memcpy(head + 4, &size, 4);
    head[8] = kind;
    frame_header(STREAM_FRAME, FRAME_HEADER + sent, crc32(crc32(0, head, FRAME_HEADER), meant, meant_size));
    frame_put(head, FRAME_HEADER);
    frame_put(data, sent);
    frame_end();
}

static void send_run(void)
{
    if (run.size)
        send(run.address, run.size, REPEAT, &run_byte, 1, &run_byte, 1);
    run.size = 0;
}

/* Read to the sector buffer, hashing while the bus is busy; whether all is one byte. */
static bool read(uint32_t address, uint32_t size)
{
    uint32_t *to = (uint32_t *)memory.packing.sector;
    const uint8_t *unhashed = memory.packing.sector;
    uint32_t different = 0, first = 0;
    flash_start(address);
    for (uint32_t done = 0; done < size; done += PIECE) {
        flash_take(to);
        if (!done)
            first = *to;
        if (done + PIECE < size)
            flash_start(address + done + PIECE);
        for (int word = 0; word < PIECE / 4; word++)
            different |= *to++ ^ first;
        if (hashing && (uint8_t *)to - unhashed == HASHED && done + PIECE <= size) {
            MD5Update(&context, unhashed, HASHED);
            unhashed += HASHED;
        }
    }
    if (hashing)
        MD5Update(&context, unhashed, memory.packing.sector + size - unhashed);
    return !different && first == (first & 0xFF) * 0x01010101u;
}

/* Send `size` bytes of one sector. */
static void send_piece(uint32_t address, uint32_t size)
{
    const uint8_t *data = memory.packing.sector;
    bool same = read(address, size);
    if (run.size && !(same && data[0] == run_byte && run.address + run.size == address && run.size < LONGEST_RUN))
        send_run();
    if (same) {
        if (!run.size)
            run.address = address, run_byte = data[0];
        run.size += size;
        return;
    }
    uint32_t packed = effort ? deflate(data, size, memory.packing.packed, size, effort) : 0;
    if (packed)
        send(address, size, PACKED, memory.packing.packed, packed, data, size);
    else
        send(address, size, RAW, data, size, data, size);
}

static uint32_t up_to_sector(uint32_t address, uint32_t size)
{
    uint32_t most = SECTOR - address % SECTOR;
    return size < most ? size : most;
}

static bool send_missing(void)
{
    range_t *first = missing;
    if (!missing_count)
        return false;
    uint32_t size = up_to_sector(first->address, first->size);
    hashing = false;
    send_run();
    send_piece(first->address, size);
    send_run();
    first->address += size, first->size -= size;
    if (!first->size) {
        missing_count--;
        for (uint32_t index = 0; index < missing_count; index++)
            missing[index] = missing[index + 1];
    }
    return true;
}

static void send_digest(uint32_t end, const uint8_t digest[16])
{
    send(end, 0, DIGEST, digest, 16, digest, 16);
}

bool stream_asked_well(void)
{
    uint32_t first = packet_word(0), size = packet_word(4), window = packet_word(8);
    return (first | size) % PIECE == 0 && first + size >= first && window;
}

/* Whether the packet, which is no STREAM_CONTROL, is meant: a damaged one of that kind must not end a stream. */
static bool is_other_command(void)
{
    return packet.command < OWN_FIRST ? is_known() : packet.check == crc32(0, packet.body, packet.size);
}

enum next stream(void)
{
    uint32_t next = packet_word(0), end = next + packet_word(4), window = packet_word(8);
    uint32_t first = next, confirmed = next;
    uint8_t digest[16];
    bool digested = false;
    effort = packet_word(12);
    missing_count = run.size = 0;
    MD5Init(&context);
    for (;;) {
        while (frame_receive()) {
            if (!packet_whole())
                continue;
            if (packet.command != STREAM_CONTROL) {
                if (is_other_command())
                    return AGAIN; /* the host has given up */
                continue;
            }
            if (packet.size == 12 && packet.check == crc32(0, packet.body, 12)) {
                uint32_t upto = packet_word(0);
                range_t again = {packet_word(4), packet_word(8)};
                if (upto == FINISHED)
                    return GO_ON;
                if (upto > confirmed && upto <= next)
                    confirmed = upto;
                if (again.address == end && digested)
                    send_digest(end, digest);
                else if (again.size && again.address >= first && again.address <= end && again.size <= end - again.address &&
                         missing_count < MISSING_MAX)
                    missing[missing_count++] = again;
            }
        }
        if (send_missing())
            continue;
        if (next < end && next - confirmed < window) {
            uint32_t size = up_to_sector(next, end - next);
            hashing = true;
            send_piece(next, size);
            next += size;
        } else if (run.size)
            send_run();
        else if (next == end && !digested) {
            MD5Final(digest, &context);
            send_digest(end, digest);
            digested = true;
        } else
            uart_wait();
    }
}
