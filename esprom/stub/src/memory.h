/* SPDX-License-Identifier: Apache-2.0
 *
 * The large buffers. Packing and unpacking never happen at once, so they share their place.
 */
#ifndef MEMORY_H
#define MEMORY_H

#include <stdint.h>

#include "deflate.h"
#include "flash.h"
#include "inflate.h"

extern union memory {
    struct {
        uint8_t sector[SECTOR];
        uint8_t packed[SECTOR + DEFLATE_OVER];
        uint16_t newest[1 << DEFLATE_HASH_BITS]; /* place + 1 of the newest string with a hash, 0 for none */
        uint16_t older[DEFLATE_MAX];             /* place + 1 of the one before the string at a place */
    } packing;
    struct {
        uint8_t window[WINDOW];
    } unpacking;
} memory __attribute__((aligned(4)));

#define inflate_window (memory.unpacking.window)

#endif
