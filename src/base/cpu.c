/* SPDX-License-Identifier: Apache-2.0
 *
 * Detection by the compiler's CPU model, which also asks whether the system saves the wide registers.
 */
#include "winnow/cpu.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#if defined(__x86_64__)
#include <cpuid.h>
#endif

static const char *const names[] = {
#define X(name, text, summary) text,
    WN_CPU_MAP(X)
#undef X
};

static const char *const summaries[] = {
#define X(name, text, summary) summary,
    WN_CPU_MAP(X)
#undef X
};

static wn_cpu highest_asked = (wn_cpu)(WN_CPU_COUNT - 1);

#if defined(__x86_64__)
/* Clang 14 has no name for it; where AVX2 may be used, the system saves what it needs. */
static bool has_f16c(void)
{
    unsigned a, b, c, d;
    return __get_cpuid(1, &a, &b, &c, &d) && (c & bit_F16C);
}
#endif

wn_cpu wn_cpu_detect(void)
{
#if defined(__x86_64__)
    __builtin_cpu_init();
    if (!__builtin_cpu_supports("avx2") || !__builtin_cpu_supports("fma") || !__builtin_cpu_supports("popcnt") ||
        !has_f16c())
        return WN_CPU_C;
    if (!__builtin_cpu_supports("avx512f") || !__builtin_cpu_supports("avx512bw") ||
        !__builtin_cpu_supports("avx512dq") || !__builtin_cpu_supports("avx512vl"))
        return WN_CPU_AVX2;
    if (!__builtin_cpu_supports("avx512vnni")) return WN_CPU_AVX512;
    return __builtin_cpu_supports("avx512bf16") ? WN_CPU_AVX512BF16 : WN_CPU_AVX512VNNI;
#else
    return WN_CPU_C;
#endif
}

static wn_cpu level_of_environment(void)
{
    const char *text = getenv("WN_CPU");
    for (int level = 0; text && level < WN_CPU_COUNT; level++) {
        if (strcmp(text, names[level]) == 0) return (wn_cpu)level;
    }
    return (wn_cpu)(WN_CPU_COUNT - 1);
}

wn_cpu wn_cpu_level(void)
{
    wn_cpu level = wn_cpu_detect(), asked = level_of_environment();
    if (asked < level) level = asked;
    return highest_asked < level ? highest_asked : level;
}

void wn_cpu_set_highest(wn_cpu level)
{
    highest_asked = level;
}

const char *wn_cpu_name(wn_cpu level)
{
    return (unsigned)level < WN_CPU_COUNT ? names[level] : "unknown";
}

const char *wn_cpu_summary(wn_cpu level)
{
    return (unsigned)level < WN_CPU_COUNT ? summaries[level] : "unknown";
}

const char *wn_cpu_model(void)
{
    static char model[128];
    if (model[0]) return model;
    snprintf(model, sizeof model, "unknown processor");
    FILE *file = fopen("/proc/cpuinfo", "re");
    if (!file) return model;
    char line[256];
    while (fgets(line, sizeof line, file)) {
        char *colon = strchr(line, ':');
        if (strncmp(line, "model name", 10) != 0 || !colon) continue;
        line[strcspn(line, "\n")] = 0;
        snprintf(model, sizeof model, "%.120s", colon + 1 + strspn(colon + 1, " "));
        break;
    }
    fclose(file);
    return model;
}
