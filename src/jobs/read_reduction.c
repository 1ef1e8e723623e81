/* SPDX-License-Identifier: Apache-2.0 */
#include "jobs/read_reduction.h"

#include <string.h>

#include "base/error.h"
#include "base/file.h"
#include "base/text.h"
#include "winnow/memory.h"
#include "winnow/model.h"

bool wn_is_reduction(const char *file)
{
    return wn_text_ends_with(file, WN_REDUCTION_ENDING);
}

/* Path of the model behind a reduction that was read from `file`; a new string, NULL when memory is short. */
static char *base_path(const char *file, const wn_reduction *reduction)
{
    const char *base = reduction->base, *slash = strrchr(file, '/');
    if (base[0] == '/' || !slash || strcmp(base, WN_MODEL_DEFAULT) == 0) return wn_text_copy(base);
    char *folder = wn_text_copy_len(file, (size_t)(slash - file));
    char *path = folder ? wn_path_join(folder, base) : NULL;
    wn_free(folder);
    return path;
}

wn_status wn_read_model_reduction(const char *file, wn_reduction *out, char **base, wn_error *err)
{
    WN_TRY(wn_reduction_read(file, out, err));
    wn_status status = WN_OK;
    *base = NULL;
    if (!out->base[0])
        status = wn_fail(err, WN_INVALID,
                         "%s: it was fitted to an array; it reduces arrays (--embeddings), no images. 'winnow embed "
                         "PATH --model M --dim %zu --out E.npy --out-model FILE.wnr' makes one of a model",
                         file, out->pca.dim);
    else if (wn_is_reduction(out->base))
        status = wn_fail(err, WN_CORRUPT, "%s: a reduction of a reduction; make it again with --dim", file);
    else if (!(*base = base_path(file, out)))
        status = wn_fail(err, WN_NOMEM, "out of memory");
    else if (strcmp(*base, WN_MODEL_DEFAULT) != 0 && !wn_file_exists(*base))
        status = wn_fail(err, WN_NOTFOUND, "%s: the model behind it, '%s', is not there", file, *base);
    if (status) {
        wn_free(*base);
        *base = NULL;
        wn_reduction_clear(out);
    }
    return status;
}

bool wn_model_is_builtin(const char *file)
{
    wn_reduction reduction;
    if (!wn_is_reduction(file)) return strcmp(file, WN_MODEL_DEFAULT) == 0;
    if (wn_reduction_read(file, &reduction, NULL)) return false;
    const bool builtin = strcmp(reduction.base, WN_MODEL_DEFAULT) == 0;
    wn_reduction_clear(&reduction);
    return builtin;
}
