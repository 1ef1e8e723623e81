/* SPDX-License-Identifier: Apache-2.0
 *
 * One declaration per option. A table of rows describes the fields of a parameter struct; from it come the
 * command-line flag, the JSON key, the web form, the manual page and the range checks.
 *
 *     typedef struct params { int64_t seeds; double radius; bool exact; const char *metric; } params;
 *     static const wn_option options[] = {
 *         {WN_OPTION_INT, "seeds", "initial centres", offsetof(params, seeds), 1, 1e6, "1", NULL, "N"},
 *         {0},
 *     };
 */
#ifndef WINNOW_OPTION_H
#define WINNOW_OPTION_H

#include <stddef.h>

#include "winnow/status.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef enum wn_option_type {
    WN_OPTION_END,    /* last row of a table */
    WN_OPTION_BOOL,   /* bool; a flag without value on the command line */
    WN_OPTION_INT,    /* int64_t in [low, high] */
    WN_OPTION_REAL,   /* double in [low, high], finite */
    WN_OPTION_TEXT,   /* const char *, borrowed from the value given */
    WN_OPTION_CHOICE, /* int: index into `choices` */
    WN_OPTION_BYTES   /* uint64_t: "4GB", "512MiB", "50%" of the machine's memory, plain bytes */
} wn_option_type;

/* One row. `initial` is the default as the user would type it; NULL = zero, false or no text. */
typedef struct wn_option {
    wn_option_type type;
    const char *name; /* lower-case words joined by '-' */
    const char *help; /* one line, no full stop */
    size_t offset;    /* of the field in the parameter struct */
    double low, high; /* inclusive; for INT and REAL */
    const char *initial;
    const char *const *choices; /* NULL-terminated; for CHOICE */
    const char *value;          /* how the value is called in help: "N", "FILE" */
    char letter;                /* one-letter form, or 0 */
} wn_option;

/* Writes every row's default into `params`. Fails only for a table that contradicts itself. */
WN_API WN_NODISCARD wn_status wn_options_init(const wn_option *table, void *params, wn_error *err);

/* Sets one field from text. `value` may be NULL for BOOL (true). An unknown name, a value out of range, of
 * another type or not among the choices fails with WN_INVALID and a message that names the nearest valid word. */
WN_API WN_NODISCARD wn_status wn_options_set(const wn_option *table, void *params, const char *name, const char *value,
                                             wn_error *err);

/* Sets several fields from "name=value,name=value"; a name alone is a BOOL that is true. NULL or empty text sets none.
 * Texts are not kept, so the table must have no TEXT rows. Fails as wn_options_set does. */
WN_API WN_NODISCARD wn_status wn_options_set_list(const wn_option *table, void *params, const char *text,
                                                  wn_error *err);

/* The row of that name, or of that letter; NULL when there is none. */
WN_API const wn_option *wn_options_find(const wn_option *table, const char *name);
WN_API const wn_option *wn_options_find_letter(const wn_option *table, char letter);

/* The word of `words` (NULL-terminated) nearest to `word` by edit distance, or NULL when none is near enough
 * to suggest. For "did you mean" messages. */
WN_API const char *wn_nearest_word(const char *word, const char *const *words);

#ifdef __cplusplus
}
#endif
#endif
