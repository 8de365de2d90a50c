/* SPDX-License-Identifier: Apache-2.0
 *
 * UART0 behind two rings. Both are moved by the interrupt handler alone, so that the line stays busy and
 * nothing is lost while the rest of the program hashes, compresses or waits for the flash.
 */
#include "uart.h"

#define RECEIVING (UART_RX_FULL | UART_RX_TIMEOUT | UART_RX_OVERFLOW)
#define FIFO_SIZE 128
#define DIVISOR_MAX 0xFFFFF
#define RX_THRESHOLD 48 /* leaves 80 byte times until a byte is lost: 400 us at 2 Mbaud */
#define TX_THRESHOLD 32
#define TIMEOUT 2 /* units of the receiver's timeout: the last bytes of a frame do not wait long */

static uint8_t rx_ring[RX_SIZE], tx_ring[TX_SIZE];
static volatile uint32_t rx_head, rx_tail, tx_head, tx_tail; /* ever growing */
static volatile bool sending; /* the handler is called as long as there is room in the transmitter */
volatile uint32_t uart_overflows;
static uint32_t known_divisor; /* before the trial */
static volatile bool on_trial;

static void receive(void)
{
    uint32_t head = rx_head, count;
    while ((count = UART_STATUS & 0xFF) != 0) {
        if (head + count - rx_tail > RX_SIZE)
            uart_overflows++;
        do {
            uint8_t byte = UART_FIFO;
            if (head - rx_tail < RX_SIZE)
                rx_ring[head++ % RX_SIZE] = byte;
        } while (--count);
    }
    rx_head = head;
}

static void transmit(void)
{
    uint32_t tail = tx_tail, room = FIFO_SIZE - 2 - (UART_STATUS >> 16 & 0xFF), waiting = tx_head - tail;
    if (waiting < room) {
        room = waiting;
        sending = false;
        UART_INT_ENA = RECEIVING;
    }
    while (room--)
        UART_FIFO = tx_ring[tail++ % TX_SIZE];
    tx_tail = tail;
}

static void handler(void *unused)
{
    uint32_t status = UART_INT_ST;
    (void)unused;
    UART_INT_CLR = status & (UART_RX_TIMEOUT | UART_RX_OVERFLOW); /* first: it may happen again meanwhile */
    if (status & UART_RX_OVERFLOW)
        uart_overflows++;
    if (status & RECEIVING)
        receive();
    if (status & UART_TX_EMPTY)
        transmit();
    UART_INT_CLR = status & (UART_RX_FULL | UART_TX_EMPTY); /* last: these are as the FIFOs are now */
}

void uart_init(void)
{
    ets_isr_mask(1 << UART_INTERRUPT);
    UART_CONF1 = 1u << 31 | TIMEOUT << 24 | TX_THRESHOLD << 8 | RX_THRESHOLD;
    UART_INT_CLR = 0xFFFFFFFF;
    UART_INT_ENA = RECEIVING;
    ets_isr_attach(UART_INTERRUPT, handler, 0);
    ets_isr_unmask(1 << UART_INTERRUPT);
}

/* What is looked at between these two cannot change before the CPU waits for it. */
#define MASK_INTERRUPTS() __asm__ volatile("rsil a15, 1" ::: "a15", "memory")
#define UNMASK_INTERRUPTS() __asm__ volatile("rsil a15, 0" ::: "a15", "memory")
#define UNMASK_AND_WAIT() __asm__ volatile("waiti 0" ::: "memory")

void uart_wait(void)
{
    MASK_INTERRUPTS();
    if (rx_tail == rx_head)
        UNMASK_AND_WAIT();
    else
        UNMASK_INTERRUPTS();
}

static void wait_for_room(uint32_t head)
{
    MASK_INTERRUPTS();
    if (head - tx_tail == TX_SIZE)
        UNMASK_AND_WAIT();
    else
        UNMASK_INTERRUPTS();
}

int uart_get(void)
{
    uint32_t tail = rx_tail;
    if (tail == rx_head)
        return -1;
    int byte = rx_ring[tail % RX_SIZE];
    rx_tail = tail + 1;
    return byte;
}

static void send_queued(void)
{
    if (!sending) {
        sending = true;
        UART_INT_ENA = RECEIVING | UART_TX_EMPTY;
    }
}

void uart_put_all(const uint8_t *data, uint32_t size)
{
    uint32_t head = tx_head;
    while (size) {
        uint32_t room = TX_SIZE - (head - tx_tail);
        if (!room) {
            wait_for_room(head);
            continue;
        }
        if (room > size)
            room = size;
        size -= room;
        while (room--)
            tx_ring[head++ % TX_SIZE] = *data++;
        tx_head = head;
        send_queued();
    }
}

void uart_flush(void)
{
    while (tx_head != tx_tail)
        ;
    while (UART_STATUS >> 16 & 0xFF)
        ;
    ets_delay_us(UART_CLKDIV >> 2); /* the byte in the shift register: at most 10 bits */
}

void uart_close(void)
{
    uart_flush();
    UART_INT_ENA = 0;
    ets_isr_mask(1 << UART_INTERRUPT | 1 << TIMER_INTERRUPT);
}

void uart_set_divisor(uint32_t divisor)
{
    on_trial = false;
    UART_CLKDIV = divisor;
}

static void set_alarm(uint32_t cycles)
{
    uint32_t now;
    __asm__ volatile("rsr.ccount %0" : "=r"(now));
    __asm__ volatile("wsr.ccompare0 %0; esync" ::"r"(now + cycles)); /* clears the interrupt, too */
}

static void trial_over(void *unused)
{
    (void)unused;
    set_alarm(-1); /* as far away as can be; nothing is done then */
    if (on_trial)
        uart_set_divisor(known_divisor);
}

void uart_try_divisor(uint32_t divisor, uint32_t cycles)
{
    if (!on_trial)
        known_divisor = UART_CLKDIV;
    set_alarm(cycles); /* before all else: that of a trial before this one may be about to go off */
    UART_CLKDIV = divisor;
    on_trial = true;
    ets_isr_attach(TIMER_INTERRUPT, trial_over, 0);
    ets_isr_unmask(1 << TIMER_INTERRUPT);
}

uint32_t uart_hertz(uint32_t baud)
{
    return UART_CLKDIV * (baud ? baud : 115200) > 66000000 ? 80000000 : 52000000; /* crystals of 40 and 26 MHz */
}

uint32_t uart_divisor(uint32_t wanted, uint32_t now)
{
    uint32_t divisor = wanted ? (uart_hertz(now) + wanted / 2) / wanted : 0;
    return divisor <= DIVISOR_MAX ? divisor : 0;
}
