/* SPDX-License-Identifier: Apache-2.0 */
#include "embed/wire.h"

#include <string.h>

enum { KIND_VARINT = 0, KIND_EIGHT = 1, KIND_BYTES = 2, KIND_FOUR = 5, VARINT_MAX = 10 };

bool wn_wire_varint(wn_wire_bytes *rest, uint64_t *value)
{
    uint64_t sum = 0;
    for (size_t i = 0; i < rest->len && i < VARINT_MAX; i++) {
        const uint64_t byte = rest->data[i];
        sum |= i == VARINT_MAX - 1 ? byte << 63 : (byte & 127) << (7 * i);
        if (byte < 128) {
            *value = sum;
            rest->data += i + 1;
            rest->len -= i + 1;
            return true;
        }
    }
    return false;
}

static bool take_fixed(wn_wire_bytes *rest, size_t bytes, uint64_t *value)
{
    if (rest->len < bytes) return false;
    *value = 0;
    for (size_t i = 0; i < bytes; i++) *value |= (uint64_t)rest->data[i] << (8 * i);
    rest->data += bytes;
    rest->len -= bytes;
    return true;
}

static bool take_run(wn_wire_bytes *rest, wn_wire_bytes *run)
{
    uint64_t len;
    if (!wn_wire_varint(rest, &len) || len > rest->len) return false;
    *run = (wn_wire_bytes){rest->data, (size_t)len};
    rest->data += len;
    rest->len -= (size_t)len;
    return true;
}

bool wn_wire_next(wn_wire_bytes *rest, wn_wire_field *field, bool *bad)
{
    const size_t before = rest->len;
    uint64_t key;
    bool good = false;
    *field = (wn_wire_field){0};
    if (rest->len == 0) return false;
    if (wn_wire_varint(rest, &key) && key >> 3 > 0 && key >> 3 <= UINT32_MAX) {
        field->number = (uint32_t)(key >> 3);
        field->kind = (uint32_t)(key & 7);
        if (field->kind == KIND_VARINT) good = wn_wire_varint(rest, &field->value);
        if (field->kind == KIND_EIGHT) good = take_fixed(rest, 8, &field->value);
        if (field->kind == KIND_FOUR) good = take_fixed(rest, 4, &field->value);
        if (field->kind == KIND_BYTES) good = take_run(rest, &field->bytes);
    }
    field->whole = before - rest->len;
    if (!good) *bad = true;
    return good;
}

static void add_raw_varint(wn_buffer *out, uint64_t value)
{
    unsigned char bytes[VARINT_MAX];
    size_t len = 0;
    for (; value >= 128; value >>= 7) bytes[len++] = (unsigned char)(value | 128);
    bytes[len++] = (unsigned char)value;
    (void)wn_buffer_add(out, bytes, len);
}

void wn_wire_add_varint(wn_buffer *out, uint32_t number, uint64_t value)
{
    add_raw_varint(out, (uint64_t)number << 3 | KIND_VARINT);
    add_raw_varint(out, value);
}

void wn_wire_add_float(wn_buffer *out, uint32_t number, float value)
{
    uint32_t bits;
    unsigned char bytes[4];
    memcpy(&bits, &value, sizeof bits);
    for (int i = 0; i < 4; i++) bytes[i] = (unsigned char)(bits >> (8 * i));
    add_raw_varint(out, (uint64_t)number << 3 | KIND_FOUR);
    (void)wn_buffer_add(out, bytes, sizeof bytes);
}

void wn_wire_add_bytes(wn_buffer *out, uint32_t number, const void *data, size_t len)
{
    add_raw_varint(out, (uint64_t)number << 3 | KIND_BYTES);
    add_raw_varint(out, len);
    if (len) (void)wn_buffer_add(out, data, len);
}

void wn_wire_add_text(wn_buffer *out, uint32_t number, const char *text)
{
    wn_wire_add_bytes(out, number, text, strlen(text));
}

void wn_wire_add_message(wn_buffer *out, uint32_t number, const wn_buffer *message)
{
    if (message->status != WN_OK) out->status = message->status;
    wn_wire_add_bytes(out, number, message->data, message->len);
}
