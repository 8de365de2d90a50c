/* SPDX-License-Identifier: Apache-2.0
 *
 * The first status byte (STATUS-4): the known stubs' codes, and two of our own.
 */
#ifndef STATUS_H
#define STATUS_H

enum {
    OK = 0,
    BAD_LENGTH = 0xC0,
    BAD_CHECKSUM = 0xC1,
    BAD_BLOCK_SIZE = 0xC2,
    INVALID_COMMAND = 0xC3,
    FLASH_FAILED = 0xC4,
    NOT_BEGUN = 0xC6,
    INFLATE_FAILED = 0xC7,
    NOT_ENOUGH = 0xC8,
    TOO_MUCH = 0xC9,
    BAD_ADDRESS = 0xE1,
    OUT_OF_ORDER = 0xE2,
};

#endif
