/* SPDX-License-Identifier: Apache-2.0
 *
 * winnow scenes: sample images to try winnow on.
 */
#include "winnow/scenes.h"
#include "../human.h"
#include "../job_setup.h"
#include "../terminal.h"

typedef struct scenes_params {
    wn_scenes_options scenes;
} scenes_params;

static const char *const examples[] = {
    "winnow scenes sample/ --images 2000",
    "paint two thousand scenes",
    "winnow curate sample/ -n 100 --train-minutes 1",
    "and pick a hundred of them",
    NULL,
};

#define AT(field) offsetof(scenes_params, scenes) + offsetof(wn_scenes_options, field)

static const wn_option options[] = {
    {WN_OPTION_INT, "images", "files to write", AT(count), 1, 1e6, "2000", NULL, "N", 'n'},
    {WN_OPTION_INT, "side-low", "shortest longer side, in pixels", AT(side_low), 16, 4096, "160", NULL, "N", 0},
    {WN_OPTION_INT, "side-high", "longest longer side, in pixels", AT(side_high), 16, 4096, "320", NULL, "N", 0},
    {WN_OPTION_REAL, "planted", "share of duplicates, bad photos, outliers and broken files", AT(planted), 0, 0.6,
     "0.2", NULL, "X", 0},
    {WN_OPTION_REAL, "wrong-labels", "share of files in the folder of another class", AT(wrong), 0, 0.5, "0.03", NULL,
     "X", 0},
    {WN_OPTION_REAL, "night", "share of scenes by night", AT(night), 0, 1, "0.25", NULL, "X", 0},
    {0},
};

static wn_status run_scenes(session *run, wn_error *err)
{
    const scenes_params *params = run->params;
    wn_scenes_options scenes = params->scenes;
    wn_scenes_summary summary;
    char a[32], b[32], c[32];
    scenes.seed = run->common.seed;
    if (run->common.dry_run) {
        terminal_say(run->terminal, "would write %lld images to %s", (long long)scenes.count, run->paths[0]);
        return WN_OK;
    }
    wn_status status = wn_scenes_write(run->paths[0], &scenes, run->pool, &run->progress, &summary, err);
    if (status) return say_how_to_resume(run, status);
    terminal_say(run->terminal, "  written     %s files (%s) in %s classes, %s", human_count(summary.files, a),
                 human_bytes(summary.bytes, b), human_count(summary.classes, c), run->paths[0]);
    terminal_say(run->terminal, "  truth       %s/truth.csv says what each file is", run->paths[0]);
    if (!run->common.json) return WN_OK;
    json_t *kinds = json_object();
    for (int kind = 0; kind < WN_SCENE_KIND_COUNT; kind++)
        json_object_set_new(kinds, wn_scene_kind_name((wn_scene_kind)kind), json_count(summary.kinds[kind]));
    return json_print(json_pack("{s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:{s:o}}", "folder", json_name(run->paths[0]),
                                "files", json_count(summary.files), "bytes", json_count(summary.bytes), "classes",
                                json_count(summary.classes), "night", json_count(summary.night), "wrong_labels",
                                json_count(summary.wrong_labels), "kinds", kinds, "seconds", "total",
                                json_figure(summary.seconds)),
                      err);
}

const command command_scenes = {
    .name = "scenes",
    .summary = "paint sample images to try winnow on",
    .usage = "FOLDER [--images N] [OPTIONS]",
    .details =
        "Paints scenes in several classes, some frequent and some rare, by day and by night, with planted duplicates, "
        "blurred and dark images, outliers, broken files and wrong labels. truth.csv in the folder says what each file "
        "is. The same options and --seed give the same files on every machine.",
    .examples = examples,
    .options = options,
    .params_size = sizeof(scenes_params),
    .flags = COMMAND_WRITES,
    .least_paths = 1,
    .most_paths = 1,
    .run = run_scenes,
};
