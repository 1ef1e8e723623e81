/* SPDX-License-Identifier: Apache-2.0
 *
 * What is written is read back as it was, in the fields that a format has.
 */
#include "store_fixture.h"

#include <jansson.h>
#include <math.h>

#include "base/file.h"
#include "interop/annotation_builder.h"
#include "winnow/annotation.h"

static const float polygon[] = {10, 20, 40, 20, 40, 60, 10, 60};
static const float probabilities[] = {0.25f, 0.5f, 0.25f};
static const float keypoints[] = {1, 2, 0.5f, 3, 4, 1};

/* Two images and one without anything; names that need quoting; ids with gaps. */
static wn_annotations *make_set(fixture *f, wn_annotation_task task)
{
    static const wn_annotation_options options;
    wn_annotation_builder builder;
    wn_annotations *set = NULL;
    assert_int_equal(wn_builder_begin(&builder, &options, &f->err), WN_OK);
    builder.set->task = task;
    builder.set->name = "boxes";
    wn_builder_category(&builder, 0, "a, \"b\" & <c>");
    wn_builder_category(&builder, 1, "it's");
    wn_builder_category(&builder, 7, "z");
    size_t first = wn_builder_image(&builder, "d/one.jpg", 9, 100, 80);
    size_t second = wn_builder_image(&builder, "d/two \"2\".png", 13, 64, 48);
    wn_builder_image(&builder, "none.jpg", 8, 10, 10);
    for (int i = 0; i < 3; i++) {
        wn_annotation_item *item = wn_builder_item(&builder, i == 1 ? second : first, i);
        if (task == WN_TASK_CLASSIFICATION) {
            item->score = 0.5f;
            continue;
        }
        float box[4] = {10.25f + (float)i, 20, 30.5f, 16};
        memcpy(item->box, box, sizeof box);
        item->flags = WN_ITEM_BOX;
        item->score = 0.25f + (float)i / 4;
    }
    wn_annotation_item *dropped = wn_builder_item(&builder, first, 0);
    dropped->flags = WN_ITEM_BOX | WN_ITEM_DROPPED;
    assert_int_equal(wn_builder_finish(&builder, &set, &f->err), WN_OK);
    return set;
}

static void write_set(fixture *f, const wn_annotations *set, const char *writer, const char *name, char path[400])
{
    snprintf(path, 400, "%s/%s", f->folder, name);
    if (wn_annotations_write(set, wn_annotation_writer_find(writer), path, &f->err)) fail_msg("%s", f->err.message);
}

static wn_annotations *read_back(fixture *f, const char *path, const wn_annotation_options *options)
{
    wn_annotations *set = NULL;
    if (wn_annotations_read(path, options, &set, &f->err)) fail_msg("%s", f->err.message);
    assert_int_equal(set->problem_count, 0);
    return set;
}

/* The image of that path, with or without its suffix. */
static const wn_annotation_image *image_of(const wn_annotations *set, const char *path)
{
    size_t stem = (size_t)(strrchr(path, '.') - path);
    for (size_t i = 0; i < set->image_count; i++) {
        const char *here = set->images[i].path;
        if (strcmp(here, path) == 0 || (strlen(here) == stem && strncmp(here, path, stem) == 0)) return &set->images[i];
    }
    return NULL;
}

static void compare(const wn_annotations *a, const wn_annotations *b, bool boxes, bool scores)
{
    for (size_t i = 0; i < a->image_count; i++) {
        const wn_annotation_image *x = &a->images[i], *y = image_of(b, x->path);
        size_t at = 0;
        assert_true(y != NULL || x->count == 0);
        for (size_t j = x->first; j < x->first + x->count; j++) {
            if (a->items[j].flags & WN_ITEM_DROPPED) continue;
            assert_true(at < y->count);
            const wn_annotation_item *left = &a->items[j], *right = &b->items[y->first + at++];
            assert_string_equal(a->categories[left->category].name, b->categories[right->category].name);
            if (scores) assert_true(fabsf(left->score - right->score) < 1e-6f);
            for (int c = 0; c < 4 && boxes; c++) assert_true(fabsf(left->box[c] - right->box[c]) < 1e-3f);
        }
        assert_true(y == NULL || at == y->count);
    }
}

static void test_boxes_come_back(void **state)
{
    static const struct {
        const char *writer, *out, *read;
        bool scores;
    } cases[] = {{"csv", "o.csv", "o.csv", true},
                 {"coco", "o.json", "o.json", true},
                 {"yolo", "yolo", "yolo", true},
                 {"voc", "voc", "voc", false},
                 {"lightly", "lightly", "lightly", true}};
    fixture *f = *state;
    wn_annotations *set = make_set(f, WN_TASK_DETECTION);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char path[400];
        write_set(f, set, cases[i].writer, cases[i].out, path);
        wn_annotation_options options = {.role = WN_ROLE_PREDICTIONS};
        wn_annotations *back = read_back(f, path, &options);
        assert_int_equal(back->task, WN_TASK_DETECTION);
        for (size_t k = 0; k < set->image_count; k++) {
            const wn_annotation_image *image = image_of(back, set->images[k].path);
            if (image)
                assert_int_equal(wn_annotations_fit(back, (size_t)(image - back->images), set->images[k].width,
                                                    set->images[k].height, NULL, &f->err),
                                 WN_OK);
        }
        compare(set, back, true, cases[i].scores);
        wn_annotations_free(&back);
    }
    wn_annotations_free(&set);
}

static void test_labels_come_back(void **state)
{
    fixture *f = *state;
    char path[400];
    wn_annotation_options options = {.role = WN_ROLE_PREDICTIONS};
    wn_annotations *set = make_set(f, WN_TASK_CLASSIFICATION), *back;
    write_set(f, set, "csv", "l.csv", path);
    back = read_back(f, path, &options);
    compare(set, back, false, true);
    wn_annotations_free(&back);
    write_set(f, set, "lightly", "ll", path);
    back = read_back(f, path, &options);
    assert_int_equal(back->task, WN_TASK_CLASSIFICATION);
    compare(set, back, false, true);
    wn_annotations_free(&back);
    wn_annotations_free(&set);
}

/* Polygon, mask, keypoints and probabilities through COCO; ids are kept. */
static void test_shapes_through_coco(void **state)
{
    fixture *f = *state;
    static const wn_annotation_options options;
    static const uint32_t runs[] = {101, 3, 97, 3, 7796};
    wn_annotation_builder builder;
    wn_annotations *set = NULL;
    char path[400];
    assert_int_equal(wn_builder_begin(&builder, &options, &f->err), WN_OK);
    builder.set->task = WN_TASK_KEYPOINTS;
    for (int64_t id = 3; id < 10; id += 3) wn_builder_category(&builder, id, id == 3 ? "p" : id == 6 ? "q" : "r");
    size_t image = wn_builder_image(&builder, "/x/one.jpg", 10, 100, 80);
    wn_annotation_item *item = wn_builder_item(&builder, image, 1);
    wn_annotation_span ring = wn_builder_numbers(&builder, polygon, 8);
    item->polygon = ring;
    item->probabilities = wn_builder_numbers(&builder, probabilities, 3);
    item->keypoints = wn_builder_numbers(&builder, keypoints, 6);
    item = wn_builder_item(&builder, image, 2);
    item->mask = wn_builder_runs(&builder, runs, 5);
    item->flags = WN_ITEM_CROWD;
    assert_int_equal(wn_builder_finish(&builder, &set, &f->err), WN_OK);
    write_set(f, set, "coco", "s.json", path);
    wn_annotations *back = read_back(f, path, &options);
    assert_int_equal(back->categories[1].id, 6);
    assert_int_equal(back->item_count, 2);
    assert_int_equal(back->items[0].polygon.count, 8);
    assert_memory_equal(back->numbers + back->items[0].polygon.first, polygon, sizeof polygon);
    assert_memory_equal(back->numbers + back->items[0].probabilities.first, probabilities, sizeof probabilities);
    assert_memory_equal(back->numbers + back->items[0].keypoints.first, keypoints, sizeof keypoints);
    assert_int_equal(back->items[1].mask.count, 5);
    assert_memory_equal(back->runs + back->items[1].mask.first, runs, sizeof runs);
    assert_true(back->items[1].flags & WN_ITEM_CROWD);
    wn_annotations_free(&back);
    wn_annotations_free(&set);
}

static json_t *annotation(const json_t *file, size_t at)
{
    return json_array_get(json_object_get(file, "annotations"), at);
}

/* What evaluators of COCO read: numbers as short as they came, areas of outlines, keypoints that are told. */
static void test_coco_for_evaluators(void **state)
{
    static const float hole[] = {10, 20, 40, 20, 40, 60, 10, 60, NAN, NAN, 50, 20, 54, 20, 54, 23, 50, 23};
    static const float body[] = {240.86f, 2.04f, 2, 3, 4, 1, 0, 0, 0}, box[] = {60.72f, 30.31f, 209.04f, 208.06f};
    static const uint32_t runs[] = {401, 3, 397, 3, 119196};
    static const wn_annotation_options options;
    fixture *f = *state;
    wn_annotation_builder builder;
    wn_annotations *set = NULL;
    char path[400];
    assert_int_equal(wn_builder_begin(&builder, &options, &f->err), WN_OK);
    builder.set->task = WN_TASK_KEYPOINTS;
    wn_builder_category(&builder, 1, "person");
    size_t image = wn_builder_image(&builder, "/x/one.jpg", 10, 400, 300);
    for (int i = 0; i < 4; i++) {
        wn_annotation_item *item = wn_builder_item(&builder, image, 0);
        memcpy(item->box, box, sizeof box);
        item->flags = i < 3 ? WN_ITEM_BOX : 0;
        item->score = 0.7f;
        if (i == 0) item->polygon = wn_builder_numbers(&builder, hole, 18);
        if (i == 1 || i == 3) item->mask = wn_builder_runs(&builder, runs, 5);
        if (i == 2) item->keypoints = wn_builder_numbers(&builder, body, 9);
    }
    assert_int_equal(wn_builder_finish(&builder, &set, &f->err), WN_OK);
    write_set(f, set, "coco", "e.json", path);
    wn_annotations_free(&set);
    json_t *file = json_load_file(path, 0, NULL);
    assert_non_null(file);
    static const double areas[] = {30 * 40 + 4 * 3, 6, 209.04 * 208.06};
    for (size_t i = 0; i < 3; i++) {
        const json_t *item = annotation(file, i);
        assert_float_equal(json_number_value(json_object_get(item, "area")), areas[i], 1e-3);
        assert_true(json_number_value(json_object_get(item, "score")) == 0.7);
        assert_true(json_number_value(json_array_get(json_object_get(item, "bbox"), 0)) == 60.72);
    }
    assert_true(json_number_value(json_object_get(annotation(file, 3), "area")) == 6);
    const json_t *points = json_object_get(annotation(file, 2), "keypoints");
    assert_true(json_number_value(json_array_get(points, 0)) == 240.86);
    assert_int_equal(json_integer_value(json_object_get(annotation(file, 2), "num_keypoints")), 2);
    json_decref(file);
}

/* Lightly has no polygons: they become masks, as an instance without one is refused. */
static void test_polygons_to_lightly(void **state)
{
    static const float rings[] = {10, 20, 40, 20, 40, 60, 10, 60, NAN, NAN, 50, 20, 54, 20, 54, 23, 50, 23};
    static const float box[] = {10, 20, 44, 40};
    fixture *f = *state;
    wn_annotation_options options = {.role = WN_ROLE_PREDICTIONS};
    wn_annotation_builder builder;
    wn_annotations *set = NULL;
    char path[400];
    assert_int_equal(wn_builder_begin(&builder, &options, &f->err), WN_OK);
    builder.set->task = WN_TASK_INSTANCES;
    builder.set->name = "shapes";
    wn_builder_category(&builder, 3, "p");
    size_t image = wn_builder_image(&builder, "one.jpg", 7, 100, 80);
    wn_annotation_item *item = wn_builder_item(&builder, image, 0);
    memcpy(item->box, box, sizeof box);
    item->flags = WN_ITEM_BOX;
    item->score = 0.7f;
    item->polygon = wn_builder_numbers(&builder, rings, sizeof rings / sizeof *rings);
    assert_int_equal(wn_builder_finish(&builder, &set, &f->err), WN_OK);
    write_set(f, set, "lightly", "shapes", path);
    wn_annotations *back = read_back(f, path, &options);
    assert_int_equal(back->item_count, 1);
    uint8_t one[100 * 80], two[100 * 80];
    assert_true(wn_annotation_draw_mask(set, set->items, 100, 80, one));
    assert_true(back->items[0].mask.count > 0);
    assert_true(wn_annotation_draw_mask(back, back->items, 100, 80, two));
    assert_memory_equal(one, two, sizeof one);
    wn_annotations_free(&back);
    wn_annotations_free(&set);

    char name[440];
    snprintf(name, sizeof name, "%s/shapes/one.json", path);
    json_t *file = json_load_file(name, 0, NULL);
    assert_non_null(file);
    const json_t *entry = json_array_get(json_object_get(file, "predictions"), 0);
    assert_true(json_number_value(json_object_get(entry, "score")) == 0.7);
    json_decref(file);
}

/* A box among polygons is written as its outline: others read a row of four numbers there as two points. */
static void test_boxes_among_polygons(void **state)
{
    static const float boxes[2][4] = {{10, 20, 30, 40}, {50, 8, 25, 16}};
    static const float outline[] = {50, 8, 75, 8, 75, 24, 50, 24};
    static const wn_annotation_options options;
    fixture *f = *state;
    wn_annotation_builder builder;
    wn_annotations *set = NULL;
    char path[400];
    assert_int_equal(wn_builder_begin(&builder, &options, &f->err), WN_OK);
    builder.set->task = WN_TASK_INSTANCES;
    wn_builder_category(&builder, 0, "p");
    size_t image = wn_builder_image(&builder, "one.jpg", 7, 100, 80);
    for (int i = 0; i < 2; i++) {
        wn_annotation_item *item = wn_builder_item(&builder, image, 0);
        memcpy(item->box, boxes[i], sizeof item->box);
        item->flags = WN_ITEM_BOX;
        if (i == 0) item->polygon = wn_builder_numbers(&builder, polygon, 8);
    }
    assert_int_equal(wn_builder_finish(&builder, &set, &f->err), WN_OK);
    write_set(f, set, "yolo", "mixed", path);
    wn_annotations_free(&set);
    set = read_back(f, path, &options);
    assert_int_equal(wn_annotations_fit(set, 0, 100, 80, NULL, &f->err), WN_OK);
    assert_int_equal(set->item_count, 2);
    for (size_t i = 0; i < 2; i++) {
        assert_int_equal(set->items[i].polygon.count, 8);
        for (int c = 0; c < 4; c++) assert_float_equal(set->items[i].box[c], boxes[i][c], 1e-3);
        for (size_t c = 0; c < 8; c++)
            assert_float_equal(set->numbers[set->items[i].polygon.first + c], i ? outline[c] : polygon[c], 1e-3);
    }
    wn_annotations_free(&set);
}

/* Quotes inside the quoted names of data.yaml are doubled, as other readers of YAML ask for. */
static void test_names_in_yaml(void **state)
{
    fixture *f = *state;
    char path[400], name[440], text[400] = "";
    wn_annotations *set = make_set(f, WN_TASK_DETECTION);
    write_set(f, set, "yolo", "names", path);
    wn_annotations_free(&set);
    snprintf(name, sizeof name, "%s/data.yaml", path);
    FILE *file = fopen(name, "r");
    assert_non_null(file);
    assert_true(fread(text, 1, sizeof text - 1, file) > 0);
    (void)fclose(file);
    assert_non_null(strstr(text, "  1: 'it''s'\n"));
}

static void test_paths_stay_inside(void **state)
{
    static const char *const bad[] = {"/abs.jpg", "../up.jpg", "a/../../up.jpg"};
    static const wn_annotation_options options;
    fixture *f = *state;
    char path[400];
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        wn_annotation_builder builder;
        wn_annotations *set = NULL;
        assert_int_equal(wn_builder_begin(&builder, &options, &f->err), WN_OK);
        wn_builder_image(&builder, bad[i], strlen(bad[i]), 10, 10);
        assert_int_equal(wn_builder_finish(&builder, &set, &f->err), WN_OK);
        snprintf(path, sizeof path, "%s/out", f->folder);
        assert_int_equal(wn_annotations_write(set, wn_annotation_writer_find("voc"), path, &f->err), WN_INVALID);
        wn_annotations_free(&set);
    }
}

/* Every writer of the table is found by name and writes a set of every task. */
static void test_table(void **state)
{
    fixture *f = *state;
    char path[400], name[40];
    for (int task = WN_TASK_CLASSIFICATION; task <= WN_TASK_DETECTION; task++) {
        wn_annotations *set = make_set(f, (wn_annotation_task)task);
        for (size_t i = 0; wn_annotation_writer_at(i); i++) {
            const wn_annotation_writer *writer = wn_annotation_writer_at(i);
            assert_ptr_equal(wn_annotation_writer_find(wn_annotation_writer_name(writer)), writer);
            assert_true(strlen(wn_annotation_writer_summary(writer)) > 5);
            snprintf(name, sizeof name, "t%d-%zu", task, i);
            write_set(f, set, wn_annotation_writer_name(writer), name, path);
            assert_true(wn_file_exists(path));
        }
        wn_annotations_free(&set);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        FIXTURE_TEST(test_boxes_come_back),
        FIXTURE_TEST(test_labels_come_back),
        FIXTURE_TEST(test_shapes_through_coco),
        FIXTURE_TEST(test_coco_for_evaluators),
        FIXTURE_TEST(test_polygons_to_lightly),
        FIXTURE_TEST(test_names_in_yaml),
        FIXTURE_TEST(test_boxes_among_polygons),
        FIXTURE_TEST(test_paths_stay_inside),
        FIXTURE_TEST(test_table),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
