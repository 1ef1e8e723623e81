/* SPDX-License-Identifier: Apache-2.0
 *
 * Order statistics.
 */
#ifndef SELECTION_ORDER_H
#define SELECTION_ORDER_H

#include <stddef.h>

/* The value that `rank` (< n) of n values come before when they are sorted falling. Reorders them; none may be NaN. */
double wn_order_greatest(double *values, size_t n, size_t rank);

#endif
