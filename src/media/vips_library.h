/* SPDX-License-Identifier: Apache-2.0
 *
 * libvips, opened when pictures are first asked for. It brings a hundred shared libraries, whose loading takes longer
 * than most commands that read no picture, so the program is not linked with it; its header tells the types of its
 * functions.
 *
 *     wn_vips.copy(image, &out, NULL) is vips_copy(image, &out, NULL), and wn_glib.free(p) is g_free(p)
 */
#ifndef MEDIA_VIPS_LIBRARY_H
#define MEDIA_VIPS_LIBRARY_H

#include <vips/vips.h>

#include "winnow/status.h"

#define WN_VIPS_FUNCTIONS(X)                                                                                           \
    X(area_unref)                                                                                                      \
    X(array_double_newv)                                                                                               \
    X(bandjoin)                                                                                                        \
    X(bandjoin_const1)                                                                                                 \
    X(cache_set_max)                                                                                                   \
    X(cast_uchar)                                                                                                      \
    X(colourspace)                                                                                                     \
    X(concurrency_set)                                                                                                 \
    X(copy)                                                                                                            \
    X(error_buffer)                                                                                                    \
    X(error_clear)                                                                                                     \
    X(extract_band)                                                                                                    \
    X(flatten)                                                                                                         \
    X(format_sizeof)                                                                                                   \
    X(icc_transform)                                                                                                   \
    X(image_get_blob)                                                                                                  \
    X(image_get_int)                                                                                                   \
    X(image_get_n_pages)                                                                                               \
    X(image_get_typeof)                                                                                                \
    X(image_hasalpha)                                                                                                  \
    X(image_new_from_buffer)                                                                                           \
    X(image_new_from_memory)                                                                                           \
    X(image_set_kill)                                                                                                  \
    X(image_set_progress)                                                                                              \
    X(image_write_to_buffer)                                                                                           \
    X(image_write_to_memory)                                                                                           \
    X(init)                                                                                                            \
    X(operation_block_set)                                                                                             \
    X(shrink)                                                                                                          \
    X(shutdown)                                                                                                        \
    X(thread_shutdown)                                                                                                 \
    X(type_find)

#define WN_GLIB_FUNCTIONS(X)                                                                                           \
    X(free)                                                                                                            \
    X(log_set_handler)                                                                                                 \
    X(object_unref)                                                                                                    \
    X(signal_connect_data)                                                                                             \
    X(signal_handler_disconnect)

#define X(name) __typeof__(vips_##name) *name;
typedef struct wn_vips_functions {
    WN_VIPS_FUNCTIONS(X)
} wn_vips_functions;
#undef X

#define X(name) __typeof__(g_##name) *name;
typedef struct wn_glib_functions {
    WN_GLIB_FUNCTIONS(X)
} wn_glib_functions;
#undef X

/* NULL until wn_vips_library_open. */
extern wn_vips_functions wn_vips;
extern wn_glib_functions wn_glib;

/* Before threads start; never closed. WN_UNSUPPORTED names what is missing. */
WN_NODISCARD wn_status wn_vips_library_open(wn_error *err);

#endif
