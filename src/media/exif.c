/* SPDX-License-Identifier: Apache-2.0
 *
 * A bounded reader of EXIF 2.32: the first directory and its Exif directory, no recursion, every offset checked.
 */
#include "media/exif.h"

#include <stdio.h>
#include <string.h>

#include "base/text.h"

#define TAG_MAKE            0x010F
#define TAG_MODEL           0x0110
#define TAG_ORIENTATION     0x0112
#define TAG_CHANGED         0x0132
#define TAG_EXIF_DIRECTORY  0x8769
#define TAG_CAPTURED        0x9003
#define TAG_OFFSET_CAPTURED 0x9011
#define MOST_FIELDS         512 /* of one directory; cameras write about 60 */

typedef struct block {
    const uint8_t *bytes;
    size_t len;
    bool big_endian;
} block;

typedef struct field {
    uint32_t tag, type, count;
    const uint8_t *value; /* checked to hold `count` values of `type` */
} field;

typedef struct date_texts {
    char changed[20], captured[20], offset[8]; /* "2023:05:14 09:30:00", "+02:00" */
} date_texts;

static uint32_t get16(const block *b, const uint8_t *at)
{
    return b->big_endian ? (uint32_t)(at[0] << 8 | at[1]) : (uint32_t)(at[1] << 8 | at[0]);
}

static uint32_t get32(const block *b, const uint8_t *at)
{
    return b->big_endian ? get16(b, at) << 16 | get16(b, at + 2) : get16(b, at + 2) << 16 | get16(b, at);
}

/* The field at `at` (12 bytes); false when its value lies outside the block. */
static bool get_field(const block *b, const uint8_t *at, field *out)
{
    static const uint8_t sizes[] = {0, 1, 1, 2, 4, 8, 1, 1, 2, 4, 8, 4, 8};
    out->tag = get16(b, at);
    out->type = get16(b, at + 2);
    out->count = get32(b, at + 4);
    if (out->type == 0 || out->type >= sizeof(sizes)) return false;
    uint64_t bytes = (uint64_t)out->count * sizes[out->type];
    out->value = at + 8;
    if (bytes > 4) {
        uint32_t offset = get32(b, at + 8);
        if (offset > b->len || bytes > b->len - offset) return false;
        out->value = b->bytes + offset;
    }
    return true;
}

/* Printable UTF-8 without blanks at the ends; bytes that are neither are left out. */
static void copy_text(const field *f, char *out, size_t room)
{
    const char *text = (const char *)f->value;
    size_t len = f->type == 2 ? strnlen(text, f->count) : 0, used = 0;
    for (size_t i = 0; i < len;) {
        size_t step = wn_text_utf8_step(text + i, len - i);
        bool printable = step > 1 || (step == 1 && text[i] >= ' ' && text[i] != 0x7F);
        if (printable && !(used == 0 && text[i] == ' ')) {
            if (used + step + 1 > room) break;
            memcpy(out + used, text + i, step);
            used += step;
        }
        i += step > 0 ? step : 1;
    }
    while (used > 0 && out[used - 1] == ' ') used--;
    out[used] = '\0';
}

static void take_field(const block *b, const field *f, wn_facts *facts, date_texts *dates, uint32_t *directory)
{
    switch (f->tag) {
    case TAG_MAKE:
        copy_text(f, facts->make, sizeof(facts->make));
        break;
    case TAG_MODEL:
        copy_text(f, facts->model, sizeof(facts->model));
        break;
    case TAG_CHANGED:
        copy_text(f, dates->changed, sizeof(dates->changed));
        break;
    case TAG_CAPTURED:
        copy_text(f, dates->captured, sizeof(dates->captured));
        break;
    case TAG_OFFSET_CAPTURED:
        copy_text(f, dates->offset, sizeof(dates->offset));
        break;
    case TAG_ORIENTATION: {
        if (f->count == 0 || (f->type != 3 && f->type != 4)) break;
        uint32_t value = f->type == 3 ? get16(b, f->value) : get32(b, f->value);
        if (value >= 1 && value <= 8) facts->orientation = (int)value;
        break;
    }
    case TAG_EXIF_DIRECTORY:
        if (f->type == 4 && f->count == 1) *directory = get32(b, f->value);
        break;
    default:
        break;
    }
}

/* Reads the directory at `offset`; *inner becomes the offset of the Exif directory when it names one. */
static void read_directory(const block *b, uint32_t offset, wn_facts *facts, date_texts *dates, uint32_t *inner)
{
    if (offset > b->len || b->len - offset < 2) return;
    size_t fields = get16(b, b->bytes + offset), fit = (b->len - offset - 2) / 12;
    if (fields > fit) fields = fit;
    if (fields > MOST_FIELDS) fields = MOST_FIELDS;
    for (size_t i = 0; i < fields; i++) {
        field f;
        if (get_field(b, b->bytes + offset + 2 + 12 * i, &f)) take_field(b, &f, facts, dates, inner);
    }
}

/* Days since 1970-01-01 of a date of the Gregorian calendar (H. Hinnant, "days from civil"). */
static int64_t days_from_date(int64_t year, int month, int day)
{
    year -= month <= 2;
    int64_t era = (year >= 0 ? year : year - 399) / 400, of_era = year - era * 400;
    int64_t of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
    return era * 146097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719468;
}

static int days_in_month(int year, int month)
{
    static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
    return month == 2 && leap ? 29 : days[month - 1];
}

/* Two or four digits at `at`; -1 when they are none. */
static int digits(const char *at, int count)
{
    int value = 0;
    for (int i = 0; i < count; i++) {
        if (at[i] < '0' || at[i] > '9') return -1;
        value = value * 10 + (at[i] - '0');
    }
    return value;
}

static void set_captured(const char *date, const char *offset, wn_facts *facts)
{
    if (strlen(date) != 19) return;
    int year = digits(date, 4), month = digits(date + 5, 2), day = digits(date + 8, 2);
    int hour = digits(date + 11, 2), minute = digits(date + 14, 2), second = digits(date + 17, 2);
    if (year < 1800 || month < 1 || month > 12 || day < 1 || day > days_in_month(year, month)) return;
    if (hour < 0 || hour > 23 || minute < 0 || minute > 59 || second < 0 || second > 60) return;
    char text[96];
    snprintf(text, sizeof(text), "%04d-%02d-%02dT%02d:%02d:%02d", year, month, day, hour, minute, second);
    memcpy(facts->captured, text, 20); /* 19 characters: every number was checked */
    facts->captured_unix = days_from_date(year, month, day) * 86400 + hour * 3600 + minute * 60 + second;
    if (strlen(offset) != 6 || (offset[0] != '+' && offset[0] != '-')) return;
    int hours = digits(offset + 1, 2), minutes = digits(offset + 4, 2);
    if (hours < 0 || hours > 14 || minutes < 0 || minutes > 59) return;
    facts->captured_unix -= (offset[0] == '+' ? 1 : -1) * (hours * 3600 + minutes * 60);
}

void wn_exif_parse(const uint8_t *bytes, size_t len, wn_facts *facts)
{
    if (len >= 6 && memcmp(bytes, "Exif\0\0", 6) == 0) {
        bytes += 6;
        len -= 6;
    }
    if (len < 8) return;
    block b = {.bytes = bytes, .len = len, .big_endian = bytes[0] == 'M'};
    if (memcmp(bytes, "II*\0", 4) != 0 && memcmp(bytes, "MM\0*", 4) != 0) return;
    date_texts dates = {0};
    uint32_t inner = 0, none = 0;
    read_directory(&b, get32(&b, bytes + 4), facts, &dates, &inner);
    if (inner != 0) read_directory(&b, inner, facts, &dates, &none);
    set_captured(dates.captured[0] != '\0' ? dates.captured : dates.changed, dates.offset, facts);
}
