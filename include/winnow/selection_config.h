/* SPDX-License-Identifier: Apache-2.0
 *
 * The selection config: a JSON file that says what to pick (docs/selection-config.md). Each strategy of it becomes one
 * objective of a product (winnow/product.h), a filter, or a quota.
 *
 *     wn_selection_config *config = NULL;
 *     if (!wn_selection_config_read("config.json", &config, &err)) ...
 *     wn_selection_config_free(&config);
 */
#ifndef WINNOW_SELECTION_CONFIG_H
#define WINNOW_SELECTION_CONFIG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "winnow/product.h"
#include "winnow/status.h"

#ifdef __cplusplus
extern "C" {
#endif

#define WN_CONFIG_INPUT_MAP(X) X(EMBEDDINGS) X(SCORES) X(METADATA) X(PREDICTIONS) X(RANDOM)

typedef enum wn_config_input_type {
#define X(name) WN_CONFIG_INPUT_##name,
    WN_CONFIG_INPUT_MAP(X)
#undef X
        WN_CONFIG_INPUT_COUNT
} wn_config_input_type;

#define WN_CONFIG_STRATEGY_MAP(X) X(DIVERSITY) X(TYPICALITY) X(SIMILARITY) X(WEIGHTS) X(THRESHOLD) X(BALANCE) X(QUOTA)

typedef enum wn_config_strategy_type {
#define X(name) WN_CONFIG_STRATEGY_##name,
    WN_CONFIG_STRATEGY_MAP(X)
#undef X
        WN_CONFIG_STRATEGY_COUNT
} wn_config_strategy_type;

WN_API extern const char *const wn_config_input_names[WN_CONFIG_INPUT_COUNT + 1];
WN_API extern const char *const wn_config_strategy_names[WN_CONFIG_STRATEGY_COUNT + 1];

/* What PREDICTIONS give. */
enum { WN_CONFIG_CLASS_DISTRIBUTION, WN_CONFIG_CATEGORY_COUNT };

/* A set of rows: at most one of the three is named. */
typedef struct wn_config_rows {
    const char *tag;   /* of the workspace */
    const char *list;  /* a file with one path a line */
    const char *array; /* a .npy file of row numbers, or of vectors for a query */
    int64_t dataset;   /* of the config of another product: 1 = "dataset_id" was given and is ignored */
} wn_config_rows;

/* Texts are NULL where the key is absent. */
typedef struct wn_config_input {
    int type;
    wn_config_rows query, negative; /* EMBEDDINGS: rows to be similar, or not similar, to */
    const char *task, *score, *key;
    int name; /* of PREDICTIONS */
    const char **categories;
    size_t category_count;
    int64_t random_seed;
    const char *array, *owners; /* .npy files in place of what a workspace knows */
} wn_config_input;

/* A class and a number: its share of a target, or the most picks of a quota. */
typedef struct wn_config_class {
    const char *name;
    double value;
} wn_config_class;

typedef struct wn_config_strategy {
    wn_config_input input;
    int type;
    double strength;
    double min_distance;
    int64_t neighbours;
    double min_typicality;
    double max_sum, target_least, target_most; /* 0 = not given */
    double threshold;
    int operation;    /* wn_threshold */
    int distribution; /* wn_balance */
    wn_config_class *classes;
    size_t class_count;
    int64_t most_each; /* of a quota: of each class that is not named; -1 = any number */
    char place[48];    /* "strategies[2]" */
    size_t line;
} wn_config_strategy;

/* Boxes that need no model: in every image the same ones. */
enum { WN_CONFIG_AUTO_TILING, WN_CONFIG_AUTO_CROP };

typedef struct wn_config_auto_task {
    const char *name; /* by which an input names it as its task */
    int type;
    int64_t rows, columns; /* TILING */
    double overlap;        /* TILING: share of a tile that the next one has too */
    float *boxes;          /* CROP: box_count x 4: x, y, width, height as shares of the image */
    size_t box_count;
} wn_config_auto_task;

typedef struct wn_selection_config {
    const char *file;  /* as given */
    const char *text;  /* what it holds */
    int64_t n_samples; /* -1 = until something ends the selection; -2 = not given */
    double proportion; /* 0 = not given */
    wn_config_strategy *strategies;
    size_t strategy_count;
    wn_config_auto_task *auto_tasks;
    size_t auto_task_count;
    const char *plugin;          /* a strategy of winnow in place of those; NULL = none */
    const char *const *settings; /* of it: name, value, ..., NULL */
    int variant;
    wn_config_rows candidates, preselected;
} wn_selection_config;

/* Reads and checks. WN_INVALID: the message names file, line, place and the nearest valid word. */
WN_API WN_NODISCARD wn_status wn_selection_config_read(const char *path, wn_selection_config **out, wn_error *err);

/* The same of a text; `name` is what messages call it. */
WN_API WN_NODISCARD wn_status wn_selection_config_parse(const char *text, size_t len, const char *name,
                                                        wn_selection_config **out, wn_error *err);
WN_API void wn_selection_config_free(wn_selection_config **config);

#ifdef __cplusplus
}
#endif
#endif
