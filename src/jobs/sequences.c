/* SPDX-License-Identifier: Apache-2.0
 *
 * Runs of consecutive files.
 */
#include "jobs/sequences.h"

#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/error.h"
#include "winnow/memory.h"

/* One candidate and where it stands. */
typedef struct frame {
    int64_t position, source;
    const char *name;
    size_t folder; /* bytes of the name up to its last slash */
} frame;

typedef struct naming {
    const wn_row_list *rows;
    const int32_t *frame_of; /* of a position; -1 = no candidate */
    frame *frames;
    wn_arena *arena;
} naming;

void wn_sequences_clear(wn_sequences *sequences)
{
    wn_free(sequences->members);
    wn_free(sequences->embeddings);
    *sequences = (wn_sequences){0};
}

static wn_status name_frame(void *context, const wn_sample *sample)
{
    naming *n = context;
    size_t at = wn_rows_find(n->rows, sample->row);
    if (at == SIZE_MAX || n->frame_of[at] < 0) return WN_OK;
    frame *f = n->frames + n->frame_of[at];
    char *name = wn_arena_text(n->arena, sample->name, sample->name_len);
    if (!name) return WN_NOMEM;
    const char *slash = strrchr(name, '/');
    *f = (frame){
        .position = (int64_t)at, .source = sample->source, .name = name, .folder = slash ? (size_t)(slash - name) : 0};
    return WN_OK;
}

static int compare_folders(const frame *a, const frame *b)
{
    if (a->source != b->source) return a->source < b->source ? -1 : 1;
    size_t len = a->folder < b->folder ? a->folder : b->folder;
    int order = memcmp(a->name, b->name, len);
    return order ? order : (a->folder > b->folder) - (a->folder < b->folder);
}

static int compare_frames(const void *a, const void *b)
{
    const frame *x = a, *y = b;
    int order = compare_folders(x, y);
    return order ? order : strcmp(x->name, y->name);
}

static wn_status name_frames(wn_workspace *workspace, const wn_row_list *rows, wn_rows candidates, frame *frames,
                             wn_arena *arena, wn_error *err)
{
    wn_workspace_counts counts;
    int32_t *frame_of = wn_alloc(WN_MEMORY_SELECTION, rows->len, sizeof *frame_of);
    if (!frame_of) return wn_fail(err, WN_NOMEM, "out of memory");
    for (size_t i = 0; i < rows->len; i++) frame_of[i] = -1;
    for (size_t i = 0; i < candidates.len; i++) frame_of[candidates.data[i]] = (int32_t)i;
    naming n = {rows, frame_of, frames, arena};
    wn_status status = wn_workspace_count(workspace, &counts, err);
    if (!status) status = wn_workspace_visit_samples(workspace, 0, counts.rows, name_frame, &n, err);
    if (status == WN_NOMEM) wn_fail(err, status, "no memory for the names of %zu images", candidates.len);
    wn_free(frame_of);
    return status;
}

static void average(const wn_matrix *embeddings, const int64_t *members, size_t length, float *out)
{
    for (size_t k = 0; k < embeddings->cols; k++) {
        double sum = 0;
        for (size_t i = 0; i < length; i++) sum += (double)wn_matrix_row(embeddings, (size_t)members[i])[k];
        out[k] = (float)(sum / (double)length);
    }
}

wn_status wn_sequences_make(wn_workspace *workspace, const wn_row_list *rows, const wn_matrix *embeddings,
                            wn_rows candidates, size_t length, wn_sequences *out, wn_error *err)
{
    wn_arena arena = {0};
    size_t n = candidates.len, most = n / length;
    *out = (wn_sequences){.length = length};
    frame *frames = wn_calloc(WN_MEMORY_SELECTION, n, sizeof *frames);
    out->members = wn_alloc(WN_MEMORY_SELECTION, most * length, sizeof *out->members);
    out->embeddings = wn_alloc(WN_MEMORY_SELECTION, most * embeddings->cols, sizeof *out->embeddings);
    wn_status status =
        frames && out->members && out->embeddings ? WN_OK : wn_fail(err, WN_NOMEM, "no memory for %zu runs", most);
    if (!status) status = name_frames(workspace, rows, candidates, frames, &arena, err);
    if (!status && n) qsort(frames, n, sizeof *frames, compare_frames);
    for (size_t begin = 0, end; begin < n && !status; begin = end) {
        for (end = begin + 1; end < n && compare_folders(frames + begin, frames + end) == 0;) end++;
        size_t at = begin;
        for (; at + length <= end; at += length) {
            int64_t *members = out->members + out->count * length;
            for (size_t i = 0; i < length; i++) members[i] = frames[at + i].position;
            average(embeddings, members, length, out->embeddings + out->count++ * embeddings->cols);
        }
        out->left_out += end - at;
    }
    wn_arena_clear(&arena);
    wn_free(frames);
    if (status) wn_sequences_clear(out);
    return status;
}

wn_status wn_sequences_expand(const wn_sequences *sequences, wn_selection *selection, wn_error *err)
{
    size_t length = sequences->length, all = selection->len * length;
    int64_t *picks = wn_alloc(WN_MEMORY_SELECTION, all, sizeof *picks);
    float *distances = wn_alloc(WN_MEMORY_SELECTION, all, sizeof *distances);
    if (!picks || !distances) {
        wn_free(picks);
        wn_free(distances);
        return wn_fail(err, WN_NOMEM, "no memory for %zu picks", all);
    }
    for (size_t i = 0; i < all; i++) {
        picks[i] = sequences->members[(size_t)selection->picks[i / length] * length + i % length];
        distances[i] = selection->distances[i / length];
    }
    wn_free(selection->picks);
    wn_free(selection->distances);
    selection->picks = picks;
    selection->distances = distances;
    selection->len = all;
    return WN_OK;
}
