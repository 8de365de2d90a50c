# SPDX-License-Identifier: Apache-2.0
"""Plain registers: what is kept, what is read-only, and where a host finds them."""

import pytest

from esp8266sim.soc import registers
from esp8266sim.soc.registers import Gpio, RegisterBank, dport, io_mux, rtc, straps
from tests.bench import Bench, write_reg

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


@pytest.mark.spec("REG-12")
@pytest.mark.parametrize("base", [0x00, 0x0C])
def test_gpio_bits_are_set_and_cleared(base: int) -> None:
    gpio = Gpio(0)
    gpio.store(base, 0b0001)
    gpio.store(base + 4, 0b0110)
    gpio.store(base + 8, 0b1011)
    assert gpio.load(base) == 0b0100


@pytest.mark.parametrize("offset", [registers.GPIO_OUT_W1TS, registers.GPIO_ENABLE_W1TC])
def test_set_and_clear_registers_cannot_be_read(offset: int) -> None:
    assert Gpio(0).load(offset) is None


@pytest.mark.spec("REG-12")
def test_the_straps_cannot_be_overwritten() -> None:
    gpio = Gpio(straps(1, 7))
    assert gpio.store(0x18, 0)
    assert gpio.load(0x18) == 0xE0010000


@pytest.mark.parametrize(
    ("mode", "sdio", "value"), [(1, 7, 0xE0010000), (3, 6, 0xC0030000), (0, 0, 0), (7, 2, 0x40070000)]
)
def test_strap_fields(mode: int, sdio: int, value: int) -> None:
    assert straps(mode, sdio) == value


def test_the_reset_cause_is_where_the_boot_code_looks() -> None:
    assert rtc(4).load(0x14) == 4


@pytest.mark.spec("REG-3")
def test_efuse_words_are_read_only() -> None:
    bank = dport(WORDS)
    assert [bank.load(offset) for offset in (0x50, 0x54, 0x58, 0x5C)] == list(WORDS)
    assert bank.store(0x50, 0)
    assert bank.load(0x50) == 0x11


def test_every_pad_has_its_multiplexer() -> None:
    assert all(io_mux().load(offset) == 0 for offset in range(0, 0x44, 4))
    assert io_mux().load(0x44) is None


@pytest.mark.parametrize(
    ("address", "value"),
    [
        pytest.param(0x60000078, 0x00062000, marks=pytest.mark.spec("REG-2"), id="UART_DATE"),
        pytest.param(0x40001000, 0xFFF0C101, marks=pytest.mark.spec("REG-2"), id="a word of the ROM"),
        pytest.param(0x3FF0005C, 0x005CCF7F, marks=pytest.mark.spec("REG-3"), id="eFuse"),
        pytest.param(0x60000318, 0xE0010000, marks=pytest.mark.spec("REG-12"), id="GPIO_IN"),
    ],
)
def test_a_host_reads_them_where_they_are(address: int, value: int) -> None:
    bench = Bench().sync()
    bench.send(write_reg(address, 0))
    assert bench.value(address) == value
