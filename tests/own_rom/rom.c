/* SPDX-License-Identifier: Apache-2.0
 *
 * A small boot ROM of our own for the ESP8266, written from the specification of the download protocol. It is
 * nobody's firmware: it is there to show that code of that kind runs from the reset vector on.
 */
typedef unsigned char u8;
typedef unsigned int u32;

#define REG(address) (*(volatile u32 *)(address))
#define UART(offset) REG(0x60000000 + (offset))
#define SPI(offset) REG(0x60000200 + (offset))

enum { FIFO = 0x00, INT_ST = 0x08, INT_ENA = 0x0C, INT_CLR = 0x10, CLKDIV = 0x14, AUTOBAUD = 0x18, STATUS = 0x1C,
       CONF0 = 0x20, CONF1 = 0x24, LOW = 0x28, HIGH = 0x2C, EDGES = 0x30 };
enum { SYNC = 8, WRITE_REG = 9, READ_REG = 10, MEM_BEGIN = 5, MEM_END = 6, MEM_DATA = 7, FLASH_BEGIN = 2,
       FLASH_DATA = 3, FLASH_END = 4, SPI_SET_PARAMS = 11 };
enum { INVALID = 5, FAILED = 6, BAD_CHECKSUM = 7, DIFFERS = 8 };

static u8 packet[0x2000] __attribute__((section(".bss.packet"), aligned(4)));
static volatile u8 ring[256];
static volatile u32 written, taken;
volatile u32 ticks = 0;
static u32 flash[6] = { 0x1640EF, 0x400000, 0x10000, 0x1000, 0x100, 0xFFFF };
static u32 blocks, block_size, sequence, at, entry;
static u8 reply[10] = { 1, 0, 2, 0 }, error;  /* a code stays until SYNC, READ_REG or WRITE_REG clears it */

static inline u32 cycles(void) { u32 now; __asm__ volatile("rsr.ccount %0" : "=a"(now)); return now; }
static void delay(u32 count) { u32 from = cycles(); while (cycles() - from < count) {} }

void on_interrupt(u32 pending)
{
    if (pending & 1 << 5) {
        while (UART(STATUS) & 0xFF) {
            ring[written & 255] = UART(FIFO);
            written++;
        }
        UART(INT_CLR) = UART(INT_ST);
    }
    if (pending & 1 << 6) {
        u32 next;
        __asm__ volatile("rsr.ccompare0 %0" : "=a"(next));
        next += 52000;
        __asm__ volatile("wsr.ccompare0 %0; esync" : : "a"(next));
        ticks++;
    }
}

static void send(u8 byte)
{
    while (UART(STATUS) >> 16 & 0xFF) {}
    UART(FIFO) = byte;
}

static void print(const char *text) { while (*text) send(*text++); }

static u8 receive(void)
{
    while (taken == written) {
        u32 old;
        __asm__ volatile("rsil %0, 1" : "=a"(old));  /* so that no byte comes between the look and the sleep */
        if (taken == written) __asm__ volatile("waiti 0");
        __asm__ volatile("wsr.ps %0; rsync" : : "a"(old));
    }
    return ring[taken++ & 255];
}

static u32 frame(void)
{
    u32 size = 0;
    while (receive() != 0xC0) {}
    for (;;) {
        u8 byte = receive();
        if (byte == 0xC0) {
            if (size) return size;
            continue;
        }
        if (byte == 0xDB) {
            byte = receive();
            byte = byte == 0xDC ? 0xC0 : byte == 0xDD ? 0xDB : byte;
        }
        if (size < sizeof packet) packet[size] = byte;
        size++;
    }
}

static void send_reply(void)
{
    send(0xC0);
    for (u32 i = 0; i < sizeof reply; i++) {
        if (reply[i] == 0xC0) { send(0xDB); send(0xDC); }
        else if (reply[i] == 0xDB) { send(0xDB); send(0xDD); }
        else send(reply[i]);
    }
    send(0xC0);
}

static u32 word(u32 offset) { return *(u32 *)(packet + offset); }
static u32 claimed(void) { return packet[2] | packet[3] << 8; }

static void command(u32 bits) { SPI(0) = bits; while (SPI(0)) {} }
static u32 flash_status(void) { command(1 << 27); return SPI(0x10); }
static void wait_ready(void) { while (flash_status() & 1) {} }
static void write_enable(void) { wait_ready(); command(1 << 30); while (!(flash_status() & 2)) {} }

static void unlock(void)
{
    write_enable();
    SPI(0x10) = 0;
    command(1 << 26);
    wait_ready();
}

static u32 flash_id(void)
{
    u32 user = SPI(0x1C), user2 = SPI(0x24);
    SPI(0x1C) = 1u << 31 | 1 << 28;
    SPI(0x20) = 23 << 8;
    SPI(0x24) = 7u << 28 | 0x9F;
    SPI(0x40) = 0;
    command(1 << 18);
    SPI(0x1C) = user;
    SPI(0x24) = user2;
    return SPI(0x40);
}

static void program(u32 to, const u8 *data, u32 size)
{
    for (u32 done = 0; done < size; done += 32) {
        u32 part = size - done < 32 ? size - done : 32;
        write_enable();
        SPI(4) = (to + done) | part << 24;
        for (u32 i = 0; i < part; i += 4) SPI(0x40 + i) = *(const u32 *)(data + done + i);
        command(1 << 25);
        wait_ready();
    }
}

static void read_back(u32 from, u8 *data, u32 size)
{
    for (u32 done = 0; done < size; done += 32) {
        u32 part = size - done < 32 ? size - done : 32;
        SPI(4) = (from + done) | part << 24;
        command(1u << 31);
        for (u32 i = 0; i < part; i += 4) *(u32 *)(data + done + i) = SPI(0x40 + i);
    }
}

static u8 sum(const u8 *data, u32 size)
{
    u8 found = 0xEF;
    while (size--) found ^= *data++;
    return found;
}

static u32 begin(void)
{
    if (claimed() != 16 || word(16) > 0x1800) return INVALID;
    blocks = word(12);
    block_size = word(16);
    at = word(20);
    sequence = 0;
    return 0;
}

static u32 block(u32 multiple)
{
    if (claimed() > 0x1810 || word(12) != sequence || word(8) > block_size || word(8) & (multiple - 1)) return INVALID;
    sequence++;
    return sum(packet + 24, word(8)) == packet[4] ? 0 : BAD_CHECKSUM;
}

static u32 handle(u32 *leave)
{
    u32 failed;
    switch (packet[1]) {
    case SYNC:
        *(u32 *)(reply + 4) = word(8);
        return error = 0;
    case READ_REG:
        *(u32 *)(reply + 4) = REG(word(8));
        return error = 0;
    case WRITE_REG:
        for (u32 i = 0; i < claimed() / 16; i++) {
            u32 base = 8 + 16 * i, mask = word(base + 8);
            delay((word(base + 12) & 0xFFFF) * 80);
            REG(word(base)) = (REG(word(base)) & ~mask) | (word(base + 4) & mask);
        }
        return error = 0;
    case MEM_BEGIN:
        return begin();
    case MEM_DATA:
        if ((failed = block(1))) return failed;
        for (u32 i = 0; i < word(8); i += 4) REG(at + i) = word(24 + i);
        at += word(8);
        return 0;
    case MEM_END:
        if (claimed() > 8) return INVALID;
        *leave = !packet[8];
        entry = word(12);
        return 0;
    case FLASH_BEGIN:
        if ((failed = begin())) return failed;
        if (at + word(8) > flash[1] || at & (flash[3] - 1)) return FAILED;
        unlock();
        for (u32 done = 0; done < word(8); done += flash[3]) {
            write_enable();
            SPI(4) = at + done;
            command(1 << 24);
            wait_ready();
        }
        return 0;
    case FLASH_DATA:
        if ((failed = block(4))) return failed;
        program(at, packet + 24, word(8));
        read_back(at, packet + 24, word(8));
        if (sum(packet + 24, word(8)) != packet[4]) return DIFFERS;
        at += word(8);
        return 0;
    case FLASH_END:
        *leave = 1;
        entry = 0;
        return blocks == sequence ? 0 : FAILED;
    case SPI_SET_PARAMS:
        if (claimed() != 24) return INVALID;
        for (u32 i = 0; i < 6; i++) flash[i] = word(8 + 4 * i);
        return 0;
    }
    return INVALID;
}

static void find_baud(void)
{
    UART(AUTOBAUD) = 0x801;
    while (UART(EDGES) <= 29) delay(80000);
    u32 divisor = ((UART(LOW) & 0xFFFFF) + (UART(HIGH) & 0xFFFFF)) / 2 + 12;
    UART(AUTOBAUD) = 0;
    UART(CLKDIV) = divisor & 0xFFFF;
    UART(CONF0) |= 3 << 17;
    UART(CONF0) &= ~(3 << 17);
}

void rom_main(void)
{
    UART(CLKDIV) = 80000000 / 115200;
    UART(CONF0) = 0x0C;
    UART(CONF1) = 1;
    UART(INT_ENA) = 1;
    u32 straps = REG(0x60000318);
    print("\r\nown rom, cause ");
    send('0' + (REG(0x60000714) & 15));
    print(", mode ");
    send('0' + (straps >> 16 & 7));
    print("\r\n");
    flash[0] = flash_id();
    if ((straps >> 16 & 7) != 1) return;
    find_baud();
    u32 enable = 1 << 5 | 1 << 6, first = cycles() + 52000;
    __asm__ volatile("wsr.ccompare0 %0; wsr.intenable %1; rsync" : : "a"(first), "a"(enable));
    for (u32 leave = 0; !leave;) {
        frame();
        u32 failed = packet[0] ? INVALID : handle(&leave);
        if (!packet[0] && packet[1] >= FLASH_BEGIN && packet[1] <= SPI_SET_PARAMS) reply[1] = packet[1];
        reply[8] = failed != 0;
        if (failed) error = failed;
        reply[9] = error;
        for (u32 times = reply[1] == SYNC ? 8 : 1; times--;) send_reply();
    }
    if (entry) ((void (*)(void))entry)();
    print("done\r\n");
}
