/* SPDX-License-Identifier: Apache-2.0
 *
 * What this machine can do at most: the yardsticks of the kernel benchmark, measured on one core.
 */
#ifndef BENCH_PEAK_H
#define BENCH_PEAK_H

#include <stddef.h>

#include "winnow/cpu.h"

typedef enum peak_kind {
    PEAK_NONE,
    PEAK_F32,   /* float32 multiply-add: vfmadd231ps */
    PEAK_BF16,  /* vdpbf16ps; below its level that of float32 */
    PEAK_BYTES, /* vpdpbusd; below its level vpmaddwd and vpaddd */
    PEAK_STREAM /* reading memory, bytes a second */
} peak_kind;

/* Operations (two for a multiply-add) or bytes a second for code of `level`; 0 where there is no yardstick. Measured
 * on the first call for each pair and remembered. */
double peak_rate(peak_kind kind, wn_cpu level);

#endif
