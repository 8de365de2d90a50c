/* SPDX-License-Identifier: Apache-2.0 */
#ifndef COMMANDS_H
#define COMMANDS_H

#include <stdbool.h>
#include <stdint.h>

/*
 * What the main loop does after a command. `AGAIN`: another packet has come meanwhile, and waits. `LEAVE`: back to the
 * ROM, which boots the flash. `RESTART`: the chip is reset, and is in its ROM's loader if that is how it started.
 */
enum next { GO_ON, AGAIN, LEAVE, RESTART };

/* The commands that all stub loaders have. */
enum next do_known(void);

/* Whether the packet is one of those. */
bool is_known(void);

/* Those of our own. */
enum next do_own(void);

#define OWN_FIRST 0xE0

/* Forget a write that was begun, or what the window holds: something else needs its memory. */
void write_forget(void);
void window_forget(void);

#endif
