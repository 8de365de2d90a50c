/* SPDX-License-Identifier: Apache-2.0 */
#ifndef DEFLATE_H
#define DEFLATE_H

#include <stdint.h>

#define DEFLATE_MAX 0x1000 /* bytes at once */
#define DEFLATE_HASH_BITS 11
#define DEFLATE_OVER 8

void deflate_init(void);

/* Compress `data` into `to` as one block of raw deflate with the fixed codes; return its size.
 * 0 if that is not less than `limit`; up to DEFLATE_OVER bytes behind that may have been written. `effort`: how many earlier places each string is compared with. */
uint32_t deflate(const uint8_t *data, uint32_t size, uint8_t *to, uint32_t limit, uint32_t effort);

#endif
