/* SPDX-License-Identifier: Apache-2.0
 *
 * winnow map: images of a workspace, or rows of an array, as points of two or three dimensions.
 */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "../human.h"
#include "../job_setup.h"
#include "../reduce_options.h"
#include "../terminal.h"
#include "winnow/jobs.h"
#include "winnow/map_quality.h"
#include "winnow/memory.h"
#include "winnow/npy.h"
#include "winnow/projection.h"

typedef struct map_params {
    const char *embeddings, *method, *out, *settings, *graph_ids, *graph_distances, *labels, *model;
    const char *plot, *colour_by;
    int64_t dims, clusters, plot_size;
    double point_size;
    bool skip_quality, anew, thumbnails;
    int metric;
    wn_reduce reduce;
} map_params;

#define AT(field) offsetof(map_params, field)

static const char *const metric_names[] = {"l2", "cosine", NULL};

static const wn_option options[] = {
    {WN_OPTION_TEXT, "model", "in a workspace: whose embeddings (default: its newest model)", AT(model), 0, 0, NULL,
     NULL, "NAME", 'm'},
    REDUCE_OPTION_ROWS(map_params, reduce),
    {WN_OPTION_BOOL, "anew", "in a workspace: also images that are on the map already may move", AT(anew), 0, 0, NULL,
     NULL, NULL, 0},
    {WN_OPTION_TEXT, "embeddings", "array mode: N x dim values", AT(embeddings), 0, 0, NULL, NULL, "E.npy", 0},
    {WN_OPTION_TEXT, "method", "how the map is made; 'winnow info' lists the methods", AT(method), 0, 0, "umap", NULL,
     "NAME", 'M'},
    {WN_OPTION_INT, "dims", "dimensions of the map", AT(dims), 2, 3, "2", NULL, "2|3", 'd'},
    {WN_OPTION_TEXT, "method-options", "settings of the method: name=value,name=value; 'winnow info NAME' lists them",
     AT(settings), 0, 0, NULL, NULL, "TEXT", 0},
    {WN_OPTION_CHOICE, "metric", "distance of rows: l2 or cosine", AT(metric), 0, 0, "l2", metric_names, NULL, 0},
    {WN_OPTION_TEXT, "graph-ids",
     "array mode: neighbours found before, as 'winnow neighbours' writes them (int64, N x K)", AT(graph_ids), 0, 0,
     NULL, NULL, "I.npy", 0},
    {WN_OPTION_TEXT, "graph-distances", "array mode: their distances (float32, N x K)", AT(graph_distances), 0, 0, NULL,
     NULL, "D.npy", 0},
    {WN_OPTION_TEXT, "labels",
     "array mode: a class for each row, to measure how well the map keeps classes (negative = none)", AT(labels), 0, 0,
     NULL, NULL, "L.npy", 0},
    {WN_OPTION_BOOL, "skip-quality", "do not measure how true the map is", AT(skip_quality), 0, 0, NULL, NULL, NULL, 0},
    {WN_OPTION_TEXT, "out", "array mode: the points (float32, rows x dims)", AT(out), 0, 0, NULL, NULL, "Y.npy", 'o'},
    {WN_OPTION_TEXT, "plot", "also draw the map into this file (.png or .svg)", AT(plot), 0, 0, NULL, NULL, "FILE",
     'p'},
    {WN_OPTION_TEXT, "colour-by",
     "what colours tell: tag:NAME, label, cluster, a metadata field; array mode: V.npy, a value a row", AT(colour_by),
     0, 0, NULL, NULL, "WHAT", 0},
    {WN_OPTION_BOOL, "thumbnails", "draw pictures where there is room for them", AT(thumbnails), 0, 0, NULL, NULL, NULL,
     0},
    {WN_OPTION_INT, "clusters", "groups marked by their typical image (-1 = 12 when coloured by cluster, else none)",
     AT(clusters), -1, 99, "-1", NULL, "N", 0},
    {WN_OPTION_INT, "plot-size", "width of the plot in pixels", AT(plot_size), WN_PLOT_WIDTH_LEAST, WN_PLOT_WIDTH_MOST,
     "1600", NULL, "PX", 0},
    {WN_OPTION_REAL, "point-size", "diameter of the points in pixels (0 = by their number and density)", AT(point_size),
     0, 100, "0", NULL, "PX", 0},
    {0},
};

static const char *const examples[] = {
    "winnow map",
    "a map of all images in the workspace, or of those that were added since",
    "winnow map --embeddings e.npy --method pca --out y.npy",
    "a map in two dimensions",
    "winnow map --embeddings e.npy --method umap --method-options neighbours=30,min-distance=0.3 --out y.npy",
    "neighbours stay near, 30 of each row",
    "winnow map --plot map.png --colour-by label --clusters 10",
    "the map as a picture, its largest groups marked by a typical image each",
    "winnow map --embeddings e.npy --labels l.npy --plot map.svg",
    "drawn from arrays, a colour for each class",
    "winnow map --embeddings e.npy --dims 3 --out y.npy --json",
    "in three dimensions, with figures as JSON",
    NULL,
};

typedef struct arrays {
    wn_npy *embeddings, *graph_ids, *graph_distances, *labels, *colours;
    wn_neighbours graph; /* borrows from the files */
    const wn_projection_method *method;
    void *params;
    wn_projection_request request;
    wn_projection map;
    wn_map_quality quality;
    wn_rows label_rows, colour_rows;
    wn_matrix colour_values;
    double read_seconds, map_seconds, quality_seconds, write_seconds;
} arrays;

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
    wn_status status = wn_options_init(all->method->options, all->params, err);
    if (!status) status = wn_options_set_list(all->method->options, all->params, params->settings, err);
    if (status == WN_INVALID) run->usage_error = true;
    return status;
}

static wn_status open_graph(const map_params *params, arrays *all, wn_error *err)
{
    wn_status status;
    wn_matrix distances;
    const int64_t *ids;
    if (!params->graph_ids) return WN_OK;
    if ((status = wn_npy_open(params->graph_ids, &all->graph_ids, err))) return status;
    if ((status = wn_npy_open(params->graph_distances, &all->graph_distances, err))) return status;
    if ((status = wn_npy_integer_matrix(all->graph_ids, &ids, err))) return status;
    if ((status = wn_npy_matrix(all->graph_distances, &distances, err))) return status;
    const wn_npy_shape *shape = wn_npy_get_shape(all->graph_ids);
    if (distances.rows != shape->rows || distances.cols != shape->cols || distances.stride != distances.cols)
        return command_fail(err, WN_INVALID, "'%s' is %zu x %zu, '%s' %zu x %zu; both must be N x K", params->graph_ids,
                            shape->rows, shape->cols, params->graph_distances, distances.rows, distances.cols);
    /* only read: the result of a search has no const */
    all->graph = (wn_neighbours){.ids = (int64_t *)(uintptr_t)ids,
                                 .distances = (float *)(uintptr_t)distances.data,
                                 .rows = shape->rows,
                                 .k = shape->cols};
    all->request.graph = &all->graph;
    return WN_OK;
}

static wn_status open_labels(const map_params *params, arrays *all, wn_error *err)
{
    wn_status status;
    if (!params->labels) return WN_OK;
    if ((status = wn_npy_open(params->labels, &all->labels, err))) return status;
    if ((status = wn_npy_labels(all->labels, &all->label_rows, err))) return status;
    if (all->label_rows.len != all->request.matrix.rows)
        return command_fail(err, WN_INVALID, "'%s' has %zu labels, '%s' %zu rows", params->labels, all->label_rows.len,
                            params->embeddings, all->request.matrix.rows);
    return WN_OK;
}

/* Numbers that are whole are categories, the others a scale. */
static wn_status open_colours(const map_params *params, arrays *all, wn_error *err)
{
    wn_status status;
    const char *path = params->colour_by;
    size_t len = path ? strlen(path) : 0, rows;
    if (!params->plot || len < 5 || strcmp(path + len - 4, ".npy") != 0) return WN_OK;
    if ((status = wn_npy_open(path, &all->colours, err))) return status;
    const wn_npy_shape *shape = wn_npy_get_shape(all->colours);
    if (shape->type <= WN_NPY_FLOAT64) {
        status = wn_npy_vector(all->colours, &all->colour_values, err);
        rows = all->colour_values.rows;
    } else {
        status = wn_npy_integers(all->colours, &all->colour_rows, err);
        rows = all->colour_rows.len;
    }
    if (status) return status;
    if (rows != all->request.matrix.rows)
        return command_fail(err, WN_INVALID, "'%s' has %zu values, '%s' %zu rows", path, rows, params->embeddings,
                            all->request.matrix.rows);
    return WN_OK;
}

static wn_status open_array(session *run, const map_params *params, arrays *all, wn_error *err)
{
    wn_status status;
    if ((status = wn_npy_open(params->embeddings, &all->embeddings, err))) return status;
    const wn_npy_shape *shape = wn_npy_get_shape(all->embeddings);
    uint64_t bytes = (uint64_t)shape->rows * shape->cols * sizeof(float) + wn_npy_matrix_bytes(all->embeddings);
    char need[32], limit[32];
    all->request.matrix = (wn_matrix){NULL, shape->rows, shape->cols, shape->cols};
    all->request.dims = (size_t)params->dims;
    all->request.metric = (wn_index_metric)params->metric;
    all->request.seed = (uint64_t)run->common.seed;
    all->request.pool = run->pool;
    all->request.progress = &run->progress;
    if ((status = open_graph(params, all, err)) || (status = open_labels(params, all, err)) ||
        (status = open_colours(params, all, err)))
        return status;
    bytes += wn_project_memory(all->method, all->params, &all->request);
    if (run->common.verbose) terminal_say(run->terminal, "  plan        %s for the map", human_bytes(bytes, need));
    if (run->memory_limit && bytes >= run->memory_limit)
        return command_fail(err, WN_LIMIT, "the map of '%s' takes %s, more than --memory-limit %s; raise the limit",
                            params->embeddings, human_bytes(bytes, need), human_bytes(run->memory_limit, limit));
    if ((status = wn_npy_matrix(all->embeddings, &all->request.matrix, err))) return status;
    return wn_matrix_check_finite(&all->request.matrix, params->embeddings, run->pool, err);
}

static json_t *json_quality(const wn_map_quality *q)
{
    return json_pack("{s:o, s:o, s:o, s:o, s:o, s:o, s:o}", "trustworthiness", json_figure(q->trustworthiness),
                     "continuity", json_figure(q->continuity), "recall", json_figure(q->recall), "triplets",
                     json_figure(q->triplets), "labels", json_figure(q->labels), "k", json_count(q->k), "sampled",
                     json_count(q->sampled));
}

static json_t *json_map(const arrays *all)
{
    const wn_projection *map = &all->map;
    double total = all->read_seconds + all->map_seconds + all->quality_seconds + all->write_seconds;
    json_t *seconds = json_pack("{s:o, s:o, s:o, s:o, s:o}", "read", json_figure(all->read_seconds), "map",
                                json_figure(all->map_seconds), "quality", json_figure(all->quality_seconds), "write",
                                json_figure(all->write_seconds), "total", json_figure(total));
    json_t *object = json_pack("{s:o, s:o, s:o, s:s, s:o, s:o}", "rows", json_count(map->rows), "dim",
                               json_count(all->request.matrix.cols), "dims", json_count(map->dims), "method",
                               all->method->name, "seconds", seconds, "peak_memory_bytes", json_peak_memory());
    if (object && map->objective_name) {
        json_object_set_new(object, "objective_name", json_string(map->objective_name));
        json_object_set_new(object, "objective", json_figure(map->objective));
        json_object_set_new(object, "iterations", json_count(map->iterations));
    }
    if (object && all->quality.sampled) json_object_set_new(object, "quality", json_quality(&all->quality));
    if (object && map->variance) {
        json_t *variance = json_array();
        for (size_t i = 0; i < map->dims; i++) json_array_append_new(variance, json_figure(map->variance[i]));
        json_object_set_new(object, "variance", variance);
    }
    return object;
}

static wn_status measure(session *run, const map_params *params, arrays *all, wn_error *err)
{
    const wn_projection *map = &all->map;
    wn_map_quality_request request = {.rows = all->request.matrix,
                                      .points = {map->points, map->rows, map->dims, map->dims},
                                      .labels = all->label_rows.data,
                                      .seed = all->request.seed,
                                      .pool = run->pool,
                                      .progress = &run->progress};
    double started = now();
    if (params->skip_quality) return WN_OK;
    wn_status status = wn_map_quality_measure(&request, &all->quality, err);
    all->quality_seconds = now() - started;
    return status;
}

static void say_quality(session *run, const wn_map_quality *q)
{
    char labels[64] = "";
    if (!q->sampled) return;
    if (!isnan(q->labels)) snprintf(labels, sizeof labels, ", same label %.1f %%", 100 * q->labels);
    terminal_say(run->terminal,
                 "  quality     trustworthiness %.3f, continuity %.3f, neighbours kept %.1f %%, triplets %.1f %%%s",
                 q->trustworthiness, q->continuity, 100 * q->recall, 100 * q->triplets, labels);
}

static wn_map_plot plot_of(const map_params *params)
{
    return (wn_map_plot){.path = params->plot,
                         .colour_by = params->colour_by,
                         .width = (size_t)params->plot_size,
                         .point_size = params->point_size,
                         .clusters = params->clusters,
                         .thumbnails = params->thumbnails};
}

static const char *last_part(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}

static wn_status draw_plot(session *run, const map_params *params, const arrays *all, wn_error *err)
{
    const wn_projection *map = &all->map;
    const wn_map_plot plot = plot_of(params);
    bool by_label = params->colour_by ? strcmp(params->colour_by, "label") == 0 : params->labels != NULL;
    const wn_map_plot_data data = {.points = {map->points, map->rows, map->dims, map->dims},
                                   .rows = all->request.matrix,
                                   .method = all->method->name,
                                   .row_word = "rows",
                                   .about = last_part(params->embeddings),
                                   .quality = &all->quality,
                                   .colour_title = all->colours ? last_part(params->colour_by) : "label",
                                   .none = all->colours ? "none" : "no label",
                                   .integers = all->colours ? all->colour_rows.data
                                               : by_label   ? all->label_rows.data
                                                            : NULL,
                                   .numbers = all->colour_values.data};
    if (!params->plot) return WN_OK;
    wn_status status = wn_map_plot_draw(&plot, &data, err);
    if (!status) terminal_say(run->terminal, "  plot        %s", params->plot);
    return status;
}

/* What can be told of the plot before the map is made. */
static wn_status check_plot(session *run, const map_params *params, wn_error *err)
{
    const char *by = params->colour_by;
    size_t len = by ? strlen(by) : 0;
    bool file = len > 4 && strcmp(by + len - 4, ".npy") == 0;
    if (!params->plot && (by || params->thumbnails || params->clusters >= 0 || params->point_size > 0))
        return command_usage_error(run, err, "name the file of the plot: --plot FILE.png");
    if (!params->plot) return WN_OK;
    wn_status status = wn_plot_check_path(params->plot, err);
    if (status) run->usage_error = true;
    if (status || !params->embeddings) return status;
    if (params->thumbnails)
        return command_usage_error(run, err, "arrays have no pictures: --thumbnails is for workspaces");
    if (by && strcmp(by, "label") == 0 && !params->labels)
        return command_usage_error(run, err, "--colour-by label needs --labels L.npy");
    if (by && !file && strcmp(by, "label") != 0 && strcmp(by, "cluster") != 0)
        return command_usage_error(run, err, "--colour-by in array mode is label, cluster or V.npy, not '%s'", by);
    return WN_OK;
}

static wn_status make_map(session *run, const map_params *params, arrays *all, wn_error *err)
{
    char a[32];
    double started = now();
    wn_status status = wn_project(all->method, all->params, &all->request, &all->map, err);
    if (status) return status;
    all->map_seconds = now() - started;
    if ((status = measure(run, params, all, err))) return status;
    started = now();
    const wn_projection *map = &all->map;
    if (params->out)
        status = wn_npy_write_matrix(params->out, &(wn_matrix){map->points, map->rows, map->dims, map->dims}, err);
    if (status) return status;
    all->write_seconds = now() - started;
    terminal_say(run->terminal, "  map         %s rows in %zu dimensions by %s", human_count(map->rows, a), map->dims,
                 all->method->name);
    say_quality(run, &all->quality);
    if (params->out) terminal_say(run->terminal, "  written     %s", params->out);
    if ((status = draw_plot(run, params, all, err))) return status;
    return run->common.json ? json_print(json_map(all), err) : WN_OK;
}

/* ---- in a workspace ---- */

static json_t *json_workspace(const map_params *params, const wn_map_result *result)
{
    json_t *object = json_pack(
        "{s:o, s:o, s:o, s:o, s:I, s:s, s:o, s:o, s:o}", "workspace", json_name(result->workspace), "model",
        json_name(result->model), "rows", json_count((uint64_t)result->rows), "dim", json_count((uint64_t)result->dim),
        "dims", (json_int_t)params->dims, "method", params->method, "placed", json_count((uint64_t)result->placed),
        "seconds", json_seconds(&result->seconds, "map total"), "peak_memory_bytes", json_peak_memory());
    if (object && result->objective_name) {
        json_object_set_new(object, "objective_name", json_string(result->objective_name));
        json_object_set_new(object, "objective", json_figure(result->objective));
        json_object_set_new(object, "iterations", json_count(result->iterations));
    }
    if (object && result->quality.sampled) json_object_set_new(object, "quality", json_quality(&result->quality));
    return object;
}

static wn_status map_workspace(session *run, const map_params *params, wn_error *err)
{
    const char *alone = params->graph_ids         ? "graph-ids"
                        : params->graph_distances ? "graph-distances"
                        : params->labels          ? "labels"
                        : params->out             ? "out"
                                                  : NULL;
    wn_job job = job_of(run);
    wn_map_result result;
    char a[32], b[32];
    const wn_map_plot plot = plot_of(params);
    if (alone) return command_usage_error(run, err, "--%s belongs to array mode: name --embeddings E.npy too", alone);
    const wn_map_options map = {.workspace = run->common.workspace,
                                .model = params->model,
                                .reduce = params->reduce,
                                .method = params->method,
                                .settings = params->settings,
                                .dims = (size_t)params->dims,
                                .metric = (wn_index_metric)params->metric,
                                .anew = params->anew,
                                .plot = params->plot ? &plot : NULL};
    wn_status status = wn_job_map(&job, &map, &result, err);
    if (status) return say_how_to_resume(run, status);
    terminal_say(run->terminal, "  map         %s images in %d dimensions by %s%s%s%s",
                 human_count((uint64_t)result.rows, a), (int)params->dims, params->method,
                 result.placed ? ", of them " : "", result.placed ? human_count((uint64_t)result.placed, b) : "",
                 result.placed ? " new" : "");
    say_quality(run, &result.quality);
    if (params->plot && !run->common.dry_run) terminal_say(run->terminal, "  plot        %s", params->plot);
    say_seconds(run, &result.seconds);
    if (run->common.dry_run) terminal_say(run->terminal, "  nothing was written (--dry-run)");
    if (run->common.json) status = json_print(json_workspace(params, &result), err);
    wn_map_result_clear(&result);
    return status;
}

static wn_status map_arrays(session *run, const map_params *params, wn_error *err)
{
    arrays all = {0};
    if (!params->graph_ids != !params->graph_distances)
        return command_usage_error(run, err, "--graph-ids and --graph-distances belong together");
    if (!params->out && !params->plot && !run->common.json && !run->common.dry_run)
        return command_usage_error(run, err, "name --out Y.npy, or --plot FILE.png");
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
    wn_npy_close(&all.colours);
    wn_npy_close(&all.labels);
    wn_npy_close(&all.graph_distances);
    wn_npy_close(&all.graph_ids);
    wn_npy_close(&all.embeddings);
    return status;
}

static wn_status run_map(session *run, wn_error *err)
{
    const map_params *params = run->params;
    arrays checked = {0};
    wn_status status = prepare_method(run, params, &checked, err);
    wn_free(checked.params);
    if (!status) status = check_plot(run, params, err);
    if (!status) status = check_reduce(run, &params->reduce, params->embeddings != NULL, err);
    if (status) return status;
    return params->embeddings ? map_arrays(run, params, err) : map_workspace(run, params, err);
}

const command command_map = {
    .name = "map",
    .summary = "images, or rows of an array, as points of two or three dimensions",
    .usage = "[-w DIR | --embeddings E.npy --out Y.npy] [--method M] [--dims 2|3] [OPTIONS]",
    .details =
        "In a workspace: makes a map of all images from the embeddings of a model, kept as the column map.METHOD. Run "
        "again, it puts new images on the map and leaves the others where they are; when more are new than old, or "
        "with "
        "--anew, the map is made anew. New images are placed by their nearest on the map; on a map by umap they are "
        "then pulled and pushed as in its making.\n\n"
        "On arrays: reads E.npy (float16/32/64 or integers, any order) and writes, for each of its rows, a point such "
        "that rows "
        "that are near in the embedding are near on the map. The same rows, options and seed give the same map for "
        "any number of threads.\n\n"
        "Methods: pca takes the directions in which the rows vary most. umap keeps the nearest rows near: it shows "
        "groups and how they touch, while distances far apart mean little. tsne makes the likelihoods of neighbours "
        "agree, and reports their divergence: it keeps the nearest best. pacmap lays out the large shape first, by "
        "pairs "
        "of rows at three distances. --method-options gives their settings: for umap neighbours=15,min-distance=0.1,"
        "spread=1,epochs=0,pushes=5,rate=1 (epochs=0 is 500 up to 10,000 rows and 200 beyond); for tsne perplexity=30,"
        "uniform,iterations=750,exaggeration=12,exaggerated=200,final-exaggeration=1,step=0.5,repulsion=grid|exact; "
        "for "
        "pacmap neighbours=10,middle=0.5,further=2,iterations=450,rate=1.\n\n"
        "All but pca need the neighbours of each row (tsne three times the perplexity, pacmap 50 more than it keeps). "
        "They are found (beyond 250,000 rows 98 % of them) unless --graph-ids and --graph-distances give them. Rows "
        "that are all alike become a small "
        "heap; "
        "one row lies at the origin; a list of neighbours longer than there are rows is cut.\n\n"
        "Each map is measured, from 2,000 rows on at a sample: trustworthiness and continuity (how far from being near "
        "are those that the map, or the data, calls near), the share of the 10 nearest that are kept, the share of "
        "triplets whose order of distances is kept, and, with --labels, the share of rows whose label is the most "
        "frequent of their 10 nearest points.\n\n"
        "--plot draws the map: dots whose size and strength follow from how many there are and how close, a legend, "
        "and "
        "the figures above. Colours tell the labels where there are some, else the groups of the map (hills of its "
        "density); --colour-by names something else. Numbers get a ramp from dark to light, between the outermost 2 % "
        "of them; categories get ten colours that also people who do not see red or green tell apart, the most "
        "frequent "
        "ones first. --clusters marks groups by the image nearest to the mean of their embeddings, with the most "
        "frequent category and its share. A map of three dimensions is seen from the side, what is far smaller and "
        "paler. In an SVG file up to 100,000 dots stay dots.",
    .examples = examples,
    .options = options,
    .params_size = sizeof(map_params),
    .flags = COMMAND_WRITES,
    .run = run_map,
};
