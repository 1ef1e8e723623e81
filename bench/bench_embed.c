/* SPDX-License-Identifier: Apache-2.0
 *
 * Images a second and core that a model embeds from decoded pixels, in processor time of one thread.
 *
 *     bench_embed MODEL.wnm|default [IMAGES] [fp32|bf16]
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "winnow/memory.h"
#include "winnow/model.h"

static double cpu_seconds(void)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

int main(int argc, char **argv)
{
    wn_error err = {0};
    wn_model *model = NULL;
    const size_t count = argc > 2 ? strtoul(argv[2], NULL, 10) : 2048;
    const char *wanted = argc > 3 ? argv[3] : "auto";
    const wn_precision precision = strcmp(wanted, "fp32") == 0   ? WN_PRECISION_FP32
                                   : strcmp(wanted, "bf16") == 0 ? WN_PRECISION_BF16
                                                                 : WN_PRECISION_AUTO;
    if (argc < 2 || wn_model_open(argv[1], precision, &model, &err) != WN_OK) {
        fprintf(stderr, "usage: bench_embed MODEL.wnm|default [IMAGES] [fp32|bf16]\n%s\n", err.message);
        return 2;
    }
    const wn_model_info *info = wn_model_get_info(model);
    const size_t bytes = (size_t)info->side * info->side * 3;
    uint8_t *images = wn_alloc(WN_MEMORY_GENERAL, count, bytes);
    float *rows = wn_alloc(WN_MEMORY_GENERAL, count, info->dim * sizeof *rows);
    double best = 1e30;
    if (!images || !rows) return 1;
    for (size_t i = 0; i < count * bytes; i++) images[i] = (uint8_t)(i * 2654435761U >> 24);
    for (int run = 0; run < 4; run++) { /* the first one makes the convolutions */
        double begin = cpu_seconds();
        if (wn_model_embed(model, NULL, images, count, rows, &err) != WN_OK) return 1;
        double spent = cpu_seconds() - begin;
        if (spent < best) best = spent;
    }
    printf("%s side %u %s: %.0f images/s/core, %.3f GFLOP an image, %.0f GFLOP/s\n", info->architecture,
           (unsigned)info->side, info->precision == WN_PRECISION_BF16 ? "bf16" : "fp32", (double)count / best,
           info->flop * 1e-9, info->flop * (double)count / best * 1e-9);
    wn_model_close(&model);
    wn_free(images);
    wn_free(rows);
    return 0;
}
