/* SPDX-License-Identifier: Apache-2.0 */
#include "reduce_options.h"

wn_status check_reduce(session *run, const wn_reduce *reduce, bool arrays, wn_error *err)
{
    if (reduce->whiten && !reduce->dim)
        return command_usage_error(run, err, "--whiten goes with --dim D: name the dimensions to keep");
    if (reduce->dim && arrays)
        return command_usage_error(
            run, err,
            "--dim is for models; reduce an array with 'winnow embed --embeddings E.npy --dim D --out F.npy'");
    return WN_OK;
}
