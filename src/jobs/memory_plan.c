/* SPDX-License-Identifier: Apache-2.0
 *
 * Memory plans: each stage says what it needs before it starts. The limit counts the whole process as the system does
 * (resident memory), so the plan starts from what is held already.
 */
#include "jobs/job.h"

#include "base/error.h"
#include "base/text.h"
#include "winnow/log.h"
#include "winnow/memory.h"

uint64_t wn_job_memory_left(const wn_job *job)
{
    if (!job->memory_limit) return 0;
    uint64_t held = wn_memory_process_resident();
    return held < job->memory_limit ? job->memory_limit - held : 1;
}

uint64_t wn_job_memory_aside(size_t rows)
{
    /* The program with its libraries, buffers and thumbnails that the allocator has not given back, and lists of rows;
     * measured 50 to 75 MB after reading. */
    return ((uint64_t)96 << 20) + 64 * (uint64_t)rows;
}

uint64_t wn_job_memory_share(const wn_job *job, size_t rows)
{
    const uint64_t held = wn_job_memory_aside(rows);
    if (!job->memory_limit) return 0;
    return held < job->memory_limit ? job->memory_limit - held : 1;
}

wn_status wn_job_plan(const wn_job *job, const char *stage, uint64_t bytes, wn_error *err)
{
    char need[32], held[32], limit[32];
    uint64_t resident = wn_memory_process_resident();
    wn_text_bytes(bytes, need);
    wn_text_bytes(resident, held);
    if (!job->memory_limit) {
        wn_log(WN_LOG_VERBOSE, "plan: %s takes up to %s beside the %s held now; no limit given", stage, need, held);
        return WN_OK;
    }
    wn_text_bytes(job->memory_limit, limit);
    wn_log(WN_LOG_VERBOSE, "plan: %s takes up to %s beside the %s held now; the limit is %s", stage, need, held, limit);
    if (resident + bytes > job->memory_limit)
        return wn_fail(err, WN_LIMIT,
                       "%s needs %s beside the %s that are held now, more than --memory-limit %s; "
                       "raise the limit",
                       stage, need, held, limit);
    return WN_OK;
}
