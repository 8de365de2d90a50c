# SPDX-License-Identifier: Apache-2.0
import pytest

from esp8266sim.soc import registers
from esp8266sim.soc.registers import Gpio, RegisterBank, dport, io_mux, rtc, straps

WORDS = (0x11, 0x22, 0x33, 0x44)


def test_a_register_keeps_what_is_stored() -> None:
    bank = RegisterBank({0x10: 5})
    assert bank.load(0x10) == 5
    assert bank.store(0x10, 0xFFFFFFFF)
    assert bank.load(0x10) == 0xFFFFFFFF


def test_a_register_that_is_not_listed_is_not_modelled() -> None:
    bank = RegisterBank({0x10: 5})
    assert bank.load(0x14) is None
    assert not bank.store(0x14, 1)
    assert bank.load(0x14) is None


def test_a_read_only_register_is_modelled_and_keeps_its_value() -> None:
    bank = RegisterBank({0x10: 5}, frozenset({0x10}))
    assert bank.store(0x10, 1)
    assert bank.load(0x10) == 5


def test_reset_gives_all_values_back() -> None:
    bank = RegisterBank({0x10: 5, 0x14: 6})
    bank.store(0x10, 1)
    bank.reset()
    assert bank.values == {0x10: 5, 0x14: 6}


@pytest.mark.parametrize("base", [registers.GPIO_OUT, registers.GPIO_ENABLE])
def test_gpio_bits_are_set_and_cleared(base: int) -> None:
    gpio = Gpio(0)
    gpio.store(base, 0b0001)
    gpio.store(base + 4, 0b0110)
    gpio.store(base + 8, 0b1011)
    assert gpio.load(base) == 0b0100


@pytest.mark.parametrize("offset", [registers.GPIO_OUT_W1TS, registers.GPIO_ENABLE_W1TC])
def test_set_and_clear_registers_cannot_be_read(offset: int) -> None:
    assert Gpio(0).load(offset) is None


def test_the_straps_cannot_be_overwritten() -> None:
    gpio = Gpio(straps(1, 7))
    gpio.store(registers.GPIO_IN, 0)
    assert gpio.load(registers.GPIO_IN) == 0xE0010000


@pytest.mark.parametrize(
    ("mode", "sdio", "value"), [(1, 7, 0xE0010000), (3, 6, 0xC0030000), (0, 0, 0), (7, 2, 0x40070000)]
)
def test_strap_fields(mode: int, sdio: int, value: int) -> None:
    assert straps(mode, sdio) == value


def test_the_reset_cause_is_where_the_boot_code_looks() -> None:
    assert rtc(4).load(0x14) == 4


def test_efuse_words_are_read_only() -> None:
    bank = dport(WORDS)
    assert [bank.load(offset) for offset in (0x50, 0x54, 0x58, 0x5C)] == list(WORDS)
    assert bank.store(0x50, 0)
    assert bank.load(0x50) == 0x11


def test_every_pad_has_its_multiplexer() -> None:
    assert all(io_mux().load(offset) == 0 for offset in range(0, 0x44, 4))
    assert io_mux().load(0x44) is None
