/* SPDX-License-Identifier: Apache-2.0
 *
 * Which arithmetic pays on this machine.
 */
#include "nn/network.h"
#include "nn/onednn.h"

wn_precision wn_precision_resolve(wn_precision precision)
{
    if (precision == WN_PRECISION_FP32) return precision;
    bool wanted = precision == WN_PRECISION_BF16 || wn_onednn_bf16_pays();
    return wanted && wn_onednn_has_bf16() ? WN_PRECISION_BF16 : WN_PRECISION_FP32;
}

wn_precision wn_precision_resolve_training(wn_precision precision)
{
    return wn_precision_resolve(precision == WN_PRECISION_AUTO ? WN_PRECISION_BF16 : precision);
}
