/* SPDX-License-Identifier: Apache-2.0
 *
 * The CSV files of the check job (docs/checks.md, "Files").
 */
#include "jobs/check.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "base/file.h"
#include "base/text.h"
#include "jobs/csv_table.h"
#include "jobs/curate.h"
#include "winnow/duplicates.h"
#include "winnow/label_health.h"
#include "winnow/memory.h"

/* "odd-size" as files call it: odd_size. */
static void add_issue_name(wn_buffer *text, const char *name)
{
    for (; *name; name++) wn_buffer_add(text, *name == '-' ? "_" : name, 1);
}

wn_status wn_checking_write_issues(const wn_checking *s, wn_error *err)
{
    wn_csv_table t;
    wn_csv_table_open(&t, s->folder, "issues.csv", "path", err);
    for (size_t c = 0; c < s->count; c++) {
        wn_buffer_text(&t.text, ",is_");
        add_issue_name(&t.text, s->checks[c]->name);
        wn_buffer_text(&t.text, "_issue,");
        add_issue_name(&t.text, s->checks[c]->name);
        wn_buffer_text(&t.text, "_score");
    }
    wn_buffer_text(&t.text, "\n");
    for (size_t i = 0; i < s->rows.len && !t.status; i++) {
        wn_text_add_csv(&t.text, s->images[i].path);
        for (size_t c = 0; c < s->count; c++) {
            wn_buffer_text(&t.text, s->results[c].is_issue[i] ? ",True" : ",False");
            wn_csv_table_figure(&t, (double)s->results[c].scores[i]);
        }
        wn_buffer_text(&t.text, "\n");
        wn_csv_table_flush(&t);
    }
    return wn_csv_table_close(&t);
}

static wn_status write_stats(const wn_checking *s, wn_error *err)
{
    const wn_check_input *in = &s->input;
    wn_csv_table t;
    wn_csv_table_open(
        &t, s->folder, "stats.csv",
        "path,width,height,file_size,luminance,contrast,sharpness,signal_to_noise,uniform_row_ratio,mean_red,"
        "mean_green,mean_blue,stdv_red,stdv_green,stdv_blue\n",
        err);
    for (size_t i = 0; i < s->rows.len && !t.status; i++) {
        wn_text_add_csv(&t.text, s->images[i].path);
        wn_buffer_format(&t.text, ",%d,%d,%llu", (int)in->width[i], (int)in->height[i],
                         (unsigned long long)s->images[i].bytes);
        const float *facts[] = {in->luminance, in->contrast, in->sharpness, in->signal_to_noise, in->uniform_row_ratio};
        for (size_t f = 0; f < sizeof facts / sizeof *facts; f++)
            wn_csv_table_figure(&t, facts[f] ? (double)facts[f][i] : (double)NAN);
        for (size_t c = 0; c < 3; c++) wn_csv_table_figure(&t, in->mean ? (double)in->mean[3 * i + c] : (double)NAN);
        for (size_t c = 0; c < 3; c++)
            wn_csv_table_figure(&t, in->deviation ? (double)in->deviation[3 * i + c] : (double)NAN);
        wn_buffer_text(&t.text, "\n");
        wn_csv_table_flush(&t);
    }
    return wn_csv_table_close(&t);
}

typedef struct pair {
    size_t from, to;
    float distance;
} pair;

static int compare_pairs(const void *a, const void *b)
{
    const pair *x = a, *y = b;
    if (x->distance < y->distance || x->distance > y->distance) return x->distance < y->distance ? -1 : 1;
    if (x->from != y->from) return x->from < y->from ? -1 : 1;
    return (x->to > y->to) - (x->to < y->to);
}

static void add_pair(wn_csv_table *t, const wn_checking *s, size_t from, size_t to, double distance)
{
    wn_text_add_csv(&t->text, s->images[from].path);
    wn_buffer_text(&t->text, ",");
    wn_text_add_csv(&t->text, s->images[to].path);
    wn_csv_table_figure(t, distance);
}

static wn_status write_duplicates(const wn_checking *s, pair *pairs, wn_error *err)
{
    size_t n = 0;
    wn_csv_table t;
    for (size_t i = 0; i < s->rows.len; i++) {
        if (s->leaders[i] != i) pairs[n++] = (pair){s->leaders[i], i, s->distances[i]};
    }
    qsort(pairs, n, sizeof *pairs, compare_pairs);
    wn_csv_table_open(&t, s->folder, "duplicates.csv", "from,to,distance\n", err);
    for (size_t i = 0; i < n && !t.status; i++) {
        add_pair(&t, s, pairs[i].from, pairs[i].to, (double)pairs[i].distance);
        wn_buffer_text(&t.text, "\n");
        wn_csv_table_flush(&t);
    }
    return wn_csv_table_close(&t);
}

static wn_status write_components(const wn_checking *s, uint8_t *keep, wn_error *err)
{
    wn_csv_table t;
    wn_checking_choose(s, keep);
    uint8_t *grouped = wn_calloc(WN_MEMORY_GENERAL, s->rows.len, 1);
    if (!grouped) return wn_fail(err, WN_NOMEM, "out of memory");
    for (size_t i = 0; i < s->rows.len; i++) {
        if (s->leaders[i] != i) grouped[i] = grouped[s->leaders[i]] = 1;
    }
    wn_csv_table_open(&t, s->folder, "components.csv", "path,component_id,keep\n", err);
    for (size_t i = 0; i < s->rows.len && !t.status; i++) {
        if (!grouped[i]) continue;
        wn_text_add_csv(&t.text, s->images[i].path);
        wn_buffer_format(&t.text, ",%u,%u\n", (unsigned)s->leaders[i], (unsigned)keep[i]);
        wn_csv_table_flush(&t);
    }
    wn_free(grouped);
    return wn_csv_table_close(&t);
}

/* Outliers with their nearest neighbour, worst first. */
static wn_status write_outliers(const wn_checking *s, pair *pairs, wn_error *err)
{
    wn_csv_table t;
    wn_csv_table_open(&t, s->folder, "outliers.csv", "from,to,distance\n", err);
    for (size_t c = 0; c < s->count; c++) {
        const wn_check_result *found = &s->results[c];
        size_t n = 0;
        if (strcmp(s->checks[c]->name, "outlier") != 0) continue;
        for (size_t i = 0; i < s->rows.len; i++) {
            if (found->is_issue[i] && found->evidence[i] >= 0)
                pairs[n++] = (pair){i, (size_t)found->evidence[i], -found->distances[i]};
        }
        qsort(pairs, n, sizeof *pairs, compare_pairs);
        for (size_t i = 0; i < n; i++) {
            add_pair(&t, s, pairs[i].from, pairs[i].to, -(double)pairs[i].distance);
            wn_buffer_text(&t.text, "\n");
            wn_csv_table_flush(&t);
        }
    }
    return wn_csv_table_close(&t);
}

/* By the labels where both have one, else by the names of their folders. */
static bool labels_differ(const wn_checking *s, size_t a, size_t b)
{
    if (s->labels.values && s->labels.values[a] >= 0 && s->labels.values[b] >= 0)
        return s->labels.values[a] != s->labels.values[b];
    return s->images[a].folder >= 0 && s->images[b].folder >= 0 && s->images[a].folder != s->images[b].folder;
}

static const char *class_name(const wn_checking *s, int64_t label)
{
    return label >= 0 && (uint64_t)label < s->labels.classes ? s->labels.names[label].name : "";
}

static wn_status write_labels(const wn_checking *s, wn_error *err)
{
    const wn_label_issues *found = &s->labels.found.issues;
    wn_csv_table t;
    wn_csv_table_open(&t, s->folder, "label_issues.csv", "path,label,suggested,label_score,is_label_issue\n", err);
    for (size_t i = 0; i < found->rows && !t.status; i++) {
        if (s->labels.values[i] < 0) continue;
        wn_text_add_csv(&t.text, s->images[i].path);
        wn_buffer_text(&t.text, ",");
        wn_text_add_csv(&t.text, class_name(s, s->labels.values[i]));
        wn_buffer_text(&t.text, ",");
        wn_text_add_csv(&t.text, class_name(s, found->suggested[i]));
        wn_csv_table_figure(&t, (double)found->scores[i]);
        wn_buffer_text(&t.text, found->issues[i] ? ",True\n" : ",False\n");
        wn_csv_table_flush(&t);
    }
    return wn_csv_table_close(&t);
}

static const char *box_class(const wn_checking *s, int32_t label)
{
    const wn_check_boxes *boxes = &s->boxes;
    size_t k = (size_t)label;
    if (k < boxes->classes) return boxes->names[k].name;
    return k - boxes->classes < boxes->predicted_count ? boxes->predicted[k - boxes->classes].name : "";
}

static void add_box(wn_csv_table *t, const wn_checking *s, size_t image, const char *kind, const wn_box *box,
                    int32_t label, int32_t suggested, float score)
{
    wn_text_add_csv(&t->text, s->images[image].path);
    wn_buffer_format(&t->text, ",%s,", kind);
    if (label >= 0) wn_text_add_csv(&t->text, box_class(s, label));
    wn_buffer_text(&t->text, ",");
    wn_text_add_csv(&t->text, box_class(s, suggested));
    wn_csv_table_figure(t, (double)box->x1);
    wn_csv_table_figure(t, (double)box->y1);
    wn_csv_table_figure(t, (double)box->x2 - (double)box->x1);
    wn_csv_table_figure(t, (double)box->y2 - (double)box->y1);
    wn_csv_table_figure(t, (double)score);
    wn_buffer_text(&t->text, "\n");
    wn_csv_table_flush(t);
}

/* Boxes that score below a half, image by image. */
static wn_status write_boxes(const wn_checking *s, wn_error *err)
{
    const wn_box_request *r = &s->boxes.request;
    const wn_box_scores *found = &s->boxes.found;
    wn_csv_table t;
    wn_csv_table_open(&t, s->folder, "box_issues.csv", "path,kind,label,suggested,x,y,width,height,score\n", err);
    for (size_t image = 0; image < found->images && !t.status; image++) {
        for (size_t j = r->prediction_starts[image]; j < r->prediction_starts[image + 1]; j++) {
            const wn_box *box = r->predictions + j;
            if (found->missed[j] < 0.5F) add_box(&t, s, image, "missed", box, -1, box->label, found->missed[j]);
        }
        for (size_t i = r->label_starts[image]; i < r->label_starts[image + 1]; i++) {
            const wn_box *box = r->labels + i;
            if (found->misplaced[i] < 0.5F)
                add_box(&t, s, image, "misplaced", box, box->label, box->label, found->misplaced[i]);
            if (found->misnamed[i] < 0.5F)
                add_box(&t, s, image, "misnamed", box, box->label, found->suggested[i], found->misnamed[i]);
        }
    }
    return wn_csv_table_close(&t);
}

/* The class that a class is mixed up with most; `overlaps` has the most rows first. */
static const wn_class_overlap *find_overlap(const wn_class_overlap *overlaps, size_t count, size_t class)
{
    for (size_t i = 0; i < count; i++)
        if (overlaps[i].a == (int32_t) class || overlaps[i].b == (int32_t) class) return &overlaps[i];
    return NULL;
}

/* The figures of winnow/label_health.h for each class. */
static wn_status write_classes(const wn_checking *s, const wn_class_health *health, const wn_class_overlap *overlaps,
                               size_t count, wn_error *err)
{
    wn_csv_table t;
    wn_csv_table_open(&t, s->folder, "label_health.csv",
                      "class,images,issues,health,overlaps_with,overlap,errors,missing,inverse_health\n", err);
    for (size_t k = 0; k < s->labels.found.issues.classes && !t.status; k++) {
        const wn_class_overlap *most = find_overlap(overlaps, count, k);
        wn_text_add_csv(&t.text, class_name(s, (int64_t)k));
        wn_buffer_format(&t.text, ",%lld,%lld", (long long)health[k].labels, (long long)health[k].issues);
        wn_csv_table_figure(&t, health[k].health);
        wn_buffer_text(&t.text, ",");
        if (most) wn_text_add_csv(&t.text, class_name(s, most->a == (int32_t)k ? most->b : most->a));
        wn_csv_table_figure(&t, most ? most->share : 0);
        wn_buffer_format(&t.text, ",%lld,%lld", (long long)health[k].errors, (long long)health[k].missing);
        wn_csv_table_figure(&t, health[k].inverse_health);
        wn_buffer_text(&t.text, "\n");
        wn_csv_table_flush(&t);
    }
    return wn_csv_table_close(&t);
}

static wn_status write_overlaps(const wn_checking *s, const wn_class_overlap *overlaps, size_t count, wn_error *err)
{
    wn_csv_table t;
    wn_csv_table_open(&t, s->folder, "label_overlaps.csv", "class_a,class_b,images,share\n", err);
    for (size_t i = 0; i < count && !t.status; i++) {
        wn_text_add_csv(&t.text, class_name(s, overlaps[i].a));
        wn_buffer_text(&t.text, ",");
        wn_text_add_csv(&t.text, class_name(s, overlaps[i].b));
        wn_buffer_format(&t.text, ",%lld", (long long)overlaps[i].rows);
        wn_csv_table_figure(&t, overlaps[i].share);
        wn_buffer_text(&t.text, "\n");
        wn_csv_table_flush(&t);
    }
    return wn_csv_table_close(&t);
}

static wn_status write_health(const wn_checking *s, wn_error *err)
{
    const wn_label_issues *found = &s->labels.found.issues;
    wn_class_overlap *overlaps = NULL;
    size_t count = 0;
    wn_class_health *health = wn_alloc(WN_MEMORY_GENERAL, found->classes, sizeof *health);
    wn_status status = health ? wn_labels_overlaps(found, &overlaps, &count, err)
                              : wn_fail(err, WN_NOMEM, "no memory for %zu classes", found->classes);
    if (!status) {
        wn_labels_health(found, s->labels.values, health);
        status = write_classes(s, health, overlaps, count, err);
    }
    if (!status) status = write_overlaps(s, overlaps, count, err);
    wn_free(overlaps);
    wn_free(health);
    return status;
}

/* Groups that reach over splits: the first member that has a split against those of other splits. `first` has room for
 * one number an image. */
static wn_status write_leaks(const wn_checking *s, size_t *first, wn_error *err)
{
    wn_csv_table t;
    for (size_t i = 0; i < s->rows.len; i++) first[i] = SIZE_MAX;
    wn_csv_table_open(&t, s->folder, "leaks.csv", "from,to,distance,from_split,to_split,labels_differ\n", err);
    for (size_t i = 0; i < s->rows.len && !t.status; i++) {
        size_t *anchor = &first[s->leaders[i]];
        if (s->images[i].split < 0) continue;
        if (*anchor == SIZE_MAX) *anchor = i;
        if (s->images[*anchor].split == s->images[i].split) continue;
        bool differ = labels_differ(s, *anchor, i);
        double distance = *anchor == s->leaders[i] ? (double)s->distances[i]
                                                   : (double)s->distances[i] + (double)s->distances[*anchor];
        add_pair(&t, s, *anchor, i, distance);
        wn_buffer_text(&t.text, ",");
        wn_text_add_csv(&t.text, s->splits[s->images[*anchor].split]);
        wn_buffer_text(&t.text, ",");
        wn_text_add_csv(&t.text, s->splits[s->images[i].split]);
        wn_buffer_format(&t.text, ",%s\n", differ ? "True" : "False");
        wn_csv_table_flush(&t);
        s->out->leaks++;
        s->out->leaks_with_disagreement += differ;
    }
    return wn_csv_table_close(&t);
}

wn_status wn_checking_write(wn_checking *s, wn_error *err)
{
    size_t len = s->rows.len;
    pair *pairs = wn_alloc(WN_MEMORY_GENERAL, len, sizeof *pairs);
    uint8_t *keep = wn_alloc(WN_MEMORY_GENERAL, len, 1);
    wn_status status = pairs && keep ? WN_OK : wn_fail(err, WN_NOMEM, "out of memory");
    if (!status) status = wn_checking_write_issues(s, err);
    if (!status) status = write_stats(s, err);
    if (!status) status = write_duplicates(s, pairs, err);
    if (!status) status = write_components(s, keep, err);
    if (!status) status = write_outliers(s, pairs, err);
    if (!status) status = write_leaks(s, (size_t *)pairs, err);
    if (!status) status = write_labels(s, err);
    if (!status) status = write_health(s, err);
    if (!status) status = write_boxes(s, err);
    if (!status) status = wn_checking_write_masks(s, err);
    if (!status) status = wn_write_bad_files(s->workspace, &s->roots, s->folder, err);
    wn_free(keep);
    wn_free(pairs);
    return status;
}
