/* SPDX-License-Identifier: Apache-2.0
 *
 * Weighted generalised coverage: picks S that make
 *
 *     f(S) = sum over x of w(x) * max over s in S of nearness(x, s)
 *
 * large, one after the other, each the row that adds most (greedy, with lazy evaluation; f is monotone submodular, so
 * f is at least 1 - 1/e of the best possible, Nemhauser et al. 1978). x runs over the candidates; preselected rows are
 * in S from the start. When no row adds anything any more, the picks so far are forgotten and a new layer begins, so
 * that all picks are ordered by what they add to their layer.
 *
 * Over a table the picks can be exchanged for better ones afterwards (cover_exchange.h); those that are left are then
 * put into the greedy order among themselves, so that the first ones alone are a good choice too.
 *
 * Facility location, ProbCover, MaxHerding and uncertainty herding differ by nearness and weights alone.
 */
#ifndef SELECTION_COVERAGE_H
#define SELECTION_COVERAGE_H

#include "selection/nearness.h"

/* dense: a table of all pairs of candidates. sparse: only near rows cover one another. sample: the table of candidates
 * drawn at random, which alone can be picked and count. auto: dense where the table is small, sparse where the
 * picks' shares are not larger than what a row's neighbours can show, else sample. */
#define WN_COVERAGE_FORM_MAP(X) X(AUTO, "auto") X(DENSE, "dense") X(SPARSE, "sparse") X(SAMPLE, "sample")

typedef enum wn_coverage_form {
#define X(name, text) WN_COVERAGE_##name,
    WN_COVERAGE_FORM_MAP(X)
#undef X
        WN_COVERAGE_FORMS
} wn_coverage_form;

extern const char *const wn_coverage_form_names[WN_COVERAGE_FORMS + 1];
extern const char *const wn_nearness_names[WN_NEARNESS_KINDS + 1];

typedef struct wn_coverage {
    wn_nearness nearness;
    wn_coverage_form form;
    size_t neighbours;    /* of the sparse form */
    const float *weights; /* per row of the matrix, none below 0; NULL = 1 */
    size_t sweeps;        /* over a table: times at most that all rows may take the place of a pick; 0 = plain greedy */
} wn_coverage;

/* The form that `auto` stands for. */
wn_coverage_form wn_coverage_choose(const wn_coverage *coverage, const wn_selection_request *request);

/* Makes all picks and sets out->objective = f(S) / sum of w. */
WN_NODISCARD wn_status wn_coverage_pick(const wn_coverage *coverage, wn_roster *roster, wn_error *err);

/* Bytes that wn_coverage_pick allocates at most. */
uint64_t wn_coverage_bytes(const wn_coverage *coverage, const wn_selection_request *request);

#endif
