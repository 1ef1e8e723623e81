/* SPDX-License-Identifier: Apache-2.0
 */
#include "quality/ballot.h"

void wn_ballot_count(const int64_t *ids, size_t k, size_t voters, const int64_t *labels, wn_ballot *out)
{
    uint32_t most = 0;
    out->votes = out->len = 0;
    out->winner = -1;
    for (size_t i = 0; i < k && i < voters; i++) {
        if (ids[i] < 0 || labels[ids[i]] < 0) continue;
        size_t at = 0;
        while (at < out->len && out->classes[at] != labels[ids[i]]) at++;
        if (at == out->len) {
            out->classes[out->len] = labels[ids[i]];
            out->counts[out->len++] = 0;
        }
        out->counts[at]++;
        out->votes++;
    }
    for (size_t at = 0; at < out->len; at++) {
        if (out->counts[at] <= most) continue;
        most = out->counts[at];
        out->winner = out->classes[at];
    }
}
