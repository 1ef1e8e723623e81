/* SPDX-License-Identifier: Apache-2.0
 *
 * The scratch memory of a thread that carries shards.
 */
#include <string.h>

#include "base/error.h"
#include "nn/pass.h"
#include "winnow/memory.h"

/* The greatest demand of several plans. */
static wn_plan largest(const wn_plan *const *plans, size_t plan_count)
{
    wn_plan need = {0};
    for (size_t i = 0; i < plan_count; i++) {
        const wn_plan *plan = plans[i];
        if (plan->full_bytes > need.full_bytes) need.full_bytes = plan->full_bytes;
        if (plan->gradient_bytes > need.gradient_bytes) need.gradient_bytes = plan->gradient_bytes;
        if (plan->conv_bytes > need.conv_bytes) need.conv_bytes = plan->conv_bytes;
        if (plan->packed_bytes > need.packed_bytes) need.packed_bytes = plan->packed_bytes;
        if (plan->sum_count > need.sum_count) need.sum_count = plan->sum_count;
        need.training = need.training || plan->training;
    }
    return need;
}

static size_t largest_tensor(const wn_network *network)
{
    size_t count = 0;
    for (size_t i = 0; i < network->tensors.row_count; i++) {
        if (network->tensors.rows[i].count > count) count = network->tensors.rows[i].count;
    }
    return count;
}

uint64_t wn_pass_scratch_bytes(const wn_network *network, const wn_plan *const *plans, size_t plan_count)
{
    wn_plan need = largest(plans, plan_count);
    size_t plain = need.training ? largest_tensor(network) * sizeof(float) : 0;
    return (uint64_t)need.full_bytes + 3 * (uint64_t)need.gradient_bytes + need.conv_bytes + need.packed_bytes + plain +
           need.sum_count * sizeof(double);
}

wn_status wn_pass_scratch_new(wn_network *network, const wn_plan *const *plans, size_t plan_count, wn_pass_scratch *out,
                              wn_error *err)
{
    wn_plan need = largest(plans, plan_count);
    wn_status status = WN_NOMEM;
    bool complete = true;

    *out = (wn_pass_scratch){0};
    complete = (out->full = wn_alloc(WN_MEMORY_TRAINING, need.full_bytes, 1)) && complete;
    for (size_t i = 0; i < 3; i++)
        complete = (out->gradients[i] = wn_alloc(WN_MEMORY_TRAINING, need.gradient_bytes, 1)) && complete;
    complete = (out->conv = wn_alloc(WN_MEMORY_TRAINING, need.conv_bytes, 1)) && complete;
    complete = (out->packed = wn_alloc(WN_MEMORY_TRAINING, need.packed_bytes, 1)) && complete;
    size_t plain = need.training ? largest_tensor(network) : 0;
    complete = (out->plain = wn_alloc(WN_MEMORY_TRAINING, plain, sizeof *out->plain)) && complete;
    complete = (out->sums = wn_calloc(WN_MEMORY_TRAINING, need.sum_count, sizeof *out->sums)) && complete;
    if (complete)
        status = wn_onednn_stream_new(network->onednn, &out->stream, err);
    else
        status = wn_fail(err, WN_NOMEM, "no memory for the scratch of a network pass");
    if (status != WN_OK) wn_pass_scratch_clear(out);
    return status;
}

void wn_pass_scratch_clear(wn_pass_scratch *scratch)
{
    wn_onednn_stream_free(&scratch->stream);
    wn_free(scratch->sums);
    wn_free(scratch->plain);
    wn_free(scratch->packed);
    wn_free(scratch->conv);
    for (size_t i = 0; i < 3; i++) wn_free(scratch->gradients[i]);
    wn_free(scratch->full);
    *scratch = (wn_pass_scratch){0};
}
