/* SPDX-License-Identifier: Apache-2.0
 *
 * Order statistics: Hoare's selection with the middle as pivot.
 */
#include "selection/order.h"

double wn_order_greatest(double *values, size_t n, size_t rank)
{
    size_t begin = 0, end = n - 1;
    while (begin < end) {
        double pivot = values[begin + (end - begin) / 2];
        size_t i = begin, j = end + 1; /* j is one beyond, so that it may reach 0 */
        while (i < j) {
            while (values[i] > pivot) i++;
            while (values[j - 1] < pivot) j--;
            if (i >= j) break;
            double swap = values[i];
            values[i++] = values[j - 1];
            values[--j] = swap;
        }
        if (rank < j) {
            end = j - 1;
        } else if (rank >= i) {
            begin = i;
        } else {
            break;
        }
    }
    return values[rank];
}
