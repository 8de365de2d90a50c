// SPDX-License-Identifier: Apache-2.0
// Reset code and vectors of a small boot ROM of our own, at the places where the ESP8266's mask ROM has its.

    .section .identity, "a"     // the word by which tools tell the chip
    .word 0xFFF0C101

    .section .vector.debug, "ax"
debug_vector:                   // without a debugger: silent until a reset
    waiti 2
    j debug_vector

    .section .vector.nmi, "ax"
nmi_vector:
    wsr.excsave3 a2
    j nmi

    .section .vector.kernel, "ax"
kernel_vector:
    break 1, 1
    j kernel_vector

    .section .vector.user, "ax"
user_vector:
    addi a1, a1, -96
    s32i a2, a1, 8
    s32i a3, a1, 12
    rsr.exccause a2
    j user

    .section .vector.double, "ax"
double_vector:
    j double_vector

    .section .vector.reset, "ax"
    .global _start
_start:
    j handler

    .section .vector.handler, "ax"
handler:
    j reset

    .text
    .literal_position
    .align 4
attributes: .word 0x2222211F
vectors_at: .word 0x40000000

    .align 4
reset:
    l32r a5, attributes
    movi a3, 0                  // regions of 512 MiB, the first one barred
    movi a4, 29
    movi a6, 8
region:
    extui a7, a5, 0, 4
    wdtlb a7, a3
    witlb a7, a3
    isync
    dsync
    srli a5, a5, 4
    movi a7, 1
    ssl a4
    sll a7, a7
    add a3, a3, a7
    addi a6, a6, -1
    bnez a6, region
    l32r a2, vectors_at
    wsr.vecbase a2
    movi a2, 0
    wsr.intenable a2
    movi a2, 0x20
    wsr.ps a2
    rsync
    esync
    movi a1, stack_top
    movi a2, data_start         // .data from the ROM, then .bss
    movi a3, data_end
    movi a4, data_in_rom
copy:
    bgeu a2, a3, copied
    l32i a5, a4, 0
    s32i a5, a2, 0
    addi a2, a2, 4
    addi a4, a4, 4
    j copy
copied:
    movi a3, bss_end
    movi a5, 0
clear:
    bgeu a2, a3, cleared
    s32i a5, a2, 0
    addi a2, a2, 4
    j clear
cleared:
    movi a0, rom_main
    callx0 a0
    waiti 0
    j cleared

user:                           // by cause: 4 is an interrupt, all others are for the debugger
    beqi a2, 4, interrupt
    l32i a2, a1, 8
    l32i a3, a1, 12
    addi a1, a1, 96
    break 1, 1
    j user

interrupt:
    s32i a0, a1, 0
    s32i a4, a1, 16
    s32i a5, a1, 20
    s32i a6, a1, 24
    s32i a7, a1, 28
    s32i a8, a1, 32
    s32i a9, a1, 36
    s32i a10, a1, 40
    s32i a11, a1, 44
    rsr.sar a2
    s32i a2, a1, 48
    rsr.interrupt a2
    rsr.intenable a3
    and a2, a2, a3
    movi a0, on_interrupt
    callx0 a0
    l32i a2, a1, 48
    wsr.sar a2
    l32i a0, a1, 0
    l32i a2, a1, 8
    l32i a3, a1, 12
    l32i a4, a1, 16
    l32i a5, a1, 20
    l32i a6, a1, 24
    l32i a7, a1, 28
    l32i a8, a1, 32
    l32i a9, a1, 36
    l32i a10, a1, 40
    l32i a11, a1, 44
    addi a1, a1, 96
    rfe

nmi:                            // the watchdog's, were it routed here
    xsr.excsave3 a2
    rfi 3
