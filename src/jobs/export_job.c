/* SPDX-License-Identifier: Apache-2.0
 *
 * export: images of a workspace, with labels or predictions, in the formats of other tools.
 */
#include <string.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/text.h"
#include "jobs/export.h"
#include "winnow/memory.h"

/* --- Images ------------------------------------------------------------------------------------------------------- */

static wn_status take_sample(void *context, const wn_sample *sample)
{
    wn_exporting *run = context;
    if (sample->row >= run->row_count || run->images[sample->row] < 0) return WN_OK;
    if (sample->status != WN_SAMPLE_OK) {
        run->images[sample->row] = -1;
        return WN_OK;
    }
    char *path = wn_export_path(run, sample);
    if (!path) return wn_fail(run->err, WN_NOMEM, "out of memory");
    size_t before = run->builder.storage->images.len;
    run->images[sample->row] =
        (int64_t)wn_builder_image(&run->builder, path, strlen(path), sample->width, sample->height);
    bool twice = run->builder.storage->images.len == before && !run->builder.storage->status;
    wn_status status =
        twice ? wn_fail(run->err, WN_INVALID, "two images have the path '%s'; export them by tags", path) : WN_OK;
    wn_free(path);
    return status;
}

/* --- Items -------------------------------------------------------------------------------------------------------- */

static wn_annotation_span copy_numbers(wn_exporting *run, const float *values, size_t count)
{
    wn_annotation_span none = {0};
    return count ? wn_builder_numbers(&run->builder, values, count) : none;
}

static wn_status take_item(void *context, const wn_annotation_record *record)
{
    wn_exporting *run = context;
    if (record->row >= run->row_count || run->images[record->row] < 0) return WN_OK;
    wn_annotation_item *item = wn_builder_item(&run->builder, (size_t)run->images[record->row], record->category);
    item->flags = record->flags;
    item->score = record->score;
    memcpy(item->box, record->box, sizeof item->box);
    item->probabilities = copy_numbers(run, record->probabilities, record->probability_count);
    item->keypoints = copy_numbers(run, record->keypoints, record->keypoint_count);
    item->polygon = copy_numbers(run, record->polygon, record->polygon_count);
    if (record->mask_count) item->mask = wn_builder_runs(&run->builder, record->mask, record->mask_count);
    item->mask_width = record->mask_width;
    item->mask_height = record->mask_height;
    run->out->items++;
    return WN_OK;
}

static wn_status take_set(wn_exporting *run, const wn_annotation_set_record *record, wn_error *err)
{
    wn_annotation_category *categories = NULL;
    size_t count = 0;
    run->builder.set->task = record->task;
    run->builder.set->name = wn_builder_text(&run->builder, record->name, strlen(record->name));
    if (!(run->out->set = wn_text_copy(record->name))) return wn_fail(err, WN_NOMEM, "out of memory");
    WN_TRY(wn_annotation_set_categories(run->workspace, record->id, &categories, &count, err));
    for (size_t i = 0; i < count; i++) wn_builder_category(&run->builder, categories[i].id, categories[i].name);
    wn_free(categories);
    return wn_annotation_set_visit(run->workspace, record->id, -1, take_item, run, err);
}

/* The set that was asked for; without a name none is fine. */
static wn_status add_items(wn_exporting *run, wn_error *err)
{
    wn_annotation_set_record *record = NULL;
    wn_error ignored;
    const wn_export_options *options = run->options;
    if (options->bare) return WN_OK;
    if (options->role == WN_ROLE_METADATA)
        return wn_fail(err, WN_INVALID, "metadata cannot be exported; labels and predictions can");
    wn_status status =
        wn_annotation_set_find(run->workspace, options->role, options->set, &record, options->set ? err : &ignored);
    if (status == WN_NOTFOUND && !options->set) return WN_OK;
    if (!status) status = take_set(run, record, err);
    wn_free(record);
    return status;
}

/* --- The job ------------------------------------------------------------------------------------------------------ */

static wn_status find_writer(wn_exporting *run, wn_error *err)
{
    const char *names[33] = {0}, *wanted = run->options->format ? run->options->format : "list";
    run->writer = wn_annotation_writer_find(wanted);
    if (run->writer) return WN_OK;
    for (size_t i = 0; i < 32 && wn_annotation_writer_at(i); i++)
        names[i] = wn_annotation_writer_name(wn_annotation_writer_at(i));
    const char *near = wn_nearest_word(wanted, names);
    return wn_fail(err, WN_INVALID, "there is no export format '%s'%s%s%s", wanted, near ? "; did you mean '" : "",
                   near ? near : "", near ? "'?" : "");
}

static wn_status build_and_write(wn_exporting *run, bool dry_run, wn_error *err)
{
    static const wn_annotation_options reader;
    wn_annotations *set = NULL;
    WN_TRY(wn_roots_load(run->workspace, NULL, 0, WN_ROOTS_KNOWN, &run->roots, err));
    WN_TRY(wn_export_choose_rows(run, err));
    WN_TRY(wn_builder_begin(&run->builder, &reader, err));
    run->builder.root = run->options->out;
    run->builder.set->name =
        run->options->tag ? wn_builder_text(&run->builder, run->options->tag, strlen(run->options->tag)) : "images";
    wn_status status = wn_workspace_visit_samples(run->workspace, 0, run->row_count, take_sample, run, err);
    if (!status) status = add_items(run, err);
    if (status) {
        wn_annotations_free(&run->builder.set);
        return status;
    }
    WN_TRY(wn_builder_finish(&run->builder, &set, err));
    run->out->images = (int64_t)set->image_count;
    if (!dry_run) status = wn_annotations_write(set, run->writer, run->options->out, err);
    wn_annotations_free(&set);
    return status;
}

wn_status wn_job_export(const wn_job *job, const wn_export_options *options, wn_export_result *out, wn_error *err)
{
    *out = (wn_export_result){0};
    wn_exporting run = {.options = options, .out = out, .err = err};
    double started = wn_clock_seconds();
    const bool table = options->scores || options->metadata;
    if (table) WN_TRY(wn_export_table_check(options, err));
    if (!table) WN_TRY(find_writer(&run, err));
    run.relative = options->relative || (!table && wn_annotation_writer_is_folder(run.writer));
    WN_TRY(wn_job_open_workspace(job, options->workspace, NULL, 0, WN_WORKSPACE_READ, &run.workspace, &out->workspace,
                                 err));
    wn_status status = table ? wn_export_table(&run, job->dry_run, err) : build_and_write(&run, job->dry_run, err);
    wn_roots_clear(&run.roots);
    wn_free(run.images);
    wn_workspace_close(&run.workspace);
    out->seconds = wn_clock_seconds() - started;
    if (status) wn_export_result_clear(out);
    return status;
}

void wn_export_result_clear(wn_export_result *result)
{
    wn_free(result->workspace);
    wn_free(result->set);
    *result = (wn_export_result){0};
}
