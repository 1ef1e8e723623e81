/* SPDX-License-Identifier: Apache-2.0
 *
 * The parts that consist of sentences and small charts: the head, how well the selection covers, the training, and how
 * everything was made.
 */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <time.h>

#include "base/error.h"
#include "base/text.h"
#include "report/chart.h"

static void tile(wn_page *page, uint64_t count, const char *name, const char *link)
{
    wn_page_markup(page, "<li>");
    if (link) wn_page_format(page, "<a href=\"#%s\">", link);
    wn_page_markup(page, "<b>");
    wn_page_count(page, count);
    wn_page_format(page, "</b><span>%s</span>%s</li>\n", name, link ? "</a>" : "");
}

static double total_seconds(const wn_report *r)
{
    double sum = 0;
    for (size_t i = 0; i < r->stages_len; i++) sum += r->stages[i].seconds;
    return r->seconds > 0 ? r->seconds : sum;
}

static uint64_t bad_count(const wn_report *r)
{
    return r->bad_count ? r->bad_count : r->bad_len;
}

static void summary_sentence(wn_page *page)
{
    const wn_report *r = page->report;
    wn_page_markup(page, "<p class=\"lead\">");
    if (r->picks_len) {
        wn_page_markup(page, "From ");
        wn_page_count(page, r->readable);
        wn_page_markup(page, r->readable == 1 ? " readable image " : " readable images ");
        wn_page_count(page, r->picks_len);
        wn_page_markup(page, r->picks_len == 1 ? " was selected" : " were selected");
        if (r->strategy) {
            wn_page_markup(page, " by <em>");
            wn_page_text(page, r->strategy, 80);
            wn_page_markup(page, "</em>");
        }
    } else {
        wn_page_count(page, r->readable);
        wn_page_markup(page, r->readable == 1 ? " readable image was found" : " readable images were found");
    }
    if (r->model) {
        wn_page_markup(page, ", seen through the model <em>");
        wn_page_text(page, r->model, 120);
        wn_page_format(page, "</em> (%zu dimensions)%s", r->dim,
                       r->model_trained ? ", which was trained on these images without labels" : "");
    }
    wn_page_markup(page, ".</p>\n");
}

static void navigation(wn_page *page)
{
    const wn_report *r = page->report;
    bool facts = false;
    for (int i = 0; i < WN_REPORT_FACT_COUNT; i++) facts = facts || (r->facts[i] && r->rows);
    const struct {
        const char *id, *title;
        bool there;
    } parts[] = {
        {"map", "Map", r->map_x && r->map_y},
        {"covering", "Covering", r->random_len || (r->pick_distance && r->picks_len > 1)},
        {"picks", "Picks", r->picks_len},
        {"facts", "Facts", facts},
        {"training", "Training", r->losses_len},
        {"duplicates", "Duplicates", r->duplicates_len},
        {"checks", "Checks", r->checks_len},
        {"bad", "Bad files", bad_count(r)},
        {"making", "How it was made", true},
    };
    wn_page_markup(page, "<nav aria-label=\"Parts of this page\"><ul>");
    for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++)
        if (parts[i].there) wn_page_format(page, "<li><a href=\"#%s\">%s</a></li>", parts[i].id, parts[i].title);
    wn_page_markup(page, "</ul></nav>\n");
}

void wn_report_head(wn_page *page)
{
    const wn_report *r = page->report;
    char text[32];
    wn_page_markup(page, "<header>\n<p class=\"brand\">winnow report");
    if (r->created) {
        struct tm parts;
        time_t seconds = (time_t)r->created;
        char date[40];
        if (gmtime_r(&seconds, &parts) && strftime(date, sizeof date, "%e %B %Y, %H:%M UTC", &parts))
            wn_page_format(page, " \xc2\xb7 %s", date);
    }
    wn_page_markup(page, "</p>\n<h1><bdi>");
    wn_page_text(page, r->title ? r->title : "Selection", 120);
    wn_page_markup(page, "</bdi></h1>\n");
    summary_sentence(page);
    wn_page_markup(page, "<ul class=\"tiles\">\n");
    tile(page, r->found, "files found", NULL);
    tile(page, r->readable, "readable", NULL);
    if (r->picks_len) tile(page, r->picks_len, "selected", "picks");
    tile(page, bad_count(r), "bad files", bad_count(r) ? "bad" : NULL);
    tile(page, r->exact_duplicates, r->exact_duplicates == 1 ? "exact duplicate" : "exact duplicates",
         r->duplicates_len ? "duplicates" : NULL);
    wn_text_seconds(total_seconds(r), text);
    wn_page_format(page, "<li><b>%s</b><span>from start to end</span></li>\n</ul>\n</header>\n", text);
    navigation(page);
}

/* ------------------------------------------------------------------------------------------------ covering */

typedef double covering_member(const wn_report_covering *covering);

static double get_radius(const wn_report_covering *c)
{
    return c->radius;
}

static double get_percentile(const wn_report_covering *c)
{
    return c->percentile95;
}

static double get_mean(const wn_report_covering *c)
{
    return c->mean;
}

/* Lets `strip` show one member; false when it is not known. */
static bool fill_strip(const wn_report *r, const char *title, covering_member *get, double *values,
                       wn_chart_strip *strip, wn_axis *axis)
{
    *strip = (wn_chart_strip){.title = title, .random = values, .chosen = get(&r->covering)};
    if (!isfinite(strip->chosen)) return false;
    for (size_t i = 0; i < r->random_len; i++) {
        double value = get(&r->random_covering[i]);
        if (!isfinite(value)) continue;
        values[strip->random_len++] = value;
        axis->low = fmin(axis->low, value), axis->high = fmax(axis->high, value);
    }
    axis->low = fmin(axis->low, strip->chosen), axis->high = fmax(axis->high, strip->chosen);
    return strip->random_len > 0;
}

static void covering_sentence(wn_page *page)
{
    const wn_report *r = page->report;
    double sum = 0;
    size_t better = 0;
    for (size_t i = 0; i < r->random_len; i++) {
        sum += r->random_covering[i].radius;
        better += r->covering.radius <= r->random_covering[i].radius;
    }
    double mean = sum / (double)r->random_len, gain = mean > 0 ? 100 * (1 - r->covering.radius / mean) : 0;
    if (r->covering_rows)
        wn_page_format(page, "<p>Measured on a fixed sample of %" PRIu64 " images, none of which lies farther than <b>",
                       r->covering_rows);
    else
        wn_page_markup(page, "<p>No image of the folder lies farther than <b>");
    wn_page_number(page, r->covering.radius);
    wn_page_format(
        page, "</b> from its nearest selected image. For %zu random selections of the same size that distance is <b>",
        r->random_len);
    wn_page_number(page, mean);
    wn_page_markup(page, "</b> on average");
    if (gain >= 0.5) wn_page_format(page, ", so this selection reaches %.0f %% closer", gain);
    if (gain <= -0.5) wn_page_format(page, ", so this selection is %.0f %% worse by this measure", -gain);
    wn_page_format(page,
                   "; it beats %zu of %zu. Small is good: what lies close to a selected image is represented by it, "
                   "and what lies far away is missing from the selection.</p>\n",
                   better, r->random_len);
}

static bool mean_is_worse(const wn_report *r)
{
    double sum = 0;
    for (size_t i = 0; i < r->random_len; i++) sum += r->random_covering[i].mean;
    return r->covering.mean > sum / (double)r->random_len;
}

static void against_random(wn_page *page)
{
    const wn_report *r = page->report;
    double *values = wn_alloc(WN_MEMORY_REPORT, 3 * r->random_len, sizeof *values);
    if (!values) {
        page->status = wn_fail(page->err, WN_NOMEM, "no memory for the report %s", page->path);
        return;
    }
    wn_chart_strip strips[3];
    wn_axis axis = {INFINITY, -INFINITY, WN_SCALE_LINEAR};
    int n = 0;
    n += fill_strip(r, "Distance of the farthest image", get_radius, values, &strips[n], &axis);
    n += fill_strip(r, "Distance that 95 % of the images stay below", get_percentile, values + r->random_len,
                    &strips[n], &axis);
    n += fill_strip(r, "Mean distance", get_mean, values + 2 * r->random_len, &strips[n], &axis);
    if (n > 0) {
        double span = axis.high - axis.low;
        axis.low = fmax(0, axis.low - 0.12 * span), axis.high += 0.08 * span;
        if (isfinite(r->covering.radius)) covering_sentence(page);
        wn_page_markup(page, "<figure>\n");
        wn_chart_strips(page, &axis, strips, n,
                        "Distances to the nearest selected image, for this selection and for random ones");
        wn_page_markup(
            page, "<figcaption><span class=\"key chosen\"></span>this selection <span class=\"key random\"></span>one "
                  "random selection of the same size each. "
                  "The scale is the distance between embeddings; farther left is better.");
        if (mean_is_worse(r))
            wn_page_markup(page,
                           " A selection that reaches for the rare images is a little farther from the common ones, "
                           "so its mean may be larger, as it is here.");
        wn_page_markup(page, "</figcaption>\n</figure>\n");
    }
    wn_free(values);
}

/* Of the distances of picks to the nearest earlier one, where they are known; NaN where none is. */
static double mean_distance(const wn_report *r, size_t begin, size_t end)
{
    double sum = 0, count = 0;
    for (size_t i = begin; i < end; i++) {
        if (!isfinite(r->pick_distance[i])) continue;
        sum += (double)r->pick_distance[i];
        count++;
    }
    return count > 0 ? sum / count : NAN;
}

/* Means of neighbouring picks, at most 400 points. */
static void distance_curve(wn_page *page)
{
    const wn_report *r = page->report;
    enum { POINTS = 400 };
    double xs[POINTS + 1], ys[POINTS + 1], high = 0, last = (double)r->pick_distance[r->picks_len - 1];
    size_t n = 0, step = r->picks_len / POINTS + 1;
    for (size_t i = 1; i < r->picks_len; i += step) {
        size_t end = i + step < r->picks_len ? i + step : r->picks_len;
        double mean = mean_distance(r, i, end);
        if (!isfinite(mean)) continue;
        xs[n] = (double)(i + 1 + end) / 2, ys[n] = mean;
        high = fmax(high, ys[n++]);
    }
    if (n < 2 || !isfinite(last)) return;
    wn_axis x = {1, (double)r->picks_len, WN_SCALE_LINEAR}, y = {0, high * 1.05, WN_SCALE_LINEAR};
    wn_page_markup(page, "<h3>What each further pick adds</h3>\n<p>The curve shows how far each pick lay from all "
                         "picks before it: far means that nothing like it was there yet. The last one, number ");
    wn_page_count(page, r->picks_len);
    wn_page_markup(page, ", was still <b>");
    wn_page_number(page, last);
    wn_page_markup(
        page, "</b> away. Where the curve runs low, more picks would mostly repeat what is there.</p>\n<figure>\n");
    wn_chart_curve(page, &x, &y, xs, ys, n, "number of the pick", "distance to the nearest earlier pick",
                   "Distance of each pick to the nearest earlier pick");
    wn_page_markup(page, "</figure>\n");
}

void wn_report_covering_part(wn_page *page)
{
    const wn_report *r = page->report;
    bool curve = r->pick_distance && r->picks_len > 2;
    if (!r->random_len && !curve) return;
    wn_page_section(page, "covering", "How well the selection covers the images");
    if (r->random_len) against_random(page);
    if (!page->status) wn_report_evidence_part(page);
    if (curve && !page->status) distance_curve(page);
    wn_page_section_end(page);
}

/* ------------------------------------------------------------------------------------------------ training */

enum { TRAINING_POINTS = 300 };

/* A column of the training log as a curve: means over neighbours, as single steps are noisy. */
typedef struct training_curve {
    double xs[TRAINING_POINTS + 1], ys[TRAINING_POINTS + 1], low, high;
    size_t n;
} training_curve;

static double loss_of(const wn_report_loss *at)
{
    return at->loss;
}

static double spread_of(const wn_report_loss *at)
{
    return at->spread;
}

static void make_training_curve(const wn_report *r, double value_of(const wn_report_loss *), training_curve *out)
{
    const size_t step = r->losses_len / TRAINING_POINTS + 1;
    out->low = INFINITY, out->high = -INFINITY, out->n = 0;
    for (size_t i = 0; i + step <= r->losses_len; i += step) {
        double sum = 0;
        for (size_t k = i; k < i + step; k++) sum += value_of(&r->losses[k]);
        if (!isfinite(sum)) continue;
        out->xs[out->n] = r->losses[i + step - 1].images, out->ys[out->n] = sum / (double)step;
        out->low = fmin(out->low, out->ys[out->n]), out->high = fmax(out->high, out->ys[out->n]);
        out->n++;
    }
}

static void draw_training_curve(wn_page *page, const training_curve *c, double low, double high, const char *what,
                                const char *title)
{
    const wn_axis x = {c->xs[0], c->xs[c->n - 1], WN_SCALE_LINEAR}, y = {low, high, WN_SCALE_LINEAR};
    wn_page_markup(page, "<figure>\n");
    wn_chart_curve(page, &x, &y, c->xs, c->ys, c->n, "images seen", what, title);
    wn_page_markup(page, "</figure>\n");
}

/* Whether the images stayed apart: a training that collapses shows here first. */
static void training_spread(wn_page *page)
{
    training_curve curve;
    make_training_curve(page->report, spread_of, &curve);
    if (curve.n < 2) return;
    wn_page_markup(page,
                   "<h3>Whether the images stay apart</h3>\n<p>The spread of the embedding: 1 when different images "
                   "lie in all directions, 0 when all of them fall into one point. ");
    wn_page_format(page, "At the end of this training it was %.2f. ", curve.ys[curve.n - 1]);
    wn_page_markup(page, "A curve that sinks towards 0 is a training that collapses; a lower learning rate or "
                         "another method helps.</p>\n");
    draw_training_curve(page, &curve, 0.0, fmax(1.0, curve.high), "spread",
                        "Spread of the embedding against images seen");
}

void wn_report_training(wn_page *page)
{
    const wn_report *r = page->report;
    training_curve curve;
    make_training_curve(r, loss_of, &curve);
    if (curve.n < 2) return;
    char text[32];
    const wn_report_loss *last = &r->losses[r->losses_len - 1];
    wn_text_seconds(last->seconds, text);
    wn_page_section(page, "training", "Training of the model");
    wn_page_markup(page, "<p>The model learned from these images alone, without labels, for ");
    wn_page_format(page, "%s: it saw ", text);
    wn_page_count(page, (uint64_t)last->images);
    wn_page_markup(page, " images in changed views, many of them several times. The curve is the training loss; a "
                         "curve that still falls at its end says that longer training would help.</p>\n");
    const double span = curve.high > curve.low ? curve.high - curve.low : fabs(curve.high) + 1e-9;
    draw_training_curve(page, &curve, curve.low - 0.06 * span, curve.high + 0.06 * span, "training loss",
                        "Training loss against images seen");
    training_spread(page);
    wn_page_section_end(page);
}

/* ------------------------------------------------------------------------------------------------ making */

static void stages(wn_page *page)
{
    static const char *const tints[] = {"s0", "s1", "s2", "s3", "s4", "s5"};
    const wn_report *r = page->report;
    double sum = 0, at = 0;
    for (size_t i = 0; i < r->stages_len; i++) sum += fmax(0, r->stages[i].seconds);
    if (!(sum > 0)) return;
    wn_page_markup(page, "<h3>Where the time went</h3>\n<svg class=\"chart bar\" viewBox=\"0 0 720 18\" "
                         "preserveAspectRatio=\"none\" role=\"img\" aria-label=\"Share of each stage\">");
    for (size_t i = 0; i < r->stages_len; i++) {
        double width = 720 * fmax(0, r->stages[i].seconds) / sum;
        wn_page_format(page, "<rect class=\"%s\" x=\"%.2f\" width=\"%.2f\" height=\"18\"/>", tints[i % 6], at, width);
        at += width;
    }
    wn_page_markup(page, "</svg>\n<ul class=\"stages\">\n");
    for (size_t i = 0; i < r->stages_len; i++) {
        char text[32];
        wn_text_seconds(r->stages[i].seconds, text);
        wn_page_format(page, "<li><span class=\"key %s\"></span>", tints[i % 6]);
        wn_page_text(page, r->stages[i].name, 40);
        wn_page_format(page, " <b>%s</b></li>\n", text);
    }
    wn_page_markup(page, "</ul>\n");
}

static void row(wn_page *page, const char *name, const char *value, bool link)
{
    wn_page_markup(page, "<tr><th scope=\"row\">");
    wn_page_text(page, name, 80);
    wn_page_markup(page, "</th><td>");
    if (link) {
        wn_page_markup(page, "<a href=\"");
        wn_page_text(page, value, 0);
        wn_page_markup(page, "\">");
    }
    wn_page_markup(page, "<bdi>");
    wn_page_text(page, value, 400);
    wn_page_format(page, "</bdi>%s</td></tr>\n", link ? "</a>" : "");
}

void wn_report_making(wn_page *page)
{
    const wn_report *r = page->report;
    char text[32];
    wn_page_section(page, "making", "How this was made");
    if (r->command) {
        wn_page_markup(page, "<p>The same command on the same files, with the same version, gives the same "
                             "selection.</p>\n<pre class=\"command\"><code>");
        wn_page_text(page, r->command, 2000);
        wn_page_markup(page, "</code></pre>\n");
    }
    wn_page_markup(page, "<table class=\"lines\"><tbody>\n");
    for (size_t i = 0; i < r->sources_len; i++) row(page, i ? "" : "Images from", r->sources[i], false);
    for (size_t i = 0; i < r->lines_len; i++) row(page, r->lines[i].name, r->lines[i].value, false);
    if (r->peak_memory_bytes) {
        wn_text_bytes(r->peak_memory_bytes, text);
        row(page, "Greatest memory", text, false);
    }
    for (size_t i = 0; i < r->files_len; i++) row(page, r->files[i].name, r->files[i].value, true);
    wn_page_markup(page, "</tbody></table>\n");
    stages(page);
    wn_page_section_end(page);
}
