/* SPDX-License-Identifier: Apache-2.0
 *
 * winnow check labels on arrays whose pixels have classes of their own.
 */
#include <inttypes.h>
#include <stdlib.h>

#include "check_options.h"
#include "human.h"
#include "job_setup.h"
#include "terminal.h"
#include "winnow/memory.h"
#include "winnow/npy.h"
#include "winnow/segmentation.h"

static wn_status write_arrays(const check_params *params, const wn_npy_shape *shape,
                              const wn_segmentation_issues *found, wn_error *err)
{
    wn_status status = WN_OK;
    size_t height = shape->sizes[1], width = shape->sizes[2];
    if (params->out) status = wn_npy_write_floats(params->out, found->scores, found->images, err);
    if (!status && params->out_issues)
        status = wn_npy_write_masks(params->out_issues, found->masks, found->images, height, width, err);
    if (!status && params->out_suggested)
        status = wn_npy_write_planes(params->out_suggested, found->suggested, found->images, height, width, err);
    return status;
}

/* The image of least score after (score, index), -1 = none; five are shown, so no list is sorted. */
static int64_t next_worst(const wn_segmentation_issues *found, int64_t last)
{
    int64_t next = -1;
    for (size_t i = 0; i < found->images; i++) {
        float score = found->scores[i], before = last < 0 ? 0 : found->scores[last];
        bool after = last < 0 || score > before || (score == before && (int64_t)i > last);
        if (found->counts[i] && after && (next < 0 || score < found->scores[next])) next = (int64_t)i;
    }
    return next;
}

static void say_found(session *run, const wn_npy_shape *shape, const wn_segmentation_issues *found)
{
    char a[32], b[32], c[32];
    if (found->unlabelled)
        terminal_say(run->terminal, "  no class    %s pixels; they take no part", human_count(found->unlabelled, a));
    if (found->unusable)
        terminal_say(run->terminal, "  NaN         %s pixels; they take no part", human_count(found->unusable, a));
    terminal_say(run->terminal,
                 "  masks       %s pixels are issues in %s images of %zu x %zu; about %s labels are wrong",
                 human_count(found->issues, a), human_count(found->images, b), shape->sizes[2], shape->sizes[1],
                 human_count(found->confident, c));
    int64_t image = next_worst(found, -1);
    for (int i = 0; i < 5 && image >= 0; i++, image = next_worst(found, image))
        terminal_say(run->terminal, "              image %" PRId64 ": %s pixels (score %.4f)", image,
                     human_count(found->counts[image], a), (double)found->scores[image]);
}

static wn_status print_figures(const wn_npy_shape *shape, const wn_segmentation_issues *found, double seconds,
                               wn_error *err)
{
    json_t *by_class = json_array();
    for (size_t k = 0; k < found->classes; k++) json_array_append_new(by_class, json_count(found->by_class[k]));
    return json_print(json_pack("{s:o, s:o, s:o, s:o, s:s, s:o, s:o, s:o, s:o, s:o, s:{s:o}, s:o}", "images",
                                json_count(found->images), "height", json_count(shape->sizes[1]), "width",
                                json_count(shape->sizes[2]), "classes", json_count(found->classes), "task",
                                "segmentation", "issues", json_count(found->issues), "issues_by_class", by_class,
                                "estimated_errors", json_count(found->confident), "unlabelled",
                                json_count(found->unlabelled), "unusable", json_count(found->unusable), "seconds",
                                "total", json_figure(seconds), "peak_memory_bytes", json_peak_memory()),
                      err);
}

static wn_status check(session *run, wn_segmentation_request *request, const wn_npy_shape *shape, wn_error *err)
{
    const check_params *params = run->params;
    wn_segmentation_issues found;
    double started = now();
    wn_status status = wn_segmentation_find_issues(request, &found, err);
    if (status) return status;
    status = write_arrays(params, shape, &found, err);
    if (!status) say_found(run, shape, &found);
    if (!status && run->common.json) status = print_figures(shape, &found, now() - started, err);
    wn_segmentation_issues_clear(&found);
    return status;
}

/* All images have as many pixels; one block (free), NULL without memory. */
static size_t *equal_sizes(const wn_npy_shape *shape)
{
    size_t *sizes = malloc((shape->sizes[0] + 1) * sizeof *sizes);
    for (size_t i = 0; sizes && i < shape->sizes[0]; i++) sizes[i] = shape->cols;
    return sizes;
}

/* Of the limit; 0 = there is none. */
static uint64_t memory_left(const session *run)
{
    const uint64_t held = wn_memory_process_resident();
    return run->memory_limit == 0 ? 0 : run->memory_limit > held ? run->memory_limit - held : 1;
}

static wn_status check_planes(session *run, wn_npy *labels, wn_npy *probabilities, wn_error *err)
{
    const check_params *params = run->params;
    const wn_npy_shape *shape = wn_npy_get_shape(labels);
    wn_mask_tables tables = {.classes = wn_npy_get_shape(probabilities)->sizes[1]};
    wn_status status = wn_npy_stack(labels, &tables.labels, err);
    if (!status) status = wn_npy_stack(probabilities, &tables.probabilities, err);
    if (!status) status = wn_mask_tables_check(&tables, err);
    if (status) return status;
    if (run->common.dry_run) {
        terminal_say(run->terminal, "would check %zu masks; nothing was written (--dry-run)", shape->sizes[0]);
        return WN_OK;
    }
    size_t *pixels = equal_sizes(shape);
    if (!pixels) return command_fail(err, WN_NOMEM, "no memory for %zu masks", shape->sizes[0]);
    wn_segmentation_request request = {.images = shape->sizes[0],
                                       .classes = tables.classes,
                                       .pixels = pixels,
                                       .read = wn_mask_tables_read,
                                       .context = &tables,
                                       .masks = params->out_issues || params->out_suggested,
                                       .memory_limit = memory_left(run),
                                       .pool = run->pool,
                                       .progress = &run->progress};
    status = check(run, &request, shape, err);
    free(pixels);
    return status;
}

wn_status check_mask_arrays(session *run, wn_npy *labels, wn_error *err)
{
    const check_params *params = run->params;
    const wn_npy_shape *shape = wn_npy_get_shape(labels), *planes;
    wn_npy *file = NULL;
    if (!params->probabilities)
        return command_usage_error(run, err, "masks of images x height x width go with --probabilities P.npy");
    if (params->method || params->filter)
        return command_usage_error(run, err, "masks have one score and one rule: leave out --method and --filter");
    wn_status status = wn_npy_open_stack(params->probabilities, &file, err);
    if (status) return status;
    planes = wn_npy_get_shape(file);
    if (shape->dims != 3 || planes->dims != 4 || planes->sizes[0] != shape->sizes[0] ||
        planes->sizes[2] != shape->sizes[1] || planes->sizes[3] != shape->sizes[2]) {
        status = command_fail(err, WN_INVALID,
                              "'%s' must hold images x classes x height x width for the masks of '%s', which are "
                              "%zu x %zu x %zu",
                              params->probabilities, params->labels, shape->sizes[0], shape->sizes[1], shape->sizes[2]);
        wn_npy_close(&file);
        return status;
    }
    status = check_planes(run, labels, file, err);
    wn_npy_close(&file);
    return status;
}
