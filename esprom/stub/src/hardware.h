/* SPDX-License-Identifier: Apache-2.0
 *
 * The chip: registers and functions of the boot ROM. Names of registers and their layout are the vendor's
 * public headers', addresses of ROM functions those of its public linker script.
 */
#ifndef HARDWARE_H
#define HARDWARE_H

#include <stdbool.h>
#include <stdint.h>

#define REG(address) (*(volatile uint32_t *)(address))

#define UART_FIFO REG(0x60000000)
#define UART_INT_ST REG(0x60000008)
#define UART_INT_ENA REG(0x6000000C)
#define UART_INT_CLR REG(0x60000010)
#define UART_CLKDIV REG(0x60000014)
#define UART_STATUS REG(0x6000001C)
#define UART_CONF1 REG(0x60000024)
#define UART_RX_FULL (1u << 0)
#define UART_TX_EMPTY (1u << 1)
#define UART_RX_OVERFLOW (1u << 4)
#define UART_RX_TIMEOUT (1u << 8)
#define UART_INTERRUPT 5
#define TIMER_INTERRUPT 6 /* the CPU's own: CCOMPARE0 */

#define SPI_CMD REG(0x60000200)
#define SPI_ADDR REG(0x60000204)
#define SPI_CTRL REG(0x60000208)
#define SPI_RD_STATUS REG(0x60000210)
#define SPI_USER REG(0x6000021C)
#define SPI_USER1 REG(0x60000220)
#define SPI_USER2 REG(0x60000224)
#define SPI_W ((volatile uint32_t *)0x60000240)
#define SPI_CMD_WRITE_ENABLE (1u << 30)
#define SPI_CMD_READ_STATUS (1u << 27)
#define SPI_CMD_USR (1u << 18)

#define IO_MUX_SPI_PADS ((volatile uint32_t *)0x60000808) /* six: SD_CLK to SD_CMD */
#define RTC_CONTROL REG(0x60000700)
#define RTC_SOFTWARE_RESET (1u << 31)
#define EFUSE ((volatile uint32_t *)0x3FF00050) /* four words */

typedef void (*isr_t)(void *);

void ets_isr_attach(int number, isr_t handler, void *argument);
void ets_isr_mask(uint32_t mask);
void ets_isr_unmask(uint32_t mask);
void ets_set_user_start(void (*entry)(void)); /* what the ROM calls instead of booting the flash */
void ets_delay_us(uint32_t us);

typedef struct {
    uint32_t state[22];
} md5_t;

void MD5Init(md5_t *);
void MD5Update(md5_t *, const void *, uint32_t size);
void MD5Final(uint8_t digest[16], md5_t *);

void *memcpy(void *, const void *, unsigned);
void *memset(void *, int, unsigned);

#endif
