/* SPDX-License-Identifier: Apache-2.0
 *
 * How many images: a count or a share, as it is typed.
 */
#include <math.h>
#include <stdbool.h>
#include <string.h>

#include "base/error.h"
#include "base/text.h"
#include "jobs/job.h"

/* "10%", also "10 %": ceil of that share of the images, at least 1. */
static wn_status parse_share(const char *text, size_t len, size_t available, size_t *out, wn_error *err)
{
    double value = 0;
    char number[32];
    size_t digits = len - 1;
    while (digits > 0 && text[digits - 1] == ' ') digits--;
    if (digits >= sizeof number) digits = 0;
    memcpy(number, text, digits);
    number[digits] = 0;
    if (!wn_text_to_real(number, &value))
        return wn_fail(err, WN_INVALID, "-n %s: a share is a number and %%, such as 10%%", text);
    if (value <= 0 || value > 100)
        return wn_fail(err, WN_INVALID, "-n %s: a share lies above 0%% and up to 100%%", text);
    value = ceil(value / 100 * (double)available - 1e-9);
    *out = value < 1 ? 1 : (size_t)value;
    return available ? WN_OK : wn_fail(err, WN_INVALID, "there is no image to pick");
}

/* Digits alone: a count, though it may be more than 64 bits hold. */
static bool is_count(const char *text)
{
    return *text && strspn(text, "0123456789") == strlen(text);
}

wn_status wn_count_parse(const char *text, size_t available, size_t repeats, bool at_most, size_t *out, wn_error *err)
{
    int64_t whole = 0;
    size_t len = text ? strlen(text) : 0;
    if (len == 0) return wn_fail(err, WN_INVALID, "how many images? Give -n 500, or -n 10%%");
    if (text[len - 1] == '%') return parse_share(text, len, available, out, err);
    const bool huge = is_count(text) && !wn_text_to_int(text, &whole);
    if (!huge && (!wn_text_to_int(text, &whole) || whole < 1))
        return wn_fail(err, WN_INVALID, "-n %s: a count is a whole number from 1, or a share such as 10%%", text);
    if ((huge || (uint64_t)whole > available) && !at_most)
        return wn_fail(err, WN_INVALID,
                       "%s were asked for, but only %zu can be picked%s; ask for fewer, or add --at-most", text,
                       available, repeats ? " (images with the same pixels count once)" : "");
    *out = huge || (uint64_t)whole > available ? available : (size_t)whole;
    return WN_OK;
}

wn_status wn_job_parse_count(const char *text, size_t available, bool at_most, size_t *out, wn_error *err)
{
    return wn_count_parse(text, available, 0, at_most, out, err);
}
