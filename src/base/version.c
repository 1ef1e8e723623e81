/* SPDX-License-Identifier: Apache-2.0
 *
 * What this build is.
 */
#include "winnow/version.h"

#define TEXT_OF(x) #x
#define TEXT(x)    TEXT_OF(x)

#ifdef __clang__
#define COMPILER "clang " __clang_version__
#else
#define COMPILER "gcc " __VERSION__
#endif

const char *wn_version(void)
{
    return TEXT(WN_VERSION_MAJOR) "." TEXT(WN_VERSION_MINOR) "." TEXT(WN_VERSION_PATCH);
}

const char *wn_build_info(void)
{
    return COMPILER ", " WN_BUILD_TYPE;
}
