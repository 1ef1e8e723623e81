/* SPDX-License-Identifier: Apache-2.0
 *
 * Evidence of a selection: its figures beside those of random ones.
 */
#include <string.h>

#include "base/error.h"
#include "base/text.h"
#include "jobs/job.h"
#include "winnow/annotation_records.h"
#include "winnow/memory.h"
#include "winnow/npy.h"

enum { SETS = 10, LISTS_MOST = 32, WORDS_MOST = 1000 };

/* Class lists as they are found. */
typedef struct lists {
    wn_evidence_classes items[LISTS_MOST];
    int64_t *labels[LISTS_MOST];
    size_t len;
} lists;

static void clear(lists *found)
{
    for (size_t i = 0; i < found->len; i++) wn_free(found->labels[i]);
    found->len = 0;
}

/* A new list of `rows` labels whose name the result keeps. */
static wn_status add_list(lists *found, const char *name, size_t rows, wn_select_result *out, wn_error *err)
{
    char **names = wn_realloc(WN_MEMORY_TEXT, out->class_names, out->class_name_count + 1, sizeof *names);
    if (!names) return wn_fail(err, WN_NOMEM, "out of memory");
    out->class_names = names;
    if (!(names[out->class_name_count] = wn_text_copy(name))) return wn_fail(err, WN_NOMEM, "out of memory");
    found->items[found->len].name = names[out->class_name_count++];
    if (!(found->labels[found->len] = wn_alloc(WN_MEMORY_SELECTION, rows, sizeof(int64_t))))
        return wn_fail(err, WN_NOMEM, "out of memory");
    found->items[found->len].labels = found->labels[found->len];
    found->len++;
    return WN_OK;
}

/* Drops the last list: it says nothing. */
static void drop_list(lists *found)
{
    wn_free(found->labels[--found->len]);
}

static wn_status add_labels(wn_workspace *workspace, wn_rows rows, lists *found, wn_select_result *out, wn_error *err)
{
    wn_annotation_set_record *sets = NULL;
    size_t count = 0;
    wn_status status = wn_annotation_set_list(workspace, &sets, &count, err);
    for (size_t i = 0; i < count && !status && found->len < LISTS_MOST; i++) {
        if (sets[i].role != WN_ROLE_LABELS || sets[i].task != WN_TASK_CLASSIFICATION) continue;
        if ((status = add_list(found, sets[i].name, rows.len, out, err))) break;
        int64_t *labels = found->labels[found->len - 1], most = -1;
        if ((status = wn_labels_load(workspace, sets[i].name, rows, labels, err))) break;
        for (size_t r = 0; r < rows.len; r++) most = labels[r] > most ? labels[r] : most;
        found->items[found->len - 1].count = (size_t)(most + 1);
        if (most < 1) drop_list(found);
    }
    wn_free(sets);
    return status;
}

static wn_status add_words(wn_workspace *workspace, wn_rows rows, lists *found, wn_select_result *out, wn_error *err)
{
    wn_metadata_record *fields = NULL;
    const char **words = NULL;
    size_t count = 0, known = 0;
    int32_t *codes = wn_alloc(WN_MEMORY_SELECTION, rows.len, sizeof *codes);
    wn_status status =
        codes ? wn_metadata_list(workspace, &fields, &count, err) : wn_fail(err, WN_NOMEM, "out of memory");
    for (size_t i = 0; i < count && !status && found->len < LISTS_MOST; i++) {
        if (fields[i].numeric || fields[i].set == 0) continue;
        if ((status = wn_metadata_load_codes(workspace, fields[i].name, rows, codes, &words, &known, err))) break;
        wn_free(words);
        words = NULL;
        if (known < 2 || known > WORDS_MOST) continue;
        if ((status = add_list(found, fields[i].name, rows.len, out, err))) break;
        for (size_t r = 0; r < rows.len; r++) found->labels[found->len - 1][r] = codes[r];
        found->items[found->len - 1].count = known;
    }
    wn_free(fields);
    wn_free(codes);
    return status;
}

wn_status wn_stage_evidence(const wn_job *job, wn_workspace *workspace, const wn_selecting *selecting, wn_rows measured,
                            wn_select_result *out, wn_error *err)
{
    lists found = {.len = 0};
    wn_rows rows = {selecting->rows.rows, selecting->rows.len};
    if (!selecting->selection.len) return WN_OK; /* nothing was picked, so there is nothing to compare */
    wn_status status = add_labels(workspace, rows, &found, out, err);
    if (!status) status = add_words(workspace, rows, &found, out, err);
    wn_evidence_request request = {.embeddings = {selecting->embeddings, rows.len, selecting->dim, selecting->dim},
                                   .candidates = {selecting->candidate_rows, selecting->candidates},
                                   .preselected = {selecting->earlier, selecting->earlier_count},
                                   .picks = {selecting->selection.picks, selecting->selection.len},
                                   .measured = measured,
                                   .classes = found.items,
                                   .class_lists = found.len,
                                   .sets = SETS,
                                   .seed = job->seed,
                                   .pool = job->pool,
                                   .progress = job->progress};
    if (!status) status = wn_evidence_measure(&request, &out->evidence, err);
    clear(&found);
    return status;
}

static wn_status read_labels(const char *path, size_t rows, lists *found, wn_select_result *out, wn_error *err)
{
    wn_npy *npy = NULL;
    wn_rows labels = {0};
    WN_TRY(wn_npy_open(path, &npy, err));
    wn_status status = wn_npy_labels(npy, &labels, err);
    if (!status && labels.len != rows)
        status = wn_fail(err, WN_INVALID, "%s holds %zu labels, but there are %zu rows", path, labels.len, rows);
    if (!status) status = add_list(found, "labels", rows, out, err);
    int64_t most = -1;
    for (size_t i = 0; i < rows && !status; i++) {
        if (labels.data[i] < -1 || labels.data[i] > UINT16_MAX)
            status = wn_fail(err, WN_INVALID, "%s: the label of row %zu is %lld; classes go from 0 to %d", path, i,
                             (long long)labels.data[i], UINT16_MAX);
        found->labels[found->len - 1][i] = labels.data[i];
        most = labels.data[i] > most ? labels.data[i] : most;
    }
    if (!status) found->items[found->len - 1].count = (size_t)(most + 1);
    wn_npy_close(&npy);
    return status;
}

wn_status wn_job_evaluate_arrays(const wn_job *job, const wn_matrix *embeddings, wn_rows picks, wn_rows preselected,
                                 const char *labels, wn_select_result *out, wn_error *err)
{
    lists found = {.len = 0};
    if (!picks.len) return WN_OK;
    wn_status status = labels ? read_labels(labels, embeddings->rows, &found, out, err) : WN_OK;
    wn_evidence_request request = {.embeddings = *embeddings,
                                   .preselected = preselected,
                                   .picks = picks,
                                   .classes = found.items,
                                   .class_lists = found.len,
                                   .sets = SETS,
                                   .seed = job->seed,
                                   .pool = job->pool,
                                   .progress = job->progress};
    if (!status) status = wn_evidence_measure(&request, &out->evidence, err);
    clear(&found);
    return status;
}
