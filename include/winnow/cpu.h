/* SPDX-License-Identifier: Apache-2.0
 *
 * Instruction-set levels. Each level contains the ones before it. A kernel table is filled for one level; the
 * environment variable WN_CPU=c|avx2|avx512|avx512vnni|avx512bf16 and wn_cpu_set_highest lower it, never raise it.
 */
#ifndef WINNOW_CPU_H
#define WINNOW_CPU_H

#include "winnow/status.h"

#ifdef __cplusplus
extern "C" {
#endif

#define WN_CPU_MAP(X)                                                                                                  \
    X(C, "c", "portable C")                                                                                            \
    X(AVX2, "avx2", "AVX2, FMA, F16C, POPCNT")                                                                         \
    X(AVX512, "avx512", "AVX-512 F, BW, DQ, VL")                                                                       \
    X(AVX512VNNI, "avx512vnni", "AVX-512 with VNNI")                                                                   \
    X(AVX512BF16, "avx512bf16", "AVX-512 with VNNI and BF16")

typedef enum wn_cpu {
#define X(name, text, summary) WN_CPU_##name,
    WN_CPU_MAP(X)
#undef X
        WN_CPU_COUNT
} wn_cpu;

/* Highest level that this machine and its system support, whatever was asked for. */
WN_API wn_cpu wn_cpu_detect(void);

/* The level in force: the least of wn_cpu_detect, WN_CPU and wn_cpu_set_highest. */
WN_API wn_cpu wn_cpu_level(void);

/* Lowers the level from now on; for tests and `--cpu`. Call it before threads start. Kernel tables made
 * earlier keep their level. */
WN_API void wn_cpu_set_highest(wn_cpu level);

/* "avx2" for WN_CPU_AVX2. Static storage. */
WN_API const char *wn_cpu_name(wn_cpu level);

/* "AVX2, FMA, F16C, POPCNT" for WN_CPU_AVX2. Static storage. */
WN_API const char *wn_cpu_summary(wn_cpu level);

/* Model name of the processor as the system gives it. Static storage; filled once on the first call, which
 * must come before threads start. */
WN_API const char *wn_cpu_model(void);

#ifdef __cplusplus
}
#endif
#endif
