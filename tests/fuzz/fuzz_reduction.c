/* SPDX-License-Identifier: Apache-2.0
 *
 * Files of reductions, as they are and with length and checksum put right, so that what stands behind them is reached.
 * One that is accepted must be able to reduce a row.
 */
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "embed/reduction.h"
#include "fuzz.h"

static void try_bytes(const uint8_t *data, size_t size)
{
    wn_reduction reduction;
    wn_error err;
    if (wn_reduction_parse(data, size, "fuzz", &reduction, &err) != WN_OK) return;
    const wn_pca *pca = &reduction.pca;
    float *row = malloc(pca->from * sizeof *row), *out = malloc(pca->dim * sizeof *out);
    if (!row || !out) exit(1);
    for (size_t i = 0; i < pca->from; i++) row[i] = (float)pca->mean[i];
    const wn_matrix matrix = {row, 1, pca->from, pca->from};
    if (wn_reduction_apply(&reduction, &matrix, NULL, out, &err) != WN_OK) abort();
    free(out);
    free(row);
    wn_reduction_clear(&reduction);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const uint64_t len = size;
    try_bytes(data, size);
    if (size < 32) return 0;
    uint8_t *copy = malloc(size);
    if (!copy) exit(1);
    memcpy(copy, data, size);
    memcpy(copy + 16, &len, sizeof len);
    const uint64_t checksum = wn_hash64_of(copy + 32, size - 32);
    memcpy(copy + 24, &checksum, sizeof checksum);
    try_bytes(copy, size);
    free(copy);
    return 0;
}
