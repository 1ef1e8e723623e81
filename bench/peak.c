/* SPDX-License-Identifier: Apache-2.0
 *
 * Peaks by loops that touch registers only: 12 independent chains of one instruction, which hide its latency on every
 * x86 core with up to two units and 6 cycles. Reading is a sum over a buffer beyond the caches of one core.
 */
#include "peak.h"

#include <stdint.h>
#include <string.h>

#include "base/clock.h"
#include "winnow/memory.h"

enum { STREAM_BYTES = 256 << 20, TRIES = 7 };
static const uint64_t loops = 400000;

#if defined(__x86_64__)

#define ONE(op, x, n) op " %%" x "mm0, %%" x "mm1, %%" x "mm" n "\n\t"
#define TWO(op, x, n)                                                                                                  \
    "vpmaddwd %%" x "mm0, %%" x "mm1, %%" x "mm2\n\tvpaddd %%" x "mm2, %%" x "mm" n ", %%" x "mm" n "\n\t"
#define CHAINS(form, op, x)                                                                                            \
    form(op, x, "4") form(op, x, "5") form(op, x, "6") form(op, x, "7") form(op, x, "8") form(op, x, "9")              \
        form(op, x, "10") form(op, x, "11") form(op, x, "12") form(op, x, "13") form(op, x, "14") form(op, x, "15")

/* Seconds of `loops` rounds of 12 chains; all registers start at zero. */
#define DEFINE_LOOP(name, form, op, x)                                                                                 \
    static double name(void)                                                                                           \
    {                                                                                                                  \
        uint64_t left = loops;                                                                                         \
        double start = wn_clock_thread_seconds();                                                                      \
        __asm__ volatile("vzeroall\n1:\n\t" CHAINS(form, op, x) "dec %0\n\tjnz 1b\n\tvzeroupper"                       \
                         : "+r"(left)                                                                                  \
                         :                                                                                             \
                         : "cc", "xmm0", "xmm1", "xmm2", "xmm4", "xmm5", "xmm6", "xmm7", "xmm8", "xmm9", "xmm10",      \
                           "xmm11", "xmm12", "xmm13", "xmm14", "xmm15");                                               \
        return wn_clock_thread_seconds() - start;                                                                      \
    }

DEFINE_LOOP(loop_f32_avx2, ONE, "vfmadd231ps", "y")
DEFINE_LOOP(loop_f32_avx512, ONE, "vfmadd231ps", "z")
DEFINE_LOOP(loop_bf16, ONE, "vdpbf16ps", "z")
DEFINE_LOOP(loop_bytes, ONE, "vpdpbusd", "z")
DEFINE_LOOP(loop_words_avx2, TWO, "", "y")
DEFINE_LOOP(loop_words_avx512, TWO, "", "z")

/* Operations a second of the loop, `each` operations an instruction. */
static double fastest(double (*loop)(void), double each)
{
    double best = 0;
    for (int i = 0; i < TRIES; i++) {
        double rate = (double)loops * 12 * each / loop();
        best = rate > best ? rate : best;
    }
    return best;
}

static double measure(peak_kind kind, wn_cpu level)
{
    int wide = level >= WN_CPU_AVX512;
    if (level < WN_CPU_AVX2) return 0;
    switch (kind) {
    case PEAK_BF16:
        if (level >= WN_CPU_AVX512BF16) return fastest(loop_bf16, 64);
        return peak_rate(PEAK_F32, level);
    case PEAK_F32:
        return wide ? fastest(loop_f32_avx512, 32) : fastest(loop_f32_avx2, 16);
    case PEAK_BYTES:
        if (level >= WN_CPU_AVX512VNNI) return fastest(loop_bytes, 128);
        return wide ? fastest(loop_words_avx512, 64) : fastest(loop_words_avx2, 32);
    default:
        return 0;
    }
}

#else

static double measure(peak_kind kind, wn_cpu level)
{
    (void)kind;
    (void)level;
    return 0;
}

#endif

/* memchr for a byte that is not there reads at the speed of memory with whatever the C library has. */
static double measure_stream(void)
{
    double best = 0;
    char *bytes = wn_calloc(WN_MEMORY_GENERAL, STREAM_BYTES, 1);
    if (!bytes) return 0;
    memset(bytes, 1, STREAM_BYTES);
    for (int i = 0; i < TRIES; i++) {
        double start = wn_clock_thread_seconds();
        if (memchr(bytes, i + 2, STREAM_BYTES)) break;
        double rate = STREAM_BYTES / (wn_clock_thread_seconds() - start);
        best = rate > best ? rate : best;
    }
    wn_free(bytes);
    return best;
}

double peak_rate(peak_kind kind, wn_cpu level)
{
    static double known[PEAK_STREAM + 1][WN_CPU_COUNT];
    double *rate = &known[kind][kind == PEAK_STREAM ? 0 : level];
    if (kind == PEAK_NONE) return 0;
    if (*rate == 0) *rate = kind == PEAK_STREAM ? measure_stream() : measure(kind, level);
    return *rate;
}
