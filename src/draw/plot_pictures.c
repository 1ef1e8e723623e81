/* SPDX-License-Identifier: Apache-2.0
 *
 * Pictures on a map: thumbnails where they have room, and marks that move apart and keep a line to their place.
 */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "draw/letters.h"
#include "draw/plot_parts.h"
#include "winnow/media.h"
#include "winnow/memory.h"

/* Sides of pictures at the usual width; how often marks move apart; candidates that are tried for thumbnails. */
enum { THUMB = 54, MARK = 84, READ_SIDE = 168, MOVES = 120, TRIED_MOST = 60000, SHOWN_MOST = 900 };

/* A picture read: sides in proportion, at most 1; square pixels of the reader, borrowed until the next. */
typedef struct picture {
    const uint8_t *pixels;
    float width, height;
} picture;

/* False where the row has no picture that can be read. */
static bool read_picture(const wn_plot *plot, wn_reader *reader, size_t row, picture *out)
{
    unsigned char *bytes = NULL;
    size_t len = 0;
    wn_reading reading;
    if (!reader || plot->picture(plot->context, row, &bytes, &len, NULL)) return false;
    bool read = !wn_reader_read_bytes(reader, bytes, len, NULL, &reading, NULL) && reading.input;
    wn_free(bytes);
    if (!read || reading.facts.width < 1 || reading.facts.height < 1) return false;
    float width = (float)reading.facts.width, height = (float)reading.facts.height, longer = fmaxf(width, height);
    *out = (picture){reading.input, fmaxf(width / longer, 0.1f), fmaxf(height / longer, 0.1f)};
    return true;
}

/* Centred at (x, y) within a square, with a rim of a colour. */
static void draw_picture(wn_plotting *p, const picture *shown, float x, float y, float side, float rim, uint32_t colour)
{
    float w = roundf(side * shown->width), h = roundf(side * shown->height);
    float left = roundf(x - w / 2), top = roundf(y - h / 2);
    p->to->type->rect(p->to, left - rim - p->unit, top - rim - p->unit, w + 2 * (rim + p->unit),
                      h + 2 * (rim + p->unit), 2 * p->unit, WN_COLOUR_PAPER, 1);
    p->to->type->rect(p->to, left - rim, top - rim, w + 2 * rim, h + 2 * rim, 2 * p->unit, colour, 1);
    p->to->type->picture(p->to, left, top, w, h, shown->pixels, READ_SIDE);
}

/* ---- thumbnails: rows in the order of the dots, those on top first, each where no earlier one is ---- */

typedef struct places {
    uint32_t *taken; /* per cell of one side: 1 + the number of the picture whose centre is there */
    size_t columns, rows;
    float *xs, *ys;
    size_t count;
} places;

static bool has_room(const places *at, const wn_plotting *p, float x, float y, float side)
{
    long column = (long)((x - p->left) / side), row = (long)((y - p->top) / side);
    for (long r = row - 1; r <= row + 1; r++)
        for (long c = column - 1; c <= column + 1; c++) {
            if (r < 0 || c < 0 || r >= (long)at->rows || c >= (long)at->columns) continue;
            uint32_t other = at->taken[(size_t)r * at->columns + (size_t)c];
            if (other && fabsf(at->xs[other - 1] - x) < side && fabsf(at->ys[other - 1] - y) < side) return false;
        }
    return x - side / 2 > p->left && x + side / 2 < p->left + p->width && y - side / 2 > p->top &&
           y + side / 2 < p->top + p->height;
}

static void place_thumbs(wn_plotting *p, wn_reader *reader, places *at, float side)
{
    float gap = 5 * p->unit, rim = p->plot->colouring == WN_PLOT_PLAIN ? 0 : 2.5f * p->unit;
    for (size_t i = 0; i < p->count && i < TRIED_MOST && at->count < SHOWN_MOST; i++) {
        const wn_dot *dot = &p->dots[p->count - 1 - i];
        size_t row = p->rows[p->count - 1 - i];
        picture shown;
        int layer;
        if (!has_room(at, p, dot->x, dot->y, side) || !read_picture(p->plot, reader, row, &shown)) continue;
        draw_picture(p, &shown, dot->x, dot->y, side - gap - 2 * rim, rim, wn_plot_colour_of(p, row, &layer));
        at->xs[at->count] = dot->x, at->ys[at->count] = dot->y;
        size_t column = (size_t)((dot->x - p->left) / side), line = (size_t)((dot->y - p->top) / side);
        at->taken[line * at->columns + column] = (uint32_t)++at->count;
    }
}

static wn_status draw_thumbs(wn_plotting *p, wn_reader *reader, wn_error *err)
{
    float side = THUMB * p->unit;
    places at = {.columns = (size_t)(p->width / side) + 2, .rows = (size_t)(p->height / side) + 2};
    at.taken = wn_calloc(WN_MEMORY_IMAGE, at.columns * at.rows, sizeof *at.taken);
    at.xs = wn_alloc(WN_MEMORY_IMAGE, SHOWN_MOST, 2 * sizeof *at.xs);
    wn_status status = WN_OK;
    if (!at.taken || !at.xs) {
        status = wn_fail(err, WN_NOMEM, "no memory for the pictures of the plot");
    } else {
        at.ys = at.xs + SHOWN_MOST;
        place_thumbs(p, reader, &at, side);
    }
    wn_free(at.taken);
    wn_free(at.xs);
    return status;
}

/* ---- marks ---- */

typedef struct mark {
    float x, y, home_x, home_y;
    uint32_t colour;
    bool is_shown;
} mark;

static void find_homes(const wn_plotting *p, mark *marks)
{
    for (size_t i = 0; i < p->count; i++)
        for (size_t m = 0; m < p->plot->marks_len; m++) {
            int layer;
            if (p->plot->marks[m].row != p->rows[i]) continue;
            marks[m] = (mark){
                p->dots[i].x, p->dots[i].y, p->dots[i].x, p->dots[i].y, wn_plot_colour_of(p, p->rows[i], &layer), true};
        }
}

/* Marks that overlap push each other away, and all stay in the box. Equal places part by their numbers. */
static void move_apart(const wn_plotting *p, mark *marks, float width, float height)
{
    size_t count = p->plot->marks_len;
    for (int move = 0; move < MOVES; move++) {
        for (size_t a = 0; a < count; a++)
            for (size_t b = a + 1; b < count; b++) {
                float dx = marks[b].x - marks[a].x, dy = marks[b].y - marks[a].y;
                float in_x = width - fabsf(dx), in_y = height - fabsf(dy);
                if (!marks[a].is_shown || !marks[b].is_shown || in_x <= 0 || in_y <= 0) continue;
                if (in_x < in_y) {
                    float by = (dx < 0 ? -in_x : in_x) / 2;
                    marks[a].x -= by, marks[b].x += by;
                } else {
                    float by = (dy < 0 ? -in_y : in_y) / 2;
                    marks[a].y -= by, marks[b].y += by;
                }
            }
        for (size_t m = 0; m < count; m++) {
            marks[m].x = fmaxf(p->left + width / 2, fminf(p->left + p->width - width / 2, marks[m].x));
            marks[m].y = fmaxf(p->top + height / 2, fminf(p->top + p->height - height / 2, marks[m].y));
        }
    }
}

static void draw_number(wn_plotting *p, float x, float y, size_t number)
{
    char text[24];
    float unit = p->unit;
    const wn_text_style style = {16 * unit, WN_ANCHOR_MIDDLE, WN_COLOUR_PAPER};
    const wn_dot rim = {x, y, 15 * unit, 1, WN_COLOUR_PAPER}, disc = {x, y, 13 * unit, 1, WN_COLOUR_INK};
    snprintf(text, sizeof text, "%zu", number);
    p->to->type->dots(p->to, &rim, 1);
    p->to->type->dots(p->to, &disc, 1);
    p->to->type->text(p->to, x, y + 5.8f * unit, text, &style);
}

static void draw_mark(wn_plotting *p, wn_reader *reader, const mark *at, size_t number)
{
    float unit = p->unit, side = MARK * unit, below = at->y + 28 * unit;
    const char *text = p->plot->marks[number].text;
    const wn_text_style style = {15 * unit, WN_ANCHOR_MIDDLE, WN_COLOUR_INK};
    picture shown;
    if (read_picture(p->plot, reader, p->plot->marks[number].row, &shown)) {
        uint32_t rim = p->plot->colouring == WN_PLOT_CATEGORIES ? at->colour : WN_COLOUR_INK;
        draw_picture(p, &shown, at->x, at->y, side, 3 * unit, rim);
        draw_number(p, at->x - side * shown.width / 2, at->y - side * shown.height / 2, number + 1);
        below = at->y + side * shown.height / 2 + 22 * unit;
    } else {
        draw_number(p, at->x, at->y, number + 1);
    }
    if (!text) return;
    float wide = fminf(wn_letters_width(text, style.size), 2.4f * side) + 12 * unit;
    p->to->type->rect(p->to, at->x - wide / 2, below - 16 * unit, wide, 22 * unit, 6 * unit, WN_COLOUR_PAPER, 0.86f);
    wn_plot_text(p, at->x, below, text, &style, 2.4f * side);
}

static wn_status draw_marks(wn_plotting *p, wn_reader *reader, wn_error *err)
{
    size_t count = p->plot->marks_len;
    float unit = p->unit, widest = reader ? MARK * unit : 40 * unit;
    mark *marks = wn_calloc(WN_MEMORY_IMAGE, count, sizeof *marks);
    if (!marks) return wn_fail(err, WN_NOMEM, "no memory for the marks of the plot");
    for (size_t m = 0; m < count; m++)
        if (p->plot->marks[m].text) widest = fmaxf(widest, wn_letters_width(p->plot->marks[m].text, 15 * unit));
    find_homes(p, marks);
    move_apart(p, marks, fminf(widest, 2.4f * MARK * unit) + 16 * unit, (reader ? MARK + 44 : 62) * unit);
    for (size_t m = 0; m < count; m++) {
        if (!marks[m].is_shown) continue;
        const wn_dot home = {marks[m].home_x, marks[m].home_y, 4 * unit, 1, WN_COLOUR_INK};
        p->to->type->line(p->to, marks[m].home_x, marks[m].home_y, marks[m].x, marks[m].y, 2 * unit, WN_COLOUR_INK,
                          0.7f);
        p->to->type->dots(p->to, &home, 1);
    }
    for (size_t m = 0; m < count; m++)
        if (marks[m].is_shown) draw_mark(p, reader, &marks[m], m);
    wn_free(marks);
    return WN_OK;
}

wn_status wn_plot_draw_pictures(wn_plotting *p, wn_error *err)
{
    wn_reader *reader = NULL;
    const wn_read_request request = {.thumb_side = -1, .input_side = READ_SIDE};
    wn_status status = WN_OK;
    if (p->plot->picture && (p->plot->thumbnails || p->plot->marks_len)) {
        WN_TRY(wn_media_init(err));
        WN_TRY(wn_reader_new(NULL, &request, &reader, err));
    }
    if (p->plot->thumbnails && reader) status = draw_thumbs(p, reader, err);
    if (!status && p->plot->marks_len) status = draw_marks(p, reader, err);
    wn_reader_free(&reader);
    return status;
}
