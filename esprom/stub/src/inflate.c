/* SPDX-License-Identifier: Apache-2.0
 *
 * RFC 1951, in steps that are taken whole or not at all: where the input ends in the middle of one, the
 * bits that it has taken are put back, and it is begun again when there is more.
 */
#include "inflate.h"
#include "hardware.h"
#include "memory.h"

#define MAX_BITS 15
#define MAX_LITERALS 288
#define MAX_DISTANCES 32
#define CODE_LENGTHS 19

typedef struct {
    uint16_t count[MAX_BITS + 1]; /* codes of each length */
    uint16_t *symbols;            /* in the order of their codes */
} code_t;

enum state { ZLIB, BLOCK_HEADER, STORED_HEADER, STORED, LENGTH_CODE, LENGTHS, SYMBOLS, FINISHED, DAMAGED };

static enum state state;
static bool last_block;
static uint8_t carried[16]; /* the end of the input before, of a step that was begun; a step takes 71 bits */
static const uint8_t *input;
static uint32_t carried_size, left; /* bytes of either, which follow each other */
static uint32_t position;           /* of the next byte in both */
static uint32_t hold, held;         /* bits that are taken from there, and how many */
static bool ran_out;
static uint32_t stored, literals, distances, known;
static uint8_t lengths[MAX_LITERALS + MAX_DISTANCES];
static uint16_t literal_symbols[MAX_LITERALS], distance_symbols[MAX_DISTANCES];
static code_t literal_code, distance_code;

uint32_t inflate_out;

void inflate_begin(bool zlib)
{
    state = zlib ? ZLIB : BLOCK_HEADER;
    last_block = false;
    left = carried_size = position = hold = held = inflate_out = 0;
    literal_code.symbols = literal_symbols, distance_code.symbols = distance_symbols;
}

static uint32_t byte_at(uint32_t at)
{
    return at < carried_size ? carried[at] : input[at - carried_size];
}

void inflate_feed(const uint8_t *data, uint32_t size)
{
    input = data, left = size;
    if (state == FINISHED)
        carried_size = position = 0;
}

int inflate_rest(void)
{
    hold >>= held & 7, held &= ~7u;
    if (held) {
        int byte = hold & 0xFF;
        hold >>= 8, held -= 8;
        return byte;
    }
    return position < carried_size + left ? (int)byte_at(position++) : -1;
}

/* Hold at least 16 bits, if there are. */
static void refill(void)
{
    while (held < 16 && position < carried_size + left) {
        hold |= byte_at(position++) << held;
        held += 8;
    }
}

/* Copy what a step that was begun needs again: its input will not stay. */
static void carry(void)
{
    uint32_t kept = 0;
    while (position < carried_size + left && kept < sizeof carried)
        carried[kept++] = byte_at(position++); /* never overtakes what it reads */
    carried_size = kept, position = left = 0;
}

/* At most 16. */
static uint32_t take(uint32_t count)
{
    refill();
    if (count > held) {
        ran_out = true;
        return 0;
    }
    uint32_t value = hold & ((1u << count) - 1);
    hold >>= count, held -= count;
    return value;
}

/* Canonical codes: those of one length are consecutive numbers, and follow those of the length below. */
static bool make_code(code_t *code, const uint8_t *length, uint32_t size)
{
    uint16_t next[MAX_BITS + 1];
    int32_t room = 1;
    memset(code->count, 0, sizeof code->count);
    for (uint32_t symbol = 0; symbol < size; symbol++)
        code->count[length[symbol]]++;
    code->count[0] = 0;
    next[1] = 0;
    for (uint32_t count = 1; count <= MAX_BITS; count++) {
        room = 2 * room - code->count[count];
        if (room < 0)
            return false;
        if (count < MAX_BITS)
            next[count + 1] = next[count] + code->count[count];
    }
    for (uint32_t symbol = 0; symbol < size; symbol++)
        if (length[symbol])
            code->symbols[next[length[symbol]]++] = symbol;
    return true;
}

static uint32_t decode(const code_t *code)
{
    refill();
    uint32_t first = 0, value = 0, coming = hold; /* of this length: first code */
    uint32_t available = held < MAX_BITS ? held : MAX_BITS;
    const uint16_t *symbols = code->symbols, *counts = code->count;
    for (uint32_t length = 1; length <= available; length++) {
        uint32_t count = *++counts;
        value = value << 1 | (coming & 1);
        coming >>= 1;
        if (value - first < count) {
            hold = coming, held -= length;
            return symbols[value - first];
        }
        symbols += count;
        first = (first + count) << 1;
    }
    if (available == MAX_BITS)
        state = DAMAGED;
    else
        ran_out = true;
    return 0;
}

static void emit(uint8_t byte)
{
    inflate_window[inflate_out++ % WINDOW] = byte;
}

static void begin_block(void)
{
    uint32_t last = take(1), kind = take(2);
    if (ran_out)
        return;
    last_block = last;
    if (kind == 0) {
        hold >>= held & 7, held &= ~7u;
        state = STORED_HEADER;
    } else if (kind == 1) {
        memset(lengths, 8, 144);
        memset(lengths + 144, 9, 112);
        memset(lengths + 256, 7, 24);
        memset(lengths + 280, 8, 8);
        memset(lengths + MAX_LITERALS, 5, MAX_DISTANCES);
        make_code(&literal_code, lengths, MAX_LITERALS);
        make_code(&distance_code, lengths + MAX_LITERALS, 30);
        state = SYMBOLS;
    } else
        state = kind == 2 ? LENGTH_CODE : DAMAGED;
}

static void begin_stored(void)
{
    uint32_t size = take(16), inverse = take(16);
    if (ran_out)
        return;
    stored = size;
    state = (size ^ inverse) == 0xFFFF ? STORED : DAMAGED;
}

/* The code of the code lengths: at most 14 + 57 bits, which all have to be there. */
static void read_length_code(void)
{
    uint32_t literal = take(5) + 257, distance = take(5) + 1, count = take(4) + 4;
    uint8_t length[CODE_LENGTHS];
    memset(length, 0, sizeof length);
    for (uint32_t index = 0; index < count; index++) {
        /* In the order 16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15. */
        uint32_t symbol = index < 3 ? 16 + index : index == 3 ? 0 : 8 + ((index - 4) >> 1);
        if (index > 3 && index & 1)
            symbol = 15 - symbol;
        length[symbol] = take(3);
    }
    if (ran_out)
        return;
    literals = literal, distances = distance, known = 0;
    state = literal <= 286 && make_code(&literal_code, length, CODE_LENGTHS) ? LENGTHS : DAMAGED;
}

static void read_length(void)
{
    uint32_t symbol = decode(&literal_code), count = 1, value = symbol;
    if (symbol >= 16) {
        value = 0;
        if (symbol == 16) {
            count = 3 + take(2);
            if (!known)
                state = DAMAGED;
            else
                value = lengths[known - 1];
        } else
            count = symbol == 17 ? 3 + take(3) : 11 + take(7);
    }
    if (ran_out || state == DAMAGED)
        return;
    if (known + count > literals + distances) {
        state = DAMAGED;
        return;
    }
    memset(lengths + known, value, count);
    known += count;
    if (known == literals + distances) {
        bool good = lengths[256] && make_code(&literal_code, lengths, literals);
        good = good && make_code(&distance_code, lengths + literals, distances);
        state = good ? SYMBOLS : DAMAGED;
    }
}

static void read_symbol(void)
{
    uint32_t symbol = decode(&literal_code);
    if (ran_out || state == DAMAGED)
        return;
    if (symbol < 256)
        emit(symbol);
    else if (symbol == 256)
        state = last_block ? FINISHED : BLOCK_HEADER;
    else {
        uint32_t length = symbol - 257, distance;
        if (length < 8)
            length += 3;
        else if (length < 28) {
            uint32_t extra = (length - 4) >> 2;
            length = ((4 + (length & 3)) << extra) + 3 + take(extra);
        } else
            length = 258;
        distance = decode(&distance_code);
        if (distance >= 4) {
            uint32_t extra = (distance >> 1) - 1;
            distance = ((2 + (distance & 1)) << extra) + take(extra);
        }
        if (ran_out || state == DAMAGED)
            return;
        if (symbol > 285 || ++distance > inflate_out) {
            state = DAMAGED;
            return;
        }
        while (length--)
            emit(inflate_window[(inflate_out - distance) % WINDOW]);
    }
}

static void step(void)
{
    switch (state) {
    case ZLIB:
        if (take(8) % 16 != 8 && !ran_out)
            state = DAMAGED;
        take(8);
        if (!ran_out && state != DAMAGED)
            state = BLOCK_HEADER;
        break;
    case BLOCK_HEADER:
        begin_block();
        break;
    case STORED_HEADER:
        begin_stored();
        break;
    case STORED:
        if (stored) {
            uint32_t byte = take(8);
            if (!ran_out) {
                emit(byte);
                stored--;
            }
        } else
            state = last_block ? FINISHED : BLOCK_HEADER;
        break;
    case LENGTH_CODE:
        read_length_code();
        break;
    case LENGTHS:
        read_length();
        break;
    default:
        read_symbol();
    }
}

enum inflate_result inflate_run(uint32_t until)
{
    while (state < FINISHED) {
        uint32_t began = position, began_hold = hold, began_held = held;
        if (inflate_out >= until)
            return INFLATE_FULL;
        ran_out = false;
        step();
        if (ran_out) {
            position = began, hold = began_hold, held = began_held;
            carry();
            return INFLATE_MORE;
        }
    }
    return state == FINISHED ? INFLATE_DONE : INFLATE_BAD;
}
