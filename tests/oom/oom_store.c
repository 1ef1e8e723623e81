/* SPDX-License-Identifier: Apache-2.0
 *
 * The store without memory: making a workspace, appending to it, reading all of it, records, replacement and check.
 * After each failure the workspace must open and hold whole batches.
 */
#include "torture.h"

#include <ftw.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "winnow/catalog.h"

enum { COUNT = 20 };
static char folder[] = "/tmp/winnow-oom-store-XXXXXX";
static char path[80];

static int remove_entry(const char *name, const struct stat *info, int kind, struct FTW *walk)
{
    (void)info, (void)kind, (void)walk;
    return remove(name);
}

static wn_status open_workspace(wn_workspace_mode mode, wn_workspace **out, wn_error *err)
{
    wn_workspace_options options = {.mode = mode, .unsynced = true};
    return wn_workspace_open(path, &options, out, err);
}

static wn_status append(wn_workspace *workspace, wn_error *err)
{
    static const float values[COUNT][3];
    wn_sample samples[COUNT];
    wn_sample_thumb thumbs[COUNT];
    int64_t source = 0;
    for (size_t i = 0; i < COUNT; i++) {
        samples[i] = (wn_sample){.source = 1, .name = &"abcdefghijklmnopqrstuvwxyz"[i], .name_len = 3, .format = "png"};
        thumbs[i] = (wn_sample_thumb){"thumbnail", 9};
    }
    wn_sample_column column = {"values", values};
    wn_bad_file bad = {1, "x", 1, 2, 3, "empty"};
    wn_sample_batch batch = {.samples = samples,
                             .sample_count = COUNT,
                             .columns = &column,
                             .column_count = 1,
                             .thumbs = thumbs,
                             .bad = &bad,
                             .bad_count = 1};
    WN_TRY(wn_workspace_add_source(workspace, "folder", "/a", &source, err));
    WN_TRY(wn_column_create(workspace, "values", WN_COLUMN_F32, 3, err));
    return wn_workspace_append(workspace, &batch, NULL, err);
}

static wn_status try_write(wn_error *err)
{
    wn_workspace *workspace = NULL;
    nftw(path, remove_entry, 16, FTW_DEPTH | FTW_PHYS);
    wn_status status = open_workspace(WN_WORKSPACE_CREATE, &workspace, err);
    if (!status) status = append(workspace, err);
    if (!status) status = append(workspace, err);
    wn_workspace_close(&workspace);
    return status;
}

static wn_status visit_sample(void *context, const wn_sample *sample)
{
    *(int64_t *)context += sample->row;
    return WN_OK;
}

static wn_status visit_bad(void *context, const wn_bad_file *file)
{
    *(int64_t *)context += (int64_t)file->name_len;
    return WN_OK;
}

static wn_status read_columns(wn_workspace *workspace, wn_error *err)
{
    static float values[2 * COUNT][3];
    wn_column *column = NULL;
    const void *map = NULL;
    wn_status status = wn_column_open(workspace, "values", &column, err);
    if (!status) status = wn_column_read(column, 3, 4, values, err);
    if (!status) status = wn_column_map(column, &map, err);
    if (!status) status = wn_column_verify(column, NULL, err);
    wn_column_close(&column);
    return status;
}

static wn_status read_lists(wn_workspace *workspace, wn_error *err)
{
    wn_source *sources = NULL;
    wn_column_info *columns = NULL;
    wn_known_files *known = NULL;
    wn_sample *sample = NULL;
    unsigned char *thumb = NULL;
    size_t count = 0;
    wn_status status;
    if ((status = wn_workspace_list_sources(workspace, &sources, &count, err))) goto done;
    if ((status = wn_column_list(workspace, &columns, &count, err))) goto done;
    if ((status = wn_workspace_load_known(workspace, -1, &known, err))) goto done;
    if ((status = wn_workspace_get_sample(workspace, 3, &sample, err))) goto done;
    status = wn_workspace_thumb(workspace, 3, &thumb, &count, err);
done:
    wn_free(thumb);
    wn_free(sample);
    wn_known_files_free(&known);
    wn_free(columns);
    wn_free(sources);
    return status;
}

static wn_status try_read(wn_error *err)
{
    wn_workspace *workspace = NULL;
    int64_t sum = 0;
    wn_status status = open_workspace(WN_WORKSPACE_READ, &workspace, err);
    if (!status) status = wn_workspace_visit_samples(workspace, 0, 2 * COUNT, visit_sample, &sum, err);
    if (!status) status = wn_workspace_visit_bad(workspace, visit_bad, &sum, err);
    if (!status) status = read_columns(workspace, err);
    if (!status) status = read_lists(workspace, err);
    if (!status) status = wn_workspace_check(workspace, NULL, NULL, NULL, NULL, err);
    wn_workspace_close(&workspace);
    return status;
}

static wn_status write_records(wn_workspace *workspace, wn_error *err)
{
    static const float values[100];
    wn_pick picks[] = {{1, 2.0F, 3.0F}, {4, 5.0F, 6.0F}};
    wn_selection_record record = {.tag = "t", .strategy = "s"};
    wn_model_record model = {.name = "m", .file = "f"};
    wn_embedding_record embedding = {.model = "m", .column = "values"};
    int64_t id = 0;
    char *folder_of_run = NULL;
    WN_TRY(wn_setting_set(workspace, "key", "value", err));
    WN_TRY(wn_run_begin(workspace, "test", NULL, &id, &folder_of_run, err));
    wn_free(folder_of_run);
    WN_TRY(wn_run_end(workspace, id, "done", NULL, NULL, err));
    WN_TRY(wn_model_add(workspace, &model, err));
    WN_TRY(wn_embedding_add(workspace, &embedding, err));
    WN_TRY(wn_selection_add(workspace, &record, picks, 2, &id, err));
    return wn_column_replace(workspace, "scores", WN_COLUMN_F32, 1, values, 100, err);
}

static wn_status read_records(wn_workspace *workspace, wn_error *err)
{
    void *list = NULL;
    char *value = NULL;
    size_t count = 0;
    wn_status status;
#define TRY_LIST(call)                                                                                                 \
    if ((status = call) != WN_OK) return status;                                                                       \
    wn_free(list)
    TRY_LIST(wn_run_list(workspace, (wn_run_record **)&list, &count, err));
    TRY_LIST(wn_model_list(workspace, (wn_model_record **)&list, &count, err));
    TRY_LIST(wn_embedding_list(workspace, (wn_embedding_record **)&list, &count, err));
    TRY_LIST(wn_tag_list(workspace, (wn_tag_record **)&list, &count, err));
    TRY_LIST(wn_tag_get(workspace, "t", (int64_t **)&list, &count, err));
    TRY_LIST(wn_selection_list(workspace, (wn_selection_record **)&list, &count, err));
    TRY_LIST(wn_selection_picks(workspace, 1, (wn_pick **)&list, &count, err));
    if ((status = wn_setting_get(workspace, "key", &value, err))) return status;
    wn_free(value);
    return WN_OK;
}

static wn_status try_records(wn_error *err)
{
    wn_workspace *workspace = NULL;
    wn_status status = open_workspace(WN_WORKSPACE_WRITE, &workspace, err);
    if (!status) status = write_records(workspace, err);
    if (!status) status = read_records(workspace, err);
    wn_workspace_close(&workspace);
    return status;
}

/* After all failures: whole batches, and nothing damaged. */
static bool is_sound(void)
{
    wn_workspace *workspace = NULL;
    wn_workspace_findings findings = {0};
    wn_workspace_counts counts = {0};
    wn_error err = {0};
    wn_status status = open_workspace(WN_WORKSPACE_WRITE, &workspace, &err);
    if (!status) status = wn_workspace_count(workspace, &counts, &err);
    if (!status) status = wn_workspace_check(workspace, NULL, NULL, NULL, &findings, &err);
    wn_workspace_close(&workspace);
    if (status) printf("afterwards: %s\n", err.message);
    return !status && counts.rows == 2 * COUNT && findings.damaged == 0 && findings.thumbs == 2 * COUNT;
}

int main(void)
{
    if (!mkdtemp(folder)) return 1;
    snprintf(path, sizeof path, "%s/a.winnow", folder);
    bool good = torture("store: write", try_write) && torture("store: read", try_read) &&
                torture("store: records", try_records) && is_sound();
    nftw(folder, remove_entry, 16, FTW_DEPTH | FTW_PHYS);
    printf("%s\n", good ? "good" : "failed");
    return !good;
}
