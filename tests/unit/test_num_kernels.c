/* SPDX-License-Identifier: Apache-2.0
 *
 * The public list of kernels: complete, of distinct names, and never above the level asked for.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "winnow/kernel.h"

static void test_list(void **state)
{
    wn_kernel kernels[WN_KERNEL_MOST], few[3];
    (void)state;
    for (int level = 0; level < WN_CPU_COUNT; level++) {
        wn_cpu allowed = (wn_cpu)level < wn_cpu_detect() ? (wn_cpu)level : wn_cpu_detect();
        size_t count = wn_kernels_list((wn_cpu)level, kernels, WN_KERNEL_MOST);
        wn_cpu highest = WN_CPU_C;
        assert_true(count > 40 && count <= WN_KERNEL_MOST);
        for (size_t i = 0; i < count; i++) {
            if (kernels[i].level > highest) highest = kernels[i].level;
            for (size_t j = 0; j < i; j++) {
                assert_true(strcmp(kernels[i].family, kernels[j].family) || strcmp(kernels[i].name, kernels[j].name));
            }
        }
        assert_int_equal(highest, allowed);
        assert_int_equal(wn_kernels_list((wn_cpu)level, few, 3), count);
        assert_int_equal(wn_kernels_list((wn_cpu)level, NULL, 0), count);
        assert_string_equal(few[2].name, kernels[2].name);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_list)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
