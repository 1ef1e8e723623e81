/* SPDX-License-Identifier: Apache-2.0
 *
 * What every fuzz target defines: libFuzzer's entry, which replay.c calls with the files of a corpus.
 */
#ifndef FUZZ_FUZZ_H
#define FUZZ_FUZZ_H

#include <stddef.h>
#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#endif
