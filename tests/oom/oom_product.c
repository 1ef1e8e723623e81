/* SPDX-License-Identifier: Apache-2.0
 *
 * Products of objectives and evidence with each of their allocations failing.
 */
#include <stdint.h>

#include "torture.h"

#include "base/rng.h"
#include "winnow/evidence.h"
#include "winnow/product.h"

enum { ROWS = 200, DIM = 12, CLASSES = 3 };
static float vectors[ROWS * DIM], scores[ROWS], amounts[ROWS * CLASSES];
static int64_t labels[ROWS], owners[ROWS];

static wn_status try_product(wn_variant variant, wn_error *err)
{
    static const int64_t before[] = {3, 77}, most[CLASSES] = {9, -1, 20};
    wn_objective_input inputs[] = {
        {.kind = "diversity", .strength = 1, .vectors = {vectors, ROWS, DIM, DIM}},
        {.kind = "weights", .strength = 1, .values = {scores, ROWS}},
        {.kind = "balance",
         .strength = 1,
         .labels = {labels, ROWS},
         .class_count = CLASSES,
         .balance = WN_BALANCE_UNIFORM},
        {.kind = "balance",
         .strength = 1,
         .amounts = {amounts, ROWS, CLASSES, CLASSES},
         .class_count = CLASSES,
         .balance = WN_BALANCE_INPUT},
        {.kind = "quota", .strength = 1, .labels = {labels, ROWS}, .class_count = CLASSES, .most = most},
    };
    if (variant == WN_VARIANT_CANDIDATE) inputs[0].owners = (wn_rows){owners, ROWS};
    wn_product_request request = {.rows = ROWS,
                                  .count = 20,
                                  .preselected = {before, 2},
                                  .objectives = inputs,
                                  .objective_count = 5,
                                  .variant = variant};
    wn_product product = {0};
    wn_status status = wn_product_select(&request, &product, err);
    wn_product_clear(&product);
    return status;
}

static wn_status try_candidate(wn_error *err)
{
    return try_product(WN_VARIANT_CANDIDATE, err);
}

static wn_status try_set(wn_error *err)
{
    return try_product(WN_VARIANT_SET, err);
}

static wn_status try_similarity(wn_error *err)
{
    float out[ROWS];
    wn_matrix rows = {vectors, ROWS, DIM, DIM}, some = {vectors, 5, DIM, DIM};
    return wn_weights_similarity(&rows, &some, &some, NULL, out, err);
}

static wn_status try_evidence(wn_error *err)
{
    static const int64_t picks[] = {1, 50, 199};
    wn_evidence_classes classes = {"side", labels, CLASSES};
    wn_evidence_request request = {
        .embeddings = {vectors, ROWS, DIM, DIM}, .picks = {picks, 3}, .classes = &classes, .class_lists = 1, .sets = 2};
    wn_evidence evidence = {0};
    wn_status status = wn_evidence_measure(&request, &evidence, err);
    wn_evidence_clear(&evidence);
    return status;
}

static const struct {
    const char *name;
    wn_status (*run)(wn_error *err);
} scenarios[] = {
    {"candidate", try_candidate}, {"set", try_set}, {"similarity", try_similarity}, {"evidence", try_evidence}};

int main(void)
{
    wn_rng rng;
    wn_rng_init(&rng, 5, 0);
    for (size_t i = 0; i < ROWS * DIM; i++) vectors[i] = wn_rng_normal(&rng);
    for (size_t i = 0; i < ROWS; i++) {
        scores[i] = wn_rng_uniform(&rng);
        labels[i] = (int64_t)(i % CLASSES);
        owners[i] = (int64_t)i;
        for (size_t c = 0; c < CLASSES; c++) amounts[i * CLASSES + c] = wn_rng_uniform(&rng);
    }
    int failed = 0;
    for (size_t i = 0; i < sizeof scenarios / sizeof scenarios[0]; i++)
        if (!torture(scenarios[i].name, scenarios[i].run)) failed++;
    printf("%d scenarios failed\n", failed);
    return failed != 0;
}
