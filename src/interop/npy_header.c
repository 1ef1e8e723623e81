/* SPDX-License-Identifier: Apache-2.0
 *
 * Parser for the head of .npy files, versions 1 to 3 (NumPy's numpy/lib/format.py describes it). The dictionary is
 * Python source; only the small part of that grammar which NumPy writes is accepted: one level of braces with the keys
 * descr (a string), fortran_order (True or False) and shape (a tuple of whole numbers), each once, in any order.
 */
#include "interop/npy_header.h"

#include <stdbool.h>
#include <string.h>

#include "base/error.h"

typedef struct parser {
    const char *at, *end;
    const char *path;
    wn_error *err;
} parser;

typedef struct type_row {
    char code[4]; /* with the byte order: "<f4", "|u1" */
    size_t bytes;
} type_row;

static const type_row types[WN_NPY_TYPE_COUNT] = {
#define X(name, code, bytes) [WN_NPY_##name] = {code, bytes},
    WN_NPY_TYPE_MAP(X)
#undef X
};

size_t wn_npy_type_bytes(wn_npy_type type)
{
    return types[type].bytes;
}

const char *wn_npy_type_code(wn_npy_type type)
{
    return types[type].code;
}

static wn_status damaged(const parser *p, const char *why)
{
    return wn_fail(p->err, WN_CORRUPT, "%s: the .npy header is damaged: %s; write the file again with numpy.save",
                   p->path, why);
}

static void skip_blanks(parser *p)
{
    while (p->at < p->end && (*p->at == ' ' || *p->at == '\t' || *p->at == '\n' || *p->at == '\r')) p->at++;
}

/* Steps over `c` and the blanks around it; false and no step when something else stands there. */
static bool accept(parser *p, char c)
{
    skip_blanks(p);
    if (p->at >= p->end || *p->at != c) return false;
    p->at++;
    skip_blanks(p);
    return true;
}

/* A quoted string without escapes; *text is not terminated. */
static bool accept_string(parser *p, const char **text, size_t *len)
{
    skip_blanks(p);
    if (p->at >= p->end || (*p->at != '\'' && *p->at != '"')) return false;
    char quote = *p->at;
    const char *begin = p->at + 1;
    const char *stop = memchr(begin, quote, (size_t)(p->end - begin));
    if (!stop) return false;
    *text = begin;
    *len = (size_t)(stop - begin);
    p->at = stop + 1;
    skip_blanks(p);
    return true;
}

static bool accept_word(parser *p, const char *word)
{
    size_t len = strlen(word);
    skip_blanks(p);
    if ((size_t)(p->end - p->at) < len || memcmp(p->at, word, len) != 0) return false;
    p->at += len;
    skip_blanks(p);
    return true;
}

/* A whole number, with the L that Python 2 wrote behind it. */
static bool accept_size(parser *p, size_t *out)
{
    size_t value = 0;
    skip_blanks(p);
    if (p->at >= p->end || *p->at < '0' || *p->at > '9') return false;
    for (; p->at < p->end && *p->at >= '0' && *p->at <= '9'; p->at++) {
        if (!wn_mul_size(value, 10, &value)) return false;
        if (__builtin_add_overflow(value, (size_t)(*p->at - '0'), &value)) return false;
    }
    if (p->at < p->end && *p->at == 'L') p->at++;
    *out = value;
    skip_blanks(p);
    return true;
}

static wn_status parse_descr(parser *p, wn_npy_type *out)
{
    const char *text;
    size_t len;
    skip_blanks(p);
    if (p->at < p->end && *p->at == '[') {
        return wn_fail(p->err, WN_UNSUPPORTED, "%s: the array holds records of several fields; save one plain column",
                       p->path);
    }
    if (!accept_string(p, &text, &len)) return damaged(p, "descr is not a string");
    if (len == 3 && text[0] == '>') {
        return wn_fail(p->err, WN_UNSUPPORTED,
                       "%s: the numbers are big-endian (%.3s); save array.astype(array.dtype.newbyteorder('<'))",
                       p->path, text);
    }
    if (len >= 2 && text[1] == 'O') {
        return wn_fail(p->err, WN_UNSUPPORTED,
                       "%s: the array holds pickled Python objects, which are never loaded; save numbers", p->path);
    }
    for (int i = 0; len == 3 && i < WN_NPY_TYPE_COUNT; i++) {
        bool order = text[0] == '<' || text[0] == '=' || text[0] == '|';
        if (order && memcmp(text + 1, types[i].code + 1, 2) == 0) {
            *out = (wn_npy_type)i;
            return WN_OK;
        }
    }
    return wn_fail(p->err, WN_UNSUPPORTED, "%s: items of type '%.*s' cannot be read; save float32 or int64", p->path,
                   (int)(len < 40 ? len : 40), text);
}

static wn_status parse_shape(parser *p, wn_npy_shape *shape)
{
    size_t sizes[4] = {1, 1, 1, 1}, value;
    unsigned dims = 0;
    if (!accept(p, '(')) return damaged(p, "shape is not a tuple");
    while (!accept(p, ')')) {
        if (!accept_size(p, &value)) return damaged(p, "a size in shape is not a whole number");
        if (dims < 4) sizes[dims] = value;
        dims++;
        if (!accept(p, ',') && (p->at >= p->end || *p->at != ')')) return damaged(p, "shape does not end");
    }
    if (dims < 1 || dims > 4) {
        return wn_fail(p->err, WN_UNSUPPORTED, "%s: the array has %u dimensions; one or two are understood: reshape it",
                       p->path, dims);
    }
    shape->dims = dims;
    memcpy(shape->sizes, sizes, sizeof sizes);
    shape->rows = sizes[0];
    shape->cols = sizes[1];
    bool fits = dims < 3 || wn_mul_size(sizes[dims - 2], sizes[dims - 1], &shape->cols);
    fits = fits && (dims < 4 || wn_mul_size(sizes[0], sizes[1], &shape->rows));
    return fits ? WN_OK : damaged(p, "the shape is larger than memory can be");
}

static wn_status parse_entry(parser *p, unsigned *seen, wn_npy_shape *shape)
{
    static const char *const keys[] = {"descr", "fortran_order", "shape"};
    const char *text;
    size_t len;
    unsigned key = 0;

    if (!accept_string(p, &text, &len)) return damaged(p, "a key is missing");
    while (key < 3 && (strlen(keys[key]) != len || memcmp(keys[key], text, len) != 0)) key++;
    if (key == 3) return damaged(p, "it has a key that is not descr, fortran_order or shape");
    if (*seen & 1u << key) return damaged(p, "a key stands there twice");
    *seen |= 1u << key;
    if (!accept(p, ':')) return damaged(p, "a key has no value");
    if (key == 0) return parse_descr(p, &shape->type);
    if (key == 2) return parse_shape(p, shape);
    if (accept_word(p, "True")) {
        shape->fortran_order = 1;
    } else if (accept_word(p, "False")) {
        shape->fortran_order = 0;
    } else {
        return damaged(p, "fortran_order is neither True nor False");
    }
    return WN_OK;
}

static wn_status parse_dictionary(parser *p, wn_npy_shape *shape)
{
    unsigned seen = 0;
    if (!accept(p, '{')) return damaged(p, "there is no dictionary");
    while (!accept(p, '}')) {
        WN_TRY(parse_entry(p, &seen, shape));
        if (!accept(p, ',') && (p->at >= p->end || *p->at != '}')) return damaged(p, "the dictionary does not end");
    }
    if (p->at != p->end) return damaged(p, "something stands behind the dictionary");
    if (seen != 7) return damaged(p, "descr, fortran_order or shape is missing");
    return WN_OK;
}

/* Finds the dictionary: 6 bytes of magic, 2 of version, its length in 2 bytes (version 1) or 4. */
static wn_status find_dictionary(const unsigned char *bytes, size_t len, parser *p, size_t *data_offset)
{
    if (len < 10 || memcmp(bytes, "\x93NUMPY", 6) != 0) {
        return wn_fail(p->err, WN_CORRUPT, "%s: not a .npy file%s", p->path,
                       len >= 4 && memcmp(bytes, "PK\3\4", 4) == 0
                           ? " but a .npz archive; save its array with numpy.save"
                           : "; make one with numpy.save");
    }
    size_t begin = bytes[6] == 1 ? 10 : 12, size = (size_t)bytes[8] | (size_t)bytes[9] << 8;
    if (bytes[6] < 1 || bytes[6] > 3) {
        return wn_fail(p->err, WN_UNSUPPORTED, "%s: version %u.%u of the .npy format is not known", p->path, bytes[6],
                       bytes[7]);
    }
    if (begin > len) return damaged(p, "the file ends in it");
    if (bytes[6] > 1) size |= (size_t)bytes[10] << 16 | (size_t)bytes[11] << 24;
    if (size > WN_NPY_HEADER_MAX) return damaged(p, "its length is beyond reason");
    if (size > len - begin) return damaged(p, "the file ends in it");
    p->at = (const char *)bytes + begin;
    p->end = p->at + size;
    *data_offset = begin + size;
    return WN_OK;
}

wn_status wn_npy_header_parse(const unsigned char *bytes, size_t len, const char *path, wn_npy_shape *shape,
                              size_t *data_offset, wn_error *err)
{
    parser p = {.path = path, .err = err};
    size_t need;
    *shape = (wn_npy_shape){0};
    WN_TRY(find_dictionary(bytes, len, &p, data_offset));
    WN_TRY(parse_dictionary(&p, shape));
    if (!wn_mul_size(shape->rows, shape->cols, &need) || !wn_mul_size(need, types[shape->type].bytes, &need)) {
        return damaged(&p, "the shape is larger than memory can be");
    }
    if (need > len - *data_offset) {
        return wn_fail(
            err, WN_CORRUPT,
            "%s: the file is cut short: %zu x %zu items of type %s need %zu bytes, %zu are there; copy it again", path,
            shape->rows, shape->cols, types[shape->type].code, need, len - *data_offset);
    }
    return WN_OK;
}
