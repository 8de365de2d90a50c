/* SPDX-License-Identifier: Apache-2.0 */
#ifndef STREAM_H
#define STREAM_H

#include <stdbool.h>

#include "commands.h"

enum { STREAM = 0xE3, STREAM_FRAME, STREAM_CONTROL };
enum kind { RAW, REPEAT, PACKED, DIGEST, PACKED_AFTER };

/* Whether the packet asks for something that can be sent. */
bool stream_asked_well(void);

/* STREAM: send a range of the flash without waiting for each piece to be confirmed. */
enum next stream(void);

#endif
