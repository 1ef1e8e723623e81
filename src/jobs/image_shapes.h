/* SPDX-License-Identifier: Apache-2.0
 *
 * Shapes of the images before they were squeezed to the square that the workspace keeps.
 */
#ifndef JOBS_IMAGE_SHAPES_H
#define JOBS_IMAGE_SHAPES_H

#include "winnow/workspace.h"

/* Width / height of `count` rows from `first`, 1 where it is not known; release with wn_free. */
WN_NODISCARD wn_status wn_load_shapes(wn_workspace *workspace, int64_t first, size_t count, float **aspects,
                                      wn_error *err);

#endif
