/* SPDX-License-Identifier: Apache-2.0
 *
 * Decoding through libvips, shared by the formats that it reads.
 */
#ifndef MEDIA_VIPS_LOADER_H
#define MEDIA_VIPS_LOADER_H

#include "media/format.h"

/* How one of libvips's loaders is used. */
typedef struct wn_vips_loader {
    const char *title;     /* for messages: "PNG" */
    const char *operation; /* "pngload_buffer" */
    const char *type;      /* class to unblock: "VipsForeignLoadPng" */
    bool streams;          /* decodes row by row, so a large picture needs little memory */
    bool scales;           /* has a `scale` option that decodes at reduced size */
    bool pages_are_scales; /* its pages are the same picture at 1/2, 1/4, ... */
} wn_vips_loader;

/* Starts libvips: no cache, one thread for each pipeline, every loader blocked. Once for each process. */
wn_status wn_vips_start(wn_error *err);
void wn_vips_stop(void);

/* Lets libvips use this loader. Before threads start. */
void wn_vips_unblock(const wn_vips_loader *loader);

/* Whether this libvips was built with it. */
bool wn_vips_has(const wn_vips_loader *loader);

wn_status wn_vips_decode(const wn_vips_loader *loader, wn_decoding *decoding, wn_error *err);

#endif
