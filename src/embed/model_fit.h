/* SPDX-License-Identifier: Apache-2.0
 *
 * What wn_model_fit does, for those who have no open model.
 */
#ifndef EMBED_MODEL_FIT_H
#define EMBED_MODEL_FIT_H

#include <stddef.h>
#include <stdint.h>

#include "winnow/pool.h"

/* Cuts the longer axis of n pictures of aspects `aspects`, squeezed to side x side, by a factor of at most `cut`, and
 * spreads the rest over the square, in place; nothing for a cut of at most 1. */
void wn_fit_squares(uint8_t *images, size_t n, size_t side, float cut, const float *aspects, wn_pool *pool);

#endif
