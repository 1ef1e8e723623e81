/* SPDX-License-Identifier: Apache-2.0
 *
 * Readers of labels, predictions and metadata: what each takes, and what becomes of entries that are wrong.
 */
#include "store_fixture.h"

#include "base/file.h"
#include "base/text.h"
#include "interop/csv_text.h"
#include "interop/mask.h"
#include "winnow/annotation.h"
#include "winnow/npy.h"

/* Writes folder/NAME, with the folders above it. */
static void put(fixture *f, const char *name, const char *text)
{
    char path[600], folder[600];
    snprintf(path, sizeof path, "%s/%s", f->folder, name);
    snprintf(folder, sizeof folder, "%s", path);
    *strrchr(folder, '/') = 0;
    assert_int_equal(wn_file_make_folder(folder, &f->err), WN_OK);
    assert_int_equal(wn_file_write(path, text, strlen(text), &f->err), WN_OK);
}

static wn_status try_read(fixture *f, const char *name, const wn_annotation_options *options, wn_annotations **set)
{
    char path[600];
    snprintf(path, sizeof path, "%s/%s", f->folder, name);
    return wn_annotations_read(path, options, set, &f->err);
}

static wn_annotations *read_set(fixture *f, const char *name, const wn_annotation_options *options)
{
    wn_annotations *set = NULL;
    if (try_read(f, name, options, &set)) fail_msg("%s", f->err.message);
    return set;
}

static const wn_annotation_item *item_of(const wn_annotations *set, const char *path, size_t at)
{
    for (size_t i = 0; i < set->image_count; i++) {
        if (!set->images[i].path || strcmp(set->images[i].path, path) != 0) continue;
        assert_true(at < set->images[i].count);
        return &set->items[set->images[i].first + at];
    }
    fail_msg("no image '%s'", path);
    return NULL;
}

static const char *label_of(const wn_annotations *set, const char *path, size_t at)
{
    int32_t category = item_of(set, path, at)->category;
    return category < 0 ? NULL : set->categories[category].name;
}

static void check_box(const wn_annotation_item *item, double x, double y, double w, double h)
{
    double expected[4] = {x, y, w, h};
    assert_true(item->flags & WN_ITEM_BOX);
    for (int i = 0; i < 4; i++) assert_true(fabs((double)item->box[i] - expected[i]) < 1e-3);
}

/* The problem whose reason holds `words`; its line. */
static size_t problem_line(const wn_annotations *set, const char *words)
{
    for (size_t i = 0; i < set->problem_count; i++)
        if (strstr(set->problems[i].reason, words)) return set->problems[i].line;
    for (size_t i = 0; i < set->problem_count; i++)
        print_message("%s:%zu: %s\n", set->problems[i].file, set->problems[i].line, set->problems[i].reason);
    fail_msg("no problem says '%s'", words);
    return 0;
}

static void test_class_folders(void **state)
{
    fixture *f = *state;
    put(f, "a/cat/1.jpg", "x");
    put(f, "a/cat/deep/2.png", "x");
    put(f, "a/dog/3.JPEG", "x");
    put(f, "a/dog/notes.txt", "x");
    put(f, "a/readme.jpg", "x");
    wn_annotations *set = read_set(f, "a", NULL);
    assert_string_equal(set->format, "class-folders");
    assert_int_equal(set->task, WN_TASK_CLASSIFICATION);
    assert_int_equal(set->image_count, 3);
    assert_int_equal(set->category_count, 2);
    assert_string_equal(label_of(set, "cat/deep/2.png", 0), "cat");
    assert_string_equal(label_of(set, "dog/3.JPEG", 0), "dog");
    wn_annotations_free(&set);
    put(f, "b/train/cat/1.jpg", "x");
    put(f, "b/Test/dog/1.jpg", "x");
    set = read_set(f, "b", NULL);
    assert_int_equal(set->category_count, 2);
    assert_string_equal(label_of(set, "Test/dog/1.jpg", 0), "dog");
    wn_annotations_free(&set);
}

static void test_csv(void **state)
{
    fixture *f = *state;
    /* A byte order mark, semicolons, Windows paths and line ends, a quoted line break, a short row, no label. */
    put(f, "a.csv",
        "\xEF\xBB\xBFpath;label;label_name\r\nimg\\cat\\1.jpg;3;cat\r\n\"img\\a\nb.jpg\";4;\"do\"\"g\"\r\n\r\n"
        "img\\short.jpg;5\r\nimg\\none.jpg;;\r\n;3;cat\r\n");
    wn_annotations *set = read_set(f, "a.csv", NULL);
    assert_int_equal(set->image_count, 3);
    assert_string_equal(label_of(set, "img\\cat\\1.jpg", 0), "cat");
    assert_int_equal(set->categories[item_of(set, "img\\cat\\1.jpg", 0)->category].id, 3);
    assert_string_equal(label_of(set, "img\\a\nb.jpg", 0), "do\"g");
    assert_int_equal(set->item_count, 2);
    assert_int_equal(problem_line(set, "2 fields where the first row has 3"), 6);
    assert_int_equal(problem_line(set, "without a path"), 8);
    wn_annotations_free(&set);

    put(f, "plain.csv", "1.jpg,cat\n2.jpg,dog\n1.jpg,pet\n");
    set = read_set(f, "plain.csv", NULL);
    assert_int_equal(set->image_count, 2);
    assert_string_equal(label_of(set, "1.jpg", 1), "pet");
    wn_annotations_free(&set);

    put(f, "boxes.csv",
        "filename,width,height,class,xmin,ymin,xmax,ymax\na.jpg,100,80,car,10,20,30,60\na.jpg,100,80,car,30,20,10,60\n"
        "a.jpg,100,80,bus,200,20,210,60\na.jpg,100,80,bus,90,70,140,75\na.jpg,100,80,bus,x,70,140,75\n");
    set = read_set(f, "boxes.csv", NULL);
    assert_int_equal(set->task, WN_TASK_DETECTION);
    check_box(item_of(set, "a.jpg", 0), 10, 20, 20, 40);
    check_box(item_of(set, "a.jpg", 3), 90, 70, 10, 5);
    assert_true(item_of(set, "a.jpg", 1)->flags & WN_ITEM_DROPPED);
    assert_true(item_of(set, "a.jpg", 2)->flags & WN_ITEM_DROPPED);
    assert_true(item_of(set, "a.jpg", 4)->flags & WN_ITEM_DROPPED);
    assert_int_equal(problem_line(set, "is reversed"), 3);
    assert_int_equal(problem_line(set, "lies outside"), 4);
    assert_int_equal(problem_line(set, "sticks out"), 5);
    assert_int_equal(problem_line(set, "'x' is no number"), 6);
    wn_annotations_free(&set);

    /* Beside x and y, width and height are of the box, and y is no label. */
    put(f, "sizes.csv", "path,x,y,width,height,class_id,image_width,image_height\na.jpg,10,20,30,40,2,100,80\n");
    set = read_set(f, "sizes.csv", NULL);
    check_box(item_of(set, "a.jpg", 0), 10, 20, 30, 40);
    assert_int_equal(set->categories[item_of(set, "a.jpg", 0)->category].id, 2);
    assert_int_equal(set->images[0].width, 100);
    assert_int_equal(set->images[0].height, 80);
    wn_annotations_free(&set);
    put(f, "probs.csv", "path\tprob_cat\tprob_dog\tscore\n1.jpg\t0.25\t0.75\t0.9\n2.jpg\tno\t0.1\t0.9\n");
    wn_annotation_options options = {.role = WN_ROLE_PREDICTIONS};
    set = read_set(f, "probs.csv", &options);
    assert_string_equal(label_of(set, "1.jpg", 0), "dog");
    assert_int_equal(item_of(set, "1.jpg", 0)->probabilities.count, 2);
    assert_int_equal(problem_line(set, "'no' is no probability"), 3);
    wn_annotations_free(&set);

    put(f, "open.csv", "path,label\n\"1.jpg,cat\n");
    assert_int_equal(try_read(f, "open.csv", NULL, &set), WN_CORRUPT);
    assert_non_null(strstr(f->err.message, "open.csv:2"));
    put(f, "empty.csv", "");
    assert_int_equal(try_read(f, "empty.csv", NULL, &set), WN_CORRUPT);
    options = (wn_annotation_options){.column = "worse"};
    assert_int_equal(try_read(f, "a.csv", &options, &set), WN_INVALID);
    assert_non_null(strstr(f->err.message, "'worse'"));
}

static void test_csv_metadata(void **state)
{
    fixture *f = *state;
    wn_annotation_options options = {.role = WN_ROLE_METADATA};
    put(f, "m.csv", "image,speed,weather,mixed\n1.jpg,2.5,sun,1\n2.jpg,,rain,x\n3.jpg,-3,sun,\n");
    wn_annotations *set = read_set(f, "m.csv", &options);
    assert_int_equal(set->field_count, 3);
    const wn_annotation_field *speed = &set->fields[0], *weather = &set->fields[1], *mixed = &set->fields[2];
    assert_string_equal(speed->name, "speed");
    assert_true(speed->numeric && !speed->whole);
    assert_true(speed->numbers[0] == 2.5 && isnan(speed->numbers[1]) && speed->numbers[2] == -3);
    assert_true(!weather->numeric && weather->word_count == 2);
    assert_string_equal(weather->words[0], "rain");
    assert_int_equal(weather->codes[0], 1);
    assert_int_equal(weather->codes[1], 0);
    assert_true(!mixed->numeric);
    assert_string_equal(mixed->words[mixed->codes[0]], "1");
    assert_int_equal(mixed->codes[2], -1);
    wn_annotations_free(&set);
}

static const char coco_text[] =
    "{\"info\": {\"a\": [1, {\"}\": \"]\"}]},\n"
    "\"annotations\": [\n"
    "{\"id\": 1, \"image_id\": 7, \"category_id\": 3, \"bbox\": [10, 20, 30, 40], \"iscrowd\": 0, \"segmentation\": "
    "[[10, 20, 40, 20, 40, 60, 10, 60]]},\n"
    "{\"id\": 2, \"image_id\": 9, \"category_id\": 3, \"bbox\": [1, 2, 3, 4]},\n"
    "{\"id\": 3, \"image_id\": 7, \"category_id\": 5, \"bbox\": [1, 2, 3, 4]},\n"
    "{\"id\": 4, \"image_id\": 7, \"category_id\": 90, \"bbox\": [0, 0, 0, 4]},\n"
    "{\"id\": 5, \"image_id\": 7, \"category_id\": 90, \"iscrowd\": 1, \"bbox\": [0, 0, 2, 2], \"segmentation\": "
    "{\"size\": [80, 100], \"counts\": [0, 2, 78, 2, 7918]}}\n"
    "],\n"
    "\"images\": [{\"id\": 7, \"file_name\": \"a.jpg\", \"width\": 100, \"height\": 80}, {\"id\": 8, \"file_name\": "
    "\"b.jpg\"}],\n"
    "\"categories\": [{\"id\": 3, \"name\": \"car\"}, {\"id\": 90, \"name\": \"bus\"}]}\n";

static void test_coco(void **state)
{
    fixture *f = *state;
    put(f, "i.json", coco_text);
    wn_annotations *set = read_set(f, "i.json", NULL);
    assert_string_equal(set->format, "coco");
    assert_int_equal(set->task, WN_TASK_INSTANCES);
    assert_int_equal(set->image_count, 2);
    assert_int_equal(set->images[1].count, 0);
    assert_int_equal(set->item_count, 3);
    check_box(item_of(set, "a.jpg", 0), 10, 20, 30, 40);
    assert_string_equal(label_of(set, "a.jpg", 0), "car");
    assert_int_equal(problem_line(set, "entry 2: the image_id 9 is none of an image that the file describes"), 4);
    assert_int_equal(problem_line(set, "entry 3 (a.jpg): the category_id 5 is an unknown category"), 5);
    assert_int_equal(problem_line(set, "is empty"), 6);
    /* The polygon is the box; the run lengths go down two columns of two pixels. */
    uint8_t *mask = calloc(8000, 1);
    assert_true(wn_annotation_draw_mask(set, item_of(set, "a.jpg", 0), 100, 80, mask));
    size_t inside = 0;
    for (size_t i = 0; i < 8000; i++) inside += mask[i];
    assert_int_equal(inside, 1200);
    assert_true(mask[20 * 100 + 10] && !mask[19 * 100 + 10] && !mask[20 * 100 + 40]);
    const wn_annotation_item *crowd = item_of(set, "a.jpg", 2);
    assert_true(crowd->flags & WN_ITEM_CROWD);
    assert_true(wn_annotation_draw_mask(set, crowd, 100, 80, mask));
    assert_true(mask[0] && mask[1] && mask[100] && mask[101] && !mask[2] && !mask[200]);
    free(mask);
    wn_annotations_free(&set);

    put(f, "r.json",
        "[{\"image_id\": 7, \"category_id\": 90, \"bbox\": [1, 2, 3, 4], \"score\": 0.5},\n"
        "{\"image_id\": 70, \"category_id\": 90, \"bbox\": [1, 2, 3, 4], \"score\": 0.5},\n"
        "{\"image_id\": 7, \"category_id\": 90, \"bbox\": [1, 2, 3], \"score\": 0.5},\n"
        "{\"image_id\": 7, \"category_id\": 90, \"bbox\": [1, 2, 3, 4], \"score\": 1.5}]");
    char reference[600];
    snprintf(reference, sizeof reference, "%s/i.json", f->folder);
    wn_annotation_options options = {.role = WN_ROLE_PREDICTIONS, .reference = reference};
    set = read_set(f, "r.json", &options);
    assert_string_equal(label_of(set, "a.jpg", 0), "bus");
    assert_true(item_of(set, "a.jpg", 0)->score == 0.5f);
    assert_int_equal(problem_line(set, "entry 2: the image_id 70 is none of an image that the reference describes"), 2);
    assert_int_equal(problem_line(set, "four numbers"), 3);
    assert_int_equal(problem_line(set, "entry 4 (a.jpg): the score 1.5 is not a number from 0 to 1"), 4);
    wn_annotations_free(&set);
    options.reference = NULL;
    set = read_set(f, "r.json", &options);
    assert_string_equal(set->images[0].path, "7");
    assert_true(set->images[0].stem);
    wn_annotations_free(&set);

    put(f, "cut.json", "{\"images\": [{\"id\": 7, \"file_name\": \"a.jpg\"},\n{\"id\": 8,");
    assert_int_equal(try_read(f, "cut.json", NULL, &set), WN_CORRUPT);
    assert_non_null(strstr(f->err.message, "cut.json:2"));
    put(f, "other.json", "{\"a\": 1}");
    assert_int_equal(try_read(f, "other.json", NULL, &set), WN_INVALID);
}

/* Results as programs write them: all in one line, NaN among the numbers, ids as text, masks and keypoints of others.
 */
static void test_coco_results_with_faults(void **state)
{
    fixture *f = *state;
    char reference[600];
    wn_annotations *set = NULL;
    put(f, "i.json",
        "{\"images\": [{\"id\": 7, \"file_name\": \"a.jpg\", \"width\": 4, \"height\": 2}], \"categories\": [{\"id\": "
        "1, "
        "\"name\": \"person\", \"keypoints\": [\"nose\", \"NaN\"]}]}");
    put(f, "r.json",
        "[{\"image_id\": \"7\", \"category_id\": 1, \"score\": 0.5, \"keypoints\": [1, 1, 0.5, 2, 1, 1]}, "
        "{\"image_id\": 7, \"category_id\": 1, \"score\": NaN, \"note\": \"a \\\"NaN\"}, "
        "{\"image_id\": 7, \"category_id\": 1, \"score\": 0.5, \"bbox\": [0, 0, -Infinity, 1]}, "
        "{\"image_id\": 7, \"category_id\": 1, \"score\": 0.5, \"keypoints\": [1, 1, 0.5]}, "
        "{\"image_id\": 7, \"category_id\": 1, \"score\": 0.5, \"keypoints\": [1, 1, 1e300, 2, 1, 1]}, "
        "{\"image_id\": 7, \"category_id\": 1, \"score\": 0.5, \"segmentation\": {\"size\": [2, 4], \"counts\": [1, "
        "7]}}, "
        "{\"image_id\": 7, \"category_id\": 1, \"score\": 0.5, \"segmentation\": {\"size\": [4, 2], \"counts\": [1, "
        "7]}}]");
    snprintf(reference, sizeof reference, "%s/i.json", f->folder);
    wn_annotation_options options = {.role = WN_ROLE_PREDICTIONS, .reference = reference};
    set = read_set(f, "r.json", &options);
    assert_int_equal(set->image_count, 1);
    assert_int_equal(set->item_count, 7);
    for (size_t i = 0; i < 7; i++)
        assert_int_equal(!(item_of(set, "a.jpg", i)->flags & WN_ITEM_DROPPED), i == 0 || i == 5);
    assert_int_equal(set->problem_count, 5);
    assert_int_equal(problem_line(set, "entry 2 (a.jpg): the score \"NaN\" is not a number"), 1);
    assert_int_equal(problem_line(set, "entry 3 (a.jpg): the box [0,0,\"-Infinity\",1] is not"), 1);
    assert_int_equal(problem_line(set, "entry 4 (a.jpg): 1 keypoints where the category has 2"), 1);
    assert_int_equal(problem_line(set, "entry 5 (a.jpg): the keypoints are not"), 1);
    assert_int_equal(problem_line(set, "a.jpg: a mask that is not of the size of the image, 4 x 2"), 1);
    wn_annotations_free(&set);

    snprintf(reference, sizeof reference, "%s/r.json", f->folder);
    assert_int_equal(try_read(f, "r.json", &options, &set), WN_INVALID);
    assert_non_null(strstr(f->err.message, "r.json' is a list of results"));
    put(f, "n.json", "[{\"image_id\": 7, \"score\": NaNs}]");
    options.reference = NULL;
    assert_int_equal(try_read(f, "n.json", &options, &set), WN_CORRUPT);
}

static void test_coco_text_mask(void **state)
{
    (void)state;
    /* 0 2 78 2 7918, encoded offline by the rules of COCO's maskApi (differences from the fourth run on). */
    static const char text[] = "02^20Pe7";
    wn_buffer runs;
    wn_buffer_init(&runs, WN_MEMORY_TEXT, 0);
    assert_true(wn_mask_parse_text(text, strlen(text), &runs));
    const uint32_t *values = (const uint32_t *)(const void *)runs.data;
    const uint32_t expected[] = {0, 2, 78, 2, 7918};
    assert_int_equal(runs.len, sizeof expected);
    for (size_t i = 0; i < 5; i++) assert_int_equal(values[i], expected[i]);
    wn_buffer back, there;
    wn_buffer_init(&there, WN_MEMORY_TEXT, 0);
    wn_buffer_init(&back, WN_MEMORY_TEXT, 0);
    assert_true(wn_mask_from_columns(values, 5, 100, 80, &there));
    assert_true(wn_mask_to_columns((const uint32_t *)(const void *)there.data, there.len / 4, 100, 80, &back));
    assert_int_equal(back.len, sizeof expected);
    assert_memory_equal(back.data, expected, sizeof expected);
    assert_false(wn_mask_from_columns(values, 4, 100, 80, &there));
    assert_false(wn_mask_parse_text("0P", 2, &back));
    wn_buffer_clear(&runs);
    wn_buffer_clear(&there);
    wn_buffer_clear(&back);
}

static const char voc_text[] =
    "<?xml version=\"1.0\"?>\n<!-- made <by> hand -->\n<annotation>\n<filename>01.jpg</filename>\n"
    "<path>C:\\Users\\x\\01.jpg</path><size><width>720</width><height>1280</height></size>\n"
    "<object><name>R&amp;D &#x63;ar</name><difficult>1</difficult><bndbox><xmin>10</xmin><ymin>20</ymin>"
    "<xmax>30</xmax><ymax>60.5</ymax></bndbox>\n<part><name>wheel</name><bndbox><xmin>1</xmin></bndbox></part></"
    "object>\n"
    "<object><name>bus</name><bndbox><xmin>10</xmin></bndbox></object>\n"
    "<object><name>bus</name><bndbox><xmin>700</xmin><ymin>0</ymin><xmax>721</xmax><ymax>9</ymax></bndbox></object>\n"
    "</annotation>\n";

static void test_voc(void **state)
{
    fixture *f = *state;
    put(f, "v/train/01.xml", voc_text);
    put(f, "v/train/02.xml", "<annotation><object></annotation>");
    put(f, "v/train/03.xml", "<!DOCTYPE a [<!ENTITY x \"y\">]><annotation/>");
    put(f, "v/train/04.xml", "<annotation/>");
    wn_annotations *set = read_set(f, "v", NULL);
    assert_string_equal(set->format, "voc");
    assert_int_equal(set->image_count, 2);
    assert_string_equal(label_of(set, "train/01.jpg", 0), "R&D car");
    check_box(item_of(set, "train/01.jpg", 0), 10, 20, 20, 40.5);
    assert_int_equal(item_of(set, "train/01.jpg", 0)->flags, WN_ITEM_BOX | WN_ITEM_DIFFICULT);
    check_box(item_of(set, "train/01.jpg", 1), 700, 0, 20, 9);
    assert_int_equal(problem_line(set, "without the four numbers"), 8);
    problem_line(set, "</annotation> where </object> should be");
    problem_line(set, "declarations inside the document");
    assert_int_equal(set->problem_count, 3);
    assert_true(set->images[1].stem); /* no file name: the stem of the XML file */
    wn_annotations_free(&set);
    put(f, "text.xml", "no XML at all");
    assert_int_equal(try_read(f, "text.xml", NULL, &set), WN_CORRUPT);
    put(f, "empty.xml", "");
    assert_int_equal(try_read(f, "empty.xml", NULL, &set), WN_CORRUPT);
    put(f, "other.xml", "<html></html>");
    assert_int_equal(try_read(f, "other.xml", NULL, &set), WN_INVALID);
}

static void test_yaml_quotes(void **state)
{
    fixture *f = *state;
    wn_annotations *set;
    put(f, "q/labels/a.txt", "1 0.5 0.5 0.2 0.4\n");
    put(f, "q/data.yaml", "names:\n  - 'it''s: x'\n  - \"an \\\"a\\\" \\\\ 'b'\"\n  - it's\n  - ''''\n");
    set = read_set(f, "q", NULL);
    assert_int_equal(set->category_count, 4);
    assert_string_equal(set->categories[0].name, "it's: x");
    assert_string_equal(set->categories[1].name, "an \"a\" \\ 'b'");
    assert_string_equal(set->categories[2].name, "it's");
    assert_string_equal(set->categories[3].name, "'");
    wn_annotations_free(&set);
}

static void test_yolo(void **state)
{
    fixture *f = *state;
    put(f, "y/data.yaml", "# data\npath: .\nnames:\n  0: person # who\n  1: 'traffic light'\n  3: car\nnc: 4\n");
    put(f, "y/labels/train/a.txt",
        "1 0.5 0.5 0.2 0.4\n3 0.1 0.1 0.3 0.1 0.3 0.4\n\n7 0.5 0.5 0.1 0.1 0.75\nx\n"
        "0 0.5 0.5\n0 0.5 0.5 5 0.1\n0 0.5 0.5 0 0.1\n");
    put(f, "y/labels/train/classes.txt", "no\n");
    wn_annotations *set = read_set(f, "y/data.yaml", NULL);
    assert_string_equal(set->format, "yolo");
    assert_int_equal(set->task, WN_TASK_INSTANCES);
    assert_int_equal(set->image_count, 1);
    assert_string_equal(set->images[0].path, "train/a");
    assert_true(set->images[0].stem);
    assert_int_equal(set->images[0].count, 4);
    assert_int_equal(wn_annotations_fit(set, 0, 200, 100, NULL, &f->err), WN_OK);
    check_box(&set->items[0], 80, 30, 40, 40);
    check_box(&set->items[1], 20, 10, 40, 30);
    assert_true(set->numbers[set->items[1].polygon.first + 5] == 40.0f);
    assert_true(set->items[2].score == 0.75f);
    assert_string_equal(set->categories[set->items[0].category].name, "traffic light");
    assert_string_equal(set->categories[set->items[2].category].name, "class_7");
    assert_int_equal(problem_line(set, "the class 7 is none of the 3 of 'data.yaml'; kept as class_7 (1 object"), 4);
    assert_int_equal(problem_line(set, "no number"), 5);
    assert_int_equal(problem_line(set, "neither a box"), 6);
    assert_int_equal(problem_line(set, "no shares"), 7);
    assert_int_equal(problem_line(set, "is empty"), 8);
    wn_annotations_free(&set);

    /* Without names all numbers are as good; of classes beyond the names the first is told, once. */
    put(f, "n/labels/a.txt", "7 0.5 0.5 0.2 0.4\n2 0.5 0.5 0.2 0.4\n");
    set = read_set(f, "n", NULL);
    assert_int_equal(set->problem_count, 0);
    assert_int_equal(set->category_count, 8);
    assert_int_equal(set->items[0].category, 7);
    assert_int_equal(set->items[1].category, 2);
    assert_string_equal(set->categories[7].name, "class_7");
    wn_annotations_free(&set);
    put(f, "n/classes.txt", "one\ntwo\n");
    put(f, "n/labels/b.txt", "1 0.5 0.5 0.2 0.4\n3 0.5 0.5 0.2 0.4\n7 0.5 0.5 0.2 0.4\n");
    set = read_set(f, "n", NULL);
    assert_int_equal(set->problem_count, 1);
    assert_string_equal(set->problems[0].file, "labels/a.txt");
    assert_int_equal(problem_line(set, "the class 7 is none of the 2 of 'classes.txt'; kept as class_7 (4 objects"), 1);
    assert_int_equal(set->item_count, 5);
    wn_annotations_free(&set);

    /* Byte order marks, in the list of names and in front of the first class. */
    put(f, "m/classes.txt", "\xEF\xBB\xBFone\r\ntwo\r\n");
    put(f, "m/labels/a.txt",
        "\xEF\xBB\xBF"
        "0 0.5 0.5 0.2 0.4\r\n");
    set = read_set(f, "m", NULL);
    assert_int_equal(set->problem_count, 0);
    assert_string_equal(label_of(set, "a", 0), "one");
    wn_annotations_free(&set);

    put(f, "c/data.yaml", "\xEF\xBB\xBFnames: [ # 0, and more\n  'a # b', # 0\n  c#d # 1, the last\n]\nnc: 2\n");
    put(f, "c/labels/a.txt", "1 0.5 0.5 0.2 0.4\n");
    set = read_set(f, "c", NULL);
    assert_int_equal(set->category_count, 2);
    assert_string_equal(set->categories[0].name, "a # b");
    assert_string_equal(set->categories[1].name, "c#d");
    wn_annotations_free(&set);
    put(f, "c/data.yaml", "names: [a, b # ]\n");
    assert_int_equal(try_read(f, "c", NULL, &set), WN_CORRUPT);
    assert_non_null(strstr(f->err.message, "data.yaml:1: "));

    put(f, "p/data.yaml", "names: [a,\n 'b, c', \"d\"]\nkpt_shape: [2, 3]\n");
    put(f, "p/labels/a.txt", "1 0.5 0.5 0.2 0.4 0.1 0.2 2 0.3 0.4 1\n");
    set = read_set(f, "p", NULL);
    assert_int_equal(set->task, WN_TASK_KEYPOINTS);
    assert_int_equal(set->category_count, 3);
    assert_string_equal(set->categories[1].name, "b, c");
    assert_int_equal(set->items[0].keypoints.count, 6);
    assert_true(set->numbers[set->items[0].keypoints.first + 4] == 0.4f);
    wn_annotations_free(&set);
}

static void put_lightly(fixture *f)
{
    put(f, "l/.lightly/predictions/tasks.json", "[\"weather\", \"objects\"]");
    put(f, "l/.lightly/predictions/weather/schema.json",
        "{\"task_type\": \"classification\", \"categories\": [{\"id\": 0, \"name\": \"sun\"}, {\"id\": 4, \"name\": "
        "\"rain\"}]}");
    put(f, "l/.lightly/predictions/weather/d/a.json",
        "{\"file_name\": \"d/a.png\", \"predictions\": [{\"category_id\": 4, \"probabilities\": [0.25, 0.75]}]}");
    put(f, "l/.lightly/predictions/weather/d/b.json", "{\"predictions\": [{\"category_id\": 0, \"score\": 0.5}]}");
    put(f, "l/.lightly/predictions/weather/d/bad.json", "{\"predictions\": [");
    put(f, "l/.lightly/predictions/objects/schema.json",
        "{\"task_type\": \"instance-segmentation\", \"categories\": [{\"id\": 1, \"name\": \"car\"}]}");
    put(f, "l/.lightly/predictions/objects/d/a.json",
        "{\"predictions\": [{\"category_id\": 1, \"score\": 0.5, \"bbox\": [1, 0, 1, 1], \"segmentation\": [1, 1, "
        "2]},\n"
        "{\"category_id\": 2, \"score\": 0.5, \"bbox\": [1, 0, 1, 1], \"segmentation\": [1, 1, 2]},\n"
        "{\"category_id\": 1, \"score\": 0.5, \"bbox\": [1, 0, 1, 1]}]}");
    put(f, "l/.lightly/metadata/schema.json",
        "[{\"name\": \"T\", \"path\": \"w.t\", \"defaultValue\": 5, \"valueDataType\": \"NUMERIC_INT\"}, {\"name\": "
        "\"N\", \"path\": \"n.1\", \"defaultValue\": \"none\", \"valueDataType\": \"CATEGORICAL_STRING\"}, {\"name\": "
        "\"S\", \"path\": \"lightly.sharpness\", \"defaultValue\": 0, \"valueDataType\": \"NUMERIC_FLOAT\"}]");
    put(f, "l/.lightly/metadata/a.json",
        "{\"file_name\": \"d/a.png\", \"type\": \"image\", \"metadata\": {\"w\": {\"t\": 21}, \"n\": [\"x\", \"y\"]}}");
    put(f, "l/.lightly/metadata/b.json",
        "{\"file_name\": \"d/b.png\", \"type\": \"image\", \"metadata\": {\"w\": {\"t\": \"q\"}}}");
}

static void test_lightly(void **state)
{
    fixture *f = *state;
    char path[600];
    const char **names = NULL;
    size_t count = 0;
    put_lightly(f);
    wn_annotation_options options = {.role = WN_ROLE_PREDICTIONS};
    snprintf(path, sizeof path, "%s/l", f->folder);
    assert_int_equal(wn_annotations_tasks(path, &options, &names, &count, &f->err), WN_OK);
    assert_int_equal(count, 2);
    assert_string_equal(names[1], "objects");
    wn_free(names);
    wn_annotations *set = NULL;
    assert_int_equal(try_read(f, "l", &options, &set), WN_INVALID);
    options.task = "weather";
    set = read_set(f, "l", &options);
    assert_string_equal(set->name, "weather");
    assert_int_equal(set->image_count, 2);
    assert_string_equal(label_of(set, "d/a.png", 0), "rain");
    assert_true(set->numbers[item_of(set, "d/a.png", 0)->probabilities.first + 1] == 0.75f);
    assert_string_equal(label_of(set, "d/b", 0), "sun");
    problem_line(set, "bad.json");
    wn_annotations_free(&set);
    options.task = NULL;
    set = read_set(f, "l/.lightly/predictions/objects", &options);
    assert_int_equal(set->task, WN_TASK_INSTANCES);
    assert_int_equal(set->item_count, 1);
    uint8_t mask[4];
    assert_true(wn_annotation_draw_mask(set, &set->items[0], 2, 2, mask));
    assert_true(!mask[0] && mask[1] && !mask[2] && !mask[3]);
    assert_false(wn_annotation_draw_mask(set, &set->items[0], 3, 2, mask));
    problem_line(set, "not in schema.json");
    problem_line(set, "without the bbox");
    wn_annotations_free(&set);
}

static void test_lightly_metadata(void **state)
{
    fixture *f = *state;
    put_lightly(f);
    wn_annotation_options options = {.role = WN_ROLE_METADATA};
    wn_annotations *set = read_set(f, "l", &options);
    assert_int_equal(set->field_count, 2);
    assert_string_equal(set->fields[0].name, "w.t");
    assert_true(set->fields[0].numeric && set->fields[0].whole);
    assert_true(set->fields[0].numbers[0] == 21 && set->fields[0].numbers[1] == 5);
    assert_string_equal(set->fields[1].words[set->fields[1].codes[0]], "y");
    assert_string_equal(set->fields[1].words[set->fields[1].codes[1]], "none");
    problem_line(set, "reserved");
    problem_line(set, "not of the type");
    wn_annotations_free(&set);
}

static void test_jsonl(void **state)
{
    fixture *f = *state;
    /* 60 + 80 would leave the image: corners. */
    put(f, "d.jsonl",
        "{\"image\": \"a.png\", \"width\": 100, \"height\": 100, \"detections\": [{\"bbox\": [60, 10, 80, 40], "
        "\"score\": "
        "0.5, \"class\": 1, \"name\": \"car\", \"probs\": [0.1, 0.9]}]}\nnot json\n{\"x\": 1}\n"
        "{\"image\": \"b.png\", \"width\": 100, \"height\": 100, \"detections\": []}\n");
    wn_annotation_options options = {.role = WN_ROLE_PREDICTIONS};
    wn_annotations *set = read_set(f, "d.jsonl", &options);
    assert_int_equal(set->task, WN_TASK_DETECTION);
    assert_int_equal(set->image_count, 2);
    check_box(item_of(set, "a.png", 0), 60, 10, 20, 30);
    assert_string_equal(label_of(set, "a.png", 0), "car");
    assert_int_equal(set->category_count, 2);
    assert_string_equal(set->categories[0].name, "class_0");
    assert_int_equal(problem_line(set, "the line was left out"), 2);
    assert_int_equal(problem_line(set, "names no image"), 3);
    wn_annotations_free(&set);
    options.box = "xywh";
    set = read_set(f, "d.jsonl", &options);
    check_box(item_of(set, "a.png", 0), 60, 10, 40, 40);
    wn_annotations_free(&set);
    options = (wn_annotation_options){.role = WN_ROLE_METADATA};
    put(f, "nan.jsonl", "{\"image\": \"a.png\", \"t\": NaN}\n{\"image\": \"b.png\", \"t\": 2}\n");
    options.role = WN_ROLE_METADATA;
    set = read_set(f, "nan.jsonl", &options);
    assert_int_equal(set->problem_count, 0);
    assert_true(set->fields[0].numeric && isnan(set->fields[0].numbers[0]) && set->fields[0].numbers[1] == 2);
    wn_annotations_free(&set);
    put(f, "m.jsonl", "{\"image\": \"a.png\", \"t\": 1, \"w\": \"sun\", \"day\": true}\n");
    set = read_set(f, "m.jsonl", &options);
    assert_int_equal(set->field_count, 3);
    wn_annotations_free(&set);
}

static void test_npy(void **state)
{
    fixture *f = *state;
    char path[600];
    const int64_t labels[] = {2, -1, 0};
    const float probabilities[] = {0.2f, 0.8f, 0.6f, 0.4f, NAN, 1};
    snprintf(path, sizeof path, "%s/labels.npy", f->folder);
    assert_int_equal(wn_npy_write_integers(path, labels, 3, &f->err), WN_OK);
    wn_annotations *set = read_set(f, "labels.npy", NULL);
    assert_true(set->by_row);
    assert_int_equal(set->image_count, 3);
    assert_int_equal(set->category_count, 3);
    assert_int_equal(set->images[1].count, 0);
    assert_int_equal(set->categories[set->items[0].category].id, 2);
    wn_annotations_free(&set);
    snprintf(path, sizeof path, "%s/p.npy", f->folder);
    wn_matrix matrix = {probabilities, 3, 2, 2};
    assert_int_equal(wn_npy_write_matrix(path, &matrix, &f->err), WN_OK);
    set = read_set(f, "p.npy", NULL);
    assert_int_equal(set->image_count, 3);
    assert_int_equal(set->item_count, 2);
    assert_int_equal(set->items[0].category, 1);
    problem_line(set, "row 2");
    wn_annotations_free(&set);
}

static void test_choice_of_reader(void **state)
{
    fixture *f = *state;
    wn_annotations *set = NULL;
    wn_annotation_options options = {.format = "coko"};
    put(f, "a.json", "{}");
    put(f, "a.bin", "x");
    put(f, "empty/readme.md", "x");
    assert_int_equal(try_read(f, "a.json", &options, &set), WN_INVALID);
    assert_non_null(strstr(f->err.message, "'coco'"));
    assert_int_equal(try_read(f, "a.bin", NULL, &set), WN_INVALID);
    assert_non_null(strstr(f->err.message, ", coco, "));
    assert_non_null(strstr(f->err.message, ", png-masks, "));
    options.format = "quite another";
    assert_int_equal(try_read(f, "a.json", &options, &set), WN_INVALID);
    assert_non_null(strstr(f->err.message, ", coco, "));
    assert_int_equal(try_read(f, "empty", NULL, &set), WN_INVALID);
    assert_int_equal(try_read(f, "nothing", NULL, &set), WN_NOTFOUND);
    options = (wn_annotation_options){.role = WN_ROLE_METADATA};
    assert_int_equal(try_read(f, "a.json", &options, &set), WN_INVALID);
    options = (wn_annotation_options){.format = "voc"};
    assert_int_equal(try_read(f, "empty", &options, &set), WN_NOTFOUND);
    for (size_t i = 0; wn_annotation_format_at(i); i++) {
        const wn_annotation_format *format = wn_annotation_format_at(i);
        assert_ptr_equal(wn_annotation_format_find(wn_annotation_format_name(format)), format);
        assert_true(strlen(wn_annotation_format_summary(format)) > 10);
    }
}

static bool stop_at_once(void *context, const wn_progress_report *report)
{
    *(uint64_t *)context = report->done;
    return true;
}

static void test_reading_can_be_stopped(void **state)
{
    fixture *f = *state;
    uint64_t done = 0;
    const wn_progress progress = {stop_at_once, &done};
    wn_annotation_options options = {.progress = &progress};
    wn_annotations *set = NULL;
    char *text = malloc(5000 * 16 + 16);
    size_t len = (size_t)snprintf(text, 16, "path,label\n");
    for (int i = 0; i < 5000; i++) len += (size_t)snprintf(text + len, 16, "%d.jpg,a\n", i);
    put(f, "long.csv", text);
    free(text);
    assert_int_equal(try_read(f, "long.csv", &options, &set), WN_CANCELLED);
    assert_true(done > 0 && done < 10000 && f->err.message[0]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        FIXTURE_TEST(test_class_folders),
        FIXTURE_TEST(test_csv),
        FIXTURE_TEST(test_csv_metadata),
        FIXTURE_TEST(test_coco),
        FIXTURE_TEST(test_coco_results_with_faults),
        FIXTURE_TEST(test_coco_text_mask),
        FIXTURE_TEST(test_voc),
        FIXTURE_TEST(test_yaml_quotes),
        FIXTURE_TEST(test_yolo),
        FIXTURE_TEST(test_lightly),
        FIXTURE_TEST(test_lightly_metadata),
        FIXTURE_TEST(test_jsonl),
        FIXTURE_TEST(test_npy),
        FIXTURE_TEST(test_choice_of_reader),
        FIXTURE_TEST(test_reading_can_be_stopped),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
