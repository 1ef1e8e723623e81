/* SPDX-License-Identifier: Apache-2.0
 *
 * Single 3 x 3 convolutions in the shapes of ResNet-18, 64 views, one thread: winnow's Winograd algorithm beside
 * oneDNN. bench_convolution [fp32|bf16] [RUNS]. One JSON line for each convolution and direction: milliseconds of
 * processor time, the best of RUNS (6). Floor: the products that the algorithm needs at this machine's peak.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "nn/onednn.h"
#include "nn/winograd.h"
#include "peak.h"
#include "winnow/cpu.h"
#include "winnow/memory.h"

enum { VIEWS = 64, TAPS = 9 };

static const struct {
    uint32_t side, in, out, stride;
} shapes[] = {{32, 64, 64, 1},  {16, 128, 128, 1}, {8, 256, 256, 1}, {4, 512, 512, 1},
              {32, 64, 128, 2}, {16, 128, 256, 2}, {8, 256, 512, 2}};

static const char *const directions[] = {"forward", "by data", "by weights"};

static wn_error err;

static double now(void)
{
    struct timespec time;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
    return (double)time.tv_sec * 1e3 + (double)time.tv_nsec * 1e-6;
}

static void stop(void)
{
    fprintf(stderr, "bench_convolution: %s\n", err.message);
    exit(1);
}

/* Small numbers of either kind: 0x3c3c is 0.0115 in bf16, and so is 0x3c3c3c3c in fp32. */
static void *room(size_t bytes)
{
    void *block = wn_alloc(WN_MEMORY_GENERAL, bytes, 1);
    if (!block) {
        fputs("bench_convolution: out of memory\n", stderr);
        exit(1);
    }
    return memset(block, 0x3c, bytes);
}

static double least(double a, double b)
{
    return a < b ? a : b;
}

typedef struct figures {
    double run, pack, onednn;
} figures;

static void time_ours(const wn_conv_shape *shape, wn_conv_direction direction, long runs, void *inner, void *outer,
                      figures *out)
{
    wn_winograd winograd;
    wn_winograd_init(&winograd, direction, shape, wn_cpu_level());
    void *packed = room(wn_winograd_weight_bytes(&winograd)), *scratch = room(wn_winograd_scratch_bytes(&winograd));
    float *plain = room((size_t)TAPS * shape->channels_in * shape->channels_out * sizeof *plain);
    for (long i = 0; i < runs; i++) {
        double begin = now();
        wn_winograd_run(&winograd, inner, packed, outer, scratch);
        double middle = now();
        if (direction == WN_CONV_BACKWARD_WEIGHTS)
            wn_winograd_unpack(&winograd, packed, plain);
        else
            wn_winograd_pack(&winograd, plain, packed);
        out->run = least(out->run, middle - begin);
        out->pack = least(out->pack, now() - middle);
    }
    wn_free(plain);
    wn_free(scratch);
    wn_free(packed);
}

static void time_onednn(wn_onednn *onednn, const wn_conv_shape *shape, wn_conv_direction direction, long runs,
                        void *inner, void *outer, figures *out)
{
    wn_onednn_stream *stream = NULL;
    wn_onednn_conv *conv = NULL;
    if (wn_onednn_stream_new(onednn, &stream, &err) || wn_onednn_conv_new(onednn, direction, shape, &conv, &err))
        stop();
    void *packed = room(wn_onednn_conv_weight_bytes(conv)), *scratch = room(wn_onednn_conv_scratch_bytes(conv) + 64);
    wn_onednn_section section = wn_onednn_enter();
    for (long i = 0; i < runs; i++) {
        double begin = now();
        if (wn_onednn_conv_run(conv, stream, inner, packed, outer, scratch, &err)) stop();
        out->onednn = least(out->onednn, now() - begin);
    }
    wn_onednn_leave(section);
    wn_free(scratch);
    wn_free(packed);
    wn_onednn_conv_free(&conv);
    wn_onednn_stream_free(&stream);
}

static void measure(wn_onednn *onednn, const wn_conv_shape *shape, wn_conv_direction direction, long runs, double peak)
{
    const size_t element = shape->bf16 ? 2 : 4, side = shape->side / shape->stride;
    const size_t inner_count = (size_t)VIEWS * shape->side * shape->side * shape->channels_in;
    const size_t outer_count = VIEWS * side * side * shape->channels_out;
    const double flop = 2.0 * TAPS * (double)outer_count * shape->channels_in;
    figures best = {1e9, 1e9, 1e9};
    void *inner = room(inner_count * element), *outer = room(outer_count * element);

    time_ours(shape, direction, runs, inner, outer, &best);
    time_onednn(onednn, shape, direction, runs, inner, outer, &best);
    printf("{\"bench\":\"convolution\",\"precision\":\"%s\",\"side\":%u,\"in\":%u,\"out\":%u,\"stride\":%u,"
           "\"direction\":\"%s\",\"winograd_ms\":%.1f,\"pack_ms\":%.1f,\"onednn_ms\":%.1f,\"floor_ms\":%.1f}\n",
           shape->bf16 ? "bf16" : "fp32", shape->side, shape->channels_in, shape->channels_out, shape->stride,
           directions[direction], best.run, best.pack, best.onednn,
           flop * (shape->stride == 1 ? 36.0 / 144 : 81.0 / 144) / peak * 1e3);
    wn_free(outer);
    wn_free(inner);
}

int main(int argc, char **argv)
{
    const bool bf16 = argc > 1 && strcmp(argv[1], "bf16") == 0;
    const long runs = argc > 2 ? strtol(argv[2], NULL, 10) : 6;
    wn_onednn *onednn = NULL;
    if (runs < 1 || (argc > 1 && !bf16 && strcmp(argv[1], "fp32") != 0)) {
        fputs("usage: bench_convolution [fp32|bf16] [RUNS]\n", stderr);
        return 2;
    }
    if (bf16 && !wn_onednn_has_bf16()) {
        fputs("bench_convolution: this processor has no bf16\n", stderr);
        return 1;
    }
    const double peak = peak_rate(bf16 ? PEAK_BF16 : PEAK_F32, wn_cpu_level());
    if (wn_onednn_new(&onednn, &err)) stop();
    for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++) {
        const wn_conv_shape shape = {.views = VIEWS,
                                     .side = shapes[i].side,
                                     .channels_in = shapes[i].in,
                                     .channels_out = shapes[i].out,
                                     .kernel = 3,
                                     .stride = shapes[i].stride,
                                     .bf16 = bf16};
        for (int d = 0; d < 3; d++) measure(onednn, &shape, (wn_conv_direction)d, runs, peak);
    }
    wn_onednn_free(&onednn);
    return 0;
}
