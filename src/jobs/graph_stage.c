/* SPDX-License-Identifier: Apache-2.0
 *
 * The neighbour graph of one embedding, kept in the workspace (docs/formats/workspace.md, "The neighbour graph"):
 * column NAME.METRIC.neighbours holds rows of the workspace (-1 = none), NAME.METRIC.distances their distances (NaN in
 * rows that took no part), and the setting graph.NAME.METRIC says what they are. The setting is removed before the
 * columns are written and comes back last, so that a kill in between costs the graph and nothing else.
 */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "index/index_task.h"
#include "jobs/vectors.h"
#include "winnow/log.h"
#include "winnow/memory.h"

/* Beyond this share of new and stale rows all is searched again; lists that are compared with the embeddings. */
static const double renewed_most = 0.25;
enum { PROBES = 64 };

typedef struct stored {
    char ids[WN_COLUMN_NAME_MAX + 32], distances[WN_COLUMN_NAME_MAX + 32], setting[WN_COLUMN_NAME_MAX + 32];
    size_t k;
    double recall;
    int64_t rows; /* 0 = there is no graph */
} stored;

static wn_status name_stored(const wn_graph_request *request, stored *out, wn_error *err)
{
    const char *metric = wn_index_metric_names[request->metric];
    *out = (stored){0};
    snprintf(out->ids, sizeof out->ids, "%s.%s.neighbours", request->column, metric);
    snprintf(out->distances, sizeof out->distances, "%s.%s.distances", request->column, metric);
    snprintf(out->setting, sizeof out->setting, "graph.%s.%s", request->column, metric);
    if (strlen(out->ids) > WN_COLUMN_NAME_MAX)
        return wn_fail(err, WN_INVALID, "the name of column '%s' is too long to name its neighbours", request->column);
    return WN_OK;
}

/* Whether there is a graph, and of what kind; a setting that does not read or columns that do not fit count as none. */
static wn_status find_stored(wn_workspace *workspace, stored *out, wn_error *err)
{
    char *text = NULL;
    unsigned long long k = 0;
    long long rows = 0;
    wn_column_info ids, distances;
    WN_TRY(wn_setting_get(workspace, out->setting, &text, err));
    bool read = text && sscanf(text, "version=1 k=%llu rows=%lld recall=%lf", &k, &rows, &out->recall) == 3;
    wn_free(text);
    if (!read || k < 1 || k > WN_COLUMN_WIDTH_MAX || rows < 1) return WN_OK;
    wn_status status = wn_column_find(workspace, out->ids, &ids, err);
    if (!status) status = wn_column_find(workspace, out->distances, &distances, err);
    if (status) return status == WN_NOTFOUND ? WN_OK : status;
    if (ids.width != k || distances.width != k || ids.rows != rows || distances.rows != rows) return WN_OK;
    if (ids.type != WN_COLUMN_I32 || distances.type != WN_COLUMN_F32) return WN_OK;
    out->k = (size_t)k;
    out->rows = rows;
    return WN_OK;
}

/* ---- reading ---- */

typedef struct reading {
    const wn_vectors *vectors;
    const stored *from;
    uint32_t *places; /* of a row of the workspace among the vectors; UINT32_MAX = none */
    uint8_t *stale;   /* per list */
    size_t stale_len;
    wn_neighbours *lists;
} reading;

static void take_list(reading *r, const int32_t *ids, const float *distances)
{
    size_t k = r->from->k, at = r->lists->rows++;
    for (size_t j = 0; j < k; j++) {
        bool listed = ids[j] >= 0 && ids[j] < r->vectors->column_rows;
        uint32_t place = listed ? r->places[ids[j]] : UINT32_MAX;
        r->lists->ids[at * k + j] = place == UINT32_MAX ? -1 : (int64_t)place;
        r->lists->distances[at * k + j] = distances[j];
        if (ids[j] >= 0 && place == UINT32_MAX) r->stale[at] = 1;
    }
    r->stale_len += r->stale[at];
}

/* Rows that take part now in the rising order of rows; those that already did must come before all others. */
static wn_status read_lists(wn_workspace *workspace, reading *r, bool *usable, wn_error *err)
{
    wn_status status;
    wn_column *ids = NULL, *distances = NULL;
    const void *id_values = NULL, *distance_values = NULL;
    size_t k = r->from->k;
    bool ended = false;
    *usable = true;
    if ((status = wn_column_open(workspace, r->from->ids, &ids, err))) goto done;
    if ((status = wn_column_open(workspace, r->from->distances, &distances, err))) goto done;
    if ((status = wn_column_map(ids, &id_values, err))) goto done;
    if ((status = wn_column_map(distances, &distance_values, err))) goto done;
    for (size_t i = 0; i < r->vectors->rows.len; i++) {
        int64_t row = r->vectors->rows.rows[i];
        const float *list = (const float *)distance_values + (size_t)row * k;
        if (row >= r->from->rows || isnan(list[0])) {
            ended = true;
        } else if (ended) {
            *usable = false;
            break;
        } else {
            take_list(r, (const int32_t *)id_values + (size_t)row * k, list);
        }
    }
done:
    wn_column_close(&ids);
    wn_column_close(&distances);
    return status;
}

/* The first distance of some lists must be that of the embeddings: a column that was written anew has other ones. */
static bool fits_embeddings(const wn_matrix *m, wn_index_metric metric, const wn_neighbours *lists,
                            const uint8_t *stale)
{
    wn_precise_kernels precise;
    size_t step = lists->rows / PROBES + 1;
    wn_precise_kernels_init(&precise, wn_cpu_level());
    for (size_t i = 0; i < lists->rows; i += step) {
        int64_t id = lists->ids[i * lists->k];
        if (id < 0 || stale[i]) continue;
        const float *a = wn_matrix_row(m, i), *b = wn_matrix_row(m, (size_t)id);
        double value = wn_index_value(&precise, metric, a, wn_index_scale(&precise, metric, a, m->cols), b,
                                      wn_index_scale(&precise, metric, b, m->cols), m->cols);
        float now = wn_index_distance(metric, value), then = lists->distances[i * lists->k];
        if (!(fabsf(now - then) <= 1e-5f * fabsf(then))) return false;
    }
    return true;
}

/* Reads what is kept into out->lists; out->lists.ids stays NULL where that is of no use. */
static wn_status load_graph(const wn_job *job, wn_workspace *workspace, const wn_graph_request *request,
                            const wn_vectors *vectors, const stored *from, uint8_t **stale, wn_graph *out,
                            wn_error *err)
{
    wn_status status;
    bool usable = false;
    size_t k = from->k, rows = vectors->rows.len, column_rows = (size_t)vectors->column_rows;
    reading r = {.vectors = vectors, .from = from, .lists = &out->lists};
    out->lists = (wn_neighbours){.k = k, .recall = from->recall};
    WN_TRY(wn_job_plan(job, "reading the neighbours", (uint64_t)rows * k * 20 + column_rows * 5, err));
    out->lists.ids = wn_alloc(WN_MEMORY_MATRIX, rows * k, sizeof *out->lists.ids);
    out->lists.distances = wn_alloc(WN_MEMORY_MATRIX, rows * k, sizeof *out->lists.distances);
    r.places = wn_alloc(WN_MEMORY_GENERAL, column_rows, sizeof *r.places);
    r.stale = *stale = wn_calloc(WN_MEMORY_GENERAL, rows, 1);
    if (!out->lists.ids || !out->lists.distances || !r.places || !r.stale) {
        status = wn_fail(err, WN_NOMEM, "no memory for %zu neighbours of %zu rows", k, rows);
        goto done;
    }
    memset(r.places, 0xff, column_rows * sizeof *r.places);
    for (size_t i = 0; i < rows; i++) r.places[vectors->rows.rows[i]] = (uint32_t)i;
    if ((status = read_lists(workspace, &r, &usable, err))) {
        if (status == WN_CORRUPT) status = WN_OK; /* it is made anew */
        usable = false;
    }
    usable = usable && fits_embeddings(&vectors->matrix, request->metric, &out->lists, r.stale) &&
             (double)(rows - out->lists.rows + r.stale_len) <= renewed_most * (double)rows;
    out->kept = out->lists.rows - r.stale_len;
done:
    wn_free(r.places);
    if (status || !usable) wn_graph_clear(out);
    return status;
}

/* ---- writing ---- */

/* Lists of rows that take part, between rows that do not, one block at a time. */
static wn_status write_column(wn_workspace *workspace, const char *name, bool ids, const wn_vectors *vectors,
                              const wn_neighbours *lists, wn_error *err)
{
    enum { BLOCK = 4096 };
    size_t k = lists->k, at = 0;
    wn_column_writer *writer = NULL;
    int32_t *block = wn_alloc(WN_MEMORY_GENERAL, BLOCK * k, sizeof *block);
    float *floats = (float *)(void *)block;
    if (!block) return wn_fail(err, WN_NOMEM, "out of memory");
    wn_status status = wn_column_replace_begin(workspace, name, ids ? WN_COLUMN_I32 : WN_COLUMN_F32, k, &writer, err);
    for (int64_t row = 0, next; row < vectors->column_rows && !status; row = next) {
        next = vectors->column_rows - row < BLOCK ? vectors->column_rows : row + BLOCK;
        for (int64_t i = row; i < next; i++) {
            size_t first = (size_t)(i - row) * k;
            bool takes_part = at < vectors->rows.len && vectors->rows.rows[at] == i;
            for (size_t j = 0; j < k; j++) {
                int64_t id = takes_part ? lists->ids[at * k + j] : -1;
                if (ids)
                    block[first + j] = id < 0 ? -1 : (int32_t)vectors->rows.rows[id];
                else
                    floats[first + j] = takes_part ? lists->distances[at * k + j] : NAN;
            }
            at += takes_part;
        }
        status = wn_column_replace_add(writer, block, (size_t)(next - row), err);
    }
    if (writer) {
        wn_status ended = wn_column_replace_end(&writer, status == WN_OK, status ? NULL : err);
        if (!status) status = ended;
    }
    wn_free(block);
    return status;
}

static wn_status store_graph(wn_workspace *workspace, const stored *to, const wn_vectors *vectors,
                             const wn_neighbours *lists, wn_error *err)
{
    char text[160];
    if (vectors->column_rows > INT32_MAX || lists->k > WN_COLUMN_WIDTH_MAX / 4) {
        wn_log(WN_LOG_WARNING, "the neighbours are not kept: too many rows or too long lists for a column");
        return WN_OK;
    }
    snprintf(text, sizeof text, "version=1 k=%zu rows=%lld recall=%.6f", lists->k, (long long)vectors->column_rows,
             lists->recall);
    WN_TRY(wn_setting_set(workspace, to->setting, NULL, err));
    WN_TRY(write_column(workspace, to->ids, true, vectors, lists, err));
    WN_TRY(write_column(workspace, to->distances, false, vectors, lists, err));
    return wn_setting_set(workspace, to->setting, text, err);
}

/* ---- the stage ---- */

/* The first k of each list, in place. */
static void shorten(wn_neighbours *lists, size_t k)
{
    for (size_t row = 0; row < lists->rows && k < lists->k; row++) {
        memmove(lists->ids + row * k, lists->ids + row * lists->k, k * sizeof *lists->ids);
        memmove(lists->distances + row * k, lists->distances + row * lists->k, k * sizeof *lists->distances);
    }
    lists->k = k;
}

static wn_status bring_up_to_date(const wn_job *job, const wn_graph_request *request, const wn_vectors *vectors,
                                  const uint8_t *stale, wn_graph *out, wn_error *err)
{
    wn_neighbours_request search = {.embeddings = vectors->matrix,
                                    .k = out->lists.ids ? out->lists.k : request->k,
                                    .recall = request->recall,
                                    .metric = request->metric,
                                    .seed = job->seed,
                                    .memory_limit = wn_job_memory_left(job),
                                    .pool = job->pool,
                                    .progress = job->progress};
    const wn_index_kind *kind = wn_index_kind_choose(vectors->rows.len, request->recall);
    out->searched = vectors->rows.len - out->kept;
    if (out->searched == 0) return WN_OK;
    return out->lists.ids ? wn_neighbours_update(kind, &search, stale, &out->lists, err)
                          : wn_neighbours_find(kind, &search, &out->lists, err);
}

wn_status wn_stage_graph(const wn_job *job, wn_workspace *workspace, const wn_graph_request *request,
                         const wn_vectors *vectors, wn_graph *out, wn_error *err)
{
    wn_status status;
    stored known;
    uint8_t *stale = NULL;
    double wanted = request->recall > 0 ? request->recall : 0.98;
    *out = (wn_graph){0};
    WN_TRY(name_stored(request, &known, err));
    WN_TRY(find_stored(workspace, &known, err));
    if (known.rows && known.k >= request->k && known.recall >= wanted - 0.005 && (wanted < 1 || known.recall >= 1)) {
        if ((status = load_graph(job, workspace, request, vectors, &known, &stale, out, err))) goto done;
    }
    if ((status = bring_up_to_date(job, request, vectors, stale, out, err))) goto done;
    if (!request->only_memory && !job->dry_run && (out->searched || known.rows != vectors->column_rows) &&
        (status = store_graph(workspace, &known, vectors, &out->lists, err)))
        goto done;
    shorten(&out->lists, request->k);
done:
    wn_free(stale);
    if (status) wn_graph_clear(out);
    return status;
}

void wn_graph_clear(wn_graph *graph)
{
    wn_neighbours_clear(&graph->lists);
    *graph = (wn_graph){0};
}
