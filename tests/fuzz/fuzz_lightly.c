/* SPDX-License-Identifier: Apache-2.0
 *
 * Files of the Lightly layout, under a schema that is given for predictions and one for metadata.
 */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "annotation_memory.h"
#include "base/file.h"
#include "fuzz.h"

static char folders[2][48], files[2][128];

static void remove_schemas(void)
{
    for (int i = 0; i < 2; i++) {
        unlink(files[i]);
        rmdir(folders[i]);
    }
}

static void write_schemas(void)
{
    static const char *const texts[2] = {
        "{\"task_type\": \"instance-segmentation\", \"categories\": [{\"id\": 0, \"name\": \"a\"}, {\"id\": 5, "
        "\"name\": "
        "\"b\"}]}",
        "[{\"name\": \"n\", \"path\": \"a.b\", \"defaultValue\": 1, \"valueDataType\": \"NUMERIC_FLOAT\"}, {\"name\": "
        "\"w\", \"path\": \"c.0\", \"defaultValue\": \"x\", \"valueDataType\": \"CATEGORICAL_STRING\"}]"};
    for (int i = 0; i < 2; i++) {
        wn_error err;
        snprintf(folders[i], sizeof folders[i], "/tmp/winnow-fuzz-XXXXXX");
        if (!mkdtemp(folders[i])) abort();
        snprintf(files[i], sizeof files[i], "%s/schema.json", folders[i]);
        if (wn_file_write(files[i], texts[i], strlen(texts[i]), &err)) abort();
    }
    atexit(remove_schemas);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (!folders[0][0]) write_schemas();
    read_bytes("lightly", WN_ROLE_PREDICTIONS, folders[0], "d/x.json", data, size);
    read_bytes("lightly", WN_ROLE_METADATA, folders[1], "d/x.json", data, size);
    return 0;
}
