/* SPDX-License-Identifier: Apache-2.0
 *
 * From a workspace and the figures of a run to the page. Nothing is computed again but the list of duplicates.
 */
#include "jobs/curate.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/error.h"
#include "base/file.h"
#include "base/text.h"
#include "jobs/findings.h"
#include "jobs/map_stage.h"
#include "winnow/cpu.h"
#include "winnow/map_clusters.h"
#include "winnow/memory.h"
#include "winnow/version.h"

enum { MOST_GROUPS = 10, MOST_BAD = 2000, MOST_LOSSES = 4000 };

/* Everything that the page borrows. */
typedef struct drawing {
    const wn_job *job;
    wn_workspace *workspace;
    const wn_run_figures *figures;
    const char *folder; /* of the run */
    wn_roots roots;
    wn_row_list rows;
    size_t total_rows;
    float *facts[WN_REPORT_FACT_COUNT], *map_x, *map_y;
    wn_map_quality map_quality;
    wn_report_group groups[MOST_GROUPS];
    size_t group_count;
    int64_t *picks, *earlier;
    float *distances;
    size_t pick_count, earlier_count;
    wn_alike_list alike;
    wn_findings found;
    wn_report_bad *bad;
    size_t bad_count, bad_kept;
    wn_report_loss *losses;
    size_t loss_count;
    wn_report_covering random[WN_RANDOM_SETS];
    size_t random_count;
    wn_report_evidence *evidence;
    size_t evidence_count;
    const char **sources;
    wn_arena arena;
} drawing;

static wn_status no_memory(wn_error *err)
{
    return wn_fail(err, WN_NOMEM, "no memory for the report");
}

/* Roots as they were typed in that run: lines "ID path". */
static wn_status load_roots(drawing *draw, wn_error *err)
{
    WN_TRY(wn_roots_load(draw->workspace, NULL, 0, WN_ROOTS_KNOWN, &draw->roots, err));
    if (!draw->figures->roots || !draw->figures->roots[0]) return WN_OK;
    size_t named = 0;
    char *line = wn_arena_text(&draw->arena, draw->figures->roots, strlen(draw->figures->roots));
    if (!line) return no_memory(err);
    for (char *end; line && *line; line = end ? end + 1 : NULL) {
        if ((end = strchr(line, '\n'))) *end = 0;
        char *typed = strchr(line, ' ');
        int64_t id;
        if (!typed) continue;
        *typed = 0;
        if (!wn_text_to_int(line, &id)) continue;
        for (size_t i = named; i < draw->roots.len; i++) {
            if (draw->roots.items[i].source != id) continue;
            wn_root found = draw->roots.items[i];
            found.typed = typed + 1;
            draw->roots.items[i] = draw->roots.items[named];
            draw->roots.items[named++] = found;
            break;
        }
    }
    if (named) draw->roots.len = named;
    return WN_OK;
}

static wn_status take_sample(void *context, const wn_sample *sample)
{
    drawing *draw = context;
    if (sample->status != WN_SAMPLE_OK || !wn_roots_find(&draw->roots, sample->source)) return WN_OK;
    size_t row = (size_t)sample->row;
    draw->facts[WN_REPORT_FACT_WIDTH][row] = (float)sample->width;
    draw->facts[WN_REPORT_FACT_HEIGHT][row] = (float)sample->height;
    draw->facts[WN_REPORT_FACT_ASPECT][row] = sample->height ? (float)sample->width / (float)sample->height : NAN;
    draw->facts[WN_REPORT_FACT_FILE_BYTES][row] = (float)sample->size;
    if (sample->captured_at != WN_CAPTURED_UNKNOWN)
        draw->facts[WN_REPORT_FACT_CAPTURE_TIME][row] = (float)sample->captured_at;
    return WN_OK;
}

/* Spreads a column over all rows of the workspace; `step` values a row, value `at`. */
static wn_status spread_column(drawing *draw, const char *name, size_t step, size_t at, float *out, wn_error *err)
{
    void *values = NULL;
    WN_TRY(wn_rows_gather(draw->workspace, name, &draw->rows, &values, err));
    const float *floats = values;
    for (size_t i = 0; i < draw->rows.len; i++) out[draw->rows.rows[i]] = floats[i * step + at];
    wn_free(values);
    return WN_OK;
}

static float *empty_values(size_t count)
{
    float *values = wn_alloc(WN_MEMORY_REPORT, count, sizeof *values);
    for (size_t i = 0; values && i < count; i++) values[i] = NAN;
    return values;
}

/* Groups of the map, each with the image nearest to its middle. */
static wn_status find_groups(drawing *draw, wn_error *err)
{
    wn_map_clusters found = {0};
    float *points = wn_alloc(WN_MEMORY_REPORT, draw->total_rows, 2 * sizeof *points);
    if (!points) return no_memory(err);
    for (size_t i = 0; i < draw->total_rows; i++) points[2 * i] = draw->map_x[i], points[2 * i + 1] = draw->map_y[i];
    const wn_map_clusters_request request = {.points = {points, draw->total_rows, 2, 2}, .most = MOST_GROUPS};
    wn_status status = wn_map_clusters_find(&request, &found, err);
    for (size_t i = 0; i < found.count; i++)
        draw->groups[i] = (wn_report_group){(int64_t)found.typical[i], found.sizes[i]};
    draw->group_count = found.count;
    wn_map_clusters_clear(&found);
    wn_free(points);
    return status;
}

/* The map of the method that the run used; only principal components have shares. A map without its setting was not
 * finished. */
static wn_status load_map(drawing *draw, int64_t rows, wn_error *err)
{
    const char *column = draw->figures->share_x > 0 ? "map.pca" : "map.umap";
    wn_column_info map;
    char *made = NULL;
    if (wn_column_find(draw->workspace, column, &map, NULL) || map.rows < rows || map.width != 2) return WN_OK;
    if (wn_setting_get(draw->workspace, column, &made, NULL) || !made || !*made) {
        wn_free(made);
        return WN_OK;
    }
    const char *line = strchr(made, '\n');
    if (line) wn_map_quality_read(line + 1, &draw->map_quality);
    wn_free(made);
    draw->map_x = empty_values(draw->total_rows);
    draw->map_y = empty_values(draw->total_rows);
    if (!draw->map_x || !draw->map_y) return no_memory(err);
    WN_TRY(spread_column(draw, column, 2, 0, draw->map_x, err));
    WN_TRY(spread_column(draw, column, 2, 1, draw->map_y, err));
    return find_groups(draw, err);
}

static wn_status load_facts(drawing *draw, wn_error *err)
{
    static const struct {
        wn_report_fact fact;
        const char *column;
    } columns[] = {
        {WN_REPORT_FACT_LUMINANCE, "luminance"},
        {WN_REPORT_FACT_CONTRAST, "contrast"},
        {WN_REPORT_FACT_SHARPNESS, "sharpness"},
        {WN_REPORT_FACT_SIGNAL_TO_NOISE, "signal_to_noise"},
    };
    wn_workspace_counts counts;
    WN_TRY(wn_workspace_count(draw->workspace, &counts, err));
    draw->total_rows = (size_t)counts.rows;
    WN_TRY(wn_job_plan(draw->job, "the report", (uint64_t)counts.rows * 100 + (32u << 20), err));
    WN_TRY(wn_rows_load(draw->workspace, &draw->roots, &draw->rows, err));
    for (size_t i = 0; i < WN_REPORT_FACT_COUNT; i++)
        if (!(draw->facts[i] = empty_values(draw->total_rows))) return no_memory(err);
    WN_TRY(wn_workspace_visit_samples(draw->workspace, 0, counts.rows, take_sample, draw, err));
    for (size_t i = 0; i < sizeof columns / sizeof columns[0]; i++)
        WN_TRY(spread_column(draw, columns[i].column, 1, 0, draw->facts[columns[i].fact], err));

    return load_map(draw, counts.rows, err);
}

static wn_status load_picks(drawing *draw, wn_error *err)
{
    wn_pick *picks = NULL;
    WN_TRY(wn_selection_picks(draw->workspace, draw->figures->selection, &picks, &draw->pick_count, err));
    draw->picks = wn_alloc(WN_MEMORY_REPORT, draw->pick_count, sizeof *draw->picks);
    draw->distances = wn_alloc(WN_MEMORY_REPORT, draw->pick_count, sizeof *draw->distances);
    for (size_t i = 0; draw->picks && draw->distances && i < draw->pick_count; i++) {
        draw->picks[i] = picks[i].row;
        draw->distances[i] = picks[i].distance;
    }
    wn_free(picks);
    if (!draw->picks || !draw->distances) return no_memory(err);
    wn_row_list earlier = {0};
    wn_status status = wn_earlier_rows_load(draw->folder, &earlier, err);
    draw->earlier = earlier.rows;
    draw->earlier_count = earlier.len;
    return status == WN_NOTFOUND ? WN_OK : status;
}

static wn_status take_bad(void *context, const wn_bad_file *file)
{
    drawing *draw = context;
    if (!wn_roots_find(&draw->roots, file->source)) return WN_OK;
    if (draw->bad_count++ >= MOST_BAD) return WN_OK;
    wn_sample sample = {.source = file->source, .name = file->name, .name_len = file->name_len};
    char *path = wn_roots_sample_path(&draw->roots, &sample);
    if (!path) return WN_NOMEM;
    draw->bad[draw->bad_kept++] = (wn_report_bad){wn_arena_text(&draw->arena, path, strlen(path)),
                                                  wn_arena_text(&draw->arena, file->reason, strlen(file->reason))};
    wn_free(path);
    return WN_OK;
}

static void parse_random(drawing *draw)
{
    const char *text = draw->figures->random;
    while (text && draw->random_count < WN_RANDOM_SETS) {
        wn_report_covering *set = &draw->random[draw->random_count];
        int used = 0;
        if (sscanf(text, "%lf %lf %lf %n", &set->radius, &set->percentile95, &set->mean, &used) < 3) return;
        draw->random_count++;
        text += used;
    }
}

/* The log of the training stands beside the model: step,epoch,loss,rate,images_per_second,embedding_std,... */
static wn_status load_losses(drawing *draw, wn_error *err)
{
    if (!draw->figures->trained || !draw->figures->model_file) return WN_OK;
    wn_buffer text;
    wn_buffer_init(&text, WN_MEMORY_REPORT, 0);
    char *path = wn_arena_format(&draw->arena, "%s.csv", draw->figures->model_file);
    draw->losses = wn_calloc(WN_MEMORY_REPORT, MOST_LOSSES, sizeof *draw->losses);
    if (!path || !draw->losses) return no_memory(err);
    if (wn_file_read(path, 64 << 20, &text, NULL)) goto done; /* no log, no curve */
    size_t lines = 0, line_number = 0;
    for (const char *at = text.data; at && *at; at++) lines += *at == '\n';
    size_t step = lines / MOST_LOSSES + 1;
    double seconds = 0, before = 0;
    for (const char *at = text.data; at && *at; at = strchr(at, '\n') + 1) {
        double number, epoch, loss, rate, speed, spread = NAN;
        if (!strchr(at, '\n')) break;
        if (sscanf(at, "%lf,%lf,%lf,%lf,%lf,%lf", &number, &epoch, &loss, &rate, &speed, &spread) < 5) continue;
        double images = epoch * (double)draw->rows.len;
        if (speed > 0 && images > before) seconds += (images - before) / speed;
        before = images;
        if (line_number++ % step == 0 && draw->loss_count < MOST_LOSSES)
            draw->losses[draw->loss_count++] = (wn_report_loss){images, seconds, loss, spread};
    }
done:
    wn_buffer_clear(&text);
    return WN_OK;
}

static wn_status add_name(void *context, int64_t row, wn_buffer *out)
{
    drawing *draw = context;
    wn_sample *sample = NULL;
    wn_status status = wn_workspace_get_sample(draw->workspace, row, &sample, NULL);
    if (status) return status;
    /* With one folder, which the page names, what follows it is enough. */
    bool alone = draw->roots.len == 1 && strcmp(draw->roots.items[0].kind, "folder") == 0;
    char *path = alone ? NULL : wn_roots_sample_path(&draw->roots, sample);
    if (alone)
        status = wn_buffer_add(out, sample->name, sample->name_len);
    else
        status = path ? wn_buffer_text(out, path) : WN_NOMEM;
    wn_free(path);
    wn_free(sample);
    return status;
}

static wn_status add_thumb(void *context, int64_t row, wn_buffer *out)
{
    drawing *draw = context;
    unsigned char *bytes = NULL;
    size_t len = 0;
    wn_status status = wn_workspace_thumb(draw->workspace, row, &bytes, &len, NULL);
    if (status == WN_NOTFOUND || status == WN_CORRUPT) return WN_OK; /* a picture less, not a page less */
    if (!status) status = wn_buffer_add(out, bytes, len);
    wn_free(bytes);
    return status;
}

static wn_status gather_parts(drawing *draw, wn_error *err)
{
    WN_TRY(load_roots(draw, err));
    WN_TRY(load_facts(draw, err));
    WN_TRY(load_picks(draw, err));
    WN_TRY(wn_stage_duplicates(draw->job, draw->workspace, &draw->rows, &draw->alike, err));
    if (!(draw->bad = wn_calloc(WN_MEMORY_REPORT, MOST_BAD, sizeof *draw->bad))) return no_memory(err);
    WN_TRY(wn_workspace_visit_bad(draw->workspace, take_bad, draw, err));
    parse_random(draw);
    WN_TRY(wn_evidence_read(draw->figures->evidence, &draw->arena, &draw->evidence, &draw->evidence_count, err));
    WN_TRY(wn_findings_load(draw->folder, (int64_t)draw->total_rows, &draw->found, err));
    WN_TRY(load_losses(draw, err));
    draw->sources = wn_arena_alloc(&draw->arena, draw->roots.len + 1, sizeof *draw->sources);
    if (!draw->sources) return no_memory(err);
    for (size_t i = 0; i < draw->roots.len; i++)
        draw->sources[i] = draw->roots.items[i].typed ? draw->roots.items[i].typed : draw->roots.items[i].path;
    return WN_OK;
}

static wn_status write_page(drawing *draw, wn_error *err)
{
    const wn_run_figures *figures = draw->figures;
    const wn_report_stage stages[] = {{"scan", figures->scan},   {"read", figures->read},
                                      {"train", figures->train}, {"embed", figures->embed},
                                      {"check", figures->check}, {"select", figures->select}};
    const wn_report_line lines[] = {
        {"Model", figures->model},
        {"Strategy", figures->strategy},
        {"Seed", wn_arena_format(&draw->arena, "%" PRId64, figures->seed)},
        {"winnow", wn_version()},
        {"Processor", wn_cpu_model()},
        {"Instruction set", wn_cpu_summary(wn_cpu_level())},
    };
    const wn_report_line files[] = {
        {"The list", "selected.txt"},     {"With rank and distance", "selected.csv"}, {"Bad files", "bad_files.csv"},
        {"Duplicates", "duplicates.csv"}, {"Checks of every image", "issues.csv"},    {"Settings", "config.json"}};
    wn_report report = {
        .title = figures->title,
        .sources = draw->sources,
        .sources_len = draw->roots.len,
        .created = figures->created,
        .found = (uint64_t)figures->found,
        .readable = (uint64_t)figures->readable,
        .exact_duplicates = (uint64_t)figures->exact_duplicates,
        .model = figures->model,
        .model_trained = figures->trained,
        .dim = (size_t)figures->dim,
        .rows = draw->total_rows,
        .map_x = draw->map_x,
        .map_y = draw->map_y,
        .map_method = figures->share_x > 0 ? "PCA" : "UMAP",
        .map_share = {figures->share_x, figures->share_y},
        .map_quality = draw->map_quality,
        .groups = draw->groups,
        .groups_len = draw->group_count,
        .strategy = figures->strategy,
        .picks = draw->picks,
        .pick_distance = draw->distances,
        .picks_len = draw->pick_count,
        .earlier = draw->earlier,
        .earlier_len = draw->earlier_count,
        .covering = {figures->radius, figures->percentile95, figures->mean},
        .covering_rows = (uint64_t)figures->covering_rows,
        .random_covering = draw->random,
        .random_len = draw->random_count,
        .evidence = draw->evidence,
        .evidence_len = draw->evidence_count,
        .losses = draw->losses,
        .losses_len = draw->loss_count,
        .duplicates = draw->alike.pairs,
        .duplicates_len = draw->alike.len,
        .checks = draw->found.checks,
        .checks_len = draw->found.len,
        .bad = draw->bad,
        .bad_len = draw->bad_kept,
        .bad_count = draw->bad_count,
        .stages = stages,
        .stages_len = sizeof stages / sizeof stages[0],
        .seconds = figures->total,
        .peak_memory_bytes = (uint64_t)figures->peak_memory,
        .command = figures->command,
        .lines = lines,
        .lines_len = sizeof lines / sizeof lines[0],
        .files = files,
        .files_len = sizeof files / sizeof files[0],
        .context = draw,
        .name = add_name,
        .thumb = add_thumb,
    };
    for (size_t i = 0; i < WN_REPORT_FACT_COUNT; i++) report.facts[i] = draw->facts[i];
    char *path = wn_path_join(draw->folder, "report.html");
    if (!path) return no_memory(err);
    wn_status status = wn_report_write(path, &report, draw->job->progress, err);
    wn_free(path);
    return status;
}

wn_status wn_stage_report(const wn_job *job, wn_workspace *workspace, const wn_run_figures *figures, const char *folder,
                          wn_error *err)
{
    drawing draw = {.job = job, .workspace = workspace, .figures = figures, .folder = folder};
    wn_arena_init(&draw.arena, WN_MEMORY_REPORT, 0);
    wn_status status = gather_parts(&draw, err);
    if (!status) status = write_page(&draw, err);
    for (size_t i = 0; i < WN_REPORT_FACT_COUNT; i++) wn_free(draw.facts[i]);
    wn_free(draw.map_x);
    wn_free(draw.map_y);
    wn_free(draw.picks);
    wn_free(draw.earlier);
    wn_free(draw.distances);
    wn_free(draw.alike.pairs);
    wn_findings_clear(&draw.found);
    wn_free(draw.bad);
    wn_free(draw.losses);
    wn_free(draw.rows.rows);
    wn_roots_clear(&draw.roots);
    wn_arena_clear(&draw.arena);
    return status;
}
