/* SPDX-License-Identifier: Apache-2.0
 *
 * Options of training as `train` and `curate` offer them. They are texts that go through the library's own table,
 * which checks them; so each range stands in one place.
 */
#ifndef CLI_TRAIN_OPTIONS_H
#define CLI_TRAIN_OPTIONS_H

#include "command.h"
#include "winnow/train.h"

/* NULL = the library's default. */
typedef struct train_values {
    const char *minutes, *epochs, *steps, *method;
    const char *method_options, *network, *optimizer, *batch, *accumulate, *views, *small_views, *rate, *decay, *dim;
    const char *from, *crop_low, *colour, *colour_chance, *grey, *blur, *solarise, *mirror, *precision, *side,
        *embed_side;
    bool fixed_plan;
} train_values;

#define TRAIN_AT(type, member, field) offsetof(type, member) + offsetof(train_values, field)
#define TRAIN_ROW(type, member, field, name, help, initial, value)                                                     \
    {                                                                                                                  \
        WN_OPTION_TEXT, name, help, TRAIN_AT(type, member, field), 0, 0, initial, NULL, value, 0                       \
    }

/* Rows for the struct `type` that holds a train_values called `member`. */
#define TRAIN_OPTION_ROWS(type, member, minutes_name, epochs_name, steps_name, method_name, network_name, fixed_name,  \
                          minutes_initial)                                                                             \
    TRAIN_ROW(type, member, minutes, minutes_name, "time for training; the plan is made for a machine of two cores",   \
              minutes_initial, "M"),                                                                                   \
        TRAIN_ROW(type, member, epochs, epochs_name, "train for exactly this many passes over the images", NULL, "N"), \
        TRAIN_ROW(type, member, steps, steps_name, "train for exactly this many steps", NULL, "N"),                    \
        TRAIN_ROW(type, member, method, method_name, "training method; --list-methods of 'train' tells which", NULL,   \
                  "NAME"),                                                                                             \
        TRAIN_ROW(type, member, network, network_name, "network; 'winnow info' lists them", NULL, "NAME"),             \
    {                                                                                                                  \
        WN_OPTION_BOOL, fixed_name, "keep to the plan also where this machine is slower",                              \
            TRAIN_AT(type, member, fixed_plan), 0, 0, NULL, NULL, NULL, 0                                              \
    }

#define TRAIN_MORE_OPTION_ROWS(type, member)                                                                           \
    TRAIN_ROW(type, member, method_options, "method-options",                                                          \
              "settings of the method: name=value,name=value; --list-methods of 'train' lists them", NULL, "TEXT"),    \
        TRAIN_ROW(type, member, optimizer, "optimizer", "muon, sgd, lars or adamw (default: automatic)", NULL,         \
                  "NAME"),                                                                                             \
        TRAIN_ROW(type, member, batch, "batch", "images in one pass (default: automatic)", NULL, "N"),                 \
        TRAIN_ROW(type, member, accumulate, "accumulate", "passes whose gradients make one step (default: 1)", NULL,   \
                  "N"),                                                                                                \
        TRAIN_ROW(type, member, views, "views", "views of each image in one step (default: the method's)", NULL, "N"), \
        TRAIN_ROW(type, member, small_views, "small-views", "more views of half the side (default: the method's)",     \
                  NULL, "N"),                                                                                          \
        TRAIN_ROW(type, member, crop_low, "crop-low",                                                                  \
                  "least share of the image that a view shows (default: 0.2; 0.4 with --from)", NULL, "S"),            \
        TRAIN_ROW(type, member, colour, "colour", "strength of colour changes in views (default: 0.5)", NULL, "S"),    \
        TRAIN_ROW(type, member, colour_chance, "colour-chance", "chance of the colour changes (default: 0.8)", NULL,   \
                  "P"),                                                                                                \
        TRAIN_ROW(type, member, grey, "grey", "chance of a view without colour (default: 0.2)", NULL, "P"),            \
        TRAIN_ROW(type, member, blur, "blur",                                                                          \
                  "chance of a blurred view (default: 0.5 for views of 64 pixels and more, else 0)", NULL, "P"),       \
        TRAIN_ROW(type, member, solarise, "solarise", "chance of inverting what is bright in a view (default: 0)",     \
                  NULL, "P"),                                                                                          \
        TRAIN_ROW(type, member, mirror, "mirror", "chance of a mirrored view (default: 0.5)", NULL, "P"),              \
        TRAIN_ROW(type, member, rate, "rate", "learning rate (default: automatic)", NULL, "X"),                        \
        TRAIN_ROW(type, member, from, "from", "start from this model: a file, or default (default: random numbers)",   \
                  NULL, "MODEL"),                                                                                      \
        TRAIN_ROW(type, member, side, "side", "side of the views in pixels (default: automatic)", NULL, "N"),          \
        TRAIN_ROW(type, member, embed_side, "embed-side",                                                              \
                  "side of the pictures that the model embeds (default: automatic)", NULL, "N"),                       \
        TRAIN_ROW(type, member, decay, "decay", "weight decay (default: automatic)", NULL, "X"),                       \
        TRAIN_ROW(type, member, precision, "precision", "fp32, bf16 or auto (default: auto)", NULL, "P"),              \
        TRAIN_ROW(type, member, dim, "dim", "numbers of one embedding (default: 128)", NULL, "N")

/* Whether any of them was given. */
bool train_values_given(const train_values *values);

/* Defaults of the library, then the values given. */
wn_status train_values_apply(const train_values *values, wn_train_params *out, wn_error *err);

#endif
