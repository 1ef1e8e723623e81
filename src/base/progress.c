/* SPDX-License-Identifier: Apache-2.0
 *
 * Telling progress; silence is a valid listener.
 */
#include "winnow/progress.h"

#include <stddef.h>

bool wn_progress_tell(const wn_progress *progress, const wn_progress_report *report)
{
    return progress && progress->report && progress->report(progress->context, report);
}
