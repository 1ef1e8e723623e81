/* SPDX-License-Identifier: Apache-2.0
 *
 * What a class of scenes is. Each lives in classes/NAME.c and is listed in classes.def, the most frequent first.
 */
#ifndef SCENES_SCENE_CLASS_H
#define SCENES_SCENE_CLASS_H

#include "scenes/world.h"

typedef struct wn_scene_class {
    const char *name; /* of the class and of its folder */
    const char *summary;
    const char *prefix; /* of file names */
    int weight;         /* how often it is drawn, against the others */
    bool indoors;
    float night; /* factor on the share of night scenes */
    void (*paint)(wn_world *world);
} wn_scene_class;

/* NULL beyond the last. */
const wn_scene_class *wn_scene_class_at(int index);

/* Pictures that belong to no class; `kind` below wn_scene_outlier_count(). */
int wn_scene_outlier_count(void);
const char *wn_scene_outlier_name(int kind);
void wn_scene_outlier_paint(wn_world *world, int kind);

#endif
