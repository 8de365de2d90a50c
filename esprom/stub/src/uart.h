/* SPDX-License-Identifier: Apache-2.0 */
#ifndef UART_H
#define UART_H

#include "hardware.h"

#define RX_SIZE 0x4000 /* bytes; the host may have so many on their way */
#define TX_SIZE 0x2000

void uart_init(void);

/* Take the next received byte; -1 if there is none. */
int uart_get(void);

/* Wait for an interrupt, unless something is received already. */
void uart_wait(void);

/* Queue bytes; waits for room. The transmitter is refilled by interrupt. */
void uart_put_all(const uint8_t *, uint32_t size);

/* Wait until all that is queued has left. */
void uart_flush(void);

/* Send all that is queued, and interrupt no more: somebody else will run. */
void uart_close(void);

/* Change the rate. What is being received meanwhile is lost. */
void uart_set_divisor(uint32_t divisor);

/* The same, but back to the rate before it, unless another change has come within so many cycles. */
void uart_try_divisor(uint32_t divisor, uint32_t cycles);

/* The clock that the divisor divides, if the rate in use is called `baud`. */
uint32_t uart_hertz(uint32_t baud);

/* What makes `wanted` of it, where the rate in use is called `now`; 0 if nothing does. */
uint32_t uart_divisor(uint32_t wanted, uint32_t now);

/* How often the receive FIFO or the ring has overflowed. */
extern volatile uint32_t uart_overflows;

#endif
