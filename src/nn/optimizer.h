/* SPDX-License-Identifier: Apache-2.0
 *
 * Optimisers over flat blocks. A kind is one file in optimizers/ and one line in optimizers.def. Weight decay applies
 * to tensors of role WEIGHT alone. State is a plain float array, so that a checkpoint can hold it.
 */
#ifndef NN_OPTIMIZER_H
#define NN_OPTIMIZER_H

#include <stddef.h>
#include <stdint.h>

#include "nn/tensor.h"
#include "winnow/pool.h"

typedef struct wn_optimizer_options {
    double momentum;      /* SGD, LARS: 0.9; Muon: 0.95; AdamW: beta 1, 0.9 */
    double second_moment; /* AdamW: beta 2, 0.999 */
    double epsilon;       /* AdamW: 1e-8 */
    double decay;         /* weight decay; decoupled in AdamW and Muon */
    double trust;         /* LARS: trust coefficient, 0.001; Muon: rate of matrices over that of the rest, 0.7 */
} wn_optimizer_options;

typedef struct wn_optimizer wn_optimizer;

/* Name and summary of the i-th kind ("sgd", "adamw", "lars", "muon"); NULL beyond the last. */
const char *wn_optimizer_name(size_t i);
const char *wn_optimizer_summary(size_t i);

/* Usual options of that kind; WN_INVALID for an unknown name. */
WN_NODISCARD wn_status wn_optimizer_defaults(const char *name, wn_optimizer_options *out, wn_error *err);

/* State for the trained part of `tensors` (its table must stay as it is and outlive the optimiser). */
WN_NODISCARD wn_status wn_optimizer_new(const char *name, const wn_optimizer_options *options,
                                        const wn_tensors *tensors, wn_optimizer **out, wn_error *err);
void wn_optimizer_free(wn_optimizer **optimizer);

/* One step: changes tensors->values[0 .. trained). Fails where a matrix product does, half way. */
WN_NODISCARD wn_status wn_optimizer_step(wn_optimizer *optimizer, wn_pool *pool, wn_tensors *tensors,
                                         const float *gradient, double rate, wn_error *err);

/* The state: `count` floats, and the number of steps done. Write through the pointers to restore it. */
float *wn_optimizer_state(wn_optimizer *optimizer, size_t *count, uint64_t **steps);

#endif
