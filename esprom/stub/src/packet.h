/* SPDX-License-Identifier: Apache-2.0
 *
 * Packets and frames, as specs/protocol.md and specs/slip.md have them.
 */
#ifndef PACKET_H
#define PACKET_H

#include <stdbool.h>
#include <stdint.h>

#define BODY_MAX (0x4000 + 16) /* a data block of 16 KiB behind its header */

typedef struct {
    uint8_t direction, command;
    uint16_t size; /* of the body */
    uint32_t check;
    uint8_t body[BODY_MAX + 4]; /* longer than a packet may be, so that it is seen */
} packet_t;

/* The packet that was received last. */
extern packet_t packet;

/* Look at what has been received; the size of a frame that is complete, which lies in `packet`. Never waits. */
uint32_t frame_receive(void);

/* Whether that frame is a packet. */
bool packet_whole(void);

/* The word at `offset` of the packet's body. */
uint32_t packet_word(uint32_t offset);

/* Answer the packet: `size` bytes of body, then the status. The value is that of READ_REG. */
void answer(uint32_t value, const void *body, uint32_t size, uint8_t status);

/* The pieces of a frame that is sent. */
void frame_begin(void);
void frame_put(const void *, uint32_t size);
void frame_end(void);

/* The first nine bytes of a packet with a body of `size`. */
void frame_header(uint8_t command, uint32_t size, uint32_t value);

#endif
