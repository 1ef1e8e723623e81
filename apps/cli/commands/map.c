/* SPDX-License-Identifier: Apache-2.0
 *
 * winnow map: rows of an array as points of two or three dimensions.
 */
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "../human.h"
#include "../job_setup.h"
#include "../terminal.h"
#include "winnow/memory.h"
#include "winnow/npy.h"
#include "winnow/projection.h"

typedef struct map_params {
    const char *embeddings, *method, *out;
    int64_t dims;
} map_params;

#define AT(field) offsetof(map_params, field)

static const wn_option options[] = {
    {WN_OPTION_TEXT, "embeddings", "N x dim values", AT(embeddings), 0, 0, NULL, NULL, "E.npy", 0},
    {WN_OPTION_TEXT, "method", "how the map is made; 'winnow info' lists the methods", AT(method), 0, 0, "pca", NULL,
     "NAME", 'M'},
    {WN_OPTION_INT, "dims", "dimensions of the map", AT(dims), 2, 3, "2", NULL, "2|3", 'd'},
    {WN_OPTION_TEXT, "out", "the points (float32, rows x dims)", AT(out), 0, 0, NULL, NULL, "Y.npy", 'o'},
    {0},
};

static const char *const examples[] = {
    "winnow map --embeddings e.npy --method pca --out y.npy",
    "a map in two dimensions",
    "winnow map --embeddings e.npy --dims 3 --out y.npy --json",
    "in three dimensions, with figures as JSON",
    NULL,
};

typedef struct arrays {
    wn_npy *embeddings;
    const wn_projection_method *method;
    void *params;
    wn_projection_request request;
    wn_projection map;
    double read_seconds, map_seconds, write_seconds;
} arrays;

static double now(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + (double)time.tv_nsec * 1e-9;
}

/* A bad word on the command line is a usage error. */
static wn_status prepare_method(session *run, const map_params *params, arrays *all, wn_error *err)
{
    const char *names[32];
    size_t count = 0;
    all->method = wn_projection_method_find(params->method);
    for (; count < 31 && wn_projection_method_at(count); count++) names[count] = wn_projection_method_at(count)->name;
    names[count] = NULL;
    if (!all->method) {
        const char *near = wn_nearest_word(params->method, names);
        return command_usage_error(run, err, "no map method is called '%s'%s%s%s", params->method,
                                   near ? "; did you mean '" : "; 'winnow info' lists them", near ? near : "",
                                   near ? "'?" : "");
    }
    all->params = wn_calloc(WN_MEMORY_GENERAL, 1, all->method->params_size);
    if (!all->params) return command_fail(err, WN_NOMEM, "out of memory");
    return wn_options_init(all->method->options, all->params, err);
}

static wn_status open_array(session *run, const map_params *params, arrays *all, wn_error *err)
{
    struct stat in, out;
    wn_status status;
    if (params->out && stat(params->out, &out) == 0 && stat(params->embeddings, &in) == 0 && in.st_dev == out.st_dev &&
        in.st_ino == out.st_ino)
        return command_usage_error(run, err, "'%s' is named twice; write to another file", params->out);
    if ((status = wn_npy_open(params->embeddings, &all->embeddings, err))) return status;
    const wn_npy_shape *shape = wn_npy_get_shape(all->embeddings);
    uint64_t bytes = (uint64_t)shape->rows * shape->cols * sizeof(float) + wn_npy_matrix_bytes(all->embeddings);
    char need[32], limit[32];
    all->request.matrix = (wn_matrix){NULL, shape->rows, shape->cols, shape->cols};
    all->request.dims = (size_t)params->dims;
    all->request.seed = (uint64_t)run->common.seed;
    all->request.pool = run->pool;
    all->request.progress = &run->progress;
    bytes += wn_project_memory(all->method, all->params, &all->request);
    if (run->common.verbose) terminal_say(run->terminal, "  plan        %s for the map", human_bytes(bytes, need));
    if (run->memory_limit && bytes >= run->memory_limit)
        return command_fail(err, WN_LIMIT, "the map of '%s' takes %s, more than --memory-limit %s; raise the limit",
                            params->embeddings, human_bytes(bytes, need), human_bytes(run->memory_limit, limit));
    return wn_npy_matrix(all->embeddings, &all->request.matrix, err);
}

static json_t *json_map(const arrays *all)
{
    const wn_projection *map = &all->map;
    json_t *seconds = json_pack("{s:o, s:o, s:o, s:o}", "read", json_figure(all->read_seconds), "map",
                                json_figure(all->map_seconds), "write", json_figure(all->write_seconds), "total",
                                json_figure(all->read_seconds + all->map_seconds + all->write_seconds));
    json_t *object = json_pack("{s:o, s:o, s:o, s:s, s:o, s:o}", "rows", json_count(map->rows), "dim",
                               json_count(all->request.matrix.cols), "dims", json_count(map->dims), "method",
                               all->method->name, "seconds", seconds, "peak_memory_bytes", json_peak_memory());
    if (object && map->variance) {
        json_t *variance = json_array();
        for (size_t i = 0; i < map->dims; i++) json_array_append_new(variance, json_figure(map->variance[i]));
        json_object_set_new(object, "variance", variance);
    }
    return object;
}

static wn_status make_map(session *run, const map_params *params, arrays *all, wn_error *err)
{
    char a[32];
    double started = now();
    wn_status status = wn_project(all->method, all->params, &all->request, &all->map, err);
    if (status) return status;
    all->map_seconds = now() - started;
    started = now();
    const wn_projection *map = &all->map;
    if (params->out)
        status = wn_npy_write_matrix(params->out, &(wn_matrix){map->points, map->rows, map->dims, map->dims}, err);
    if (status) return status;
    all->write_seconds = now() - started;
    terminal_say(run->terminal, "  map         %s rows in %zu dimensions by %s", human_count(map->rows, a), map->dims,
                 all->method->name);
    if (params->out) terminal_say(run->terminal, "  written     %s", params->out);
    return run->common.json ? json_print(json_map(all), err) : WN_OK;
}

static wn_status run_map(session *run, wn_error *err)
{
    const map_params *params = run->params;
    arrays all = {0};
    if (!params->embeddings) return command_usage_error(run, err, "name --embeddings E.npy");
    if (!params->out && !run->common.json && !run->common.dry_run)
        return command_usage_error(run, err, "name --out Y.npy");
    double started = now();
    wn_status status = prepare_method(run, params, &all, err);
    if (!status) status = open_array(run, params, &all, err);
    all.read_seconds = now() - started;
    if (!status && run->common.dry_run)
        terminal_say(run->terminal, "would map %zu rows by %s; nothing was written (--dry-run)",
                     all.request.matrix.rows, all.method->name);
    else if (!status)
        status = make_map(run, params, &all, err);
    wn_projection_clear(&all.map);
    wn_free(all.params);
    wn_npy_close(&all.embeddings);
    return status;
}

const command command_map = {
    .name = "map",
    .summary = "rows of many dimensions as points of two or three",
    .usage = "--embeddings E.npy [--method M] [--dims 2|3] --out Y.npy [OPTIONS]",
    .details =
        "Reads E.npy (float16/32/64 or integers, any order) and writes, for each of its rows, a point such that rows "
        "that are near in the embedding are near on the map. The same rows, options and seed give the same map for "
        "any number of threads.\n\n"
        "Methods: pca takes the directions in which the rows vary most.",
    .examples = examples,
    .options = options,
    .params_size = sizeof(map_params),
    .flags = COMMAND_WRITES,
    .run = run_map,
};
