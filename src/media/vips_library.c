/* SPDX-License-Identifier: Apache-2.0 */
#include "media/vips_library.h"

#include <dlfcn.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "base/error.h"

wn_vips_functions wn_vips;
wn_glib_functions wn_glib;

/* POSIX lets a pointer to an object hold one to a function. */
static wn_status find(void *library, const char *name, void *function, wn_error *err)
{
    void *found = dlsym(library, name);
    if (!found) return wn_fail(err, WN_UNSUPPORTED, "libvips has no function %s: %.160s", name, dlerror());
    memcpy(function, &found, sizeof found);
    return WN_OK;
}

wn_status wn_vips_library_open(wn_error *err)
{
    static bool complete;
    char file[32];
    if (complete) return WN_OK;
    /* The number in the name is that of the binary interface, so the header that was compiled with fits. */
    (void)snprintf(file, sizeof file, "libvips.so.%d", VIPS_LIBRARY_CURRENT - VIPS_LIBRARY_AGE);
    void *library = dlopen(file, RTLD_LAZY | RTLD_LOCAL);
    if (!library)
        return wn_fail(err, WN_UNSUPPORTED, "libvips, which reads pictures, cannot be opened: %.200s", dlerror());
#define X(name) WN_TRY(find(library, "g_" #name, &wn_glib.name, err));
    WN_GLIB_FUNCTIONS(X)
#undef X
#define X(name) WN_TRY(find(library, "vips_" #name, &wn_vips.name, err));
    WN_VIPS_FUNCTIONS(X)
#undef X
    complete = true;
    return WN_OK;
}
