/* SPDX-License-Identifier: Apache-2.0
 *
 * Which images an export writes, and under which paths.
 */
#include <string.h>

#include "base/error.h"
#include "base/text.h"
#include "jobs/export.h"
#include "winnow/memory.h"

wn_status wn_export_choose_rows(wn_exporting *run, wn_error *err)
{
    wn_workspace_counts counts;
    int64_t *tagged = NULL;
    size_t count = 0;
    WN_TRY(wn_workspace_count(run->workspace, &counts, err));
    run->row_count = counts.rows;
    run->images = wn_alloc(WN_MEMORY_GENERAL, (size_t)counts.rows, sizeof *run->images);
    if (!run->images) return wn_fail(err, WN_NOMEM, "no memory to export %lld images", (long long)counts.rows);
    for (int64_t row = 0; row < counts.rows; row++) run->images[row] = run->options->tag ? -1 : 0;
    if (!run->options->tag) return WN_OK;
    WN_TRY(wn_tag_get(run->workspace, run->options->tag, &tagged, &count, err));
    for (size_t i = 0; i < count; i++)
        if (tagged[i] >= 0 && tagged[i] < counts.rows) run->images[tagged[i]] = 0;
    wn_free(tagged);
    return WN_OK;
}

/* Below its source, with the source's last part before it where there are several sources. */
static char *relative_path(const wn_exporting *run, const wn_sample *sample)
{
    const wn_root *root = wn_roots_find(&run->roots, sample->source);
    if (run->roots.len < 2 || !root) return wn_text_copy_len(sample->name, sample->name_len);
    const char *slash = strrchr(root->path, '/');
    return wn_sample_path("folder", slash ? slash + 1 : root->path, sample->name, sample->name_len);
}

char *wn_export_path(const wn_exporting *run, const wn_sample *sample)
{
    return run->relative ? relative_path(run, sample) : wn_roots_sample_path(&run->roots, sample);
}
