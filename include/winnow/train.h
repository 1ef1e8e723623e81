/* SPDX-License-Identifier: Apache-2.0
 *
 * Self-supervised training: from unlabelled images to a model file.
 *
 * The plan (batch, views, steps) is settled before the first step from the options and the number of images, so
 * that the same input, options, seed and CPU level give the same model for any number of threads. A run that is
 * killed and started again continues from its checkpoint and ends in the same bytes.
 *
 *     wn_train_params params;
 *     if (wn_train_params_init(&params, &err)) return 1;
 *     params.minutes = 5;
 *     wn_train_images images = {.count = n, .side = 32, .fetch = fetch_from_column, .context = column};
 *     wn_train_files files = {.model = "photos.wnm"};
 *     status = wn_train_run(&images, &params, &files, pool, progress, &result, &err);
 */
#ifndef WINNOW_TRAIN_H
#define WINNOW_TRAIN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "winnow/model.h"
#include "winnow/option.h"
#include "winnow/pool.h"
#include "winnow/progress.h"
#include "winnow/status.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Copies the images of `rows` (n numbers in [0, count)) to out (n x side x side x 3, u8 RGB). Called by the thread
 * that trains; the same row must always give the same bytes. */
typedef wn_status wn_train_fetch(void *context, const int64_t *rows, size_t n, uint8_t *out, wn_error *err);

/* The images to learn from. */
typedef struct wn_train_images {
    int64_t count;
    uint32_t side; /* of every image, 8 or more; 32 or 64 are usual */
    wn_train_fetch *fetch;
    void *context;
    uint64_t hash;        /* names the content, so that a checkpoint of other images is not continued; may be 0 */
    const float *teacher; /* count x teacher_dim: what a teacher makes of each image, for method "distill"; or NULL */
    size_t teacher_dim;
    const float *aspects; /* count: width / height of each picture before it was squeezed to a square; NULL = squares */
} wn_train_images;

/* What the user can set; wn_train_options describes each field. Start from wn_train_params_init. */
typedef struct wn_train_params {
    const char *method;         /* of wn_train_get_method, "dcl" */
    const char *method_options; /* "temperature=0.2,weight=1", or NULL */
    const char *network;        /* of wn_train_get_network */
    const char *from;           /* start from this model's numbers: a file, or "default"; NULL = at random */
    double minutes;             /* time budget on the reference machine; ignored where epochs or steps are set */
    int64_t epochs, steps;      /* exact lengths; 0 = from `minutes`. `steps` wins */
    int64_t batch;              /* images a pass; 0 = automatic */
    int64_t accumulate;         /* passes whose gradients make one step, 1 or more */
    int64_t views;              /* of the full side for each image; 0 = the method's choice */
    int64_t small_views;        /* more views of half the side; -1 = the method's choice */
    int64_t dim;                /* of the embedding */
    const char *optimizer;      /* "muon", "sgd", "lars", "adamw"; NULL = automatic: muon, from a model adamw */
    double rate;                /* learning rate at the top of the schedule; 0 = automatic: from a model, the network's
                                 * is a tenth of that of the new layers, which first learn alone */
    double decay;               /* weight decay; -1 = automatic: 5e-4 */
    int64_t side;          /* of the views; 0 = that of the views that the model to start from learned from, else of
                            * the images, at most 64 */
    int64_t embed_side;    /* of the pictures that the model embeds, up to twice `side`; 0 = that of the model to
                            * start from, else half as much again as `side` where the images are as large. Crops
                            * show things larger than whole pictures do, so larger ones suit a model that learned
                            * from crops (Touvron et al. 2019, "Fixing the train-test resolution discrepancy") */
    double crop_low;       /* least share of the area that a view shows; 0 = 0.2, or 0.4 from a model */
    double colour;         /* strength of the colour changes; 0 = none */
    double mirror;         /* chance of a view to be mirrored; -1 = the usual 0.5 */
    double colour_chance;  /* of the colour changes; -1 = 0.8 */
    double grey;           /* of showing no colour; -1 = 0.2, or 0 where colours are not changed */
    double blur;           /* of a Gaussian blur; -1 = 0.5 for views of 64 pixels and more, else 0 */
    double solarise;       /* of inverting what is bright; -1 = 0 */
    bool fixed_plan;       /* never shorten the plan when the machine is slower than the reference */
    int precision;         /* a wn_precision */
    uint64_t seed;         /* not in the table: --seed belongs to every command */
    uint64_t memory_limit; /* bytes that training may take; 0 = no limit. Not in the table either */
} wn_train_params;

/* Table over wn_train_params, ended by a row of type WN_OPTION_END. */
WN_API extern const wn_option wn_train_options[];

/* Sets every field: those of the table to their defaults, the others to 0. WN_NOMEM only. */
WN_API WN_NODISCARD wn_status wn_train_params_init(wn_train_params *params, wn_error *err);

/* Name and one-line summary of the i-th training method; false beyond the last. The first one is the default. */
WN_API bool wn_train_get_method(size_t i, const char **name, const char **summary);

/* When to use the i-th method: one or two sentences; NULL beyond the last. */
WN_API const char *wn_train_get_method_advice(size_t i);

/* The options of the i-th method, as `method_options` takes them: name, help, default and range of each, ended by a row
 * of type WN_OPTION_END, which stands alone where a method has none. The table is the library's and lives as long as
 * the program; offsets are of a struct that only the method knows. NULL beyond the last. */
WN_API const wn_option *wn_train_get_method_options(size_t i);

/* Checks what would be `method` and `method_options`, NULL allowed for both, before images are read. WN_INVALID: there
 * is no such method; it has no such option, then the message lists those that it has; a value is out of range. */
WN_API WN_NODISCARD wn_status wn_train_check_method_options(const char *method, const char *method_options,
                                                            wn_error *err);

/* Name and one-line summary of the i-th network; false beyond the last. The first one is the default. */
WN_API bool wn_train_get_network(size_t i, const char **name, const char **summary);

/* Name and one-line summary of the i-th optimizer; false beyond the last. */
WN_API bool wn_train_get_optimizer(size_t i, const char **name, const char **summary);

/* What a run will do. */
typedef struct wn_train_plan {
    int64_t images, batch, views, small_views, steps;
    int64_t accumulate; /* passes of a step, each with `batch` images */
    uint32_t side, small_side;
    uint32_t embed_side;    /* of the pictures that the model embeds */
    double epochs;          /* steps * accumulate * batch / images */
    double flop;            /* of one step */
    double seconds;         /* on the reference machine */
    uint64_t memory;        /* bytes: network, optimiser, activations, views, cache of images */
    bool images_cached;     /* all images are read before the first step and kept in memory */
    bool batch_reduced;     /* below the batch asked for: few images, or the memory limit */
    wn_precision precision; /* FP32 or BF16 */
} wn_train_plan;

/* Settles the plan for these images and options. WN_INVALID names the option; WN_LIMIT gives the bytes that the
 * smallest batch needs when `memory_limit` is below, and `out` then holds that batch and those bytes. */
WN_API WN_NODISCARD wn_status wn_train_make_plan(const wn_train_images *images, const wn_train_params *params,
                                                 wn_train_plan *out, wn_error *err);

/* Where a run writes. `model` is required. */
typedef struct wn_train_files {
    const char *model;      /* written at the end, complete or not at all */
    const char *checkpoint; /* NULL = MODEL.checkpoint; removed after the model is written */
    const char *log;        /* NULL = MODEL.csv, one line a step (docs/formats/model.md) */
} wn_train_files;

/* What a run did. */
typedef struct wn_train_result {
    wn_train_plan plan;    /* as carried out */
    int64_t steps_planned; /* before it was shortened; equals plan.steps otherwise */
    int64_t steps_resumed; /* steps that a checkpoint had already done */
    double loss;           /* mean over about the last tenth of the steps, the latest weighing most */
    double embedding_std;  /* of the network's features: the root of the share of their variance in their mean square;
                              1 = well spread, 0 = collapsed */
    double images_per_second; /* each with all its views, this process */
    double seconds;           /* this process */
    uint64_t model_hash;      /* as in wn_model_info */
    int64_t looked_at;        /* images, spread over all, whose pixels were compared before the first step */
    int64_t different;        /* of them, with all copies of one counted once */
    bool nothing_to_learn;    /* the images are all copies of one, or there is one only: WN_INVALID, no step was done */
    bool collapsed; /* all images gave almost the same: WN_INVALID for a run that was stopped, a warning where it
                     * was seen at the end */
} wn_train_result;

/* Trains, or continues from the checkpoint, and writes the model. Progress: stages "load" (where the images fit
 * into memory), "train" and "finish", unit "images" ("train" counts them with repetition, its note is "loss 4.31, 2,345
 * views/s"), and of "finish" the last part in "steps". Cancelled runs keep their checkpoint. WN_INVALID: options or
 * images, or a run that collapsed (see the result); WN_LIMIT: memory; WN_INTERNAL: the loss is not a number (the
 * checkpoint keeps the last good step); WN_NOSPACE when the model cannot be written (a checkpoint that cannot be
 * written is reported once and the run goes on). `out` may be NULL. */
WN_API WN_NODISCARD wn_status wn_train_run(const wn_train_images *images, const wn_train_params *params,
                                           const wn_train_files *files, wn_pool *pool, const wn_progress *progress,
                                           wn_train_result *out, wn_error *err);

#ifdef __cplusplus
}
#endif
#endif
