/* SPDX-License-Identifier: Apache-2.0
 *
 * kcheck: kernels against their C reference, at every level of this machine.
 *
 *     kcheck [--list] [--only=TEXT] [--seed=N] [--rounds=N]
 */
#include "kcheck.h"

#include <math.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "num/bf16.h"

enum { SLOTS = 12, SLOT_BYTES = 4 << 20, PAGE = 4096, REPORTED = 4 };

static unsigned char *slots[SLOTS];
static kcheck *running;

/* Each slot has an unmapped page before and behind it. */
static bool map_slots(void)
{
    for (size_t i = 0; i < SLOTS; i++) {
        unsigned char *whole =
            mmap(NULL, SLOT_BYTES + 2 * PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
        if (whole == MAP_FAILED || mprotect(whole + PAGE, SLOT_BYTES, PROT_READ | PROT_WRITE)) return false;
        slots[i] = whole + PAGE;
    }
    return true;
}

void *kcheck_place(const kcheck *check, unsigned slot, size_t count, size_t size)
{
    if (count * size + 64 * size > SLOT_BYTES || slot >= SLOTS) {
        fprintf(stderr, "kcheck: %zu bytes do not fit slot %u\n", count * size, slot);
        exit(2);
    }
    if (check->start == 0) return slots[slot] + SLOT_BYTES - count * size;
    return slots[slot] + (check->start - 1) * size;
}

static float random_value(kcheck *check)
{
    static const float specials[] = {NAN, INFINITY, -INFINITY, -0.0f};
    switch (check->data) {
    case KCHECK_INTEGERS:
        return (float)wn_rng_below(&check->rng, 7) - 3.0f;
    case KCHECK_DENORMALS:
        return wn_rng_range(&check->rng, -1e-38f, 1e-38f);
    case KCHECK_SPECIALS:
        if (wn_rng_below(&check->rng, 40) == 0) return specials[wn_rng_below(&check->rng, 4)];
        return wn_rng_normal(&check->rng);
    case KCHECK_NORMAL:
        return wn_rng_normal(&check->rng);
    default:
        return 0.0f;
    }
}

void kcheck_fill_f32(kcheck *check, float *values, size_t n)
{
    for (size_t i = 0; i < n; i++) values[i] = random_value(check);
}

void kcheck_fill_bf16(kcheck *check, uint16_t *values, size_t n)
{
    for (size_t i = 0; i < n; i++) values[i] = wn_bf16_from_float(random_value(check));
}

/* Bytes know no NaN: normal data are any byte, specials are the extremes. */
void kcheck_fill_bytes(kcheck *check, void *values, size_t n)
{
    static const uint8_t extremes[] = {0x80, 0x7f, 0xff, 0x00};
    uint8_t *bytes = values;
    for (size_t i = 0; i < n; i++) {
        uint32_t any = wn_rng_u32(&check->rng);
        bytes[i] = (uint8_t)(any >> 24);
        if (check->data == KCHECK_INTEGERS) bytes[i] = (uint8_t)(any % 4);
        if (check->data == KCHECK_SPECIALS) bytes[i] = extremes[any % 4];
        if (check->data == KCHECK_DENORMALS) bytes[i] = 0x80;
        if (check->data == KCHECK_ZEROS) bytes[i] = 0;
    }
}

void kcheck_fail(kcheck *check, const char *format, ...)
{
    static const char *const data[] = {"normal", "integers", "zeros", "denormals", "specials"};
    va_list args;
    if (check->failures++ >= REPORTED) return;
    printf("FAIL %s %s: dim %zu, %s, start %zu: ", check->kernel->name, wn_cpu_name(check->level), check->dim,
           data[check->data], check->start);
    va_start(args, format);
    vprintf(format, args);
    va_end(args);
    putchar('\n');
}

/* The bound of any summation order in float32, (n - 1) * 2^-24 * sum |terms|, with room for a few more roundings. */
void kcheck_reduction(kcheck *check, float found, double expected, double terms, const char *what, size_t at)
{
    double bound = (double)(check->dim + 4) * 0x1p-24 * terms + 1e-30;
    bool fine = fabs((double)found - expected) <= bound;
    check->comparisons++;
    if (isnan(expected)) fine = isnan(found);
    if (isinf(expected)) fine = (double)found == expected;
    if (check->data == KCHECK_INTEGERS) fine = (double)found == expected;
    if (!fine) kcheck_fail(check, "%s[%zu] is %.9g, expected %.9g", what, at, (double)found, expected);
}

void kcheck_exact_f32(kcheck *check, const float *found, const float *expected, size_t n, const char *what)
{
    for (size_t i = 0; i < n; i++) {
        check->comparisons++;
        if (isnan(found[i]) && isnan(expected[i])) continue;
        if (memcmp(&found[i], &expected[i], sizeof *found) == 0) continue;
        kcheck_fail(check, "%s[%zu] is %.9g, expected %.9g", what, i, (double)found[i], (double)expected[i]);
    }
}

void kcheck_exact_s32(kcheck *check, const int32_t *found, const int32_t *expected, size_t n, const char *what)
{
    for (size_t i = 0; i < n; i++) {
        check->comparisons++;
        if (found[i] != expected[i]) kcheck_fail(check, "%s[%zu] is %d, expected %d", what, i, found[i], expected[i]);
    }
}

void kcheck_exact_bytes(kcheck *check, const void *found, const void *expected, size_t bytes, const char *what)
{
    const uint8_t *a = found, *b = expected;
    for (size_t i = 0; i < bytes; i++) {
        check->comparisons++;
        if (a[i] != b[i]) kcheck_fail(check, "%s: byte %zu is %02x, expected %02x", what, i, a[i], b[i]);
    }
}

/* A kernel that leaves its arrays meets an unmapped page; say which kernel it was and stop. */
static void report_fault(int signal_number)
{
    char line[160];
    (void)signal_number;
    int len = snprintf(line, sizeof line, "FAIL %s %s: dim %zu, start %zu: touched memory outside its arrays\n",
                       running->kernel->name, wn_cpu_name(running->level), running->dim, running->start);
    if (len > 0 && write(STDOUT_FILENO, line, (size_t)len) < 0) _exit(3);
    _exit(1);
}

/* Every size with ordinary data at both ends of the mapping, then the other data and random starts. */
static void check_sizes(kcheck *check, int rounds)
{
    static const size_t real[] = {128, 256, 384, 512, 768, 1000};
    for (int round = 0; round < rounds; round++) {
        for (size_t i = 1; i <= 97 + sizeof real / sizeof *real; i++) {
            check->dim = i <= 97 ? i : real[i - 98];
            for (check->start = 0; check->start < 2; check->start++) {
                check->data = KCHECK_NORMAL;
                check->kernel->check(check);
            }
            check->start = wn_rng_below(&check->rng, 3) ? 2 + wn_rng_below(&check->rng, 16) : 0;
            check->data = KCHECK_INTEGERS;
            check->kernel->check(check);
            check->data = (kcheck_data)(KCHECK_ZEROS + i % 3);
            check->kernel->check(check);
        }
    }
}

static void *pointer_of(const kcheck_tables *tables, size_t offset)
{
    void *pointer;
    memcpy(&pointer, (const char *)tables + offset, sizeof pointer);
    return pointer;
}

typedef struct settings {
    const char *only;
    uint64_t seed;
    int rounds;
    bool list;
} settings;

/* One kernel at each level that has code of its own; returns the number of levels that failed. */
static size_t check_kernel(const kcheck_case *kernel, const kcheck_tables *tables, const settings *set)
{
    size_t failed = 0;
    if (set->only && !strstr(kernel->name, set->only)) return 0;
    if (set->list) {
        printf("%-24s %s\n", kernel->name, kernel->errors);
        return 0;
    }
    for (int level = WN_CPU_AVX2; level <= (int)wn_cpu_level(); level++) {
        kcheck check = {.now = &tables[level], .reference = &tables[0], .kernel = kernel, .level = (wn_cpu)level};
        if (pointer_of(&tables[level], kernel->offset) == pointer_of(&tables[level - 1], kernel->offset)) continue;
        wn_rng_init(&check.rng, set->seed, (uint64_t)level);
        running = &check;
        check_sizes(&check, set->rounds);
        printf("%-4s %-24s %-11s %9zu comparisons\n", check.failures ? "FAIL" : "ok", kernel->name,
               wn_cpu_name(check.level), check.comparisons);
        failed += check.failures > 0;
    }
    return failed;
}

static bool parse(int argc, char **argv, settings *set)
{
    for (int i = 1; i < argc; i++) {
        if (strncmp(argv[i], "--only=", 7) == 0) {
            set->only = argv[i] + 7;
        } else if (strncmp(argv[i], "--seed=", 7) == 0) {
            set->seed = strtoull(argv[i] + 7, NULL, 10);
        } else if (strncmp(argv[i], "--rounds=", 9) == 0) {
            set->rounds = (int)strtol(argv[i] + 9, NULL, 10);
        } else if (strcmp(argv[i], "--list") == 0) {
            set->list = true;
        } else {
            fprintf(stderr, "usage: kcheck [--list] [--only=TEXT] [--seed=N] [--rounds=N]\n");
            return false;
        }
    }
    return true;
}

static void fill_tables(kcheck_tables *tables)
{
    for (int level = 0; level <= (int)wn_cpu_level(); level++) {
        wn_distance_kernels_init(&tables[level].distance, (wn_cpu)level);
        wn_tile_kernels_init(&tables[level].tile, (wn_cpu)level);
        wn_convert_kernels_init(&tables[level].convert, (wn_cpu)level);
        wn_topk_kernels_init(&tables[level].topk, (wn_cpu)level);
        wn_precise_kernels_init(&tables[level].precise, (wn_cpu)level);
        wn_pixels_kernels_init(&tables[level].pixels, (wn_cpu)level);
        wn_resample_kernels_init(&tables[level].resample, (wn_cpu)level);
        wn_hamming_kernels_init(&tables[level].hamming, (wn_cpu)level);
        wn_cover_kernels_init(&tables[level].cover, (wn_cpu)level);
        wn_layout_kernels_init(&tables[level].layout, (wn_cpu)level);
        wn_fft_kernels_init(&tables[level].fft, (wn_cpu)level);
        wn_bundles_kernels_init(&tables[level].bundles, (wn_cpu)level);
        wn_splines_kernels_init(&tables[level].splines, (wn_cpu)level);
    }
}

int main(int argc, char **argv)
{
    static kcheck_tables tables[WN_CPU_COUNT];
    const kcheck_case *const families[] = {
        kcheck_distance_cases, kcheck_tile_cases,    kcheck_convert_cases, kcheck_topk_cases,   kcheck_pixels_cases,
        kcheck_resample_cases, kcheck_hamming_cases, kcheck_precise_cases, kcheck_layout_cases, kcheck_fft_cases,
        kcheck_bundles_cases,  kcheck_splines_cases, kcheck_cover_cases};
    settings set = {.seed = 1, .rounds = 1};
    size_t failed = 0;
    if (!parse(argc, argv, &set)) return 2;
    if (!map_slots()) {
        perror("kcheck: mmap");
        return 2;
    }
    signal(SIGSEGV, report_fault);
    fill_tables(tables);
    for (int level = (int)wn_cpu_level() + 1; level < WN_CPU_COUNT; level++) {
        printf("skip %s: %s\n", wn_cpu_name((wn_cpu)level),
               level > (int)wn_cpu_detect() ? "this machine does not have it" : "masked by WN_CPU");
    }
    for (size_t f = 0; f < sizeof families / sizeof *families; f++) {
        for (const kcheck_case *kernel = families[f]; kernel->name; kernel++) {
            failed += check_kernel(kernel, tables, &set);
        }
    }
    if (!set.list) printf("%s, seed %llu\n", failed ? "FAILED" : "passed", (unsigned long long)set.seed);
    return failed ? 1 : 0;
}
