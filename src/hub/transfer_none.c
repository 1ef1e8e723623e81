/* SPDX-License-Identifier: Apache-2.0
 *
 * In place of transfer.c where libcurl was not found when winnow was built.
 */
#include "base/error.h"
#include "hub/transfer.h"

wn_status wn_transfer(const char *url, uint64_t from, const wn_receiver *receiver, const wn_progress *progress,
                      bool *again, wn_error *err)
{
    (void)from;
    (void)receiver;
    (void)progress;
    *again = false;
    return wn_fail(
        err, WN_UNSUPPORTED,
        "this winnow was built without libcurl; fetch %s by other means, or install libcurl4-openssl-dev and "
        "build again",
        url);
}
