/* SPDX-License-Identifier: Apache-2.0
 *
 * A plot from its parts: where the map, its title and its legend are.
 */
#include "winnow/plot.h"

#include <math.h>

#include "base/error.h"
#include "base/file.h"
#include "base/text.h"
#include "draw/plot_parts.h"
#include "winnow/memory.h"

wn_status wn_plot_check_path(const char *path, wn_error *err)
{
    if (wn_text_ends_with(path, ".png") || wn_text_ends_with(path, ".svg")) return WN_OK;
    return wn_fail(err, WN_INVALID, "a plot is written as .png or .svg, not as '%s'", path);
}

static wn_status check(const wn_plot *plot, wn_error *err)
{
    size_t width = plot->width ? plot->width : WN_PLOT_WIDTH_USUAL;
    if (plot->points.cols < 2 || plot->points.cols > 3)
        return wn_fail(err, WN_INVALID, "a plot has points of 2 or 3 dimensions, not of %zu", plot->points.cols);
    if (width < WN_PLOT_WIDTH_LEAST || width > WN_PLOT_WIDTH_MOST)
        return wn_fail(err, WN_INVALID, "a plot is %d to %d pixels wide, not %zu", WN_PLOT_WIDTH_LEAST,
                       WN_PLOT_WIDTH_MOST, width);
    if (plot->point_size < 0 || !isfinite(plot->point_size))
        return wn_fail(err, WN_INVALID, "the size of points of a plot is a number of pixels");
    for (size_t i = 0; plot->colouring == WN_PLOT_CATEGORIES && i < plot->points.rows; i++)
        if (plot->codes[i] < -1 || plot->codes[i] >= (int64_t)plot->names_len)
            return wn_fail(err, WN_INVALID, "row %zu of the plot has category %d of %zu", i, (int)plot->codes[i],
                           plot->names_len);
    for (size_t i = 0; i < plot->marks_len; i++)
        if (plot->marks[i].row >= plot->points.rows)
            return wn_fail(err, WN_INVALID, "mark %zu of the plot is row %zu of %zu", i, plot->marks[i].row,
                           plot->points.rows);
    return WN_OK;
}

/* Room: titles above, the legend on the right where colours tell something. */
static void lay_out(wn_plotting *p, size_t width, size_t *height)
{
    const wn_plot *plot = p->plot;
    float unit = p->unit = (float)width / WN_PLOT_WIDTH_USUAL, margin = 40 * unit;
    float legend = plot->colouring == WN_PLOT_PLAIN ? 0 : 330 * unit;
    p->left = margin;
    p->top = (plot->title ? 76 : 40) * unit + (plot->note ? 36 * unit : 0);
    p->width = (float)width - 2 * margin - legend;
    p->height = p->width * wn_plot_aspect(plot);
    if (legend > 0) p->height = fmaxf(p->height, 620 * unit);
    *height = (size_t)ceilf(p->top + p->height + margin);
}

static wn_status draw(wn_plotting *p, wn_error *err)
{
    const wn_plot *plot = p->plot;
    const wn_surface_type *type = p->to->type;
    float unit = p->unit, wide = (float)p->to->width - 2 * p->left;
    const wn_text_style title = {34 * unit, WN_ANCHOR_START, WN_COLOUR_INK};
    const wn_text_style note = {19 * unit, WN_ANCHOR_START, WN_COLOUR_QUIET};
    const wn_text_style empty = {22 * unit, WN_ANCHOR_MIDDLE, WN_COLOUR_QUIET};
    if (plot->title) wn_plot_text(p, p->left, 62 * unit, plot->title, &title, wide);
    if (plot->note) wn_plot_text(p, p->left, p->top - 20 * unit, plot->note, &note, wide);
    type->rect(p->to, p->left, p->top, p->width, p->height, 10 * unit, WN_COLOUR_FAINT, 1);
    type->rect(p->to, p->left + unit, p->top + unit, p->width - 2 * unit, p->height - 2 * unit, 9 * unit,
               WN_COLOUR_PAPER, 1);
    WN_TRY(wn_plot_choose_colours(p, err));
    WN_TRY(wn_plot_place_dots(p, err));
    if (p->count)
        type->dots(p->to, p->dots, p->count);
    else
        type->text(p->to, p->left + p->width / 2, p->top + p->height / 2, "no points to draw", &empty);
    WN_TRY(wn_plot_draw_pictures(p, err));
    if (plot->colouring != WN_PLOT_PLAIN)
        wn_plot_draw_legend(p, p->left + p->width + 36 * unit, p->top + 4 * unit, 294 * unit);
    return WN_OK;
}

wn_status wn_plot_write(const char *path, const wn_plot *plot, wn_error *err)
{
    wn_plotting p = {.plot = plot};
    wn_buffer file;
    size_t width = plot->width ? plot->width : WN_PLOT_WIDTH_USUAL, height;
    WN_TRY(wn_plot_check_path(path, err));
    WN_TRY(check(plot, err));
    lay_out(&p, width, &height);
    wn_status status = wn_text_ends_with(path, ".svg")
                           ? wn_svg_new(width, height, plot->title ? plot->title : "Map", &p.to, err)
                           : wn_raster_new(width, height, &p.to, err);
    if (status) return status;
    wn_buffer_init(&file, WN_MEMORY_IMAGE, 0);
    status = draw(&p, err);
    if (!status && p.to->failed) status = wn_fail(err, WN_NOMEM, "no memory for the plot '%s'", path);
    if (!status) status = p.to->type->finish(p.to, &file, err);
    if (!status) status = wn_file_write(path, file.data, file.len, err);
    wn_buffer_clear(&file);
    wn_plot_colours_clear(&p.colours);
    wn_free(p.rows);
    wn_free(p.dots);
    p.to->type->free(p.to);
    return status;
}

uint64_t wn_plot_memory(const wn_plot *plot)
{
    uint64_t width = plot->width ? plot->width : WN_PLOT_WIDTH_USUAL;
    return width * width * 3 * (sizeof(float) + 2) + (uint64_t)plot->points.rows * 80 + (8u << 20);
}
