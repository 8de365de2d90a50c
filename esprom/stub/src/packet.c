/* SPDX-License-Identifier: Apache-2.0 */
#include "packet.h"
#include "hardware.h"
#include "uart.h"

#define END 0xC0
#define ESC 0xDB
#define ESC_END 0xDC
#define ESC_ESC 0xDD
#define HEADER 8

packet_t packet;
static uint32_t received; /* bytes of a packet that has begun, or of one that is complete */
static bool escaped, complete;

bool packet_whole(void)
{
    return received >= HEADER && packet.direction == 0 && received == HEADER + (uint32_t)packet.size;
}

uint32_t frame_receive(void)
{
    uint8_t *to = (uint8_t *)&packet;
    int byte;
    if (complete)
        received = 0, complete = false;
    while ((byte = uart_get()) >= 0) {
        if (byte == END) {
            complete = !escaped && received && received < sizeof packet;
            escaped = false;
            if (complete)
                return received;
            received = 0;
            continue;
        }
        if (escaped) {
            escaped = false;
            if (byte != ESC_END && byte != ESC_ESC)
                received = sizeof packet; /* damaged: never complete */
            byte = byte == ESC_END ? END : ESC;
        } else if (byte == ESC) {
            escaped = true;
            continue;
        }
        if (received < sizeof packet)
            to[received++] = byte;
    }
    return 0;
}

uint32_t packet_word(uint32_t offset)
{
    uint32_t word;
    memcpy(&word, packet.body + offset, sizeof word);
    return word;
}

void frame_begin(void)
{
    uint8_t end = END;
    uart_put_all(&end, 1);
}

void frame_put(const void *data, uint32_t size)
{
    const uint8_t *from = data, *end = from + size;
    while (from != end) {
        const uint8_t *plain = from;
        while (from != end && *from != END && *from != ESC)
            from++;
        uart_put_all(plain, from - plain);
        if (from != end) {
            uint8_t escape[] = {ESC, *from++ == END ? ESC_END : ESC_ESC};
            uart_put_all(escape, sizeof escape);
        }
    }
}

void frame_end(void)
{
    uint8_t end = END;
    uart_put_all(&end, 1);
}

void frame_header(uint8_t command, uint32_t size, uint32_t value)
{
    uint8_t head[] = {1, command, size, size >> 8, value, value >> 8, value >> 16, value >> 24};
    frame_begin();
    frame_put(head, sizeof head);
}

void answer(uint32_t value, const void *body, uint32_t size, uint8_t status)
{
    uint8_t end[] = {status, 0};
    frame_header(packet.command, size + sizeof end, value);
    frame_put(body, size);
    frame_put(end, sizeof end);
    frame_end();
}
