/* SPDX-License-Identifier: Apache-2.0
 *
 * The CSV files of masks (docs/checks.md, "Files").
 */
#include <string.h>

#include "base/error.h"
#include "base/text.h"
#include "jobs/csv_table.h"
#include "jobs/mask_pairs.h"

static void add_class(wn_csv_table *t, const wn_mask_judging *j, size_t class)
{
    if (j->names && j->names[class]) {
        wn_text_add_csv(&t->text, j->names[class]);
    } else
        wn_buffer_format(&t->text, "%zu", class);
}

static wn_status write_issues(const wn_mask_judging *j, const char *folder, wn_error *err)
{
    wn_csv_table t;
    wn_csv_table_open(&t, folder, "mask_issues.csv", "path,label,suggested,pixels,x,y,width,height,score\n", err);
    for (size_t i = 0; i < j->count && !t.status; i++) {
        const wn_mask_pair *pair = &j->pairs[i];
        for (size_t at = 0; at < pair->issues.len; at += sizeof(wn_mask_issue)) {
            wn_mask_issue issue;
            memcpy(&issue, pair->issues.data + at, sizeof issue);
            wn_text_add_csv(&t.text, pair->name);
            wn_buffer_text(&t.text, ",");
            add_class(&t, j, (size_t)issue.label);
            wn_buffer_text(&t.text, ",");
            add_class(&t, j, (size_t)issue.suggested);
            wn_buffer_format(&t.text, ",%u,%d,%d,%d,%d", issue.pixels, issue.x, issue.y, issue.width, issue.height);
            wn_csv_table_figure(&t, (double)issue.score);
            wn_buffer_text(&t.text, "\n");
        }
        wn_csv_table_flush(&t);
    }
    return wn_csv_table_close(&t);
}

static wn_status write_health(const wn_mask_judging *j, const char *folder, wn_error *err)
{
    const wn_segmentation_issues *found = &j->found;
    wn_csv_table t;
    wn_csv_table_open(&t, folder, "mask_health.csv", "class,pixels,issues,health\n", err);
    for (size_t k = 0; k < found->classes && !t.status; k++) {
        if (!found->class_pixels[k] && !(j->names && k < j->classes && j->names[k])) continue;
        add_class(&t, j, k);
        wn_buffer_format(&t.text, ",%llu,%llu", (unsigned long long)found->class_pixels[k],
                         (unsigned long long)found->by_class[k]);
        wn_csv_table_figure(&t, 1 - (double)found->by_class[k] / (double)found->class_pixels[k]);
        wn_buffer_text(&t.text, "\n");
        wn_csv_table_flush(&t);
    }
    return wn_csv_table_close(&t);
}

static wn_status write_problems(const wn_mask_judging *j, const char *folder, wn_error *err)
{
    wn_csv_table t;
    wn_csv_table_open(&t, folder, "mask_problems.csv", "path,reason\n", err);
    for (size_t i = 0; i < j->count && !t.status; i++) {
        if (!j->pairs[i].problem) continue;
        wn_text_add_csv(&t.text, j->pairs[i].name);
        wn_buffer_text(&t.text, ",");
        wn_text_add_csv(&t.text, j->pairs[i].problem);
        wn_buffer_text(&t.text, "\n");
        wn_csv_table_flush(&t);
    }
    return wn_csv_table_close(&t);
}

wn_status wn_mask_lists_write(const wn_mask_judging *j, const char *folder, wn_error *err)
{
    WN_TRY(write_issues(j, folder, err));
    WN_TRY(write_health(j, folder, err));
    return write_problems(j, folder, err);
}

wn_status wn_mask_scores_write(const wn_mask_judging *j, const char *folder, wn_error *err)
{
    wn_csv_table t;
    wn_csv_table_open(&t, folder, "masks.csv", "path,width,height,score,issues,is_mask_issue\n", err);
    for (size_t i = 0; i < j->count && !t.status; i++) {
        const wn_mask_pair *pair = &j->pairs[i];
        if (pair->problem) continue;
        wn_text_add_csv(&t.text, pair->name);
        wn_buffer_format(&t.text, ",%d,%d", pair->width, pair->height);
        wn_csv_table_figure(&t, (double)j->found.scores[i]);
        wn_buffer_format(&t.text, ",%llu,%s\n", (unsigned long long)j->found.counts[i],
                         wn_mask_pair_is_issue(j, i) ? "True" : "False");
        wn_csv_table_flush(&t);
    }
    return wn_csv_table_close(&t);
}
