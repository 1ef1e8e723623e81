/* SPDX-License-Identifier: Apache-2.0
 *
 * Protocol-buffer messages as bytes: enough to read an ONNX file and to write one. A message is a run of fields; a
 * field is a number and either a varint, four or eight bytes, or a run of bytes, which may be a message again.
 */
#ifndef EMBED_WIRE_H
#define EMBED_WIRE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buffer.h"

/* Some bytes of a file that someone else keeps. */
typedef struct wn_wire_bytes {
    const unsigned char *data;
    size_t len;
} wn_wire_bytes;

typedef struct wn_wire_field {
    uint32_t number;
    uint32_t kind;       /* 0 varint, 1 eight bytes, 2 run of bytes, 5 four bytes */
    uint64_t value;      /* of kinds 0, 1 and 5 */
    wn_wire_bytes bytes; /* of kind 2 */
    size_t whole;        /* bytes of the field with its number */
} wn_wire_field;

/* Takes the next field off `rest`. false at the end, and with *bad = true where the bytes are no field. */
bool wn_wire_next(wn_wire_bytes *rest, wn_wire_field *field, bool *bad);

/* The next varint off `rest`; false where there is none. */
bool wn_wire_varint(wn_wire_bytes *rest, uint64_t *value);

/* Appending. A message is written to a buffer of its own and then added as bytes. */
void wn_wire_add_varint(wn_buffer *out, uint32_t number, uint64_t value);
void wn_wire_add_float(wn_buffer *out, uint32_t number, float value);
void wn_wire_add_bytes(wn_buffer *out, uint32_t number, const void *data, size_t len);
void wn_wire_add_text(wn_buffer *out, uint32_t number, const char *text);
void wn_wire_add_message(wn_buffer *out, uint32_t number, const wn_buffer *message);

#endif
