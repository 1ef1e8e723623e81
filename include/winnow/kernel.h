/* SPDX-License-Identifier: Apache-2.0
 *
 * Which code runs: the kernels of the number module and the instruction-set level at which each was chosen.
 *
 *     wn_kernel kernels[WN_KERNEL_MOST];
 *     size_t count = wn_kernels_list(wn_cpu_level(), kernels, WN_KERNEL_MOST);
 *     for (size_t i = 0; i < count; i++) printf("%s.%s %s\n", kernels[i].family, kernels[i].name, ...);
 */
#ifndef WINNOW_KERNEL_H
#define WINNOW_KERNEL_H

#include <stddef.h>

#include "winnow/cpu.h"

#ifdef __cplusplus
extern "C" {
#endif

/* More than there are kernels. */
#define WN_KERNEL_MOST 128

/* One kernel: "tile", "nearest_f32", and the level whose code is used. Texts are static. */
typedef struct wn_kernel {
    const char *family, *name;
    wn_cpu level;
} wn_kernel;

/* The choice that is made for `level` (at most wn_cpu_detect()): writes up to `capacity` entries, in the order of the
 * families, and returns how many kernels there are. `out` may be NULL when `capacity` is 0. Thread-safe. */
WN_API size_t wn_kernels_list(wn_cpu level, wn_kernel *out, size_t capacity);

#ifdef __cplusplus
}
#endif
#endif
