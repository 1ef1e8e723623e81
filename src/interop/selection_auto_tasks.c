/* SPDX-License-Identifier: Apache-2.0
 *
 * Automatic tasks: boxes that are the same in every image, so that objects can be selected by without a model. Keys are
 * those of LightlyOne.
 */
#include "interop/selection_auto_tasks.h"

#include <string.h>

#include "base/error.h"
#include "winnow/selection_config.h"

enum { TASKS_MOST = 64, BOXES_MOST = 10000, GRID_MOST = 100 };

static const char *const type_names[] = {"TILING", "CROP", NULL};

/* [x, y, width, height] as shares of the image. */
static wn_status read_box(wn_config_reading *reading, const wn_config_place *place, const json_t *value, float *box,
                          wn_error *err)
{
    bool right = json_is_array(value) && json_array_size(value) == 4;
    for (size_t i = 0; i < 4 && right; i++) {
        const json_t *number = json_array_get(value, i);
        right = json_is_number(number) && json_number_value(number) >= 0 && json_number_value(number) <= 1;
        box[i] = right ? (float)json_number_value(number) : 0;
    }
    if (right && box[2] > 0 && box[3] > 0 && box[0] + box[2] <= 1.0001F && box[1] + box[3] <= 1.0001F) return WN_OK;
    return wn_config_fail(reading, place, err,
                          "a box inside the image is expected here: [x, y, width, height] as shares from 0 to 1");
}

static wn_status read_boxes(wn_config_reading *reading, const wn_config_place *place, const json_t *value, void *out,
                            wn_error *err)
{
    wn_config_auto_task *task = out;
    const size_t count = json_array_size(value);
    if (!json_is_array(value) || count == 0 || count > BOXES_MOST)
        return wn_config_fail(reading, place, err, "a list of boxes is expected here: [[0, 0, 0.5, 0.5]]");
    if (!(task->boxes = wn_arena_alloc(reading->arena, 4 * count, sizeof *task->boxes)))
        return wn_fail(err, WN_NOMEM, "out of memory");
    for (size_t i = 0; i < count; i++) {
        wn_config_place here = {place, NULL, i};
        WN_TRY(read_box(reading, &here, json_array_get(value, i), task->boxes + 4 * i, err));
    }
    task->box_count = count;
    return WN_OK;
}

#define AT(field) offsetof(wn_config_auto_task, field)
#define TILING    (1u << WN_CONFIG_AUTO_TILING)
#define CROP      (1u << WN_CONFIG_AUTO_CROP)

static const wn_config_key task_keys[] = {
    {WN_CONFIG_CHOICE, "type", AT(type), 0, 0, type_names, 0, ~0u, NULL},
    {WN_CONFIG_TEXT, "name", AT(name), 0, 0, NULL, 0, ~0u, NULL},
    {WN_CONFIG_INT, "num_rows", AT(rows), 1, GRID_MOST, NULL, TILING, TILING, NULL},
    {WN_CONFIG_INT, "num_cols", AT(columns), 1, GRID_MOST, NULL, TILING, TILING, NULL},
    {WN_CONFIG_REAL, "overlap", AT(overlap), 0, 1, NULL, TILING, 0, NULL},
    {WN_CONFIG_OTHER, "bboxs", 0, 0, 0, NULL, CROP, CROP, read_boxes},
    {0},
};

wn_status wn_config_read_auto_tasks(wn_config_reading *reading, const wn_config_place *place, const json_t *value,
                                    void *out, wn_error *err)
{
    wn_selection_config *config = out;
    const size_t count = json_array_size(value);
    if (!json_is_array(value) || count > TASKS_MOST)
        return wn_config_fail(reading, place, err, "a list of at most %d tasks is expected here", TASKS_MOST);
    if (count && !(config->auto_tasks = wn_arena_alloc(reading->arena, count, sizeof *config->auto_tasks)))
        return wn_fail(err, WN_NOMEM, "out of memory");
    for (size_t i = 0; i < count; i++) {
        int type = 0;
        wn_config_place here = {place, NULL, i};
        wn_config_auto_task *task = &config->auto_tasks[i];
        *task = (wn_config_auto_task){0};
        WN_TRY(wn_config_read_choice(reading, &here, json_array_get(value, i), "type", type_names, &type, err));
        WN_TRY(wn_config_read_object(reading, &here, json_array_get(value, i), task_keys, type, type_names, task, err));
        if (!*task->name) {
            wn_config_place name = {&here, "name", 0};
            return wn_config_fail(reading, &name, err, "a name is expected here, for the 'task' of an input");
        }
        for (size_t j = 0; j < i; j++)
            if (strcmp(config->auto_tasks[j].name, task->name) == 0)
                return wn_config_fail(reading, &here, err, "there are two tasks named '%s'", task->name);
    }
    config->auto_task_count = count;
    return WN_OK;
}
