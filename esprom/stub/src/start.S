/* SPDX-License-Identifier: Apache-2.0
 *
 * Where the ROM jumps after the upload. Returning from `stub_main` goes on with the ROM's boot, as if its
 * loader had ended: that is what RUN_USER_CODE asks for. `stub_main` has made the ROM forget this entry by then,
 * else it would be entered again.
 */
    .section .entry, "ax"
    .align 4
    .global stub_entry
    .literal_position
    .type stub_entry, @function
stub_entry:
    movi a0, 0x400010a8
    movi a2, stub_main
    jx a2
