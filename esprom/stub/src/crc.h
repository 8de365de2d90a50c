/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CRC_H
#define CRC_H

#include <stdint.h>

/* CRC-32 as zlib has it. Give 0, or what came of the bytes before. */
uint32_t crc32(uint32_t crc, const uint8_t *, uint32_t size);

void crc_init(void);

#endif
