/* SPDX-License-Identifier: Apache-2.0
 *
 * Names of classes from data.yaml.
 */
#include <stdlib.h>
#include <string.h>

#include "fuzz.h"
#include "interop/yaml_names.h"

typedef struct bounds {
    const char *text;
    size_t len;
} bounds;

static void visit(void *context, int64_t id, const char *name, size_t len)
{
    const bounds *b = context;
    (void)id;
    if (len == 0 || name < b->text || name + len > b->text + b->len) abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    bounds b = {(const char *)data, size};
    int64_t keypoints, values;
    wn_error err = {0};
    wn_status status = wn_yaml_read_names(b.text, size, "fuzz", visit, &b, &keypoints, &values, &err);
    if (status && !err.message[0]) abort();
    if (keypoints < 0 || keypoints > 1000 || (keypoints && values != 2 && values != 3)) abort();
    return 0;
}
