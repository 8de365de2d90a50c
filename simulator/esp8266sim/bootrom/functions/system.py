# SPDX-License-Identifier: Apache-2.0
"""Time, resets, GPIO and the flash cache. Costs that were not measured are assumed to be a few cycles."""

from esp8266sim.bootrom import memory
from esp8266sim.bootrom.activity import Activity, Wait
from esp8266sim.bootrom.rom import MASK32, Function, Rom
from esp8266sim.cpu import special as sr
from esp8266sim.soc import dport, gpio, rtc, spi

DEEP_SLEEP_RESET = 5
REFINED_CAUSE = {1: 6, 8: 5}  # of cause 5, by bits 13:8 of the next RTC register
CACHE_EVEN_ODD, CACHE_PAIR = 3 << 24, 7 << 16
SPI_CACHE_ENABLE = 1 << 17  # in CTRL of SPI0
COST_CACHE = 60


def delay_cycles(rom: Rom, microseconds: int) -> int:
    """Return the cycles that the ROM waits for: as many for a microsecond as RAM says."""
    return microseconds * memory.word(rom.soc.bus, memory.CYCLES_PER_US) & MASK32


def delay_us(rom: Rom, microseconds: int) -> None:
    """ets_delay_us: counts cycles."""
    rom.spend(delay_cycles(rom, microseconds))


def update_cpu_frequency(rom: Rom, megahertz: int) -> None:
    """Say how many cycles ets_delay_us takes for a microsecond."""
    memory.set_word(rom.soc.bus, memory.CYCLES_PER_US, megahertz)


def get_cpu_frequency(rom: Rom) -> int:
    """Return what update_cpu_frequency has set."""
    return memory.word(rom.soc.bus, memory.CYCLES_PER_US)


def reset_reason(rom: Rom) -> int:
    """rtc_get_reset_reason: a deep sleep is looked at twice."""
    cause = rom.cpu.load32(rtc.BASE + rtc.STATE1) & 15
    if cause == DEEP_SLEEP_RESET:
        detail = rom.cpu.load32(rtc.BASE + rtc.STATE2) >> 8 & 0x3F
        return REFINED_CAUSE.get(detail, 0)
    return cause


def software_reset(rom: Rom) -> None:
    """Ask the RTC for a reset, and return."""
    control = rtc.BASE + rtc.CONTROL
    rom.cpu.store32(control, rom.cpu.load32(control) | rtc.SOFTWARE_RESET)


def set_user_start(rom: Rom, entry: int) -> None:
    """ets_set_user_start: what is run after the download loop."""
    memory.set_word(rom.soc.bus, memory.USER_START, entry)


def idle(_rom: Rom) -> Activity[None]:
    """ets_run: tasks are not modelled, so it serves interrupts only."""
    while True:
        yield Wait.EVER


def cache_enable(rom: Rom, odd_even: int, pair: int, large: int) -> None:
    """Cache_Read_Enable: show a MiB of the flash at 0x40200000, through 32 or 16 KiB of IRAM."""
    cpu = rom.cpu
    cache_disable(rom)
    control = cpu.load32(dport.BASE + dport.CACHE_FLASH_CTRL) & ~(CACHE_EVEN_ODD | CACHE_PAIR)
    parity = {0: 0, 1: 2}.get(odd_even & 0xFF, 1)
    control |= parity << 24 | (pair & 7) << 16
    cpu.store32(dport.BASE + dport.CACHE_FLASH_CTRL, control)
    banks = cpu.load32(dport.BASE + dport.CACHE_IRAM) & ~0x18
    cpu.store32(dport.BASE + dport.CACHE_IRAM, banks | (0x18 if large & 0xFF else 0x10))
    cpu.store32(spi.BASE + spi.CTRL, cpu.load32(spi.BASE + spi.CTRL) | SPI_CACHE_ENABLE)
    cpu.store32(dport.BASE + dport.CACHE_FLASH_CTRL, control | dport.CACHE_ON)
    rom.spend(COST_CACHE)


def cache_disable(rom: Rom) -> None:
    """Cache_Read_Disable: off, and flushed."""
    cpu = rom.cpu
    control = cpu.load32(dport.BASE + dport.CACHE_FLASH_CTRL) & ~dport.CACHE_ON
    cpu.store32(dport.BASE + dport.CACHE_FLASH_CTRL, control)
    cpu.store32(spi.BASE + spi.CTRL, cpu.load32(spi.BASE + spi.CTRL) & ~SPI_CACHE_ENABLE)
    cpu.store32(dport.BASE + dport.CACHE_FLASH_CTRL, control | dport.FLUSH_START)
    cpu.store32(dport.BASE + dport.CACHE_FLASH_CTRL, control & ~dport.FLUSH_START)
    rom.spend(COST_CACHE)


def gpio_output_set(rom: Rom, high: int, low: int, enable: int, disable: int) -> None:
    """Drive and release pins, by mask."""
    for register, mask in (
        (gpio.OUT + gpio.SET, high),
        (gpio.OUT + gpio.CLEAR, low),
        (gpio.ENABLE + gpio.SET, enable),
        (gpio.ENABLE + gpio.CLEAR, disable),
    ):
        rom.cpu.store32(gpio.BASE + register, mask & 0xFFFF)


def gpio_input_get(rom: Rom) -> int:
    """Return the levels of the pins."""
    return rom.cpu.load32(gpio.BASE + gpio.IN) & 0xFFFF


def cycle_count(rom: Rom) -> int:
    """xthal_get_ccount."""
    return rom.cpu.ccount


def set_compare(rom: Rom, _number: int, value: int) -> None:
    """xthal_set_ccompare: there is one timer."""
    rom.cpu.write_special(sr.CCOMPARE0, value)


def get_compare(rom: Rom, _number: int) -> int:
    """xthal_get_ccompare: there is one timer."""
    return rom.cpu.special[sr.CCOMPARE0]


def pending_interrupts(rom: Rom) -> int:
    """xthal_get_interrupt."""
    return rom.cpu.read_special(sr.INTERRUPT)


def clear_interrupts(rom: Rom, mask: int) -> None:
    """xthal_set_intclear."""
    rom.cpu.write_special(sr.INTCLEAR, mask)


FUNCTIONS = (
    Function("ets_delay_us", delay_us),
    Function("ets_update_cpu_frequency", update_cpu_frequency),
    Function("ets_get_cpu_frequency", get_cpu_frequency),
    Function("rtc_get_reset_reason", reset_reason),
    Function("software_reset", software_reset),
    Function("ets_set_user_start", set_user_start),
    Function("ets_run", idle),
    Function("Cache_Read_Enable", cache_enable),
    Function("Cache_Read_Disable", cache_disable),
    Function("gpio_output_set", gpio_output_set),
    Function("gpio_input_get", gpio_input_get),
    Function("xthal_get_ccount", cycle_count),
    Function("xthal_set_ccompare", set_compare),
    Function("xthal_get_ccompare", get_compare),
    Function("xthal_get_interrupt", pending_interrupts),
    Function("xthal_set_intclear", clear_interrupts),
)
