/* SPDX-License-Identifier: Apache-2.0
 *
 * A map with what belongs on it: title, figures, colours, and the groups that it shows.
 */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/error.h"
#include "base/text.h"
#include "winnow/jobs.h"
#include "winnow/map_clusters.h"
#include "winnow/memory.h"

enum { USUAL_CLUSTERS = 12, MOST_CLUSTERS = 99, TEXT = 160 };

typedef struct composing {
    const wn_map_plot *wanted;
    const wn_map_plot_data *data;
    wn_arena arena;
    wn_map_clusters clusters;
    wn_plot plot;
    int32_t *codes; /* of the integers */
} composing;

static wn_status no_memory(wn_error *err)
{
    return wn_fail(err, WN_NOMEM, "no memory for the plot");
}

static const char *method_title(const char *method)
{
    static const char *const titles[][2] = {{"pca", "PCA"}, {"umap", "UMAP"}, {"tsne", "t-SNE"}, {"pacmap", "PaCMAP"}};
    for (size_t i = 0; i < sizeof titles / sizeof *titles; i++)
        if (strcmp(titles[i][0], method) == 0) return titles[i][1];
    return method;
}

static wn_status write_titles(composing *c, wn_error *err)
{
    const wn_map_plot_data *data = c->data;
    const wn_map_quality *q = data->quality;
    size_t drawn = 0;
    char count[TEXT], labels[TEXT] = "";
    for (size_t i = 0; i < data->points.rows; i++) drawn += isfinite(wn_matrix_row(&data->points, i)[0]) != 0;
    wn_text_count(drawn, count);
    c->plot.title = wn_arena_format(&c->arena, "%s of %s %s%s%s", method_title(data->method), count, data->row_word,
                                    data->about ? " \xc2\xb7 " : "", data->about ? data->about : "");
    if (!c->plot.title) return no_memory(err);
    if (!q || !q->sampled) return WN_OK;
    if (isfinite(q->labels)) snprintf(labels, sizeof labels, " \xc2\xb7 same label %.1f %%", 100 * q->labels);
    c->plot.note = wn_arena_format(&c->arena,
                                   "trustworthiness %.3f \xc2\xb7 continuity %.3f \xc2\xb7 neighbours kept %.1f %% "
                                   "\xc2\xb7 triplets %.1f %%%s",
                                   q->trustworthiness, q->continuity, 100 * q->recall, 100 * q->triplets, labels);
    return c->plot.note ? WN_OK : no_memory(err);
}

/* ---- integers as categories, by their value ---- */

static int compare_integers(const void *left, const void *right)
{
    int64_t a = *(const int64_t *)left, b = *(const int64_t *)right;
    return (a > b) - (a < b);
}

static wn_status code_integers(composing *c, wn_error *err)
{
    size_t rows = c->data->points.rows, kept = 0, count = 0;
    int64_t *values = wn_alloc(WN_MEMORY_GENERAL, rows + 1, sizeof *values);
    c->codes = wn_alloc(WN_MEMORY_GENERAL, rows + 1, sizeof *c->codes);
    if (!values || !c->codes) {
        wn_free(values);
        return no_memory(err);
    }
    for (size_t i = 0; i < rows; i++)
        if (c->data->integers[i] >= 0) values[kept++] = c->data->integers[i];
    qsort(values, kept, sizeof *values, compare_integers);
    for (size_t i = 0; i < kept; i++)
        if (!count || values[count - 1] != values[i]) values[count++] = values[i];
    const char **names = wn_arena_alloc(&c->arena, count + 1, sizeof *names);
    for (size_t i = 0; names && i < count; i++) names[i] = wn_arena_format(&c->arena, "%" PRId64, values[i]);
    for (size_t i = 0; i < rows; i++) {
        int64_t value = c->data->integers[i];
        const int64_t *at = value < 0 ? NULL : bsearch(&value, values, count, sizeof *values, compare_integers);
        c->codes[i] = at ? (int32_t)(at - values) : -1;
    }
    wn_free(values);
    if (!names || (count && !names[count - 1])) return no_memory(err);
    c->plot.codes = c->codes;
    c->plot.names = names;
    c->plot.names_len = count;
    return WN_OK;
}

/* ---- clusters ---- */

static wn_status colour_by_cluster(composing *c, wn_error *err)
{
    const char **names = wn_arena_alloc(&c->arena, c->clusters.count + 1, sizeof *names);
    for (size_t i = 0; names && i < c->clusters.count; i++) {
        names[i] = wn_arena_format(&c->arena, "cluster %zu", i + 1);
        if (!names[i]) return no_memory(err);
    }
    if (!names) return no_memory(err);
    c->plot.colouring = WN_PLOT_CATEGORIES;
    c->plot.codes = c->clusters.codes;
    c->plot.names = names;
    c->plot.names_len = c->clusters.count;
    c->plot.none = "in none of them";
    return WN_OK;
}

/* The most frequent category of a cluster, and its share of the rows of the cluster that have one; -1 = none. */
static wn_status find_majorities(const composing *c, int32_t *winner, double *share, wn_error *err)
{
    size_t names = c->plot.names_len, groups = c->clusters.count;
    uint32_t *counts = wn_calloc(WN_MEMORY_GENERAL, groups * names + 1, sizeof *counts);
    if (!counts) return no_memory(err);
    for (size_t i = 0; i < c->data->points.rows; i++)
        if (c->clusters.codes[i] >= 0 && c->plot.codes[i] >= 0)
            counts[(size_t)c->clusters.codes[i] * names + (size_t)c->plot.codes[i]]++;
    for (size_t g = 0; g < groups; g++) {
        uint64_t sum = 0;
        uint32_t most = 0;
        winner[g] = -1;
        for (size_t n = 0; n < names; n++) {
            uint32_t count = counts[g * names + n];
            sum += count;
            if (count > most) most = count, winner[g] = (int32_t)n;
        }
        share[g] = sum ? (double)most / (double)sum : 0;
    }
    wn_free(counts);
    return WN_OK;
}

static wn_status mark_clusters(composing *c, bool named, wn_error *err)
{
    int32_t winner[MOST_CLUSTERS] = {0};
    double share[MOST_CLUSTERS] = {0};
    size_t groups = c->clusters.count;
    wn_plot_mark *marks = wn_arena_alloc(&c->arena, groups + 1, sizeof *marks);
    if (!marks) return no_memory(err);
    if (named) WN_TRY(find_majorities(c, winner, share, err));
    for (size_t g = 0; g < groups; g++) {
        char count[TEXT];
        wn_text_count(c->clusters.sizes[g], count);
        bool says = named && winner[g] >= 0;
        const char *text =
            says ? wn_arena_format(&c->arena, "%.40s %.0f %% of %s", c->plot.names[winner[g]], 100 * share[g], count)
            : c->data->picture ? wn_arena_format(&c->arena, "%s", count)
                               : wn_arena_format(&c->arena, "row %zu", c->clusters.typical[g]);
        if (!text) return no_memory(err);
        marks[g] = (wn_plot_mark){c->clusters.typical[g], text};
    }
    c->plot.marks = marks;
    c->plot.marks_len = groups;
    return WN_OK;
}

static wn_status find_clusters(composing *c, bool by_cluster, wn_error *err)
{
    int64_t wanted = c->wanted->clusters < 0 ? by_cluster ? USUAL_CLUSTERS : 0 : c->wanted->clusters;
    bool named = c->plot.colouring == WN_PLOT_CATEGORIES;
    if (wanted > MOST_CLUSTERS)
        return wn_fail(err, WN_INVALID, "%" PRId64 " clusters cannot be told apart on a plot; ask for %d at most",
                       wanted, MOST_CLUSTERS);
    if (!wanted && !by_cluster) return WN_OK;
    const wn_map_clusters_request request = {
        .points = c->data->points, .rows = c->data->rows, .most = wanted ? (size_t)wanted : USUAL_CLUSTERS};
    WN_TRY(wn_map_clusters_find(&request, &c->clusters, err));
    if (wanted) WN_TRY(mark_clusters(c, named, err));
    return by_cluster ? colour_by_cluster(c, err) : WN_OK;
}

static wn_status compose(composing *c, wn_error *err)
{
    const wn_map_plot_data *data = c->data;
    bool by_cluster = !data->codes && !data->integers && !data->numbers;
    c->plot = (wn_plot){.points = data->points,
                        .row_word = data->row_word,
                        .colouring = by_cluster                      ? WN_PLOT_PLAIN
                                     : data->codes || data->integers ? WN_PLOT_CATEGORIES
                                                                     : WN_PLOT_NUMBERS,
                        .colour_title = by_cluster ? "cluster of the map" : data->colour_title,
                        .codes = data->codes,
                        .names = data->names,
                        .names_len = data->names_len,
                        .none = data->none,
                        .numbers = data->numbers,
                        .width = c->wanted->width,
                        .point_size = c->wanted->point_size,
                        .thumbnails = c->wanted->thumbnails,
                        .picture = data->picture,
                        .context = data->context};
    WN_TRY(write_titles(c, err));
    if (!data->codes && data->integers) WN_TRY(code_integers(c, err));
    WN_TRY(find_clusters(c, by_cluster, err));
    return wn_plot_write(c->wanted->path, &c->plot, err);
}

wn_status wn_map_plot_draw(const wn_map_plot *plot, const wn_map_plot_data *data, wn_error *err)
{
    composing c = {.wanted = plot, .data = data};
    wn_arena_init(&c.arena, WN_MEMORY_TEXT, 0);
    wn_status status = compose(&c, err);
    wn_map_clusters_clear(&c.clusters);
    wn_free(c.codes);
    wn_arena_clear(&c.arena);
    return status;
}
