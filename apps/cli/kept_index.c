/* SPDX-License-Identifier: Apache-2.0
 *
 * Index files of arrays: read where they fit, else made or grown.
 */
#include "kept_index.h"

static wn_status make_index(const char *path, const wn_matrix *embeddings, const wn_index_options *options,
                            wn_index **out, wn_error *err)
{
    wn_status status = wn_index_build(embeddings, options, out, err);
    return status ? status : wn_index_save(*out, path, err);
}

static wn_status check_index(const char *path, const wn_index *index, const wn_index_options *options, wn_error *err)
{
    const wn_index_info *info = wn_index_describe(index);
    if (info->metric != options->metric)
        return command_fail(err, WN_INVALID, "the index %s is by %s, not %s; name another file or delete it", path,
                            wn_index_metric_names[info->metric], wn_index_metric_names[options->metric]);
    if (options->kind && info->kind != options->kind)
        return command_fail(err, WN_INVALID, "the index %s is of the kind %s, not %s; name another file or delete it",
                            path, info->kind->name, options->kind->name);
    return WN_OK;
}

wn_status kept_index_open(session *run, const char *path, const wn_matrix *embeddings, const wn_index_options *options,
                          wn_index **out, const char **how, wn_error *err)
{
    wn_status status = wn_index_open(path, embeddings, options->stamp, out, err);
    *how = "read";
    if (status == WN_NOTFOUND) {
        *how = "made";
        return make_index(path, embeddings, options, out, err);
    }
    if (status || (status = check_index(path, *out, options, err))) return status;
    if (wn_index_describe(*out)->rows == embeddings->rows) return WN_OK;
    *how = "grown";
    status = wn_index_add(*out, embeddings, run->pool, err);
    return status ? status : wn_index_save(*out, path, err);
}
