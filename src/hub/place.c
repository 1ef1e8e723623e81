/* SPDX-License-Identifier: Apache-2.0
 *
 * Where pulled models lie, and which of them are there.
 */
#include <stdio.h>
#include <stdlib.h>

#include "base/error.h"
#include "base/file.h"
#include "winnow/hub.h"

wn_status wn_hub_place(const wn_hub_model *model, const char *named, char out[WN_PULL_PATH_MAX], wn_error *err)
{
    const char *cache = getenv("XDG_CACHE_HOME"), *home = getenv("HOME");
    int len;
    if (named)
        len = snprintf(out, WN_PULL_PATH_MAX, "%s", named);
    else if (cache && *cache == '/')
        len = snprintf(out, WN_PULL_PATH_MAX, "%s/winnow/models/%s.onnx", cache, model->name);
    else if (home && *home)
        len = snprintf(out, WN_PULL_PATH_MAX, "%s/.cache/winnow/models/%s.onnx", home, model->name);
    else
        return wn_fail(err, WN_INVALID,
                       "no folder for models: neither XDG_CACHE_HOME nor HOME is set; name --out FILE");
    if (len <= 0 || len >= WN_PULL_PATH_MAX) return wn_fail(err, WN_INVALID, "no usable file name: '%.200s'", out);
    return WN_OK;
}

wn_status wn_hub_find_pulled(const char *name, char out[WN_PULL_PATH_MAX], wn_error *err)
{
    const wn_hub_model *model = wn_hub_find(name);
    if (!model) return wn_fail(err, WN_NOTFOUND, "no open model is called '%s'", name);
    WN_TRY(wn_hub_place(model, NULL, out, err));
    if (wn_file_exists(out)) return WN_OK;
    return wn_fail(err, WN_NOTFOUND, "the open model '%s' is not here yet; fetch it with 'winnow model pull %s'", name,
                   name);
}
