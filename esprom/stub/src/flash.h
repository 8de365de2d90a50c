/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FLASH_H
#define FLASH_H

#include "hardware.h"

#define SECTOR 0x1000
#define BLOCK 0x10000
#define PAGE 0x100
#define PIECE 64 /* bytes that the controller moves at once */

void flash_init(void);

/* Read the JEDEC id, manufacturer in the low byte. */
uint32_t flash_id(void);
uint32_t flash_status(void);

/* Read whole pieces to a word-aligned place: start one, take it when the bus is done. In between is time. */
void flash_start(uint32_t address);
void flash_take(uint32_t *to);

/* Read any range. */
void flash_read(uint32_t address, uint8_t *to, uint32_t size);

/* Each waits for the end; false if the chip does not do it, or is busy for longer than it may. */
bool flash_erase_sector(uint32_t address);
bool flash_erase_block(uint32_t address);
bool flash_erase_chip(void);

/* Erase whole sectors, by whole blocks where that is possible. */
bool flash_erase(uint32_t address, uint32_t size);
bool flash_program(uint32_t address, const uint8_t *data, uint32_t size);

/* Make the flash hold `size` bytes (at most a sector, within one) from `data`, anywhere.
 * What it holds already is left alone. Returns one of these. */
enum { KEPT, PROGRAMMED, ERASED, FAILED };
int flash_make(uint32_t address, const uint8_t *data, uint32_t size, bool may_erase);

#endif
