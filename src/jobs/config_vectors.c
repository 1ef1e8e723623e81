/* SPDX-License-Identifier: Apache-2.0
 *
 * The strategies of a config that work on embeddings: one an image, or those of the objects in it. Of objects,
 * diversity is the mean over an image's own, typicality too, and similarity that of the object nearest to the query.
 */
#include <math.h>
#include <string.h>

#include "base/error.h"
#include "jobs/config_names.h"
#include "jobs/config_planning.h"
#include "winnow/index.h"
#include "winnow/memory.h"

/* Vectors and, where a row may have any number, the row of each. */
typedef struct vectors {
    wn_matrix matrix;
    wn_rows owners; /* data NULL = vector i is of row i */
} vectors;

/* ---- where they come from ---- */

/* A .npy file that lives as long as the plan. */
static wn_status open_file(wn_planning *p, const char *path, wn_npy **out)
{
    wn_config_plan *plan = p->plan;
    if (plan->file_count == WN_CONFIG_ARRAYS_MOST) return wn_fail(p->err, WN_LIMIT, "too many arrays");
    WN_TRY(wn_npy_open(path, &plan->files[plan->file_count], p->err));
    *out = plan->files[plan->file_count++];
    return WN_OK;
}

static wn_status open_matrix(wn_planning *p, const char *path, wn_matrix *out)
{
    wn_npy *npy = NULL;
    WN_TRY(open_file(p, path, &npy));
    return wn_npy_matrix(npy, out, p->err);
}

/* Hands an array over to the plan. */
static wn_status own(wn_planning *p, void *array)
{
    if (p->plan->array_count == WN_CONFIG_ARRAYS_MOST) return wn_fail(p->err, WN_LIMIT, "too many inputs");
    p->plan->arrays[p->plan->array_count++] = array;
    return WN_OK;
}

static wn_status fail_without_objects(const wn_planning *p, const wn_config_auto_task *made, const wn_objects *objects)
{
    const char *task = p->s->input.task;
    if (!objects->small)
        return wn_fail(p->err, WN_INVALID, "no image that takes part has an object of '%s' to embed", task);
    return wn_fail(p->err, WN_INVALID, "all %zu objects of '%s' are smaller than %d pixels or outside their image; %s",
                   objects->small, task, WN_OBJECT_LEAST_PIXELS,
                   !made                                 ? "name a task of larger boxes"
                   : made->type == WN_CONFIG_AUTO_TILING ? "lower num_rows and num_cols of the tiles"
                                                         : "make its bboxs larger");
}

/* The objects of the task; says what they are. */
static wn_status load_objects(wn_planning *p, vectors *out)
{
    wn_objects objects = {0};
    const char *task = p->s->input.task;
    const wn_config_auto_task *made = wn_config_find_auto_task(p->config, task);
    WN_TRY(p->source->objects(p->source, task, made, &objects, p->err));
    wn_status status = own(p, objects.vectors);
    if (!status) objects.vectors = NULL, status = own(p, objects.owners);
    if (!status) objects.owners = NULL;
    *out = (vectors){{p->plan->arrays[p->plan->array_count - 2], objects.len, objects.dim, objects.dim},
                     {p->plan->arrays[p->plan->array_count - 1], objects.len}};
    wn_buffer_format(&p->plan->explain, "%zu objects of %s in %zu images", objects.len, task, objects.images);
    if (objects.small)
        wn_buffer_format(&p->plan->explain, "; %zu smaller than %d pixels or outside are left out", objects.small,
                         WN_OBJECT_LEAST_PIXELS);
    if (objects.unreadable) wn_buffer_format(&p->plan->explain, "; %zu images could not be read", objects.unreadable);
    wn_buffer_text(&p->plan->explain, "\n");
    if (!status && !objects.len) status = fail_without_objects(p, made, &objects);
    wn_objects_clear(&objects);
    return status;
}

/* Candidates without a vector are none: there is nothing to judge them by. */
static wn_status leave_out_bare(wn_planning *p, const wn_rows *owners)
{
    uint8_t *owns = wn_calloc(WN_MEMORY_SELECTION, p->rows, 1);
    size_t kept = 0, before = p->len;
    if (!owns) return wn_planning_no_memory(p);
    for (size_t i = 0; i < owners->len; i++)
        if (owners->data[i] >= 0 && (uint64_t)owners->data[i] < p->rows) owns[owners->data[i]] = 1;
    for (size_t i = 0; i < p->len; i++)
        if (owns[p->plan->candidates[i]]) p->plan->candidates[kept++] = p->plan->candidates[i];
    wn_free(owns);
    p->len = kept;
    p->plan->bare += before - kept;
    if (before > kept)
        wn_buffer_format(&p->plan->explain, "%zu of %zu without one cannot be picked\n", before - kept, before);
    if (before && !kept) return wn_fail(p->err, WN_INVALID, "none of the %zu candidates has an object", before);
    return WN_OK;
}

/* What the input names, or the embeddings of the source. */
static wn_status load_vectors(wn_planning *p, vectors *out)
{
    wn_npy *npy = NULL;
    const wn_config_input *from = &p->s->input;
    *out = (vectors){.matrix = p->source->embeddings};
    if (from->array) {
        WN_TRY(open_matrix(p, from->array, &out->matrix));
        if (!from->owners) return WN_OK;
        WN_TRY(open_file(p, from->owners, &npy));
        WN_TRY(wn_npy_integers(npy, &out->owners, p->err));
    } else if (from->task) {
        WN_TRY(load_objects(p, out));
    }
    return out->owners.data ? leave_out_bare(p, &out->owners) : WN_OK;
}

/* ---- diversity ---- */

wn_status wn_planning_diversity(wn_planning *p)
{
    vectors from;
    WN_TRY(load_vectors(p, &from));
    wn_objective_input *input = wn_planning_add(p, "diversity");
    input->vectors = from.matrix;
    input->owners = from.owners;
    input->min_distance = p->s->min_distance;
    wn_planning_explain(p);
    wn_buffer_format(&p->plan->explain, ": %zu x %zu", input->vectors.rows, input->vectors.cols);
    if (p->s->min_distance > 0)
        wn_buffer_format(&p->plan->explain, "; nothing nearer than %g to a pick", p->s->min_distance);
    wn_buffer_text(&p->plan->explain, "\n");
    return WN_OK;
}

/* ---- typicality ---- */

/* The mean over the vectors of each row, or the greatest; rows without have 0. */
static void reduce_to_rows(const wn_planning *p, const wn_rows *owners, const float *values, bool greatest, float *out)
{
    memset(out, 0, p->rows * sizeof *out);
    for (size_t i = 0, end; i < owners->len; i = end) {
        double sum = 0, most = 0;
        for (end = i; end < owners->len && owners->data[end] == owners->data[i]; end++) {
            sum += (double)values[end];
            most = fmax(most, (double)values[end]);
        }
        out[owners->data[i]] = (float)(greatest ? most : sum / (double)(end - i));
    }
}

/* The k nearest neighbours of the vectors among themselves. */
static wn_status find_neighbours(wn_planning *p, const vectors *from, size_t k, wn_neighbours *out)
{
    const wn_job *job = p->source->job;
    if (!from->owners.data) return p->source->neighbours(p->source, k, out, p->err);
    wn_neighbours_request request = {.embeddings = from->matrix,
                                     .k = k,
                                     .seed = job->seed,
                                     .memory_limit = wn_job_memory_left(job),
                                     .pool = job->pool,
                                     .progress = job->progress};
    return wn_neighbours_find(wn_index_kind_choose(from->matrix.rows, 0), &request, out, p->err);
}

wn_status wn_planning_typicality(wn_planning *p)
{
    vectors from;
    wn_neighbours lists = {0};
    if (p->s->input.array)
        return wn_fail(p->err, WN_UNSUPPORTED, "typicality works on the embeddings of the images, or of a task");
    WN_TRY(load_vectors(p, &from));
    const size_t count = from.owners.data ? from.matrix.rows : p->rows;
    size_t k = (size_t)p->s->neighbours;
    float *values = wn_planning_keep(p, p->rows, sizeof *values);
    float *own_values = from.owners.data ? wn_planning_keep(p, count, sizeof *own_values) : values;
    if (!values || !own_values) return wn_planning_no_memory(p);
    if (k > count - 1) k = count > 1 ? count - 1 : 1;
    WN_TRY(find_neighbours(p, &from, k, &lists));
    wn_weights_typicality(&lists, own_values);
    wn_neighbours_clear(&lists);
    if (from.owners.data) reduce_to_rows(p, &from.owners, own_values, false, values);
    wn_planning_explain(p);
    wn_buffer_format(&p->plan->explain, ", %zu neighbours", k);
    if (p->s->min_typicality > 0)
        WN_TRY(wn_planning_filter(p, values, WN_THRESHOLD_BIGGER_EQUAL, p->s->min_typicality));
    wn_buffer_text(&p->plan->explain, "\n");
    wn_planning_add(p, "weights")->values = (wn_values){values, p->rows};
    return WN_OK;
}

/* ---- similarity ---- */

/* The vectors of a query: an array of them, or those of some rows. */
static wn_status load_query(wn_planning *p, const vectors *from, const wn_config_rows *rows, wn_matrix *out)
{
    wn_row_list list = {0};
    const size_t dim = from->matrix.cols;
    *out = (wn_matrix){0};
    if (rows->array) return open_matrix(p, rows->array, out);
    if (!rows->tag && !rows->list) return WN_OK;
    WN_TRY(p->source->rows(p->source, rows, &list, p->err));
    uint8_t *asked = wn_calloc(WN_MEMORY_SELECTION, p->rows, 1);
    size_t count = 0, all = from->matrix.rows;
    for (size_t i = 0; asked && i < list.len; i++) asked[list.rows[i]] = 1;
    wn_free(list.rows);
    if (!asked) return wn_planning_no_memory(p);
    for (size_t i = 0; i < all; i++) count += asked[from->owners.data ? (size_t)from->owners.data[i] : i];
    float *query = count ? wn_planning_keep(p, count * dim, sizeof *query) : NULL;
    wn_status status = WN_OK;
    if (!count)
        status = wn_fail(p->err, WN_INVALID, "the query '%s' has no %s with an embedding",
                         rows->tag ? rows->tag : rows->list, from->owners.data ? "object" : "image");
    else if (!query)
        status = wn_planning_no_memory(p);
    for (size_t i = 0, at = 0; query && i < all; i++)
        if (asked[from->owners.data ? (size_t)from->owners.data[i] : i])
            memcpy(query + at++ * dim, wn_matrix_row(&from->matrix, i), dim * sizeof *query);
    *out = (wn_matrix){query, count, dim, dim};
    wn_free(asked);
    return status;
}

wn_status wn_planning_similarity(wn_planning *p)
{
    wn_matrix near, far;
    vectors from;
    if (p->s->input.array)
        return wn_fail(p->err, WN_UNSUPPORTED, "similarity works on the embeddings of the images, or of a task");
    WN_TRY(load_vectors(p, &from));
    float *values = wn_planning_keep(p, p->rows, sizeof *values);
    float *own_values = from.owners.data ? wn_planning_keep(p, from.matrix.rows, sizeof *own_values) : values;
    if (!values || !own_values) return wn_planning_no_memory(p);
    WN_TRY(load_query(p, &from, &p->s->input.query, &near));
    WN_TRY(load_query(p, &from, &p->s->input.negative, &far));
    WN_TRY(wn_weights_similarity(&from.matrix, &near, &far, p->source->job->pool, own_values, p->err));
    if (from.owners.data) reduce_to_rows(p, &from.owners, own_values, true, values);
    wn_planning_explain(p);
    wn_buffer_format(&p->plan->explain, ": %zu queries to be near to, %zu to be far from\n", near.rows, far.rows);
    wn_planning_add(p, "weights")->values = (wn_values){values, p->rows};
    return WN_OK;
}
