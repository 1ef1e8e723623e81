/* SPDX-License-Identifier: Apache-2.0
 *
 * One embedding an image.
 */
#include "base/error.h"
#include "base/text.h"
#include "jobs/curate_stage.h"

static wn_status embed_images(wn_curating *run, wn_error *err)
{
    WN_TRY(wn_stage_embed(run->job, run->workspace, run->model, run->model_file, &run->options->reduce, &run->embedded,
                          err));
    if (!(run->result->model = wn_text_copy(run->embedded.model))) return wn_fail(err, WN_NOMEM, "out of memory");
    run->result->embedded = (int64_t)run->rows.len;
    run->result->dim = run->embedded.dim;
    wn_curating_note(
        run, WN_LOG_VERBOSE, "%lld images have an embedding of '%s' with %lld dimensions, %lld of them new",
        (long long)run->rows.len, run->embedded.model, (long long)run->embedded.dim, (long long)run->embedded.fresh);
    return WN_OK;
}

static void clear_embedded(wn_curating *run)
{
    wn_embedded_clear(&run->embedded);
}

const wn_curate_stage wn_curate_stage_embed = {
    .name = "embed",
    .seconds = offsetof(wn_job_seconds, embed),
    .run = embed_images,
    .clear = clear_embedded,
};
