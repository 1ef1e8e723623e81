/* SPDX-License-Identifier: Apache-2.0
 *
 * The fuzzy graph of UMAP (McInnes, Healy, Melville 2018, sections 3.1 and 3.2): how sure it is that two rows are
 * neighbours, and the curve that says how sure the map is.
 */
#ifndef PROJECTION_FUZZY_H
#define PROJECTION_FUZZY_H

#include "projection/map_work.h"

/* weights (rows x lists->k): exp(-(d - rho) / sigma), where rho is the distance of the nearest neighbour that is not at
 * distance 0 and sigma makes the weights of a row add up to log2(k + 1). */
void wn_fuzzy_weigh(const wn_map_lists *lists, wn_pool *pool, float *weights);

/* a and b of 1 / (1 + a d^2b), by least squares nearest to 1 up to min_distance and exp(-(d - min_distance) / spread)
 * beyond, at 300 places up to 3 spread. */
void wn_fuzzy_curve(double min_distance, double spread, double *a, double *b);

#endif
