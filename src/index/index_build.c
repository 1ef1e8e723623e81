/* SPDX-License-Identifier: Apache-2.0
 *
 * Making an index: distinct rows in bytes, in the order of the kind, and how many of the cells near a row hold its
 * neighbours.
 */
#include <math.h>
#include <string.h>

#include "base/error.h"
#include "index/layout.h"
#include "index/parts.h"
#include "winnow/memory.h"

/* Rows of the sample that measures; the neighbours of each that are looked for, and those that count on their own too.
 */
enum { GRAIN = 1024, SAMPLE = 512, SAMPLE_K = 20, SAMPLE_FIRST = 5, DIM_MOST = 4096 };

/* ---- distinct rows ---- */

typedef struct finite_job {
    const wn_matrix *embeddings;
    uint8_t *left_out;
} finite_job;

static void find_infinite(void *context, size_t begin, size_t end, unsigned worker)
{
    const finite_job *job = context;
    (void)worker;
    for (size_t row = begin; row < end; row++) {
        const float *values = wn_matrix_row(job->embeddings, row);
        float sum = 0;
        for (size_t k = 0; k < job->embeddings->cols; k++) sum += values[k] - values[k]; /* NaN once one is infinite */
        job->left_out[row] = !(sum == 0);
    }
}

wn_status wn_index_distinct(const wn_matrix *embeddings, wn_pool *pool, wn_distinct *out, wn_error *err)
{
    finite_job job = {embeddings, wn_alloc(WN_MEMORY_MATRIX, embeddings->rows, 1)};
    *out = (wn_distinct){0};
    if (!job.left_out) return wn_fail(err, WN_NOMEM, "no memory for an index of %zu rows", embeddings->rows);
    wn_pool_for(pool, embeddings->rows, GRAIN, find_infinite, &job);
    wn_status status = wn_distinct_find(embeddings, job.left_out, pool, out, err);
    wn_free(job.left_out);
    return status;
}

/* ---- arrays ---- */

/* Takes an array of the side or the layout as a part; `from` is emptied. */
#define TAKE(part, from)                                                                                               \
    do {                                                                                                               \
        index->parts[WN_INDEX_PART_##part] = (from);                                                                   \
        (from) = NULL;                                                                                                 \
    } while (0)

static void take_side(wn_index *index, wn_scan_side *side)
{
    TAKE(SLOTS, side->slots);
    TAKE(BEGINS, side->begins);
    TAKE(LENS, side->lens);
    TAKE(FACTS, side->facts);
    TAKE(NORMS, side->bytes.norms);
    TAKE(ERRORS, side->bytes.errors);
    TAKE(LENGTHS, side->bytes.lengths);
    TAKE(SCALES, side->bytes.scales);
    TAKE(SCORES, side->starts);
    TAKE(PANELS, side->panels);
    wn_scan_side_clear(side);
}

typedef struct sum_job {
    const wn_index *index;
    uint64_t *sums;
} sum_job;

static void sum_blocks(void *context, size_t begin, size_t end, unsigned worker)
{
    const sum_job *job = context;
    (void)worker;
    for (size_t block = begin; block < end; block++) job->sums[block] = wn_index_block_sum(job->index, block);
}

static void describe(wn_index *index)
{
    const wn_index_shape *s = &index->shape;
    index->info.metric = s->metric;
    index->info.rows = s->rows;
    index->info.dim = s->dim;
    index->info.finite = s->members ? s->members : s->slots;
    index->info.distinct = s->slots;
    index->info.cells = s->cells;
}

wn_status wn_index_assemble(wn_index *index, const wn_distinct *distinct, wn_bytes *bytes,
                            const wn_index_layout *layout, wn_pool *pool, wn_error *err)
{
    wn_index_shape *s = &index->shape;
    wn_scan_side side = {0};
    wn_index_rows from = {index->embeddings, distinct->firsts, distinct->groups};
    const wn_index_cells *cells = &layout->cells;
    WN_TRY(wn_scan_side_make(&index->form, bytes, &from, layout->order, layout->sizes, layout->blocks, true, false,
                             pool, &side, err));
    s->slots = distinct->groups;
    s->members = distinct->groups < distinct->rows ? distinct->rows : 0;
    s->positions = side.positions;
    s->blocks = side.blocks;
    s->cells = cells->count;
    take_side(index, &side);
    bool whole = wn_index_copy_part(index, WN_INDEX_PART_FIRSTS, distinct->firsts) &&
                 wn_index_copy_part(index, WN_INDEX_PART_MEMBERS, distinct->members) &&
                 wn_index_copy_part(index, WN_INDEX_PART_STARTS, distinct->starts) &&
                 wn_index_copy_part(index, WN_INDEX_PART_CENTRES, cells->panels) &&
                 wn_index_copy_part(index, WN_INDEX_PART_CENTRE_BIAS, cells->bias) &&
                 wn_index_copy_part(index, WN_INDEX_PART_CENTRE_NORMS, cells->norms) &&
                 wn_index_copy_part(index, WN_INDEX_PART_FIRST_BLOCK, layout->first_block) &&
                 wn_index_copy_part(index, WN_INDEX_PART_CURVE, NULL) &&
                 wn_index_copy_part(index, WN_INDEX_PART_SUMS, NULL);
    if (!whole) return wn_fail(err, WN_NOMEM, "no memory for an index of %zu rows", s->rows);
    wn_index_bind(index);
    describe(index);
    sum_job job = {index, index->parts[WN_INDEX_PART_SUMS]};
    wn_pool_for(pool, s->blocks, 1, sum_blocks, &job);
    return WN_OK;
}

/* ---- recall ---- */

typedef struct curve_job {
    const wn_index *index;
    const wn_scan_side *sample;
    const uint32_t *rows, *found; /* slots: of the sample, and of k neighbours of each */
    const uint32_t *cell_of;
    size_t k;
    uint32_t *ranks; /* sample x k: how many cells are nearer than that of the neighbour */
    int32_t *values; /* cells a worker, and so on */
    uint64_t *keys;
    uint32_t *rank_of;
} curve_job;

static void rank_neighbours(void *context, size_t begin, size_t end, unsigned worker)
{
    const curve_job *job = context;
    size_t cells = job->index->shape.cells;
    int32_t *values = job->values + worker * wn_tile_padded(cells);
    uint64_t *keys = job->keys + worker * cells;
    uint32_t *rank_of = job->rank_of + worker * cells;
    for (size_t i = begin; i < end; i++) {
        wn_index_rank_cells(job->index, &job->sample->bytes, i, cells, values, keys);
        for (size_t j = 0; j < cells; j++) rank_of[(uint32_t)keys[j]] = (uint32_t)j;
        for (size_t j = 0; j < job->k; j++) {
            uint32_t slot = job->found[i * job->k + j];
            job->ranks[i * job->k + j] = slot == job->rows[i] ? UINT32_MAX : rank_of[job->cell_of[slot]];
        }
    }
}

/* Lowers the curve to the share of the first `most` neighbours that is found. */
static void draw_curve(wn_index *index, const curve_job *job, size_t len, size_t most)
{
    float *curve = index->parts[WN_INDEX_PART_CURVE];
    size_t cells = index->shape.cells, total = 0, sum = 0;
    uint32_t *counts = job->rank_of; /* of one worker: no longer needed */
    memset(counts, 0, cells * sizeof *counts);
    for (size_t i = 0; i < len * job->k; i++) {
        if (i % job->k >= most || job->ranks[i] == UINT32_MAX) continue; /* a row finds itself anyway */
        counts[job->ranks[i]]++;
        total++;
    }
    for (size_t i = 0; i < cells; i++) {
        sum += counts[i];
        if (total) curve[i] = fminf(curve[i], (float)((double)sum / (double)total));
    }
}

/* The neighbours of the sample by comparing it with all. */
static wn_status search_sample(wn_index *index, wn_index_task *task, wn_scan_side *side, wn_error *err)
{
    wn_scan *scan = NULL;
    WN_TRY(wn_scan_queries_make(&index->form, &task->queries, task->pool, side, err));
    WN_TRY(wn_scan_new(task, &index->form, &index->side, side, false, &scan, err));
    wn_scan_run_lists(scan, NULL, 0);
    wn_scan_finish(scan);
    wn_scan_free(&scan);
    return WN_OK;
}

wn_status wn_index_measure(wn_index *index, wn_pool *pool, wn_error *err)
{
    const wn_index_shape *s = &index->shape;
    size_t len = s->slots < SAMPLE ? s->slots : SAMPLE, k = s->slots < SAMPLE_K + 1 ? s->slots : SAMPLE_K + 1;
    size_t workers = wn_pool_threads(pool);
    wn_scan_side side = {0};
    if (s->cells == 0) return WN_OK;
    uint32_t *numbers = wn_alloc(WN_MEMORY_MATRIX, 2 * len + 2 * len * k + s->slots, sizeof *numbers);
    uint32_t *rank_of = wn_alloc(WN_MEMORY_MATRIX, workers * s->cells, sizeof *rank_of);
    double *distances = wn_alloc(WN_MEMORY_MATRIX, len * k, sizeof *distances);
    int32_t *values = wn_alloc(WN_MEMORY_MATRIX, workers * wn_tile_padded(s->cells), sizeof *values);
    uint64_t *keys = wn_alloc(WN_MEMORY_MATRIX, workers * s->cells, sizeof *keys);
    wn_status status = numbers && rank_of && distances && values && keys
                           ? WN_OK
                           : wn_fail(err, WN_NOMEM, "no memory for a sample of %zu rows", len);
    if (!status) {
        uint32_t *slots = numbers, *rows = slots + len, *found = rows + len, *ranks = found + len * k;
        curve_job job = {index, &side, slots, found, ranks + len * k, k, ranks, values, keys, rank_of};
        for (size_t i = 0; i < len; i++) {
            slots[i] = (uint32_t)(i * s->slots / len);
            rows[i] = index->from.rows[slots[i]];
        }
        wn_index_task task = {.points = index->from,
                              .queries = {index->embeddings, rows, len},
                              .k = k,
                              .metric = s->metric,
                              .pool = pool,
                              .slots = found,
                              .values = distances};
        wn_index_list_cells(index, ranks + len * k);
        status = search_sample(index, &task, &side, err);
        if (!status) {
            wn_pool_for(pool, len, 16, rank_neighbours, &job);
            for (size_t i = 0; i < s->cells; i++) ((float *)index->parts[WN_INDEX_PART_CURVE])[i] = 1;
            draw_curve(index, &job, len, SAMPLE_FIRST + 1);
            draw_curve(index, &job, len, k);
            index->curve_k = (uint32_t)(k - 1);
        }
    }
    wn_scan_side_clear(&side);
    wn_free(keys);
    wn_free(values);
    wn_free(distances);
    wn_free(rank_of);
    wn_free(numbers);
    return status;
}

/* ---- from nothing ---- */

static wn_status check_options(const wn_matrix *embeddings, const wn_index_options *options, wn_error *err)
{
    uint64_t dim = embeddings->cols, row = 3 * wn_bytes_memory(dim) + dim + 72;
    uint64_t plan = embeddings->rows * row + dim * dim * 8 + ((uint64_t)32 << 20);
    if (embeddings->rows == 0 || dim == 0)
        return wn_fail(err, WN_INVALID, "there are no rows to index (%zu x %zu)", embeddings->rows, embeddings->cols);
    if (dim > DIM_MOST || embeddings->rows > INT32_MAX)
        return wn_fail(err, WN_UNSUPPORTED,
                       "%zu rows of %zu dimensions; an index takes at most %d dimensions and %d rows", embeddings->rows,
                       embeddings->cols, DIM_MOST, INT32_MAX);
    if (options->stamp && strlen(options->stamp) >= WN_INDEX_STAMP_MAX)
        return wn_fail(err, WN_INVALID, "the stamp of an index has %zu bytes, more than %d", strlen(options->stamp),
                       WN_INDEX_STAMP_MAX - 1);
    if (options->memory_limit && plan > options->memory_limit)
        return wn_fail(err, WN_LIMIT,
                       "an index of %zu rows takes %.0f MB, more than the limit of %.0f MB; raise --memory-limit",
                       embeddings->rows, (double)plan / 1e6, (double)options->memory_limit / 1e6);
    return WN_OK;
}

/* Rows that stand for themselves: what a form and a layout are made of. */
static wn_index_task make_task(const wn_index *index, const wn_distinct *distinct, wn_pool *pool)
{
    wn_index_rows rows = {index->embeddings, distinct->firsts, distinct->groups};
    return (wn_index_task){.points = rows,
                           .queries = rows,
                           .self = true,
                           .k = 1,
                           .metric = index->shape.metric,
                           .seed = index->seed,
                           .pool = pool};
}

wn_status wn_index_make(wn_index *index, wn_pool *pool, wn_error *err)
{
    wn_status status;
    wn_distinct distinct;
    wn_bytes bytes = {0};
    wn_index_layout layout = {0};
    WN_TRY(wn_index_distinct(&index->embeddings, pool, &distinct, err));
    if (distinct.groups == 0) {
        status = wn_fail(err, WN_INVALID, "none of the %zu rows is finite; there is nothing to index",
                         index->embeddings.rows);
        goto done;
    }
    wn_index_task task = make_task(index, &distinct, pool);
    if ((status = wn_bytes_form_make(&task, &index->form, err))) goto done;
    index->shape.padded = index->form.padded;
    index->parts[WN_INDEX_PART_MEAN] = index->form.mean;
    index->parts[WN_INDEX_PART_ROTATION] = index->form.panels;
    if ((status = wn_bytes_make(&index->form, &task.points, pool, &bytes, err))) goto done;
    if ((status = index->info.kind->arrange(&task, &index->form, &bytes, &layout, err))) goto done;
    if ((status = wn_index_assemble(index, &distinct, &bytes, &layout, pool, err))) goto done;
    index->info.trained = distinct.groups;
    status = wn_index_measure(index, pool, err);
done:
    wn_index_layout_clear(&layout);
    wn_bytes_clear(&bytes);
    wn_distinct_clear(&distinct);
    return status;
}

wn_status wn_index_build(const wn_matrix *embeddings, const wn_index_options *options, wn_index **out, wn_error *err)
{
    *out = NULL;
    WN_TRY(check_options(embeddings, options, err));
    wn_index *index = wn_calloc(WN_MEMORY_MATRIX, 1, sizeof *index);
    if (!index) return wn_fail(err, WN_NOMEM, "out of memory");
    *index = (wn_index){.embeddings = *embeddings, .seed = options->seed};
    index->shape = (wn_index_shape){.metric = options->metric, .rows = embeddings->rows, .dim = embeddings->cols};
    index->info.kind = options->kind ? options->kind : wn_index_kind_choose(embeddings->rows, 0);
    if (options->stamp) memcpy(index->info.stamp, options->stamp, strlen(options->stamp));
    wn_status status = wn_index_make(index, options->pool, err);
    if (status) wn_index_close(&index);
    *out = index;
    return status;
}
