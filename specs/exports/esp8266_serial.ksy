# SPDX-License-Identifier: Apache-2.0
# Made from the code of esprom by `python -m specs.make_exports`: not to be edited.
meta:
  id: esp8266_serial
  title: "Serial boot loader protocol of the ESP8266"
  license: "Apache-2.0"
  ks-version: "0.10"
  endian: le
doc: "One packet of the serial boot loader of the ESP8266, of its mask ROM or of a stub loader: what a SLIP frame holds when its C0 at both ends are taken off and its escapes undone. The frames of a READ_FLASH have no packet header: bare bytes from the chip, `read_flash_ack` from the host."
doc-ref:
  - "specs/protocol.md"
  - "specs/stub.md"
seq:
  - id: packet
    type:
      switch-on: direction
      cases:
        0: request
        1: response
  - id: surplus
    size-eos: true
    valid:
      expr: "_.length == 0"
instances:
  direction:
    pos: 0
    type: u1
types:
  request:
    doc: "A request packet, host to device."
    doc-ref:
      - "specs/protocol.md, PROTO-3"
    seq:
      - id: direction
        type: u1
        valid: 0
      - id: command
        type: u1
        enum: command
      - id: size
        type: u2
      - id: checksum
        type: u4
      - id: body
        size: size
    instances:
      fields:
        doc: "The body by its command. Fails where the body is not the command's."
        pos: 8
        size: size
        type:
          switch-on: command
          cases:
            command::flash_begin: flash_begin
            command::flash_data: data_block
            command::flash_end: flash_end
            command::mem_begin: mem_begin
            command::mem_end: mem_end
            command::mem_data: data_block
            command::sync: sync
            command::write_reg: write_reg
            command::read_reg: read_reg
            command::spi_set_params: spi_set_params
            command::spi_attach: spi_attach
            command::read_flash_slow: read_flash_slow
            command::change_baudrate: change_baudrate
            command::flash_defl_begin: flash_begin
            command::flash_defl_data: data_block
            command::flash_defl_end: flash_end
            command::spi_flash_md5: spi_flash_md5
            command::erase_region: erase_region
            command::read_flash: read_flash
            command::info: ask_info
            command::echo: pattern
            command::digests: digests
            command::stream: stream
            command::stream_control: stream_control
            command::put: put
            command::erase: erase_region
            command::try_baudrate: try_baudrate
  response:
    doc: "A response packet, device to host."
    doc-ref:
      - "specs/protocol.md, PROTO-4"
    seq:
      - id: direction
        type: u1
        valid: 1
      - id: command
        type: u1
        enum: command
      - id: size
        type: u2
      - id: value
        type: u4
      - id: body
        size: size
    instances:
      status:
        doc: "The end of the body."
        if: "size >= 2 and command != command::stream_frame"
        pos: "8 + size - 2"
        size: 2
        type: status
      fields:
        doc: "What the body holds before the status, by its command, where that is success."
        if: "size >= 2 and command != command::stream_frame and status.status == 0"
        pos: 8
        size: "size - 2"
        type:
          switch-on: command
          cases:
            command::spi_flash_md5: md5_digest
            command::info: info
            command::echo: pattern
            command::digests: digest_list
            command::put: put_done
            command::erase: erase_done
      stream_frame:
        doc: "A body without status bytes."
        if: "command == command::stream_frame"
        pos: 8
        size: size
        type: stream_frame
  sync:
    doc: "SYNC: the magic word comes back as the response's value from the ROM loader."
    doc-ref:
      - "specs/protocol.md, BODY-SYNC"
    seq:
      - id: magic
        type: u4
      - id: fill
        size: 32
      - id: surplus
        size-eos: true
        valid:
          expr: "_.length == 0"
  read_reg:
    doc: "READ_REG: one aligned 32-bit load."
    doc-ref:
      - "specs/protocol.md, BODY-READ-REG"
    seq:
      - id: address
        type: u4
      - id: surplus
        size-eos: true
        valid:
          expr: "_.length == 0"
  register_write:
    doc: "One record of WRITE_REG: wait, then `(old & ~mask) | (value & mask)`."
    doc-ref:
      - "specs/protocol.md, BODY-WRITE-REG"
    seq:
      - id: address
        type: u4
      - id: value
        type: u4
      - id: mask
        type: u4
      - id: delay_us
        type: u4
  write_reg:
    doc: "WRITE_REG: any number of records, done in order."
    doc-ref:
      - "specs/protocol.md, BODY-WRITE-REG"
    seq:
      - type: register_write
        id: writes
        repeat: eos
  mem_begin:
    doc: "MEM_BEGIN: what is about to be stored in RAM."
    doc-ref:
      - "specs/protocol.md, BODY-MEM-BEGIN"
    seq:
      - id: size
        type: u4
      - id: blocks
        type: u4
      - id: block_size
        type: u4
      - id: address
        type: u4
      - id: surplus
        size-eos: true
        valid:
          expr: "_.length == 0"
  flash_begin:
    doc: "FLASH_BEGIN and FLASH_DEFL_BEGIN."
    doc-ref:
      - "specs/protocol.md, BODY-FLASH-BEGIN"
    seq:
      - id: erase_size
        type: u4
      - id: blocks
        type: u4
      - id: block_size
        type: u4
      - id: offset
        type: u4
      - id: surplus
        size-eos: true
        valid:
          expr: "_.length == 0 or _.length == 4"
  data_block:
    doc: "MEM_DATA, FLASH_DATA and FLASH_DEFL_DATA: a numbered block."
    doc-ref:
      - "specs/protocol.md, BODY-DATA"
    seq:
      - id: length
        type: u4
      - id: sequence
        type: u4
      - id: reserved
        size: 8
      - id: data
        size: length
      - id: surplus
        size-eos: true
        valid:
          expr: "_.length == 0"
  mem_end:
    doc: "MEM_END: stay in the loader, or jump."
    doc-ref:
      - "specs/protocol.md, BODY-MEM-END"
    seq:
      - id: stay
        type: u4
      - id: entry
        type: u4
      - id: surplus
        size-eos: true
        valid:
          expr: "_.length == 0"
  flash_end:
    doc: "FLASH_END and FLASH_DEFL_END. The ROM ignores the flag and always leaves."
    doc-ref:
      - "specs/protocol.md, BODY-FLASH-END"
    seq:
      - id: stay
        type: u4
      - id: surplus
        size-eos: true
        valid:
          expr: "_.length == 0"
  spi_set_params:
    doc: "SPI_SET_PARAMS: the flash geometry that the loader believes in."
    doc-ref:
      - "specs/protocol.md, BODY-SPI-PARAMS"
    seq:
      - id: flash_id
        type: u4
      - id: chip_size
        type: u4
      - id: block_size
        type: u4
      - id: sector_size
        type: u4
      - id: page_size
        type: u4
      - id: status_mask
        type: u4
      - id: surplus
        size-eos: true
        valid:
          expr: "_.length == 0"
  spi_attach:
    doc: "SPI_ATTACH: stub only on this chip, which ignores the argument."
    doc-ref:
      - "specs/protocol.md, BODY-SPI-ATTACH"
    seq:
      - id: pins
        type: u4
      - id: surplus
        size-eos: true
        valid:
          expr: "_.length == 0"
  read_flash_slow:
    doc: "READ_FLASH_SLOW: of later chips' ROMs; no ESP8266 loader has it."
    doc-ref:
      - "specs/protocol.md, BODY-READ-SLOW"
    seq:
      - id: offset
        type: u4
      - id: size
        type: u4
      - id: surplus
        size-eos: true
        valid:
          expr: "_.length == 0"
  change_baudrate:
    doc: "CHANGE_BAUDRATE: stub only on this chip."
    doc-ref:
      - "specs/protocol.md, BODY-BAUD"
    seq:
      - id: new
        type: u4
      - id: old
        type: u4
      - id: surplus
        size-eos: true
        valid:
          expr: "_.length == 0"
  erase_region:
    doc: "ERASE_REGION: both multiples of the sector size."
    doc-ref:
      - "specs/protocol.md, BODY-REGION"
    seq:
      - id: offset
        type: u4
      - id: size
        type: u4
      - id: surplus
        size-eos: true
        valid:
          expr: "_.length == 0"
  spi_flash_md5:
    doc: "SPI_FLASH_MD5."
    doc-ref:
      - "specs/protocol.md, BODY-MD5"
    seq:
      - id: offset
        type: u4
      - id: size
        type: u4
      - id: reserved
        size: 8
      - id: surplus
        size-eos: true
        valid:
          expr: "_.length == 0"
  md5_digest:
    doc: "What SPI_FLASH_MD5 answers before the status bytes: 16 raw bytes from the stub loaders."
    doc-ref:
      - "specs/protocol.md, BODY-MD5"
    seq:
      - id: digest
        size: 16
      - id: surplus
        size-eos: true
        valid:
          expr: "_.length == 0"
  read_flash:
    doc: "READ_FLASH: the data follow as frames without packet header."
    doc-ref:
      - "specs/protocol.md, BODY-READ-FLASH"
    seq:
      - id: offset
        type: u4
      - id: size
        type: u4
      - id: block_size
        type: u4
      - id: in_flight
        type: u4
      - id: surplus
        size-eos: true
        valid:
          expr: "_.length == 0"
  read_flash_ack:
    doc: "A frame of the host's during READ_FLASH: how many bytes it has so far."
    doc-ref:
      - "specs/protocol.md, BODY-READ-ACK"
    seq:
      - id: received
        type: u4
      - id: surplus
        size-eos: true
        valid:
          expr: "_.length == 0"
  ask_info:
    doc: "INFO. Without a body one damaged byte could make it ERASE_FLASH."
    doc-ref:
      - "specs/stub.md, STUB-5"
    seq:
      - id: version
        type: u4
      - id: surplus
        size-eos: true
        valid:
          expr: "_.length == 0"
  info:
    doc: "What INFO answers: what the stub is, and what it sits on."
    doc-ref:
      - "specs/stub.md, STUB-5"
    seq:
      - id: version
        type: u4
      - id: body_size
        type: u4
      - id: receive_size
        type: u4
      - id: flash_id
        type: u4
      - id: flash_status
        type: u4
      - id: efuse
        type: u4
        repeat: expr
        repeat-expr: 4
      - id: divisor
        type: u4
      - id: overflows
        type: u4
      - id: surplus
        size-eos: true
        valid:
          expr: "_.length == 0"
  pattern:
    doc: "ECHO: comes back as it was sent."
    doc-ref:
      - "specs/stub.md, STUB-6"
    seq:
      - id: data
        size-eos: true
  digests:
    doc: "DIGESTS: one digest for each `unit` of a range; all three whole sectors."
    doc-ref:
      - "specs/stub.md, STUB-7"
    seq:
      - id: offset
        type: u4
      - id: size
        type: u4
      - id: unit
        type: u4
      - id: surplus
        size-eos: true
        valid:
          expr: "_.length == 0"
  digest_list:
    doc: "What DIGESTS answers."
    doc-ref:
      - "specs/stub.md, STUB-7"
    seq:
      - id: digests
        size: 16
        repeat: eos
  stream:
    doc: "STREAM: send a range, unasked."
    doc-ref:
      - "specs/stub.md, STUB-8"
    seq:
      - id: offset
        type: u4
      - id: size
        type: u4
      - id: window
        type: u4
      - id: effort
        type: u4
      - id: surplus
        size-eos: true
        valid:
          expr: "_.length == 0"
  stream_frame:
    doc: "A piece of a stream; the header's value is a CRC-32 of what it means."
    doc-ref:
      - "specs/stub.md, STUB-9"
    seq:
      - id: offset
        type: u4
      - id: size
        type: u4
      - id: kind
        type: u1
        enum: kind
      - id: payload
        size-eos: true
  stream_control:
    doc: "STREAM_CONTROL: what the host has, and what it misses; there is no answer."
    doc-ref:
      - "specs/stub.md, STUB-10"
    seq:
      - id: confirmed
        type: u4
      - id: offset
        type: u4
      - id: size
        type: u4
      - id: surplus
        size-eos: true
        valid:
          expr: "_.length == 0"
  put:
    doc: "PUT: make a sector hold this, whatever it holds now."
    doc-ref:
      - "specs/stub.md, STUB-11"
    seq:
      - id: offset
        type: u4
      - id: kind
        type: u1
        enum: kind
      - id: payload
        size-eos: true
  put_done:
    doc: "What PUT answers."
    doc-ref:
      - "specs/stub.md, STUB-11"
    seq:
      - id: offset
        type: u4
      - id: done
        type: u1
        enum: done
      - id: surplus
        size-eos: true
        valid:
          expr: "_.length == 0"
  erase_done:
    doc: "What ERASE answers."
    doc-ref:
      - "specs/stub.md, STUB-12"
    seq:
      - id: offset
        type: u4
      - id: surplus
        size-eos: true
        valid:
          expr: "_.length == 0"
  try_baudrate:
    doc: "TRY_BAUDRATE: change the rate, for good or on trial."
    doc-ref:
      - "specs/stub.md, STUB-15"
    seq:
      - id: baud
        type: u4
      - id: old
        type: u4
      - id: trial_ms
        type: u4
      - id: surplus
        size-eos: true
        valid:
          expr: "_.length == 0"
  after:
    doc: "The payload of PACKED_AFTER."
    doc-ref:
      - "specs/stub.md, STUB-11"
    seq:
      - id: sectors
        type: u1
      - id: crc
        type: u4
      - id: packed
        size-eos: true
  status:
    doc: "The status bytes: success is `status == 0`, whatever `error` says."
    doc-ref:
      - "specs/protocol.md, STATUS-1"
      - "specs/protocol.md, STATUS-2"
    seq:
      - id: status
        type: u1
      - id: error
        type: u1
      - id: surplus
        size-eos: true
        valid:
          expr: "_.length == 0"
    instances:
      rom_error:
        value: error
        enum: rom_error
        if: "status == 1"
      stub_error:
        value: status
        enum: stub_error
        if: "status > 1"
enums:
  command:
    0x02: flash_begin
    0x03: flash_data
    0x04: flash_end
    0x05: mem_begin
    0x06: mem_end
    0x07: mem_data
    0x08: sync
    0x09: write_reg
    0x0a: read_reg
    0x0b: spi_set_params
    0x0d: spi_attach
    0x0e: read_flash_slow
    0x0f: change_baudrate
    0x10: flash_defl_begin
    0x11: flash_defl_data
    0x12: flash_defl_end
    0x13: spi_flash_md5
    0x14: get_security_info
    0xd0: erase_flash
    0xd1: erase_region
    0xd2: read_flash
    0xd3: run_user_code
    0xe0: info
    0xe1: echo
    0xe2: digests
    0xe3: stream
    0xe4: stream_frame
    0xe5: stream_control
    0xe6: put
    0xe7: erase
    0xe8: try_baudrate
  kind:
    0x00: raw
    0x01: repeat
    0x02: packed
    0x03: digest
    0x04: packed_after
  done:
    0x00: nothing
    0x01: programmed
    0x02: erased
  rom_error:
    0x00:
      id: none_given
      doc: "the loader gave no reason"
    0x05:
      id: invalid
      doc: "the packet was not valid at this point (opcode, size or sequence)"
    0x06:
      id: flash_failed
      doc: "the flash could not be erased, or the totals do not match"
    0x07:
      id: bad_checksum
      doc: "the data arrived damaged (checksum); lower the baud rate"
    0x08:
      id: read_back_differs
      doc: "the flash does not hold what was written (not erased, or protected)"
  stub_error:
    0xc0:
      id: bad_data_length
      doc: "the data has the wrong length"
    0xc1:
      id: bad_data_checksum
      doc: "the data arrived damaged (checksum)"
    0xc2:
      id: bad_block_size
      doc: "the block size is too large"
    0xc3:
      id: invalid_command
      doc: "the loader does not know this command"
    0xc4:
      id: failed_spi_operation
      doc: "the flash chip did not do it"
    0xc5:
      id: failed_spi_unlock
      doc: "the flash chip's protection could not be lifted"
    0xc6:
      id: not_in_flash_mode
      doc: "no write has been begun"
    0xc7:
      id: inflate_failed
      doc: "the compressed data is damaged"
    0xc8:
      id: not_enough_data
      doc: "less data arrived than was announced"
    0xc9:
      id: too_much_data
      doc: "more data arrived than was announced"
    0xe1:
      id: bad_address
      doc: "an address, or another number in the request, is out of range"
    0xe2:
      id: out_of_order
      doc: "a block is missing before this one"
    0xff:
      id: command_not_implemented
      doc: "the loader does not implement this command"
