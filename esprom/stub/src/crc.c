/* SPDX-License-Identifier: Apache-2.0 */
#include "crc.h"

static uint32_t table[256];

void crc_init(void)
{
    for (uint32_t byte = 0; byte < 256; byte++) {
        uint32_t value = byte;
        for (int bit = 0; bit < 8; bit++)
            value = value & 1 ? value >> 1 ^ 0xEDB88320 : value >> 1;
        table[byte] = value;
    }
}

uint32_t crc32(uint32_t crc, const uint8_t *data, uint32_t size)
{
    const uint8_t *end = data + size;
    crc = ~crc;
    while (data != end)
        crc = table[(crc ^ *data++) & 0xFF] ^ crc >> 8;
    return ~crc;
}
