/* SPDX-License-Identifier: Apache-2.0
 *
 * The map: places of all images in two dimensions as 16-bit numbers, drawn by the script of the page. Of very many
 * images every k-th is drawn; the selected ones always are, up to a number.
 */
#include <math.h>
#include <string.h>

#include "base/error.h"
#include "report/page.h"

typedef struct places {
    double x0, y0, scale;
    uint8_t *marks; /* per row: 1 selected, 2 chosen earlier */
    int64_t *rows;  /* scratch: rows to draw */
    size_t len;
} places;

static bool is_on_map(const wn_report *r, size_t row)
{
    return isfinite(r->map_x[row]) && isfinite(r->map_y[row]);
}

/* One scale for both axes, so that distances on the map are true to each other. */
static bool fit(const wn_report *r, places *p)
{
    double low[2] = {INFINITY, INFINITY}, high[2] = {-INFINITY, -INFINITY};
    for (size_t i = 0; i < r->rows; i++) {
        if (!is_on_map(r, i)) continue;
        low[0] = fmin(low[0], (double)r->map_x[i]), high[0] = fmax(high[0], (double)r->map_x[i]);
        low[1] = fmin(low[1], (double)r->map_y[i]), high[1] = fmax(high[1], (double)r->map_y[i]);
    }
    double span = fmax(high[0] - low[0], high[1] - low[1]);
    if (!isfinite(span)) return false;
    p->scale = span > 0 ? 65535.0 / span : 0;
    p->x0 = 0.5 * (low[0] + high[0]) - 0.5 * span, p->y0 = 0.5 * (low[1] + high[1]) - 0.5 * span;
    return true;
}

/* "xy": little-endian pairs of 16 bits, y downwards. */
static void write_places(wn_page *page, const places *p)
{
    const wn_report *r = page->report;
    uint8_t bytes[768 * 4]; /* a multiple of three, so that the base64 runs on */
    size_t fill = 0;
    wn_page_markup(page, "\"xy\":\"");
    for (size_t i = 0; i < p->len; i++) {
        double x = ((double)r->map_x[p->rows[i]] - p->x0) * p->scale,
               y = 65535 - ((double)r->map_y[p->rows[i]] - p->y0) * p->scale;
        unsigned u = (unsigned)fmin(65535, fmax(0, x + 0.5)), v = (unsigned)fmin(65535, fmax(0, y + 0.5));
        bytes[fill++] = (uint8_t)u, bytes[fill++] = (uint8_t)(u >> 8);
        bytes[fill++] = (uint8_t)v, bytes[fill++] = (uint8_t)(v >> 8);
        if (fill == sizeof bytes) wn_page_base64(page, bytes, fill), fill = 0;
    }
    wn_page_base64(page, bytes, fill);
    wn_page_markup(page, "\"");
}

static void write_names(wn_page *page, const places *p, size_t most)
{
    wn_page_markup(page, ",\"names\":[");
    for (size_t i = 0; i < p->len && i < most && !page->status; i++) {
        if (i) wn_page_markup(page, ",");
        wn_page_json(page, wn_page_row_name(page, p->rows[i]), WN_REPORT_NAME_MAX);
    }
    wn_page_markup(page, "]");
}

/* Thumbnails of an even sample of the drawn points, as far as the bytes go: {"17":"data:...", ...}. */
static void write_thumbs(wn_page *page, const places *p)
{
    uint64_t limit = (uint64_t)page->max_bytes / 100 * 97;
    size_t count = p->len < WN_REPORT_POINT_THUMBS_MAX ? p->len : WN_REPORT_POINT_THUMBS_MAX;
    bool first = true;
    wn_page_markup(page, ",\"thumbs\":{");
    for (size_t i = 0; i < count && wn_page_size(page) < limit && !page->status; i++) {
        /* Multiples of the golden ratio spread evenly, however early the bytes run out. */
        double share = fmod(0.5 + 0.6180339887498949 * (double)i, 1.0);
        size_t at = count == p->len ? i : (size_t)(share * (double)p->len);
        wn_page_format(page, "%s\"%zu\":\"", first ? "" : ",", at);
        (void)wn_page_thumb(page, p->rows[at]);
        wn_page_markup(page, "\"");
        first = false;
    }
    wn_page_markup(page, "}");
}

/* The groups of the map: places, numbers of images, pictures. */
static void write_groups(wn_page *page, places *p)
{
    const wn_report *r = page->report;
    uint64_t limit = (uint64_t)page->max_bytes / 100 * 97;
    size_t sizes = 0;
    p->len = 0;
    wn_page_markup(page, "\"groups\":{\"size\":[");
    for (size_t i = 0; i < r->groups_len && r->groups_len > 1; i++) {
        if (!is_on_map(r, (size_t)r->groups[i].row)) continue;
        wn_page_format(page, "%s%llu", sizes++ ? "," : "", (unsigned long long)r->groups[i].size);
        p->rows[p->len++] = r->groups[i].row;
    }
    wn_page_markup(page, "],");
    write_places(page, p);
    wn_page_markup(page, ",\"thumbs\":[");
    for (size_t i = 0; i < p->len && !page->status; i++) {
        wn_page_markup(page, i ? ",\"" : "\"");
        if (wn_page_size(page) < limit) (void)wn_page_thumb(page, p->rows[i]);
        wn_page_markup(page, "\"");
    }
    wn_page_markup(page, "]},\n");
}

/* Rows on the map that carry `mark`; 0 = every k-th of those without one. */
static void gather(const wn_report *r, places *p, int mark)
{
    size_t total = 0, seen = 0;
    p->len = 0;
    for (size_t i = 0; i < r->rows; i++) total += is_on_map(r, i) && p->marks[i] == mark;
    for (size_t i = 0; i < r->rows && p->len < WN_REPORT_POINTS_MAX; i++) {
        if (!is_on_map(r, i) || p->marks[i] != mark) continue;
        bool drawn = total <= WN_REPORT_POINTS_MAX ||
                     seen * WN_REPORT_POINTS_MAX / total != (seen + 1) * WN_REPORT_POINTS_MAX / total;
        if (drawn) p->rows[p->len++] = (int64_t)i;
        seen++;
    }
}

/* The picks in their order, with their ranks, for those that are on the map. */
static void write_picks(wn_page *page, places *p)
{
    const wn_report *r = page->report;
    p->len = 0;
    wn_page_markup(page, "\"picks\":{\"rank\":[");
    for (size_t i = 0; i < r->picks_len && p->len < WN_REPORT_POINTS_MAX; i++) {
        if (!is_on_map(r, (size_t)r->picks[i])) continue;
        wn_page_format(page, "%s%zu", p->len ? "," : "", i + 1);
        p->rows[p->len++] = r->picks[i];
    }
    wn_page_markup(page, "],");
    write_places(page, p);
    write_names(page, p, 5000);
    wn_page_markup(page, "},\n");
}

static void write_data(wn_page *page, places *p)
{
    const wn_report *r = page->report;
    wn_page_markup(page, "<script type=\"application/json\" id=\"map-data\">{");
    write_picks(page, p);
    write_groups(page, p);
    gather(r, p, 2);
    wn_page_markup(page, "\"earlier\":{");
    write_places(page, p);
    write_names(page, p, 2000);
    wn_page_markup(page, "},\n\"rest\":{");
    gather(r, p, 0);
    write_places(page, p);
    write_names(page, p, WN_REPORT_POINTS_MAX);
    write_thumbs(page, p);
    wn_page_markup(page, "}}</script>\n");
}

static void sentence(wn_page *page, uint64_t on_map)
{
    const wn_report *r = page->report;
    wn_page_markup(page, "<p>Each dot is an image; images that the model finds alike lie close together. ");
    double share = r->map_share[0] + r->map_share[1];
    if (r->map_method && share > 0) {
        wn_page_markup(page, "The two axes are those along which the embeddings spread most (");
        wn_page_text(page, r->map_method, 40);
        wn_page_format(page, "), and hold %.0f %% of their spread, so what looks close here may still differ. ",
                       100 * share);
    } else if (r->map_method) {
        wn_page_markup(page, "It is made by ");
        wn_page_text(page, r->map_method, 40);
        wn_page_markup(page, ", which keeps the nearest images near: groups mean something, the distance between far "
                             "groups and the axes do not. ");
    }
    if (r->picks_len)
        wn_page_markup(page, "A good selection reaches into every corner and thins out the crowded places. ");
    if (on_map > WN_REPORT_POINTS_MAX) {
        wn_page_format(page, "Of the images that were not selected, %d of ", (int)WN_REPORT_POINTS_MAX);
        wn_page_count(page, on_map);
        wn_page_markup(page, " are drawn. ");
    }
    wn_page_markup(page,
                   "<span class=\"needs-script\">Point at a dot to see its name and, for the selected ones and some "
                   "others, its picture; click a selected one to go to it. Drag to move; the buttons, two fingers, or "
                   "the wheel after a click zoom.</span></p>\n");
}

/* How true the map is. */
static void write_quality(wn_page *page)
{
    const wn_map_quality *q = &page->report->map_quality;
    const struct {
        double value;
        bool is_share;
        const char *name;
    } figures[] = {{q->trustworthiness, false, "trustworthiness: near on the map is near in truth"},
                   {q->continuity, false, "continuity: near in truth is near on the map"},
                   {q->recall, true, "of the 10 nearest images are among the 10 nearest dots"},
                   {q->triplets, true, "of triplets keep the order of their distances"},
                   {q->labels, true, "have the label of most of their 10 nearest dots"}};
    if (!q->sampled) return;
    wn_page_markup(page, "<h3>How true the map is</h3>\n<ul class=\"tiles small\">");
    for (size_t i = 0; i < sizeof figures / sizeof *figures; i++) {
        if (!isfinite(figures[i].value)) continue;
        if (figures[i].is_share)
            wn_page_format(page, "<li><b>%.0f %%</b><span>%s</span></li>", 100 * figures[i].value, figures[i].name);
        else
            wn_page_format(page, "<li><b>%.3f</b><span>%s</span></li>", figures[i].value, figures[i].name);
    }
    wn_page_markup(page, "</ul>\n");
}

/* Marks the selected rows and makes room; false (and a status where that is a failure) when there is no map. */
static bool open_places(wn_page *page, places *p)
{
    const wn_report *r = page->report;
    *p = (places){0};
    if (!r->map_x || !r->map_y || !r->rows || !fit(r, p)) return false;
    p->marks = wn_calloc(WN_MEMORY_REPORT, r->rows, 1);
    p->rows = wn_alloc(WN_MEMORY_REPORT, WN_REPORT_POINTS_MAX, sizeof *p->rows);
    if (!p->marks || !p->rows) {
        page->status = wn_fail(page->err, WN_NOMEM, "no memory for the map in the report %s", page->path);
        return false;
    }
    for (size_t i = 0; i < r->earlier_len; i++) p->marks[r->earlier[i]] = 2;
    for (size_t i = 0; i < r->picks_len; i++) p->marks[r->picks[i]] = 1;
    return true;
}

static void close_places(places *p)
{
    wn_free(p->rows);
    wn_free(p->marks);
}

static void layer(wn_page *page, const char *id, const char *key, const char *title)
{
    wn_page_format(
        page, "<label><input type=\"checkbox\" checked data-layer=\"%s\"><span class=\"key %s\"></span>%s</label> ", id,
        key, title);
}

void wn_report_map(wn_page *page)
{
    const wn_report *r = page->report;
    places p;
    uint64_t on_map = 0;
    if (open_places(page, &p)) {
        for (size_t i = 0; i < r->rows; i++) on_map += is_on_map(r, i) && !p.marks[i];
        wn_page_section(page, "map", "Map of the images");
        sentence(page, on_map);
        wn_page_markup(
            page, "<div class=\"map\"><canvas tabindex=\"0\" role=\"img\" aria-label=\"Map of the images\"></canvas>"
                  "<div class=\"map-tools\"><button type=\"button\" data-zoom=\"in\" aria-label=\"Zoom in\">+</button>"
                  "<button type=\"button\" data-zoom=\"out\" aria-label=\"Zoom out\">\xe2\x88\x92</button>"
                  "<button type=\"button\" data-zoom=\"all\" aria-label=\"Show all\">All</button></div>"
                  "<div class=\"map-tip\" hidden></div></div>\n<noscript><p>The map needs JavaScript, which this "
                  "browser does not run; everything else on this page works without it.</p></noscript>\n"
                  "<p class=\"legend map-legend\">");
        layer(page, "rest", "rest", "not selected");
        if (r->earlier_len) layer(page, "earlier", "earlier", "selected before this run");
        if (r->picks_len) layer(page, "picks", "chosen", "selected");
        if (r->groups_len > 1)
            wn_page_markup(page, "<label><input type=\"checkbox\" checked data-groups><span class=\"key group-key\">"
                                 "</span>typical image of each group</label>");
        wn_page_markup(page, "</p>\n");
        write_quality(page);
        wn_page_section_end(page);
    }
    close_places(&p);
}

void wn_report_map_data(wn_page *page)
{
    places p = {0};
    if (!page->status && open_places(page, &p)) write_data(page, &p);
    close_places(&p);
}
