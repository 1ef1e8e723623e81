/* SPDX-License-Identifier: Apache-2.0 */
#include "embed/safetensors.h"

#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/half.h"
#include "num/bf16.h"
#include "winnow/memory.h"

enum { HEADER_MAX = 16 << 20, TENSORS_MAX = 65536, LENGTH_BYTES = 8 };

static const struct {
    const char *name;
    size_t bytes;
} types[] = {{"F32", 4}, {"F16", 2}, {"BF16", 2}, {"F64", 8},     {"I64", 8},     {"I32", 4}, {"I16", 2}, {"I8", 1},
             {"U64", 8}, {"U32", 4}, {"U16", 2},  {"F8_E4M3", 1}, {"F8_E5M2", 1}, {"U8", 1},  {"BOOL", 1}};

/* The header as it is read. */
typedef struct reader {
    const char *text, *name; /* name of the file */
    size_t at, len;
    wn_safetensors *out;
    wn_buffer word; /* the string that was read last */
} reader;

/* ---- the few things of JSON that a header has ---- */

static wn_status damaged(const reader *r, const char *what, wn_error *err)
{
    return wn_fail(err, WN_CORRUPT, "%s: the header, byte %zu: %s; copy or export the file again", r->name,
                   r->at + LENGTH_BYTES, what);
}

/* The next character that is no blank; 0 at the end. */
static char peek(reader *r)
{
    while (r->at < r->len && strchr(" \t\r\n", r->text[r->at]) && r->text[r->at]) r->at++;
    return r->at < r->len ? r->text[r->at] : '\0';
}

static bool take(reader *r, char wanted)
{
    if (peek(r) != wanted) return false;
    r->at++;
    return true;
}

/* Four hexadecimal digits; -1 where there are none. */
static long read_hex(reader *r)
{
    long value = 0;
    for (int i = 0; i < 4; i++, r->at++) {
        const char c = r->at < r->len ? r->text[r->at] : '\0';
        const char *digits = "0123456789abcdef", *at = c ? strchr(digits, c >= 'A' && c <= 'F' ? c + 32 : c) : NULL;
        if (!at) return -1;
        value = value * 16 + (at - digits);
    }
    return value;
}

static void add_utf8(wn_buffer *out, unsigned long c)
{
    char bytes[4];
    size_t len = c < 0x80 ? 1 : c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;
    static const unsigned char lead[5] = {0, 0, 0xC0, 0xE0, 0xF0};
    for (size_t i = len; i-- > 1; c >>= 6) bytes[i] = (char)(0x80 | (c & 0x3F));
    bytes[0] = (char)(lead[len] | c);
    wn_buffer_add(out, bytes, len);
}

static bool read_unicode(reader *r)
{
    long first = read_hex(r);
    if (first >= 0xD800 && first < 0xDC00 && r->at + 1 < r->len && r->text[r->at] == '\\' &&
        r->text[r->at + 1] == 'u') {
        r->at += 2;
        const long second = read_hex(r);
        if (second < 0xDC00 || second >= 0xE000) return false;
        first = 0x10000 + ((first - 0xD800) << 10) + (second - 0xDC00);
    }
    if (first <= 0 || (first >= 0xD800 && first < 0xE000)) return false; /* no zero byte in a text */
    add_utf8(&r->word, (unsigned long)first);
    return true;
}

/* A string into r->word. */
static bool read_string(reader *r)
{
    static const char escapes[] = "\"\\/bfnrt", meant[] = "\"\\/\b\f\n\r\t";
    wn_buffer_reset(&r->word);
    if (!take(r, '"')) return false;
    while (r->at < r->len && r->text[r->at] != '"') {
        char c = r->text[r->at++];
        if ((unsigned char)c < 0x20) return false;
        if (c != '\\') {
            wn_buffer_add(&r->word, &c, 1);
            continue;
        }
        c = r->at < r->len ? r->text[r->at++] : '\0';
        const char *escape = c ? strchr(escapes, c) : NULL;
        if (escape)
            wn_buffer_add(&r->word, &meant[escape - escapes], 1);
        else if (c != 'u' || !read_unicode(r))
            return false;
    }
    wn_buffer_add(&r->word, "", 0);
    return take(r, '"') && r->word.status == WN_OK;
}

static const char *word(const reader *r)
{
    return r->word.len ? r->word.data : "";
}

/* A whole number from 0. */
static bool read_number(reader *r, uint64_t *out)
{
    size_t digits = 0;
    *out = 0;
    for (char c = peek(r); c >= '0' && c <= '9'; c = r->at < r->len ? r->text[r->at] : '\0') {
        if (*out > (UINT64_MAX - 9) / 10) return false;
        *out = *out * 10 + (uint64_t)(c - '0');
        digits++;
        r->at++;
    }
    return digits > 0;
}

/* At most `most` numbers in brackets. */
static bool read_numbers(reader *r, uint64_t *out, size_t most, size_t *count)
{
    *count = 0;
    if (!take(r, '[')) return false;
    if (take(r, ']')) return true;
    do {
        if (*count == most || !read_number(r, &out[(*count)++])) return false;
    } while (take(r, ','));
    return take(r, ']');
}

/* ---- what a header says ---- */

static wn_status read_type(reader *r, wn_safetensor *tensor, wn_error *err)
{
    if (!read_string(r)) return damaged(r, "a dtype that is no text", err);
    for (size_t i = 0; i < sizeof types / sizeof *types; i++) {
        if (strcmp(types[i].name, word(r)) != 0) continue;
        tensor->type = types[i].name;
        tensor->type_bytes = types[i].bytes;
        return WN_OK;
    }
    return wn_fail(err, WN_UNSUPPORTED, "%s: \"%s\" is of type \"%.20s\", which winnow does not know", r->name,
                   tensor->name, word(r));
}

static wn_status read_part(reader *r, wn_safetensor *tensor, unsigned *seen, wn_error *err)
{
    static const char *const parts[] = {"dtype", "shape", "data_offsets"};
    uint64_t offsets[2] = {0, 0};
    size_t part = 0, count;
    if (!read_string(r)) return damaged(r, "a key is wanted", err);
    while (part < 3 && strcmp(parts[part], word(r)) != 0) part++;
    if (part == 3 || (*seen & 1U << part)) return damaged(r, "a key that is unknown or stands twice", err);
    *seen |= 1U << part;
    if (!take(r, ':')) return damaged(r, "':' is wanted", err);
    if (part == 0) return read_type(r, tensor, err);
    if (part == 1) {
        if (read_numbers(r, tensor->shape, WN_SAFETENSOR_RANK_MAX, &tensor->rank)) return WN_OK;
        return damaged(r, "a shape is a list of at most 8 whole numbers", err);
    }
    if (!read_numbers(r, offsets, 2, &count) || count != 2)
        return damaged(r, "data_offsets are two whole numbers", err);
    tensor->begin = offsets[0];
    tensor->end = offsets[1];
    return WN_OK;
}

/* Whether the range holds the numbers of that shape. */
static bool shape_fits(wn_safetensor *tensor)
{
    tensor->count = 1;
    for (size_t i = 0; i < tensor->rank; i++) {
        if (tensor->shape[i] > 0 && tensor->count > UINT64_MAX / 16 / tensor->shape[i]) return false;
        tensor->count *= tensor->shape[i];
    }
    return tensor->begin <= tensor->end && tensor->end - tensor->begin == tensor->count * tensor->type_bytes;
}

static wn_status read_tensor(reader *r, wn_error *err)
{
    wn_safetensor tensor = {.name = wn_arena_text(&r->out->texts, word(r), r->word.len)};
    unsigned seen = 0;
    if (!tensor.name) return wn_fail(err, WN_NOMEM, "out of memory for '%s'", r->name);
    if (!take(r, '{')) return damaged(r, "a tensor is an object", err);
    do {
        WN_TRY(read_part(r, &tensor, &seen, err));
    } while (take(r, ','));
    if (!take(r, '}') || seen != 7) return damaged(r, "a tensor has dtype, shape and data_offsets", err);
    if (!shape_fits(&tensor))
        return wn_fail(err, WN_CORRUPT, "%s: \"%s\" has a shape that does not fit its bytes", r->name, tensor.name);
    if (r->out->tensor_rows.len / sizeof tensor >= TENSORS_MAX)
        return wn_fail(err, WN_LIMIT, "%s: more than %d tensors", r->name, TENSORS_MAX);
    wn_buffer_add(&r->out->tensor_rows, &tensor, sizeof tensor);
    return WN_OK;
}

static wn_status read_metadata(reader *r, wn_error *err)
{
    if (!take(r, '{')) return damaged(r, "__metadata__ is an object", err);
    if (take(r, '}')) return WN_OK;
    do {
        wn_safetensors_pair pair;
        if (!read_string(r)) return damaged(r, "a key is wanted", err);
        pair.key = wn_arena_text(&r->out->texts, word(r), r->word.len);
        if (!take(r, ':') || !read_string(r)) return damaged(r, "values of __metadata__ are texts", err);
        pair.value = wn_arena_text(&r->out->texts, word(r), r->word.len);
        if (!pair.key || !pair.value) return wn_fail(err, WN_NOMEM, "out of memory for '%s'", r->name);
        wn_buffer_add(&r->out->pair_rows, &pair, sizeof pair);
    } while (take(r, ','));
    return take(r, '}') ? WN_OK : damaged(r, "'}' is wanted", err);
}

static wn_status read_header(reader *r, wn_error *err)
{
    if (!take(r, '{')) return damaged(r, "'{' is wanted", err);
    if (peek(r) != '}') {
        do {
            if (!read_string(r)) return damaged(r, "a name is wanted", err);
            const bool metadata = strcmp(word(r), "__metadata__") == 0;
            if (!take(r, ':')) return damaged(r, "':' is wanted", err);
            WN_TRY(metadata ? read_metadata(r, err) : read_tensor(r, err));
        } while (take(r, ','));
    }
    if (!take(r, '}')) return damaged(r, "'}' is wanted", err);
    return peek(r) == '\0' && r->at == r->len ? WN_OK : damaged(r, "something stands behind the header", err);
}

/* ---- ranges ---- */

static int compare_begins(const void *a, const void *b)
{
    const wn_safetensor *x = a, *y = b;
    if (x->begin != y->begin) return x->begin < y->begin ? -1 : 1;
    return (x->end > y->end) - (x->end < y->end);
}

static int compare_names(const void *a, const void *b)
{
    return strcmp(((const wn_safetensor *)a)->name, ((const wn_safetensor *)b)->name);
}

static wn_status check_ranges(wn_safetensors *out, uint64_t data_bytes, const char *name, wn_error *err)
{
    wn_safetensor *rows = (wn_safetensor *)(void *)out->tensor_rows.data;
    const size_t count = out->tensor_rows.len / sizeof *rows;
    uint64_t end = 0;
    if (count) qsort(rows, count, sizeof *rows, compare_begins);
    for (size_t i = 0; i < count; end = rows[i++].end) {
        if (rows[i].begin != end)
            return wn_fail(err, WN_CORRUPT, "%s: the numbers of \"%s\" %s", name, rows[i].name,
                           rows[i].begin < end ? "overlap with others" : "stand behind a hole");
    }
    if (end > data_bytes)
        return wn_fail(err, WN_CORRUPT, "%s: cut short: %llu bytes of numbers, should be %llu; copy the file again",
                       name, (unsigned long long)data_bytes, (unsigned long long)end);
    if (end < data_bytes)
        return wn_fail(err, WN_CORRUPT, "%s: %llu bytes stand behind the last tensor", name,
                       (unsigned long long)(data_bytes - end));
    if (count) qsort(rows, count, sizeof *rows, compare_names);
    for (size_t i = 1; i < count; i++) {
        if (strcmp(rows[i].name, rows[i - 1].name) == 0)
            return wn_fail(err, WN_CORRUPT, "%s: \"%s\" stands there twice", name, rows[i].name);
    }
    out->tensors = rows;
    out->tensor_count = count;
    out->pairs = (const wn_safetensors_pair *)(const void *)out->pair_rows.data;
    out->pair_count = out->pair_rows.len / sizeof *out->pairs;
    return WN_OK;
}

wn_status wn_safetensors_parse(const void *bytes, size_t len, const char *name, wn_safetensors *out, wn_error *err)
{
    uint64_t header = 0;
    *out = (wn_safetensors){0};
    if (len < LENGTH_BYTES + 2) return wn_fail(err, WN_CORRUPT, "%s: %zu bytes are no safetensors file", name, len);
    for (int i = LENGTH_BYTES; i-- > 0;) header = header << 8 | ((const unsigned char *)bytes)[i];
    if (header > HEADER_MAX)
        return wn_fail(err, WN_CORRUPT, "%s: a header of %llu bytes; this is no safetensors file, or a damaged one",
                       name, (unsigned long long)header);
    if (header > len - LENGTH_BYTES)
        return wn_fail(err, WN_CORRUPT, "%s: cut short inside its header; copy the file again", name);
    wn_arena_init(&out->texts, WN_MEMORY_NETWORK, 0);
    wn_buffer_init(&out->tensor_rows, WN_MEMORY_NETWORK, 0);
    wn_buffer_init(&out->pair_rows, WN_MEMORY_NETWORK, 0);
    out->data = (const unsigned char *)bytes + LENGTH_BYTES + header;
    reader r = {.text = (const char *)bytes + LENGTH_BYTES, .name = name, .len = (size_t)header, .out = out};
    wn_buffer_init(&r.word, WN_MEMORY_NETWORK, 0);
    wn_status status = read_header(&r, err);
    if (r.word.status || out->tensor_rows.status || out->pair_rows.status)
        status = wn_fail(err, WN_NOMEM, "out of memory for '%s'", name);
    if (!status) status = check_ranges(out, len - LENGTH_BYTES - header, name, err);
    wn_buffer_clear(&r.word);
    if (status) wn_safetensors_clear(out);
    return status;
}

void wn_safetensors_clear(wn_safetensors *file)
{
    wn_buffer_clear(&file->tensor_rows);
    wn_buffer_clear(&file->pair_rows);
    wn_arena_clear(&file->texts);
    *file = (wn_safetensors){0};
}

/* ---- use ---- */

const wn_safetensor *wn_safetensors_find(const wn_safetensors *file, const char *name)
{
    const wn_safetensor wanted = {.name = name};
    if (file->tensor_count == 0) return NULL;
    return bsearch(&wanted, file->tensors, file->tensor_count, sizeof wanted, compare_names);
}

const char *wn_safetensors_text(const wn_safetensors *file, const char *key)
{
    for (size_t i = 0; i < file->pair_count; i++) {
        if (strcmp(file->pairs[i].key, key) == 0) return file->pairs[i].value;
    }
    return NULL;
}

bool wn_safetensor_floats(const wn_safetensors *file, const wn_safetensor *tensor, float *out)
{
    const unsigned char *from = file->data + tensor->begin;
    const bool half = strcmp(tensor->type, "F16") == 0, brain = strcmp(tensor->type, "BF16") == 0;
    if (strcmp(tensor->type, "F32") == 0) {
        if (tensor->count) memcpy(out, from, tensor->count * sizeof *out);
        return true;
    }
    if (!half && !brain && strcmp(tensor->type, "F64") != 0) return false;
    for (size_t i = 0; i < tensor->count; i++, from += tensor->type_bytes) {
        uint16_t small;
        double large;
        if (half || brain) {
            memcpy(&small, from, sizeof small);
            out[i] = half ? wn_float_from_half(small) : wn_bf16_to_float(small);
        } else {
            memcpy(&large, from, sizeof large);
            out[i] = (float)large;
        }
    }
    return true;
}

void wn_safetensors_add_string(wn_buffer *out, const char *text)
{
    wn_buffer_text(out, "\"");
    for (; *text; text++) {
        if ((unsigned char)*text < 0x20)
            wn_buffer_format(out, "\\u%04x", (unsigned)(unsigned char)*text);
        else if (*text == '"' || *text == '\\')
            wn_buffer_format(out, "\\%c", *text);
        else
            wn_buffer_add(out, text, 1);
    }
    wn_buffer_text(out, "\"");
}
