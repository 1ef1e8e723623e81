/* SPDX-License-Identifier: Apache-2.0 */
#include "jobs/image_shapes.h"

#include "base/error.h"
#include "winnow/memory.h"

/* Width / height of a run of rows. */
typedef struct shape_list {
    int64_t first;
    float *aspects;
} shape_list;

static wn_status take_shape(void *context, const wn_sample *sample)
{
    const shape_list *list = context;
    const bool known = sample->width > 0 && sample->height > 0;
    list->aspects[sample->row - list->first] = known ? (float)sample->width / (float)sample->height : 1.0F;
    return WN_OK;
}

wn_status wn_load_shapes(wn_workspace *workspace, int64_t first, size_t count, float **aspects, wn_error *err)
{
    shape_list list = {first, wn_alloc(WN_MEMORY_IMAGE, count, sizeof(float))};
    *aspects = NULL;
    if (!list.aspects) return wn_fail(err, WN_NOMEM, "no memory for the shapes of %zu images", count);
    for (size_t i = 0; i < count; i++) list.aspects[i] = 1.0F;
    wn_status status = wn_workspace_visit_samples(workspace, first, (int64_t)count, take_shape, &list, err);
    if (status)
        wn_free(list.aspects);
    else
        *aspects = list.aspects;
    return status;
}
