/* SPDX-License-Identifier: Apache-2.0
 *
 * winnow search: images like others.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../human.h"
#include "../job_setup.h"
#include "../reduce_options.h"
#include "../terminal.h"

typedef struct search_params {
    const char *image, *not_image, *sample, *not_sample, *tag, *not_tag, *region, *where, *model, *sheet, *csv;
    int64_t count;
    bool farthest;
    wn_reduce reduce;
} search_params;

#define AT(field) offsetof(search_params, field)
#define TEXT(name, help, field, arg)                                                                                   \
    {                                                                                                                  \
        WN_OPTION_TEXT, name, help, AT(field), 0, 0, NULL, NULL, arg, 0                                                \
    }

static const wn_option options[] = {
    TEXT("image", "an image file to look for; more may follow as arguments", image, "FILE"),
    TEXT("sample", "samples of the workspace to look for: rows such as 17,40, or one path", sample, "ID|PATH"),
    TEXT("tag", "look for the mean of the images with this tag", tag, "NAME"),
    TEXT("not-image", "an image file that results should not be like", not_image, "FILE"),
    TEXT("not-sample", "samples that results should not be like", not_sample, "ID|PATH"),
    TEXT("not-tag", "a tag whose images results should not be like", not_tag, "NAME"),
    TEXT("region", "look for this part of the image, in its pixels", region, "X,Y,W,H"),
    TEXT("where", "only images for which all of this holds: tag=T, label=L, FIELD=WORD, FIELD>=3, joined by commas",
         where, "CONDITIONS"),
    {WN_OPTION_BOOL, "farthest", "the least alike first; alone: outliers", AT(farthest), 0, 0, NULL, NULL, NULL, 0},
    {WN_OPTION_INT, "count", "how many to show", AT(count), 1, 1e6, "20", NULL, "N", 'n'},
    {WN_OPTION_TEXT, "model", "whose embeddings to compare (default: the newest model)", AT(model), 0, 0, NULL, NULL,
     "NAME", 'm'},
    REDUCE_OPTION_ROWS(search_params, reduce),
    TEXT("sheet", "draw the results into this file, best first", sheet, "FILE.png"),
    TEXT("csv", "write rank, row, distance and path to this file", csv, "FILE.csv"),
    {0},
};

static const char *const examples[] = {
    "winnow search --image cat.jpg -w photos.winnow --sheet like-cat.png",
    "the 20 images most like a file, as a table and as a picture",
    "winnow search --tag selected --not-sample 17,40 --where 'label=cat,lightly.sharpness>10'",
    "like the images of one tag and unlike two samples, among sharp cats",
    "winnow search --farthest -n 50 --json",
    "the 50 images that are farthest from all others",
    NULL,
};

static void write_csv_text(FILE *file, const char *text)
{
    fputc('"', file);
    for (; *text; text++) {
        if (*text == '"') fputc('"', file);
        fputc(*text, file);
    }
    fputc('"', file);
}

static wn_status write_csv(const char *path, const wn_search_result *result, wn_error *err)
{
    FILE *file = fopen(path, "w");
    if (!file) return command_fail(err, WN_IO, "cannot write '%s': %s", path, strerror(errno));
    fputs("rank,row,distance,path\n", file);
    for (size_t i = 0; i < result->count; i++) {
        fprintf(file, "%zu,%lld,%.6g,", i + 1, (long long)result->found[i], (double)result->distances[i]);
        write_csv_text(file, result->paths[i]);
        fputc('\n', file);
    }
    bool failed = ferror(file) != 0;
    if (fclose(file) || failed) return command_fail(err, WN_IO, "cannot write '%s': %s", path, strerror(errno));
    return WN_OK;
}

static json_t *json_results(const wn_search_result *result)
{
    json_t *list = json_array();
    for (size_t i = 0; i < result->count; i++)
        json_array_append_new(list, json_pack("{s:o, s:I, s:o, s:o}", "rank", json_count(i + 1), "row",
                                              (json_int_t)result->found[i], "distance",
                                              json_figure((double)result->distances[i]), "path",
                                              json_name(result->paths[i])));
    return list;
}

static wn_status show(session *run, const search_params *params, const wn_search_result *result, wn_error *err)
{
    if (run->common.json)
        return json_print(json_pack("{s:I, s:I, s:o, s:o, s:o, s:o, s:o}", "rows", (json_int_t)result->rows, "dim",
                                    (json_int_t)result->dim, "model", json_name(result->model), "workspace",
                                    json_name(result->workspace), "results", json_results(result), "seconds",
                                    json_seconds(&result->seconds, "embed select total"), "peak_memory_bytes",
                                    json_peak_memory()),
                          err);
    if (!params->csv && !params->sheet) {
        for (size_t i = 0; i < result->count; i++)
            printf("%4zu  %8.5f  %8lld  %s\n", i + 1, (double)result->distances[i], (long long)result->found[i],
                   human_text(result->paths[i]));
    }
    return WN_OK;
}

/* The file of the option and those that stand as arguments. */
static const char **list_images(const session *run, const char *first, size_t *count)
{
    const char **images = malloc((run->path_count + 1) * sizeof *images);
    *count = 0;
    if (images && first) images[(*count)++] = first;
    for (size_t i = 0; i < run->path_count && images; i++) images[(*count)++] = run->paths[i];
    return images;
}

static wn_status run_search(session *run, wn_error *err)
{
    const search_params *params = run->params;
    wn_job job = job_of(run);
    wn_search_result result;
    size_t count = 0;
    wn_status status = check_reduce(run, &params->reduce, false, err);
    if (status) return status;
    const char **images = list_images(run, params->image, &count);
    if (!images) return command_fail(err, WN_NOMEM, "out of memory");
    wn_search_options search = {.workspace = run->common.workspace,
                                .model = params->model,
                                .reduce = params->reduce,
                                .images = images,
                                .image_count = count,
                                .not_images = &params->not_image,
                                .not_image_count = params->not_image != NULL,
                                .samples = params->sample,
                                .not_samples = params->not_sample,
                                .tag = params->tag,
                                .not_tag = params->not_tag,
                                .region = params->region,
                                .where = params->where,
                                .farthest = params->farthest,
                                .count = (size_t)params->count,
                                .sheet = params->sheet};
    status = wn_job_search(&job, &search, &result, err);
    free(images);
    if (status) return status;
    if (params->csv && !run->common.dry_run) status = write_csv(params->csv, &result, err);
    if (!status) {
        terminal_say(run->terminal, "  found       %zu of %lld images in %.3f s", result.count, (long long)result.rows,
                     result.seconds.total);
        if (params->csv && !run->common.dry_run) terminal_say(run->terminal, "  written     %s", params->csv);
        if (params->sheet && !run->common.dry_run) terminal_say(run->terminal, "  written     %s", params->sheet);
        status = show(run, params, &result, err);
    }
    wn_search_result_clear(&result);
    return status;
}

const command command_search = {
    .name = "search",
    .summary = "images like others, or unlike them",
    .usage = "[FILE...] [--image FILE] [--sample ID|PATH] [--tag NAME] [--farthest] [OPTIONS]",
    .details =
        "Compares the embeddings of a workspace with those of image files, samples, or the mean of a tag, and prints "
        "the "
        "nearest: rank, distance (1 - cosine), row, path. Several queries are averaged; what is not wanted is taken "
        "off. "
        "Samples that are part of the query are not found again.\n\n"
        "--farthest turns the order round. Without anything to look for it finds outliers: the images with the "
        "greatest "
        "mean distance to their 10 nearest neighbours.\n\n"
        "The index that 'winnow neighbours' keeps in the workspace answers where there is one: from 65,536 images on "
        "it "
        "is the faster way. 99 % of the true neighbours are found then; without it, with --where and with --farthest "
        "all "
        "images are compared.\n\n"
        "--region is cut from the image reduced to 512 x 512, so a part much smaller than a tenth of a side is coarse.",
    .examples = examples,
    .options = options,
    .params_size = sizeof(search_params),
    .flags = COMMAND_WRITES,
    .most_paths = SIZE_MAX,
    .run = run_search,
};
