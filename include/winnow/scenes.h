/* SPDX-License-Identifier: Apache-2.0
 *
 * Sample images that winnow paints itself: outdoor and indoor scenes in classes with a long tail, by day and by
 * night, with planted duplicates, bad photos, outliers, broken files and wrong labels, and a table of the truth.
 * They feed the demonstration, the tests and the benchmarks. The same options give the same bytes for any number of
 * threads.
 *
 *     wn_scenes_options options = wn_scenes_defaults();
 *     options.count = 2000;
 *     wn_scenes_write("sample-images", &options, pool, NULL, &summary, &err);
 */
#ifndef WINNOW_SCENES_H
#define WINNOW_SCENES_H

#include <stdbool.h>
#include <stdint.h>

#include "winnow/option.h"
#include "winnow/pool.h"
#include "winnow/progress.h"
#include "winnow/status.h"

#ifdef __cplusplus
extern "C" {
#endif

/* What a file is; one column of truth.csv. name, word, summary */
#define WN_SCENE_KIND_MAP(X)                                                                                           \
    X(PLAIN, "plain", "an ordinary scene")                                                                             \
    X(COPY, "copy", "the same bytes as its partner")                                                                   \
    X(REWRAP, "rewrap", "the pixels of its partner with other metadata in the file")                                   \
    X(RECOMPRESS, "recompress", "its partner saved at another quality")                                                \
    X(RESIZE, "resize", "its partner at another size")                                                                 \
    X(CROP, "crop", "its partner with a part of the border cut off")                                                   \
    X(BRIGHTNESS, "brightness", "its partner made brighter or darker")                                                 \
    X(FLIP, "flip", "its partner mirrored left to right")                                                              \
    X(BURST, "burst", "the scene of its partner a moment later")                                                       \
    X(BLUR, "blur", "out of focus or shaken")                                                                          \
    X(DARK, "dark", "far too little light")                                                                            \
    X(OVEREXPOSED, "overexposed", "far too much light")                                                                \
    X(NOISE, "noise", "heavy sensor noise")                                                                            \
    X(OUTLIER, "outlier", "a texture, a chart, a page of text, plain noise or one colour")                             \
    X(BROKEN, "broken", "a file that is no complete image")

typedef enum wn_scene_kind {
#define X(name, word, summary) WN_SCENE_##name,
    WN_SCENE_KIND_MAP(X)
#undef X
        WN_SCENE_KIND_COUNT
} wn_scene_kind;

/* Fields as the options of the table below describe them. */
typedef struct wn_scenes_options {
    int64_t count; /* files to write, planted ones included; truth.csv is not counted */
    int64_t seed;
    int64_t side_low; /* the longer side of an image, in pixels, lies between these two */
    int64_t side_high;
    double planted; /* share of files that are something other than WN_SCENE_PLAIN, 0 to 0.6 */
    double wrong;   /* share of files that lie in the folder of another class, 0 to 0.5 */
    double night;   /* share of scenes by night, 0 to 1 */
} wn_scenes_options;

/* One row for each field: `count`, `seed`, `side-low`, `side-high`, `planted`, `wrong-labels`, `night`. */
extern WN_API const wn_option wn_scenes_option_table[];

/* The defaults of that table. */
WN_API wn_scenes_options wn_scenes_defaults(void);

/* What was written. */
typedef struct wn_scenes_summary {
    uint64_t files, bytes; /* images, broken ones included; truth.csv is not counted */
    uint64_t kinds[WN_SCENE_KIND_COUNT];
    uint64_t night, wrong_labels, classes;
    double seconds;
} wn_scenes_summary;

/* Writes FOLDER/CLASS/NAME.jpg (some .png) and FOLDER/truth.csv. The folder is created; it must hold no truth.csv
 * of another set, and existing files of the same names are replaced. truth.csv comes last, so that a set without
 * one is incomplete. Its columns: file, class, given_label, time (day, dusk, night), kind, partner, detail.
 * `pool`, `progress` and `summary` may be NULL. WN_CANCELLED leaves the files written so far. */
WN_API WN_NODISCARD wn_status wn_scenes_write(const char *folder, const wn_scenes_options *options, wn_pool *pool,
                                              const wn_progress *progress, wn_scenes_summary *summary, wn_error *err);

/* Number and name of the classes; NULL beyond the last. Static storage. */
WN_API int wn_scenes_class_count(void);
WN_API const char *wn_scenes_class_name(int index);

/* "copy" for WN_SCENE_COPY. Static storage. */
WN_API const char *wn_scene_kind_name(wn_scene_kind kind);

/* Paints one scene into 8-bit RGB, rows without gaps; *pixels is released with wn_free. `index` is the number of
 * the image within the seed, `class_index` below wn_scenes_class_count(). */
WN_API WN_NODISCARD wn_status wn_scenes_paint(uint64_t seed, uint64_t index, int class_index, bool night, int width,
                                              int height, uint8_t **pixels, wn_error *err);

#ifdef __cplusplus
}
#endif
#endif
