/* SPDX-License-Identifier: Apache-2.0
 *
 * What checks found, as a page shows it: for each check how many issues there are and the worst few. A run keeps it as
 * findings.txt, so that its page can be drawn again without the checks.
 *
 *     wn_findings found = {0};
 *     if (!wn_checking_findings(&checking, 6, &found, &err)) status = wn_findings_save(&found, folder, &err);
 *     wn_findings_clear(&found);
 */
#ifndef JOBS_FINDINGS_H
#define JOBS_FINDINGS_H

#include "base/arena.h"
#include "jobs/check.h"
#include "report/report.h"

/* Everything is in the arena; names and summaries of checks are static. */
typedef struct wn_findings {
    wn_arena arena;
    wn_report_check *checks;
    size_t len;
} wn_findings;

/* Of each check that was asked for: how many issues it found, or why it was left out, and the `most` worst of them. */
WN_NODISCARD wn_status wn_checking_findings(const wn_checking *checking, size_t most, wn_findings *out, wn_error *err);

/* Writes findings.txt: a line "check NAME ISSUES", behind it " REASON" where it was left out, and a line "finding ROW
 * OTHER SCORE DISTANCE" for each one that is shown. */
WN_NODISCARD wn_status wn_findings_save(const wn_findings *findings, const char *folder, wn_error *err);

/* Reads it; `out` is to be cleared after a failure as well. No file is no failure: the list is empty then. Findings of
 * rows at or beyond `rows`, and checks that this program does not know, are left out. */
WN_NODISCARD wn_status wn_findings_load(const char *folder, int64_t rows, wn_findings *out, wn_error *err);

void wn_findings_clear(wn_findings *findings);

#endif
