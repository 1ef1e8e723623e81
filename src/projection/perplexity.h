/* SPDX-License-Identifier: Apache-2.0
 *
 * How likely each neighbour is in t-SNE (van der Maaten and Hinton 2008, section 2).
 */
#ifndef PROJECTION_PERPLEXITY_H
#define PROJECTION_PERPLEXITY_H

#include "projection/map_work.h"

/* weights (rows x lists->k): exp(-beta d^2), beta such that 2^entropy is `perplexity`, divided by their sum; where a
 * list is too short for it, all of its neighbours weigh the same. perplexity 0: the same everywhere. */
void wn_perplexity_weigh(const wn_map_lists *lists, double perplexity, wn_pool *pool, float *weights);

#endif
