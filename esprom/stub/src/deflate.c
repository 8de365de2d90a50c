/* SPDX-License-Identifier: Apache-2.0
 *
 * A compressor for one frame (RFC 1951, fixed Huffman codes). The window is the frame, so that each can be
 * understood, and asked for again, alone. Strings of three bytes are found by a hash; those with the same
 * hash are chained, newest first.
 */
#include "deflate.h"
#include "hardware.h"
#include "memory.h"

#define MIN_MATCH 3
#define MAX_MATCH 258
#define END_OF_BLOCK 256
#define FIXED_BLOCK 3 /* the last block, with fixed codes: three bits */

static uint16_t codes[288]; /* bits in reading order, above them (from bit 12) how many */

/* Where bits go: kept in registers, hence passed and inlined. */
typedef struct {
    uint8_t *out;
    uint32_t bits, count;
} sink_t;
#define INLINE static inline __attribute__((always_inline))

static uint32_t reversed(uint32_t value, uint32_t count)
{
    uint32_t result = 0;
    while (count--) {
        result = result << 1 | (value & 1);
        value >>= 1;
    }
    return result;
}

void deflate_init(void)
{
    for (uint32_t symbol = 0; symbol < 288; symbol++) {
        uint32_t count = 8, code = symbol + 0x30;
        if (symbol >= 280)
            code = symbol - 280 + 0xC0;
        else if (symbol >= 256)
            count = 7, code = symbol - 256;
        else if (symbol >= 144)
            count = 9, code = symbol - 144 + 0x190;
        codes[symbol] = count << 12 | reversed(code, count);
    }
}

/* Append at most 16 bits. */
INLINE void put(sink_t *sink, uint32_t value, uint32_t count)
{
    sink->bits |= value << sink->count;
    sink->count += count;
    while (sink->count >= 8) {
        *sink->out++ = sink->bits;
        sink->bits >>= 8;
        sink->count -= 8;
    }
}

INLINE void put_symbol(sink_t *sink, uint32_t symbol)
{
    uint32_t code = codes[symbol];
    put(sink, code & 0xFFF, code >> 12);
}

static uint32_t log2_of(uint32_t value)
{
    return 31 - __builtin_clz(value);
}

/* The bits of a length: its symbol and what follows it; how many, in `count`. At most 8 + 5. */
static uint32_t length_bits(uint32_t length, uint32_t *count)
{
    uint32_t symbol, extra = 0, offset = length - MIN_MATCH;
    if (length == MAX_MATCH)
        symbol = 285;
    else if (offset < 8)
        symbol = 257 + offset;
    else {
        extra = log2_of(offset) - 2;
        symbol = 257 + 4 * extra + (offset >> extra);
    }
    uint32_t bits = codes[symbol] >> 12;
    *count = bits + extra;
    return (codes[symbol] & 0xFFF) | (offset & ((1 << extra) - 1)) << bits;
}

/* The same of a distance: at most 5 + 10 in a frame. */
static uint32_t distance_bits(uint32_t distance, uint32_t *count)
{
    uint32_t symbol = --distance, extra = 0;
    if (distance >= 4) {
        extra = log2_of(distance) - 1;
        symbol = 2 * extra + (distance >> extra);
    }
    *count = 5 + extra;
    return reversed(symbol, 5) | (distance & ((1 << extra) - 1)) << 5;
}

INLINE uint32_t hash(const uint8_t *at)
{
    uint32_t three = at[0] | at[1] << 8 | at[2] << 16;
    return three * 0x9E3779B1u >> (32 - DEFLATE_HASH_BITS);
}

/* Put the string at `place` in front of its chain; return the one before it. */
INLINE uint32_t remember(const uint8_t *data, uint32_t place)
{
    uint16_t *head = &memory.packing.newest[hash(data + place)];
    uint32_t before = memory.packing.older[place] = *head;
    *head = place + 1;
    return before;
}

uint32_t deflate(const uint8_t *data, uint32_t size, uint8_t *to, uint32_t limit, uint32_t effort)
{
    sink_t sink = {to, FIXED_BLOCK, 3};
    memset(memory.packing.newest, 0, sizeof memory.packing.newest);
    uint32_t place = 0;
    while (place < size && sink.out < to + limit) {
        uint32_t best = MIN_MATCH - 1, distance = 0, left = size - place;
        if (left >= MIN_MATCH) {
            uint32_t candidate = remember(data, place), tries = effort;
            uint32_t longest = left < MAX_MATCH ? left : MAX_MATCH;
            const uint8_t *here = data + place;
            while (candidate && tries--) {
                const uint8_t *there = data + candidate - 1;
                if (there[best] == here[best] && there[0] == here[0]) {
                    uint32_t length = 1;
                    while (length < longest && there[length] == here[length])
                        length++;
                    if (length > best) {
                        best = length, distance = here - there;
                        if (length == longest)
                            break;
                    }
                }
                candidate = memory.packing.older[candidate - 1];
            }
        }
        if (distance) {
            uint32_t count, bits = length_bits(best, &count);
            put(&sink, bits, count);
            bits = distance_bits(distance, &count);
            put(&sink, bits, count);
            for (uint32_t end = place++ + best; place < end; place++)
                if (size - place >= MIN_MATCH)
                    remember(data, place);
        } else
            put_symbol(&sink, data[place++]);
    }
    put_symbol(&sink, END_OF_BLOCK);
    put(&sink, 0, 7);
    return sink.out < to + limit ? (uint32_t)(sink.out - to) : 0;
}
