/* SPDX-License-Identifier: Apache-2.0
 *
 * The report as a file: names that try to break out of it, its bound on bytes, missing parts, and data that does not
 * fit.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <math.h>
#include <unistd.h>

#include <jansson.h>

#include "base/file.h"
#include "report/report.h"
#include "winnow/memory.h"

enum { ROWS = 400, PICKS = 30 };

static char path[160];
static wn_error err;
static wn_buffer page;

/* Names that are hostile or merely odd; the rest are ordinary. */
static const char *const nasty[] = {
    "</script><script>alert(1)</script>.jpg",
    "\" onerror=\"alert(2)\" x=\".jpg",
    "' onerror='alert(3).jpg",
    "<img src=x onerror=alert(4)>.jpg",
    "bad \xff\xfe utf8 \xc3.jpg",
    "two\nlines\tand a tab\r.jpg",
    "back\\slash \\u003c \\n.jpg",
    "&amp; &lt; &#60;.jpg",
    "\xd1\x84\xd0\xbe\xd1\x82\xd0\xbe \xe5\x86\x99\xe7\x9c\x9f.jpg",
    "<!--",
    "]]>",
    "%s%n%p.jpg",
    "",
};
enum { NASTY = sizeof nasty / sizeof nasty[0] };

static wn_status give_name(void *context, int64_t row, wn_buffer *out)
{
    (void)context;
    if (row < NASTY) return wn_buffer_text(out, nasty[row]);
    return wn_buffer_format(out, "folder/IMG_%04d.jpg", (int)row);
}

/* A JPEG in its first bytes, of the size that the context says. */
static wn_status give_thumb(void *context, int64_t row, wn_buffer *out)
{
    size_t len = *(const size_t *)context;
    char *at = wn_buffer_reserve(out, len);
    if (!at) return WN_NOMEM;
    for (size_t i = 0; i < len; i++) at[i] = (char)(row * 31 + (int64_t)i);
    memcpy(at, "\xff\xd8\xff\xe0", 4);
    out->len = len;
    return WN_OK;
}

static float places[2][ROWS], facts[WN_REPORT_FACT_COUNT][ROWS], distances[PICKS];
static int64_t picks[PICKS], earlier[5];
static wn_report_covering randoms[10];
static wn_report_loss losses[50];
static wn_report_duplicate duplicates[60];
static wn_report_bad bads[NASTY];
static size_t thumb_bytes = 900;

/* A report with everything in it. */
static wn_report full(void)
{
    for (int i = 0; i < ROWS; i++) {
        places[0][i] = sinf((float)i), places[1][i] = cosf(1.7f * (float)i);
        for (int f = 0; f < WN_REPORT_FACT_COUNT; f++) facts[f][i] = 10.0f + (float)((i * (f + 3)) % 97);
        facts[WN_REPORT_FACT_CAPTURE_TIME][i] = 1.6e9f + 40000.0f * (float)i;
        facts[WN_REPORT_FACT_WIDTH][i] = 32;
    }
    places[0][50] = NAN;
    facts[WN_REPORT_FACT_CONTRAST][7] = NAN;
    for (int i = 0; i < PICKS; i++) picks[i] = i < NASTY ? i : i * 9, distances[i] = i ? 3.0f / (float)i : NAN;
    for (int i = 0; i < 5; i++) earlier[i] = 300 + i;
    for (int i = 0; i < 10; i++) randoms[i] = (wn_report_covering){0.8 + 0.01 * i, 0.5, 0.3};
    for (int i = 0; i < 50; i++) losses[i] = (wn_report_loss){256.0 * i, 0.5 * i, 5.0 / (1 + i), 0.85 - 0.001 * i};
    for (int i = 0; i < 60; i++)
        duplicates[i] = (wn_report_duplicate){i / 8, 100 + i, 0.001f * (float)i, (wn_report_alike)(i % 3)};
    for (int i = 0; i < NASTY; i++) bads[i] = (wn_report_bad){nasty[i], nasty[NASTY - 1 - i]};
    static const char *const sources[] = {"/photos/<b>"};
    static const wn_report_line lines[] = {{"Seed", "0"}, {"Nasty", "</script>"}},
                                files[] = {{"The list", "selected.txt"}};
    static const double spread[] = {0.4, 0.5, 0.6}, none[] = {0, 0, 0}, unknown[] = {0, NAN, 0};
    static const wn_report_evidence evidence[] = {{"coverage", NULL, false, 0.5, spread, 3},
                                                  {"duplicate pairs", NULL, true, 0, none, 3},
                                                  {"entropy", "<b>weather", false, 0.9, spread, 3},
                                                  {"entropy", "unknown", false, 0.9, unknown, 3}};
    static const wn_report_group groups[] = {{20, 1234}, {50, 40}, {21, 30}}; /* row 50 is not on the map */
    static const wn_report_stage stages[] = {{"scan", 0.5}, {"read", 2}};
    wn_report r = {.title = "</title><script>",
                   .sources = sources,
                   .sources_len = 1,
                   .created = 1700000000,
                   .found = 413,
                   .readable = ROWS,
                   .exact_duplicates = 20,
                   .model = "net",
                   .model_trained = true,
                   .dim = 64,
                   .rows = ROWS,
                   .map_x = places[0],
                   .map_y = places[1],
                   .map_method = "PCA",
                   .map_share = {0.4, 0.2},
                   .map_quality = {0.912, 0.875, 0.31, 0.74, 0.66, 15, 400},
                   .groups = groups,
                   .groups_len = 3,
                   .strategy = "farthest-first",
                   .picks = picks,
                   .pick_distance = distances,
                   .picks_len = PICKS,
                   .earlier = earlier,
                   .earlier_len = 5,
                   .covering = {0.5, 0.3, 0.2},
                   .random_covering = randoms,
                   .random_len = 10,
                   .evidence = evidence,
                   .evidence_len = 4,
                   .losses = losses,
                   .losses_len = 50,
                   .duplicates = duplicates,
                   .duplicates_len = 60,
                   .bad = bads,
                   .bad_len = NASTY,
                   .stages = stages,
                   .stages_len = 2,
                   .peak_memory_bytes = 123456789,
                   .command = "winnow curate '</code><script>' -n 30",
                   .lines = lines,
                   .lines_len = 2,
                   .files = files,
                   .files_len = 1,
                   .context = &thumb_bytes,
                   .name = give_name,
                   .thumb = give_thumb};
    for (int f = 0; f < WN_REPORT_FACT_COUNT; f++) r.facts[f] = facts[f];
    return r;
}

static int setup(void **state)
{
    (void)state;
    const char *base = getenv("TMPDIR");
    thumb_bytes = 900;
    snprintf(path, sizeof path, "%s/winnow-report-%ld.html", base && *base ? base : "/tmp", (long)getpid());
    wn_buffer_init(&page, WN_MEMORY_TEXT, 0);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    wn_buffer_clear(&page);
    remove(path);
    assert_int_equal(wn_memory_live(WN_MEMORY_COUNT), 0);
    return 0;
}

static void write_and_load(const wn_report *report)
{
    if (wn_report_write(path, report, NULL, &err)) fail_msg("%s", err.message);
    assert_int_equal(wn_file_read(path, (size_t)1 << 28, &page, &err), WN_OK);
}

static size_t count(const char *what)
{
    size_t n = 0;
    for (const char *at = page.data; (at = strstr(at, what)) != NULL; at += strlen(what)) n++;
    return n;
}

static bool is_utf8(const unsigned char *s, size_t len)
{
    for (size_t i = 0; i < len;) {
        size_t n = s[i] < 0x80                   ? 1
                   : s[i] >= 0xc2 && s[i] < 0xe0 ? 2
                   : s[i] >= 0xe0 && s[i] < 0xf0 ? 3
                   : s[i] >= 0xf0 && s[i] < 0xf5 ? 4
                                                 : 0;
        if (n == 0 || i + n > len) return false;
        for (size_t k = 1; k < n; k++)
            if ((s[i + k] & 0xc0) != 0x80) return false;
        i += n;
    }
    return true;
}

static void test_names_cannot_break_out(void **state)
{
    (void)state;
    wn_report report = full();
    write_and_load(&report);
    assert_true(is_utf8((const unsigned char *)page.data, page.len));
    assert_int_equal(strlen(page.data), page.len); /* no zero byte */
    /* Only our own elements: the data, the script of the page, and no other handler or element. */
    assert_int_equal(count("<script"), 2);
    assert_int_equal(count("</script"), 2);
    assert_int_equal(count("<title>"), 1);
    assert_int_equal(count("<img src=x"), 0);
    assert_int_equal(count("\" onerror"), 0);
    assert_int_equal(count("' onerror"), 0);
    assert_int_equal(count("<!--"), 0);
    assert_int_equal(count("<b>/"), 0);
    assert_int_equal(count("http"), 1); /* "http-equiv": nothing is loaded */
}

/* The data island, parsed by another program's parser. */
static void test_map_data_is_json_with_true_names(void **state)
{
    (void)state;
    wn_report report = full();
    write_and_load(&report);
    char *start = strstr(page.data, "id=\"map-data\">");
    assert_non_null(start);
    start = strchr(start, '>') + 1;
    json_error_t problem;
    json_t *root = json_loadb(start, (size_t)(strstr(start, "</script>") - start), 0, &problem);
    if (!root) fail_msg("%s", problem.text);
    json_t *names = json_object_get(json_object_get(root, "picks"), "names");
    assert_int_equal(json_array_size(names), PICKS);
    assert_string_equal(json_string_value(json_array_get(names, 0)), nasty[0]);
    assert_string_equal(json_string_value(json_array_get(names, 1)), nasty[1]);
    assert_non_null(strstr(json_string_value(json_array_get(names, 4)), "\\xff\\xfe"));
    assert_string_equal(json_string_value(json_array_get(names, 8)), nasty[8]);
    json_t *rest = json_object_get(root, "rest");
    size_t points = ROWS - PICKS - 5 - 1; /* one has no place */
    assert_int_equal(json_array_size(json_object_get(rest, "names")), points);
    assert_int_equal(strlen(json_string_value(json_object_get(rest, "xy"))), (points * 4 + 2) / 3 * 4);
    assert_true(json_object_size(json_object_get(rest, "thumbs")) > 100);
    json_t *groups = json_object_get(root, "groups");
    assert_int_equal(json_array_size(json_object_get(groups, "size")), 2);
    assert_int_equal(json_integer_value(json_array_get(json_object_get(groups, "size"), 0)), 1234);
    assert_int_equal(json_array_size(json_object_get(groups, "thumbs")), 2);
    assert_int_equal(strlen(json_string_value(json_object_get(groups, "xy"))), 12);
    json_decref(root);
}

/* Every figure of the map that is known, and no word of those that are not. */
static void test_figures_of_the_map(void **state)
{
    wn_report r = full();
    (void)state;
    write_and_load(&r);
    assert_non_null(strstr(page.data, "<b>0.912</b><span>trustworthiness"));
    assert_non_null(strstr(page.data, "<b>0.875</b><span>continuity"));
    assert_non_null(strstr(page.data, "<b>31 %</b>"));
    assert_non_null(strstr(page.data, "<b>74 %</b>"));
    assert_non_null(strstr(page.data, "<b>66 %</b>"));
    r.map_quality.labels = NAN;
    write_and_load(&r);
    assert_null(strstr(page.data, "have the label of"));
    assert_null(strstr(page.data, "<b>nan"));
    r.map_quality.sampled = 0, r.groups_len = 1;
    write_and_load(&r);
    assert_null(strstr(page.data, "How true the map is"));
    assert_null(strstr(page.data, "typical image of each group"));
}

static void test_the_page_stays_below_its_bound(void **state)
{
    (void)state;
    wn_report report = full();
    thumb_bytes = 40000;
    report.max_bytes = (size_t)2 << 20;
    write_and_load(&report);
    assert_true(page.len < report.max_bytes + 60000);
    assert_true(page.len > report.max_bytes / 2);
    assert_non_null(strstr(page.data, "selected.csv</code>"));
}

static void test_the_same_data_give_the_same_bytes(void **state)
{
    (void)state;
    wn_buffer first;
    wn_report report = full();
    write_and_load(&report);
    first = page;
    wn_buffer_init(&page, WN_MEMORY_TEXT, 0);
    write_and_load(&report);
    assert_int_equal(first.len, page.len);
    assert_memory_equal(first.data, page.data, page.len);
    wn_buffer_clear(&first);
}

static void test_evidence_beyond_distances(void **state)
{
    (void)state;
    wn_report report = full();
    write_and_load(&report);
    assert_int_equal(count("Better than "), 3); /* what is not known is left out */
    assert_non_null(
        strstr(page.data, "Here 0.5, for random selections 0.5 on average. Better than 1 of 3, equal to 1."));
    assert_non_null(strstr(page.data, "Here 0, for random selections 0 on average. Better than 0 of 3, equal to 3."));
    assert_non_null(strstr(page.data, "Mix of classes: <bdi>&lt;b&gt;weather</bdi>"));
    report.evidence_len = 0;
    write_and_load(&report);
    assert_int_equal(count("Better than "), 0);
    assert_int_equal(count("id=\"covering\""), 1);
}

static void test_parts_may_be_missing(void **state)
{
    (void)state;
    wn_report report = {.name = give_name};
    write_and_load(&report);
    assert_int_equal(count("<section"), 1); /* how it was made */
    assert_int_equal(count("NAN") + count("nan\"") + count("inf\""), 0);

    report = full();
    report.thumb = NULL, report.pick_distance = NULL, report.random_len = 0, report.losses_len = 1,
    report.picks_len = 1;
    for (int i = 0; i < ROWS; i++)
        places[0][i] = places[1][i] = 1, facts[WN_REPORT_FACT_CAPTURE_TIME][i] = NAN,
        facts[WN_REPORT_FACT_ASPECT][i] = -1;
    write_and_load(&report);
    assert_int_equal(count("id=\"training\""), 0);
    assert_int_equal(count("id=\"covering\""), 0);
    assert_int_equal(count("image/jpeg"), 0);
    assert_int_equal(count("Time of capture"), 0);
    assert_non_null(strstr(page.data, "The same in every file"));
}

/* The training shows its loss and, where the log tells it, the spread of the embedding. */
static void test_training_shows_loss_and_spread(void **state)
{
    (void)state;
    wn_report report = full();
    write_and_load(&report);
    assert_int_equal(count("Training loss against images seen"), 1);
    assert_int_equal(count("Spread of the embedding against images seen"), 1);
    assert_int_equal(count("At the end of this training it was 0.80."), 1);
    for (int i = 0; i < 50; i++) losses[i].spread = NAN;
    write_and_load(&report);
    assert_int_equal(count("Training loss against images seen"), 1);
    assert_int_equal(count("Spread of the embedding"), 0);
}

static bool stop(void *context, const wn_progress_report *report)
{
    (void)context, (void)report;
    return true;
}

static void test_bad_data_and_failures_leave_no_page(void **state)
{
    (void)state;
    const wn_progress progress = {stop, NULL};
    wn_report report = full();
    picks[3] = ROWS;
    assert_int_equal(wn_report_write(path, &report, NULL, &err), WN_INVALID);
    assert_non_null(strstr(err.message, "400"));
    report = full();
    assert_int_equal(wn_report_write(path, &report, &progress, &err), WN_CANCELLED);
    assert_false(wn_file_exists(path));
    assert_int_not_equal(wn_report_write("/dev/null/report.html", &report, NULL, &err), WN_OK);
    report.name = NULL;
    assert_int_equal(wn_report_write(path, &report, NULL, &err), WN_INVALID);
    assert_false(wn_file_exists(path));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_names_cannot_break_out, setup, teardown),
        cmocka_unit_test_setup_teardown(test_map_data_is_json_with_true_names, setup, teardown),
        cmocka_unit_test_setup_teardown(test_figures_of_the_map, setup, teardown),
        cmocka_unit_test_setup_teardown(test_the_page_stays_below_its_bound, setup, teardown),
        cmocka_unit_test_setup_teardown(test_the_same_data_give_the_same_bytes, setup, teardown),
        cmocka_unit_test_setup_teardown(test_training_shows_loss_and_spread, setup, teardown),
        cmocka_unit_test_setup_teardown(test_evidence_beyond_distances, setup, teardown),
        cmocka_unit_test_setup_teardown(test_parts_may_be_missing, setup, teardown),
        cmocka_unit_test_setup_teardown(test_bad_data_and_failures_leave_no_page, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
