/* SPDX-License-Identifier: Apache-2.0 */
#ifndef INFLATE_H
#define INFLATE_H

#include <stdbool.h>
#include <stdint.h>

#define WINDOW 0x8000

enum inflate_result { INFLATE_MORE, INFLATE_FULL, INFLATE_DONE, INFLATE_BAD };

/* Begin a stream; `zlib`: it has zlib's two bytes of header in front. */
void inflate_begin(bool zlib);

/* Give it more input, which stays in place until INFLATE_MORE. */
void inflate_feed(const uint8_t *data, uint32_t size);

/* Unpack until the input is used up, `until` bytes are out in all, the stream ends, or it is damaged. */
enum inflate_result inflate_run(uint32_t until);

/* How much came out in all; each byte lies at its place in the stream modulo WINDOW in `inflate_window`. */
extern uint32_t inflate_out;

/* Behind the end of the stream: the next byte that was given, -1 if there is none. */
int inflate_rest(void);

#endif
