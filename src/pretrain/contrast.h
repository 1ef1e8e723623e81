/* SPDX-License-Identifier: Apache-2.0
 *
 * Contrast inside a batch over several views: each row is pulled to the V - 1 other views of its image and pushed from
 * all rows of other images. With unit rows z, s = z.z' / temperature, D_r = sum over rows n of other images of
 * exp(s_rn), and p over the other views of r's image, the losses are means over r and p of
 *
 *     NTXENT     log(D_r + exp(s_rp)) - s_rp                 (SimCLR, Chen et al. 2020)
 *     DECOUPLED  log(D_r) - s_rp                             (DCL, Yeh et al. 2022)
 *     WEIGHTED   log(D_r) - w_rp s_rp                        (DCLW, the same paper)
 *
 * with w_rp = 2 - exp(c_rp / sigma) / mean over images of exp(c / sigma), c the cosine and no gradient through w.
 */
#ifndef PRETRAIN_CONTRAST_H
#define PRETRAIN_CONTRAST_H

#include "pretrain/method.h"

typedef enum wn_contrast_kind { WN_CONTRAST_NTXENT, WN_CONTRAST_DECOUPLED, WN_CONTRAST_WEIGHTED } wn_contrast_kind;

/* The scratch of methods built on wn_contrast; `params` does not matter. */
size_t wn_contrast_scratch(const void *params, size_t images, size_t views, size_t dim);

/* The loss and dz. `sigma` serves WEIGHTED alone. */
double wn_contrast(wn_contrast_kind kind, double temperature, double sigma, const wn_loss_input *input, float *dz);

#endif
