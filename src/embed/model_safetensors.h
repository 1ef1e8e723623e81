/* SPDX-License-Identifier: Apache-2.0
 *
 * winnow's own networks as safetensors (docs/formats/safetensors.md).
 */
#ifndef EMBED_MODEL_SAFETENSORS_H
#define EMBED_MODEL_SAFETENSORS_H

#include "base/buffer.h"
#include "winnow/status.h"

/* The bytes of a safetensors file as those of a model file. `name` is the file's name in messages. WN_CORRUPT,
 * WN_UNSUPPORTED: no description, another network, numbers that are missing, of another shape or of whole numbers. */
WN_NODISCARD wn_status wn_model_from_safetensors(const void *bytes, size_t len, const char *name, wn_buffer *out,
                                                 wn_error *err);

#endif
