/* SPDX-License-Identifier: Apache-2.0
 *
 * Tables with one row an image, label or box. A first row of titles says which column is what; without titles the first
 * column is the path and the second the label. As metadata every other column is a field: of numbers when all its
 * values are, else of words.
 */
#include <math.h>
#include <string.h>

#include "base/error.h"
#include "base/text.h"
#include "interop/annotation_format.h"
#include "interop/csv_text.h"

enum { COLUMNS_MAX = 4096, NONE = -1 };

static const char *const path_titles[] = {"path",       "image",     "file",       "filename", "file_name",
                                          "image_path", "img_path",  "image_name", "filepath", "img",
                                          "image_id",   "filenames", "name",       NULL};
static const char *const label_titles[] = {"label",    "class",    "category",    "target", "y",
                                           "label_id", "class_id", "category_id", "labels", NULL};
static const char *const name_titles[] = {"label_name", "class_name", "category_name", "label_text", NULL};
static const char *const score_titles[] = {"score", "confidence", "conf", NULL};
static const char *const width_titles[] = {"width", "image_width", NULL};
static const char *const height_titles[] = {"height", "image_height", NULL};
static const char *const corner_titles[4][4] = {{"xmin", "x_min", "x1", NULL},
                                                {"ymin", "y_min", "y1", NULL},
                                                {"xmax", "x_max", "x2", NULL},
                                                {"ymax", "y_max", "y2", NULL}};
static const char *const size_titles[4][4] = {{"x", "bbox_x", "left", NULL},
                                              {"y", "bbox_y", "top", NULL},
                                              {"w", "bbox_width", "box_width", NULL},
                                              {"h", "bbox_height", "box_height", NULL}};

typedef struct csv_plan {
    bool titled, corners;
    int path, label, name, score, width, height, box[4];
    size_t columns, classes;
    int *probabilities; /* columns, `classes` of them */
    char **titles;      /* copies, of metadata */
} csv_plan;

static bool probe(const wn_annotation_source *source)
{
    return !source->files && (wn_text_ends_with(source->path, ".csv") || wn_text_ends_with(source->path, ".tsv") ||
                              wn_text_ends_with(source->path, ".txt"));
}

static int find_title(const wn_csv *csv, const char *const *titles)
{
    for (size_t t = 0; titles[t]; t++)
        for (size_t i = 0; i < csv->count; i++)
            if (wn_text_equal_fold(wn_csv_field(csv, i), titles[t])) return (int)i;
    return NONE;
}

/* `y` is the label in some tables, and of a box in others. */
static int find_label(const wn_csv *csv, const csv_plan *plan)
{
    for (size_t t = 0; label_titles[t]; t++) {
        const char *one[] = {label_titles[t], NULL};
        const int found = find_title(csv, one);
        if (found != NONE && found != plan->box[0] && found != plan->box[1]) return found;
    }
    return NONE;
}

/* Columns p_NAME or prob_NAME, in order: the probabilities of the classes. */
static const char *class_of_title(const char *title)
{
    static const char *const prefixes[] = {"prob_", "probability_", "p_", "proba_"};
    for (size_t i = 0; i < sizeof prefixes / sizeof *prefixes; i++)
        if (strncmp(title, prefixes[i], strlen(prefixes[i])) == 0 && title[strlen(prefixes[i])])
            return title + strlen(prefixes[i]);
    return NULL;
}

static void find_box(const wn_csv *csv, csv_plan *plan)
{
    bool corners = true, sizes = true;
    for (int i = 0; i < 4; i++) corners = corners && find_title(csv, corner_titles[i]) != NONE;
    for (int i = 0; i < 4; i++) sizes = sizes && find_title(csv, size_titles[i]) != NONE;
    plan->corners = corners;
    for (int i = 0; i < 4; i++)
        plan->box[i] = corners ? find_title(csv, corner_titles[i]) : sizes ? find_title(csv, size_titles[i]) : NONE;
    const int x = find_title(csv, size_titles[0]), y = find_title(csv, size_titles[1]);
    if (corners || sizes || x == NONE || y == NONE || plan->width == NONE || plan->height == NONE) return;
    /* Beside x and y, width and height are those of the box. */
    const int box[] = {x, y, plan->width, plan->height};
    memcpy(plan->box, box, sizeof box);
    plan->width = find_title(csv, width_titles + 1);
    plan->height = find_title(csv, height_titles + 1);
}

static wn_status plan_titles(wn_annotation_builder *builder, const wn_csv *csv, csv_plan *plan, const char *file,
                             wn_error *err)
{
    const char *wanted = builder->options->column;
    plan->name = find_title(csv, name_titles);
    plan->score = find_title(csv, score_titles);
    plan->width = find_title(csv, width_titles);
    plan->height = find_title(csv, height_titles);
    find_box(csv, plan);
    plan->label = find_label(csv, plan);
    if (wanted) {
        const char *one[] = {wanted, NULL};
        plan->label = find_title(csv, one);
        plan->name = NONE;
        if (plan->label == NONE)
            return wn_fail(err, WN_INVALID, "%s:%zu: there is no column '%s'", file, csv->line, wanted);
    }
    for (size_t i = 0; i < csv->count; i++) {
        const char *class = class_of_title(wn_csv_field(csv, i));
        if (!class || builder->options->role == WN_ROLE_METADATA) continue;
        plan->probabilities[plan->classes++] = (int)i;
        wn_builder_category_named(builder, class, strlen(class));
    }
    return WN_OK;
}

static wn_status make_plan(wn_annotation_builder *builder, const wn_csv *csv, csv_plan *plan, const char *file,
                           wn_error *err)
{
    if (csv->count > COLUMNS_MAX)
        return wn_fail(err, WN_LIMIT, "%s:%zu: %zu columns; at most %d", file, csv->line, csv->count, COLUMNS_MAX);
    plan->columns = csv->count;
    plan->label = plan->name = plan->score = plan->width = plan->height = NONE;
    for (int i = 0; i < 4; i++) plan->box[i] = NONE;
    plan->path = find_title(csv, path_titles);
    plan->titled = plan->path != NONE;
    plan->probabilities = wn_calloc(WN_MEMORY_TEXT, csv->count, sizeof *plan->probabilities);
    plan->titles = wn_calloc(WN_MEMORY_TEXT, csv->count, sizeof *plan->titles);
    if (!plan->probabilities || !plan->titles) return wn_fail(err, WN_NOMEM, "no memory to read '%s'", file);
    if (plan->titled) {
        for (size_t i = 0; i < csv->count; i++)
            if (!(plan->titles[i] = wn_text_copy(wn_csv_field(csv, i))))
                return wn_fail(err, WN_NOMEM, "no memory to read '%s'", file);
        return plan_titles(builder, csv, plan, file, err);
    }
    if (builder->options->role == WN_ROLE_METADATA || csv->count < 2 || builder->options->column)
        return wn_fail(err, WN_INVALID,
                       "%s:%zu: no column is titled path, image, file or filename; add a first row of titles", file,
                       csv->line);
    plan->path = 0;
    plan->label = 1;
    return WN_OK;
}

static void clear_plan(csv_plan *plan)
{
    for (size_t i = 0; plan->titles && i < plan->columns; i++) wn_free(plan->titles[i]);
    wn_free(plan->titles);
    wn_free(plan->probabilities);
}

static int64_t whole_of(const wn_csv *csv, int column)
{
    int64_t value;
    return column != NONE && wn_text_to_int(wn_csv_field(csv, (size_t)column), &value) ? value : 0;
}

/* The category of a row; -1 = the row has no label. */
static int32_t find_category(wn_annotation_builder *builder, const wn_csv *csv, const csv_plan *plan)
{
    const char *label = plan->label == NONE ? "" : wn_csv_field(csv, (size_t)plan->label);
    const char *name = plan->name == NONE ? "" : wn_csv_field(csv, (size_t)plan->name);
    int64_t id;
    if (plan->classes) { /* names first: the probabilities are in their order */
        if (*name) return wn_builder_category_named(builder, name, strlen(name));
        if (wn_text_to_int(label, &id) && id >= 0 && (size_t)id < plan->classes) return (int32_t)id;
    }
    if (*label && wn_text_to_int(label, &id)) return wn_builder_category(builder, id, *name ? name : label);
    if (!*name) name = label;
    return *name ? wn_builder_category_named(builder, name, strlen(name)) : -1;
}

static bool has_box(const wn_csv *csv, const csv_plan *plan)
{
    for (int i = 0; i < 4; i++)
        if (plan->box[i] != NONE && *wn_csv_field(csv, (size_t)plan->box[i])) return true;
    return false;
}

static bool set_box(wn_annotation_builder *builder, const wn_csv *csv, const csv_plan *plan, wn_annotation_item *item)
{
    double values[4];
    size_t empty = 0;
    if (plan->box[0] == NONE) return true;
    for (int i = 0; i < 4; i++) {
        const char *text = wn_csv_field(csv, (size_t)plan->box[i]);
        empty += *text == 0;
        if (*text && !wn_text_to_real(text, &values[i])) {
            wn_builder_problem(builder, "'%.40s' is no number of a box; left out", text);
            return false;
        }
    }
    if (empty == 4) return true;
    if (empty) {
        wn_builder_problem(builder, "a box of fewer than four numbers; left out");
        return false;
    }
    const char *layout = builder->options->box;
    bool corners = layout ? strcmp(layout, "xyxy") == 0 : plan->corners;
    for (int i = 0; i < 4; i++) item->box[i] = (float)(i >= 2 && corners ? values[i] - values[i - 2] : values[i]);
    item->flags |= WN_ITEM_BOX;
    return true;
}

static bool set_probabilities(wn_annotation_builder *builder, const wn_csv *csv, const csv_plan *plan,
                              wn_annotation_item *item)
{
    float *values = wn_alloc(WN_MEMORY_TEXT, plan->classes, sizeof *values);
    size_t best = 0, at = 0;
    double value;
    if (!values) {
        builder->storage->status = WN_NOMEM;
        return false;
    }
    for (; at < plan->classes; at++) {
        if (!wn_text_to_real(wn_csv_field(csv, (size_t)plan->probabilities[at]), &value) || value < 0) break;
        values[at] = (float)value;
        if (values[at] > values[best]) best = at;
    }
    bool good = at == plan->classes;
    if (good) {
        item->probabilities = wn_builder_numbers(builder, values, plan->classes);
        if (item->category < 0) item->category = (int32_t)best;
    } else
        wn_builder_problem(builder, "'%.40s' is no probability; left out",
                           wn_csv_field(csv, (size_t)plan->probabilities[at]));
    wn_free(values);
    return good;
}

static void take_row(wn_annotation_builder *builder, const wn_csv *csv, const csv_plan *plan, size_t image)
{
    int32_t category = find_category(builder, csv, plan);
    double score = NAN;
    if (category < 0 && !plan->classes && !has_box(csv, plan)) return; /* an image without a label */
    const char *text = plan->score == NONE ? "" : wn_csv_field(csv, (size_t)plan->score);
    if (*text && (!wn_text_to_real(text, &score) || score < 0 || score > 1)) {
        wn_builder_problem(builder, "the score '%.40s' is not from 0 to 1; left out", text);
        return;
    }
    wn_annotation_item *item = wn_builder_item(builder, image, category);
    item->score = (float)score;
    bool good = set_box(builder, csv, plan, item) && (!plan->classes || set_probabilities(builder, csv, plan, item));
    if (!good) item->flags |= WN_ITEM_DROPPED;
    if (item->flags & WN_ITEM_BOX) builder->set->task = WN_TASK_DETECTION;
}

static void take_fields(wn_annotation_builder *builder, const wn_csv *csv, const csv_plan *plan, size_t image)
{
    for (size_t i = 0; i < plan->columns && i < csv->count; i++) {
        const char *text = wn_csv_field(csv, i);
        double value;
        if ((int)i == plan->path || !*text || !*plan->titles[i]) continue;
        size_t field = wn_builder_field(builder, plan->titles[i], false);
        if (wn_text_to_real(text, &value)) {
            wn_builder_number(builder, field, image, value);
        } else
            wn_builder_word(builder, field, image, text, strlen(text));
    }
}

static void read_rows(wn_annotation_builder *builder, wn_csv *csv, const csv_plan *plan, bool skip_first)
{
    bool more = skip_first ? wn_csv_next(csv) : true;
    for (; more && !builder->storage->status; more = wn_csv_next(csv)) {
        const char *path = wn_csv_field(csv, (size_t)plan->path);
        builder->place.line = csv->line;
        if (csv->count != plan->columns) {
            wn_builder_problem(builder, "%zu fields where the first row has %zu; left out", csv->count, plan->columns);
            continue;
        }
        if (!*path) {
            wn_builder_problem(builder, "a row without a path; left out");
            continue;
        }
        size_t image =
            wn_builder_image(builder, path, strlen(path), whole_of(csv, plan->width), whole_of(csv, plan->height));
        if (builder->options->role == WN_ROLE_METADATA) {
            take_fields(builder, csv, plan, image);
        } else
            take_row(builder, csv, plan, image);
    }
}

static wn_status parse(wn_annotation_builder *builder, const wn_annotation_file *file, wn_error *err)
{
    wn_csv csv;
    csv_plan plan = {0};
    wn_csv_init(&csv, file->text, file->len);
    builder->set->task = WN_TASK_CLASSIFICATION;
    bool any = wn_csv_next(&csv), short_of_memory = csv.bytes.status || csv.starts.status;
    wn_status status = any               ? make_plan(builder, &csv, &plan, file->path, err)
                       : short_of_memory ? wn_fail(err, WN_NOMEM, "no memory to read '%s'", file->path)
                                         : wn_fail(err, WN_CORRUPT, "%s: the file is empty", file->path);
    if (!status) read_rows(builder, &csv, &plan, plan.titled);
    if (!status && csv.open_quote)
        status = wn_fail(err, WN_CORRUPT, "%s:%zu: a quote that does not end", file->path, csv.line);
    if (!status && (csv.bytes.status || csv.starts.status))
        status = wn_fail(err, WN_NOMEM, "no memory to read '%s'", file->path);
    clear_plan(&plan);
    wn_csv_clear(&csv);
    return status;
}

const wn_annotation_format wn_annotation_format_csv = {
    .name = "csv",
    .summary = "a table of paths with labels, boxes, scores, probabilities or metadata; any of , ; tab |",
    .roles = WN_ROLE_BIT(WN_ROLE_LABELS) | WN_ROLE_BIT(WN_ROLE_PREDICTIONS) | WN_ROLE_BIT(WN_ROLE_METADATA),
    .probe = probe,
    .parse = parse,
};
