/* SPDX-License-Identifier: Apache-2.0
 *
 * The flash chip behind SPI0, driven by registers alone: the ROM's own functions write the chip's status
 * register on the way (spi_flash_attach does), move 32 bytes at once, and wait without limit.
 */
#include "flash.h"

#define READ 0x03
#define WRITE_DISABLE 0x04
#define PAGE_PROGRAM 0x02
#define SECTOR_ERASE 0x20
#define BLOCK_ERASE 0xD8
#define CHIP_ERASE 0xC7
#define JEDEC_ID 0x9F

#define WIP 1
#define WEL 2

#define USER_COMMAND (1u << 31)
#define USER_ADDRESS (1u << 30)
#define USER_IN (1u << 28)
#define USER_OUT (1u << 27)

#define PAD_FUNCTION 0x130
#define PAD_SPI 0x010
#define CTRL_DIVIDER 0xFFF
#define CTRL_QUARTER 0x313 /* APB / 4, as the ROM sets it */

/* How often a busy chip is looked at, and for how long: more than twice the longest time of a datasheet. */
typedef struct {
    uint32_t pause_us, looks;
} patience_t;
#define PROGRAM (patience_t){10, 1000}
#define SECTOR_TIME (patience_t){500, 4000}
#define BLOCK_TIME (patience_t){1000, 6000}
#define CHIP_TIME (patience_t){20000, 20000}

static void wait_bus(void)
{
    while (SPI_CMD)
        ;
}

void flash_init(void)
{
    for (int pad = 0; pad < 6; pad++)
        IO_MUX_SPI_PADS[pad] = (IO_MUX_SPI_PADS[pad] & ~PAD_FUNCTION) | PAD_SPI;
    wait_bus();
    SPI_CTRL = (SPI_CTRL & ~CTRL_DIVIDER) | CTRL_QUARTER;
}

/* Do one chip-select period; what is sent lies in the buffer, and what was read will. */
static void start(uint8_t opcode, uint32_t phases, uint32_t address, uint32_t size)
{
    wait_bus();
    SPI_USER = USER_COMMAND | phases;
    SPI_USER1 = 23u << 26 | (size * 8 - 1) << 17 | (size * 8 - 1) << 8;
    SPI_USER2 = 7u << 28 | opcode;
    SPI_ADDR = address << 8;
    SPI_CMD = SPI_CMD_USR;
}

uint32_t flash_id(void)
{
    start(JEDEC_ID, USER_IN, 0, 3);
    wait_bus();
    return SPI_W[0] & 0xFFFFFF;
}

uint32_t flash_status(void)
{
    wait_bus();
    SPI_RD_STATUS = 0;
    SPI_CMD = SPI_CMD_READ_STATUS;
    wait_bus();
    return SPI_RD_STATUS;
}

void flash_start(uint32_t address)
{
    start(READ, USER_ADDRESS | USER_IN, address, PIECE);
}

void flash_take(uint32_t *to)
{
    wait_bus();
    for (int word = 0; word < PIECE / 4; word++)
        to[word] = SPI_W[word];
}

void flash_read(uint32_t address, uint8_t *to, uint32_t size)
{
    uint32_t piece[PIECE / 4];
    while (size) {
        uint32_t count = size < PIECE ? size : PIECE;
        flash_start(address);
        flash_take(piece);
        memcpy(to, piece, count);
        address += count, to += count, size -= count;
    }
}

static bool wait_ready(patience_t patience)
{
    while (flash_status() & WIP) {
        if (!patience.looks--)
            return false;
        ets_delay_us(patience.pause_us);
    }
    return true;
}

static bool enable(void)
{
    wait_bus();
    SPI_CMD = SPI_CMD_WRITE_ENABLE;
    return (flash_status() & (WEL | WIP)) == WEL;
}

/* A command that the chip carries out clears WEL; one that it refuses leaves it set. */
static bool done(patience_t patience)
{
    if (!wait_ready(patience))
        return false;
    if (!(flash_status() & WEL))
        return true;
    start(WRITE_DISABLE, 0, 0, 1);
    return false;
}

static bool erase(uint8_t opcode, uint32_t phases, uint32_t address, patience_t patience)
{
    if (!enable())
        return false;
    start(opcode, phases, address, 1);
    return done(patience);
}

bool flash_erase_sector(uint32_t address)
{
    return erase(SECTOR_ERASE, USER_ADDRESS, address, SECTOR_TIME);
}

bool flash_erase_block(uint32_t address)
{
    return erase(BLOCK_ERASE, USER_ADDRESS, address, BLOCK_TIME);
}

bool flash_erase(uint32_t address, uint32_t size)
{
    for (uint32_t end = address + size; address < end;) {
        bool whole = address % BLOCK == 0 && end - address >= BLOCK;
        if (!(whole ? flash_erase_block(address) : flash_erase_sector(address)))
            return false;
        address += whole ? BLOCK : SECTOR;
    }
    return true;
}

bool flash_erase_chip(void)
{
    return erase(CHIP_ERASE, 0, 0, CHIP_TIME);
}

static bool is_blank(const uint8_t *data, uint32_t size)
{
    while (size--)
        if (*data++ != 0xFF)
            return false;
    return true;
}

bool flash_program(uint32_t address, const uint8_t *data, uint32_t size)
{
    while (size) {
        uint32_t count = PIECE - address % PIECE;
        if (count > size)
            count = size;
        if (!is_blank(data, count)) {
            uint32_t piece[PIECE / 4];
            memcpy(piece, data, count);
            if (!enable())
                return false;
            for (int word = 0; word < PIECE / 4; word++)
                SPI_W[word] = piece[word];
            start(PAGE_PROGRAM, USER_ADDRESS | USER_OUT, address, count);
            if (!done(PROGRAM))
                return false;
        }
        address += count, data += count, size -= count;
    }
    return true;
}

/* What has to happen for the flash to hold `data`. */
static int compare(uint32_t address, const uint8_t *data, uint32_t size)
{
    int needed = KEPT;
    while (size) {
        uint32_t piece[PIECE / 4], count = size < PIECE ? size : PIECE;
        flash_start(address);
        flash_take(piece);
        const uint8_t *there = (const uint8_t *)piece;
        for (uint32_t index = 0; index < count; index++)
            if (there[index] != data[index]) {
                if (data[index] & ~there[index])
                    return ERASED;
                needed = PROGRAMMED;
            }
        address += count, data += count, size -= count;
    }
    return needed;
}

int flash_make(uint32_t address, const uint8_t *data, uint32_t size, bool may_erase)
{
    int needed = compare(address, data, size);
    if (needed == KEPT)
        return KEPT;
    if (needed == ERASED && !(may_erase && flash_erase_sector(address)))
        return FAILED;
    if (!flash_program(address, data, size))
        return FAILED;
    return compare(address, data, size) == KEPT ? needed : FAILED;
}
