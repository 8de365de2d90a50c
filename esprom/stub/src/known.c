/* SPDX-License-Identifier: Apache-2.0
 *
 * The commands that the known stub loaders have, with their bodies (specs/protocol.md), but: a block that
 * comes twice is not programmed twice, one that is left out is seen, every error is reported for the
 * command it belongs to, and protection is not touched.
 */
#include "commands.h"
#include "flash.h"
#include "inflate.h"
#include "memory.h"
#include "packet.h"
#include "status.h"
#include "uart.h"

enum {
    FLASH_BEGIN = 0x02,
    FLASH_DATA,
    FLASH_END,
    MEM_BEGIN,
    MEM_END,
    MEM_DATA,
    SYNC,
    WRITE_REG,
    READ_REG,
    SPI_SET_PARAMS,
    SPI_ATTACH = 0x0D,
    CHANGE_BAUD = 0x0F,
    DEFL_BEGIN,
    DEFL_DATA,
    DEFL_END,
    FLASH_MD5,
    ERASE_FLASH = 0xD0,
    ERASE_REGION,
    READ_FLASH,
    RUN_USER_CODE,
};

#define DATA_HEADER 16
#define BLOCK_MAX 0x4000
#define LOWEST_ADDRESS 0x20000000 /* below it the chip hangs */
#define FRAME_MAX SECTOR

extern uint32_t text_start[], text_end[], bss_start[], bss_end[];

enum what { NOTHING, FLASH, DEFLATED, RAM };
static enum what writing;
static uint32_t at, end;      /* where the next byte goes, where the last went */
static uint32_t erased;       /* the flash is ready to be programmed up to here, counted from the start */
static uint32_t next_block, block_size;
static uint32_t adler_low, adler_high;       /* of what was unpacked */
static uint32_t trailer, trailer_size;       /* what the stream says it should be */

void write_forget(void)
{
    writing = NOTHING;
}

static uint8_t begin(enum what what)
{
    if (packet.size != 16 && packet.size != 20)
        return BAD_LENGTH;
    uint32_t size = packet_word(0), first = packet_word(12);
    if (packet_word(8) > BLOCK_MAX)
        return BAD_BLOCK_SIZE;
    writing = what;
    at = first, end = first + size, next_block = 0, block_size = packet_word(8);
    erased = first & ~(SECTOR - 1u);
    if (what == DEFLATED) {
        inflate_begin(true);
        adler_low = 1, adler_high = trailer = trailer_size = 0;
    }
    return OK;
}

static bool is_blank(uint32_t address, uint32_t size)
{
    for (uint32_t last = address + size; address != last; address += PIECE) {
        uint32_t piece[PIECE / 4];
        flash_start(address);
        flash_take(piece);
        for (int word = 0; word < PIECE / 4; word++)
            if (piece[word] != 0xFFFFFFFF)
                return false;
    }
    return true;
}

/* Erase up to `until`; whole blocks where all of one is to be written. */
static bool make_ready(uint32_t until)
{
    while (erased < until) {
        bool whole = erased % BLOCK == 0 && end - erased >= BLOCK;
        uint32_t size = whole ? BLOCK : SECTOR;
        if (!is_blank(erased, size) && !flash_erase(erased, size))
            return false;
        erased += size;
    }
    return true;
}

/* What goes past the announced size may only be what pads a block. */
static uint8_t program(const uint8_t *data, uint32_t size)
{
    while (size > end - at)
        if (data[--size] != 0xFF)
            return TOO_MUCH;
    if (!make_ready(at + size) || !flash_program(at, data, size))
        return FLASH_FAILED;
    at += size;
    return OK;
}

static void add_to_adler(const uint8_t *data, uint32_t size)
{
    while (size--) {
        adler_low += *data++;
        adler_high += adler_low;
    }
    adler_low %= 65521, adler_high %= 65521; /* of a sector at most: neither has overflowed */
}

static uint8_t unpack(const uint8_t *data, uint32_t size)
{
    inflate_feed(data, size);
    uint32_t written = inflate_out;
    for (;;) {
        enum inflate_result result = inflate_run(written + SECTOR);
        uint8_t status = OK;
        while (written != inflate_out && status == OK) {
            uint32_t place = written % WINDOW, count = inflate_out - written;
            if (count > WINDOW - place)
                count = WINDOW - place;
            add_to_adler(inflate_window + place, count);
            status = program(inflate_window + place, count);
            written += count;
        }
        if (status != OK || result == INFLATE_MORE)
            return status;
        if (result == INFLATE_BAD)
            return INFLATE_FAILED;
        if (result == INFLATE_DONE) {
            for (int byte; (byte = inflate_rest()) >= 0; trailer_size++)
                trailer = trailer << 8 | byte;
            return trailer_size > 4 ? TOO_MUCH : OK;
        }
    }
}

static uint8_t xor_of(const uint8_t *data, uint32_t size)
{
    uint8_t sum = 0xEF;
    while (size--)
        sum ^= *data++;
    return sum;
}

static uint8_t store(const uint8_t *data, uint32_t size)
{
    if (size % 4)
        return BAD_LENGTH;
    if (size > end - at)
        return TOO_MUCH;
    for (; size; size -= 4, at += 4, data += 4) { /* IRAM takes words alone */
        uint32_t word;
        memcpy(&word, data, 4);
        REG(at) = word;
    }
    return OK;
}

static uint8_t data_block(enum what what)
{
    if (writing != what)
        return NOT_BEGUN;
    if (packet.size < DATA_HEADER || packet_word(0) + DATA_HEADER != packet.size)
        return BAD_LENGTH;
    uint32_t size = packet.size - DATA_HEADER;
    const uint8_t *data = packet.body + DATA_HEADER;
    if (size > BLOCK_MAX || size > block_size)
        return BAD_BLOCK_SIZE;
    if (xor_of(data, size) != (packet.check & 0xFF))
        return BAD_CHECKSUM;
    if (packet_word(4) + 1 == next_block)
        return OK; /* the answer to it was lost */
    if (packet_word(4) != next_block)
        return OUT_OF_ORDER;
    uint8_t status = what == FLASH ? program(data, size) : what == RAM ? store(data, size) : unpack(data, size);
    if (status == OK)
        next_block++;
    else
        writing = NOTHING;
    return status;
}

static uint8_t finish(enum what what)
{
    if (packet.size != 4)
        return BAD_LENGTH;
    if (writing != what)
        return NOT_BEGUN;
    if (at != end)
        return NOT_ENOUGH;
    if (what == DEFLATED && trailer_size == 4 && trailer != (adler_high << 16 | adler_low))
        return INFLATE_FAILED;
    writing = NOTHING;
    return OK;
}

static bool meets(uint32_t first, uint32_t size, const uint32_t *from, const uint32_t *to)
{
    return first < (uint32_t)to && (uint32_t)from < first + size;
}

static uint8_t begin_ram(void)
{
    uint32_t size = packet_word(0), first = packet_word(12);
    if (packet.size != 16)
        return BAD_LENGTH;
    if (packet_word(8) > BLOCK_MAX)
        return BAD_BLOCK_SIZE;
    if (first % 4 || first < LOWEST_ADDRESS || first + size < first ||
        meets(first, size, text_start, text_end) || meets(first, size, bss_start, bss_end))
        return BAD_ADDRESS;
    return begin(RAM);
}

static enum next end_ram(void)
{
    uint32_t entry = packet_word(4);
    if (packet.size != 8) {
        answer(0, 0, 0, BAD_LENGTH);
        return GO_ON;
    }
    bool stay = packet_word(0);
    answer(0, 0, 0, OK);
    if (stay)
        return GO_ON;
    uart_close();
    if (entry)
        ((void (*)(void))entry)();
    return LEAVE;
}

static bool is_readable(uint32_t address)
{
    return address >= LOWEST_ADDRESS && address % 4 == 0;
}

static void write_registers(void)
{
    if (packet.size % 16) {
        answer(0, 0, 0, BAD_LENGTH);
        return;
    }
    for (uint32_t record = 0; record < packet.size; record += 16) {
        uint32_t address = packet_word(record), mask = packet_word(record + 8);
        if (!is_readable(address)) {
            answer(0, 0, 0, BAD_ADDRESS);
            return;
        }
        uint32_t delay = packet_word(record + 12) & 0xFFFF; /* as the ROM does: nothing hangs for an hour */
        if (delay)
            ets_delay_us(delay);
        uint32_t value = packet_word(record + 4) & mask;
        REG(address) = mask == 0xFFFFFFFF ? value : value | (REG(address) & ~mask);
    }
    answer(0, 0, 0, OK);
}

static void change_baud(void)
{
    uint32_t wanted = packet_word(0), now = packet_word(4);
    uint32_t divisor = uart_divisor(wanted, now);
    if (packet.size != 8 || !divisor) {
        answer(0, 0, 0, packet.size == 8 ? BAD_ADDRESS : BAD_LENGTH);
        return;
    }
    answer(0, 0, 0, OK);
    uart_flush();
    uart_set_divisor(divisor);
}

static void md5(void)
{
    uint8_t digest[16], page[PAGE];
    uint32_t address = packet_word(0), left = packet_word(4);
    md5_t context;
    if (packet.size != 16) {
        answer(0, 0, 0, BAD_LENGTH);
        return;
    }
    MD5Init(&context);
    while (left) {
        uint32_t count = left < sizeof page ? left : sizeof page;
        flash_read(address, page, count);
        MD5Update(&context, page, count);
        address += count, left -= count;
    }
    MD5Final(digest, &context);
    answer(0, digest, sizeof digest, OK);
}

static uint8_t erase_region(void)
{
    uint32_t address = packet_word(0), size = packet_word(4);
    if (packet.size != 8)
        return BAD_LENGTH;
    if ((address | size) % SECTOR)
        return BAD_ADDRESS;
    return flash_erase(address, size) ? OK : FLASH_FAILED;
}

/* Frames without a header, each confirmed by how many bytes the host has so far; then their MD5. */
static enum next read_flash(void)
{
    uint32_t first = packet_word(0), size = packet_word(4), most = packet_word(8), window = packet_word(12);
    if (packet.size != 16 || !most || most > FRAME_MAX) {
        answer(0, 0, 0, packet.size == 16 ? BAD_BLOCK_SIZE : BAD_LENGTH);
        return GO_ON;
    }
    uint8_t digest[16], *data = memory.packing.sector;
    write_forget(); /* what is unpacked lies there too */
    uint32_t sent = 0, confirmed = 0;
    md5_t context;
    answer(0, 0, 0, OK);
    MD5Init(&context);
    while (confirmed < size) {
        if (sent < size && sent - confirmed < most * (window ? window : 1)) {
            uint32_t count = size - sent < most ? size - sent : most;
            flash_read(first + sent, data, count);
            frame_begin();
            frame_put(data, count);
            frame_end();
            MD5Update(&context, data, count);
            sent += count;
        } else
            uart_wait();
        uint32_t received = frame_receive();
        if (received == sizeof confirmed)
            memcpy(&confirmed, &packet, sizeof confirmed);
        if ((received && received != sizeof confirmed) || confirmed > sent)
            return packet_whole() ? AGAIN : GO_ON; /* the host has given up */
    }
    MD5Final(digest, &context);
    frame_begin();
    frame_put(digest, sizeof digest);
    frame_end();
    return GO_ON;
}

static void synchronise(void)
{
    if (packet.size != 36) {
        answer(0, 0, 0, BAD_LENGTH);
        return;
    }
    for (int times = 0; times < 8; times++)
        answer(0, 0, 0, OK);
}

static enum next answered(uint8_t status)
{
    answer(0, 0, 0, status);
    return GO_ON;
}

static enum next ended(uint8_t status)
{
    bool stay = packet_word(0);
    answer(0, 0, 0, status);
    return status == OK && !stay ? RESTART : GO_ON;
}

bool is_known(void)
{
    uint8_t command = packet.command;
    return (command >= FLASH_BEGIN && command <= FLASH_MD5) || (command >= ERASE_FLASH && command <= RUN_USER_CODE);
}

enum next do_known(void)
{
    window_forget();
    switch (packet.command) {
    case FLASH_BEGIN:
        return answered(begin(FLASH));
    case FLASH_DATA:
        return answered(data_block(FLASH));
    case FLASH_END:
        return ended(finish(FLASH));
    case MEM_BEGIN:
        return answered(begin_ram());
    case MEM_END:
        return end_ram();
    case MEM_DATA:
        return answered(data_block(RAM));
    case SYNC:
        synchronise();
        return GO_ON;
    case WRITE_REG:
        write_registers();
        return GO_ON;
    case READ_REG:
        if (packet.size != 4 || !is_readable(packet_word(0)))
            return answered(packet.size != 4 ? BAD_LENGTH : BAD_ADDRESS);
        answer(REG(packet_word(0)), 0, 0, OK);
        return GO_ON;
    case SPI_SET_PARAMS: /* nothing here believes in a geometry */
        return answered(packet.size == 24 ? OK : BAD_LENGTH);
    case SPI_ATTACH:
        flash_init();
        return answered(packet.size >= 4 ? OK : BAD_LENGTH);
    case CHANGE_BAUD:
        change_baud();
        return GO_ON;
    case DEFL_BEGIN:
        return answered(begin(DEFLATED));
    case DEFL_DATA:
        return answered(data_block(DEFLATED));
    case DEFL_END:
        return ended(finish(DEFLATED));
    case FLASH_MD5:
        md5();
        return GO_ON;
    case ERASE_FLASH:
        return answered(packet.size ? BAD_LENGTH : flash_erase_chip() ? OK : FLASH_FAILED);
    case ERASE_REGION:
        return answered(erase_region());
    case READ_FLASH:
        return read_flash();
    case RUN_USER_CODE:
        return packet.size ? answered(BAD_LENGTH) : LEAVE;
    default:
        return answered(INVALID_COMMAND);
    }
}
