/* SPDX-License-Identifier: Apache-2.0
 *
 * The version of the library; the build reads it from here.
 */
#ifndef WINNOW_VERSION_H
#define WINNOW_VERSION_H

#include "winnow/status.h"

#ifdef __cplusplus
extern "C" {
#endif

#define WN_VERSION_MAJOR 0
#define WN_VERSION_MINOR 1
#define WN_VERSION_PATCH 0

/* "0.1.0", of the library that is linked. Static storage. */
WN_API const char *wn_version(void);

/* Compiler and build type in one line. Static storage. */
WN_API const char *wn_build_info(void);

#ifdef __cplusplus
}
#endif
#endif
