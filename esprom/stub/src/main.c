/* SPDX-License-Identifier: Apache-2.0
 *
 * The stub loader: greets, then does one command after another.
 */
#include "commands.h"
#include "crc.h"
#include "deflate.h"
#include "flash.h"
#include "memory.h"
#include "packet.h"
#include "uart.h"

union memory memory;

extern uint32_t bss_start[], bss_end[];

void stub_main(void)
{
    ets_set_user_start(0);
    memset(bss_start, 0, (uint8_t *)bss_end - (uint8_t *)bss_start);
    crc_init();
    deflate_init();
    flash_init();
    uart_init();
    uint32_t greeting = 'O' | 'H' << 8 | 'A' << 16 | 'I' << 24;
    frame_begin();
    frame_put(&greeting, sizeof greeting);
    frame_end();
    enum next next = GO_ON;
    while (next < LEAVE)
        if (next == AGAIN || (frame_receive() && packet_whole()))
            next = packet.command < OWN_FIRST ? do_known() : do_own();
        else
            uart_wait();
    uart_close();
    while (next == RESTART)
        RTC_CONTROL |= RTC_SOFTWARE_RESET;
}
