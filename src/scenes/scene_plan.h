/* SPDX-License-Identifier: Apache-2.0
 *
 * What each file of a set will be, decided before anything is painted, so that files can be made in any order.
 */
#ifndef SCENES_SCENE_PLAN_H
#define SCENES_SCENE_PLAN_H

#include "scenes/painting.h"

typedef enum wn_damage {
    WN_DAMAGE_TRUNCATED,
    WN_DAMAGE_EMPTY,
    WN_DAMAGE_TEXT,
    WN_DAMAGE_PAGE,
    WN_DAMAGE_BYTES,
    WN_DAMAGE_HEAD,
    WN_DAMAGE_COUNT
} wn_damage;

typedef enum wn_container { WN_CONTAINER_JPEG, WN_CONTAINER_PNG, WN_CONTAINER_WEBP } wn_container;

typedef struct wn_scene_file {
    char name[48]; /* without the folder */
    int given;     /* class of the folder that it lies in */
    wn_scene_kind kind;
    size_t partner;       /* index of the file that it repeats; its own index for none */
    wn_painting painting; /* of its own pixels; those of the partner for repeats */
    wn_container container;
    bool misnamed; /* the suffix says .jpg although the content is PNG */
    int quality;
    bool has_note;
    wn_camera_note note;
    float amount, amount_x, amount_y; /* of the change that the kind makes, 0 to 1 */
    wn_damage damage;
} wn_scene_file;

/* Fills `files` (options->count of them). */
WN_NODISCARD wn_status wn_scene_plan(const wn_scenes_options *options, wn_scene_file *files, wn_error *err);

/* "half of the file is missing" and the like, for the truth file; "" for nothing to say. */
const char *wn_scene_detail(const wn_scene_file *file);

#endif
