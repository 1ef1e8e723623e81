/* SPDX-License-Identifier: Apache-2.0
 *
 * Models by path: files of winnow, safetensors, and the built-in model.
 */
#include <string.h>

#include "base/error.h"
#include "base/file.h"
#include "base/text.h"
#include "embed/model_file.h"
#include "embed/model_safetensors.h"
#include "winnow/model.h"

/* Of builtin_model.S. */
extern const unsigned char wn_builtin_model[], wn_builtin_model_end[];

static const size_t file_bytes_max = (size_t)1 << 30;

uint64_t wn_model_file_builtin_hash(void)
{
    uint64_t hash;
    memcpy(&hash, wn_builtin_model + WN_MODEL_FILE_HASH_AT, sizeof hash);
    return hash;
}

wn_status wn_model_file_read(const char *path, wn_buffer *out, wn_error *err)
{
    wn_buffer bytes;
    wn_buffer_reset(out);
    if (strcmp(path, WN_MODEL_DEFAULT) == 0) {
        if (wn_buffer_add(out, wn_builtin_model, (size_t)(wn_builtin_model_end - wn_builtin_model)) == WN_OK)
            return WN_OK;
        return wn_fail(err, WN_NOMEM, "out of memory for the built-in model");
    }
    if (!wn_text_ends_with(path, ".safetensors")) return wn_file_read(path, file_bytes_max, out, err);
    wn_buffer_init(&bytes, out->category, 0);
    wn_status status = wn_file_read(path, file_bytes_max, &bytes, err);
    if (!status) status = wn_model_from_safetensors(bytes.data ? bytes.data : "", bytes.len, path, out, err);
    wn_buffer_clear(&bytes);
    return status;
}

wn_status wn_model_open(const char *path, wn_precision precision, wn_model **out, wn_error *err)
{
    wn_buffer bytes;
    *out = NULL;
    wn_buffer_init(&bytes, WN_MEMORY_NETWORK, 0);
    wn_status status = wn_model_file_read(path, &bytes, err);
    if (status == WN_OK) {
        status = wn_model_open_memory(bytes.data ? bytes.data : "", bytes.len, path, precision, out, err);
    }
    wn_buffer_clear(&bytes);
    return status;
}
