/* SPDX-License-Identifier: Apache-2.0
 *
 * What winnow evaluate judges: arrays with their labels, or the embeddings of a workspace with theirs.
 */
#ifndef CLI_EVALUATE_INPUT_H
#define CLI_EVALUATE_INPUT_H

#include "command.h"
#include "winnow/jobs.h"
#include "winnow/npy.h"
#include "winnow/row_labels.h"

typedef struct evaluate_params {
    const char *train, *train_labels, *train_paths, *test, *test_labels, *test_paths, *with, *model, *labels;
    bool folders;
    wn_reduce reduce;
    int64_t k;
    double temperature, penalty;
} evaluate_params;

/* Rows of one side; what was not named stays empty. `labels` NULL = none are known. */
typedef struct label_set {
    wn_npy *file, *label_file;
    wn_labelled kept;
    int64_t *read;
    wn_matrix matrix;
    const int64_t *labels;
} label_set;

typedef struct evaluation {
    wn_row_labels *book;
    label_set train, test, with;
    double started;
} evaluation;

/* Opens what the parameters name; a usage error where names do not go together. Release with evaluate_close, also after
 * a failure. */
wn_status evaluate_open(session *run, evaluation *all, wn_error *err);
void evaluate_close(evaluation *all);

#endif
