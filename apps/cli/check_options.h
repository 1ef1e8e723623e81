/* SPDX-License-Identifier: Apache-2.0
 *
 * The options of winnow check, shared by its parts: on a workspace and on arrays.
 */
#ifndef CLI_CHECK_OPTIONS_H
#define CLI_CHECK_OPTIONS_H

#include "command.h"
#include "winnow/jobs.h"
#include "winnow/npy.h"

typedef struct check_params {
    const char *probabilities, *embeddings, *labels, *out, *out_issues, *out_suggested, *ignore;
    const char *settings, *tags, *model;
    bool apply, calibrate;
    int method, filter;
    double fraction;
    int64_t least, neighbours;
    wn_reduce reduce;
} check_params;

/* winnow check labels on .npy files. */
wn_status check_label_arrays(session *run, wn_error *err);

/* The same for labels of rows x classes: 1 where a class applies, 0 where not. */
wn_status check_multilabel_arrays(session *run, wn_npy *labels, wn_error *err);

/* The same for masks: images x height x width class numbers. */
wn_status check_mask_arrays(session *run, wn_npy *labels, wn_error *err);

/* The same for folders of masks and predictions. */
wn_status check_mask_folders(session *run, wn_error *err);

/* winnow check on a workspace; the paths of the session are names of checks. */
wn_status check_workspace(session *run, wn_error *err);

/* winnow check --calibrate. */
wn_status check_calibrate(session *run, wn_error *err);

#endif
