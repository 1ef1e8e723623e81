/* SPDX-License-Identifier: Apache-2.0
 *
 * The import of annotations into a workspace: which image each path means, what is stored, and what comes back.
 */
#include "store_fixture.h"

#include "base/file.h"
#include "winnow/annotation_records.h"
#include "winnow/catalog.h"
#include "winnow/jobs.h"
#include "winnow/npy.h"

static const char *const sample_names[] = {"train/cat/1.jpg", "train/cat/2.jpg", "train/dog/1.jpg",
                                           "test/cat/1.jpg",  "test/only.png",   "test/odd.JPG"};
enum { SAMPLES = sizeof sample_names / sizeof *sample_names };

static void put(fixture *f, const char *name, const char *text)
{
    char path[600], folder[600];
    snprintf(path, sizeof path, "%s/%s", f->folder, name);
    snprintf(folder, sizeof folder, "%s", path);
    *strrchr(folder, '/') = 0;
    assert_int_equal(wn_file_make_folder(folder, &f->err), WN_OK);
    assert_int_equal(wn_file_write(path, text, strlen(text), &f->err), WN_OK);
}

/* A workspace whose samples are files of FOLDER/images, 100 x 80 pixels. */
static void make_workspace(fixture *f)
{
    wn_sample samples[SAMPLES];
    char root[300], name[400];
    int64_t source = 0;
    wn_workspace_options options = {.mode = WN_WORKSPACE_CREATE, .unsynced = true};
    wn_workspace *workspace = NULL;
    snprintf(root, sizeof root, "%s/images", f->folder);
    for (size_t i = 0; i < SAMPLES; i++) {
        samples[i] = (wn_sample){.name = sample_names[i],
                                 .name_len = strlen(sample_names[i]),
                                 .width = 100,
                                 .height = 80,
                                 .captured_at = WN_CAPTURED_UNKNOWN};
        snprintf(name, sizeof name, "images/%s", sample_names[i]);
        put(f, name, "x");
    }
    assert_int_equal(wn_workspace_open(f->path, &options, &workspace, &f->err), WN_OK);
    assert_int_equal(wn_workspace_add_source(workspace, "folder", root, &source, &f->err), WN_OK);
    for (size_t i = 0; i < SAMPLES; i++) samples[i].source = source;
    wn_sample_batch batch = {.samples = samples, .sample_count = SAMPLES};
    assert_int_equal(wn_workspace_append(workspace, &batch, NULL, &f->err), WN_OK);
    wn_workspace_close(&workspace);
}

static wn_status try_import(fixture *f, const char *file, wn_import_options *options, wn_import_result *out)
{
    char path[600];
    wn_job job = {.command = "test"};
    snprintf(path, sizeof path, "%s/%s", f->folder, file);
    options->workspace = f->path;
    options->path = path;
    return wn_job_import(&job, options, out, &f->err);
}

static void import_file(fixture *f, const char *file, wn_import_options *options, wn_import_result *out)
{
    if (try_import(f, file, options, out)) fail_msg("%s", f->err.message);
}

static const int64_t all_rows[] = {0, 1, 2, 3, 4, 5, 99};
static const wn_rows every = {all_rows, 7};

static void check_labels(fixture *f, const char *set, const int64_t *expected)
{
    int64_t labels[7];
    wn_workspace *workspace = NULL;
    assert_int_equal(wn_workspace_open(f->path, NULL, &workspace, &f->err), WN_OK);
    if (wn_labels_load(workspace, set, every, labels, &f->err)) fail_msg("%s", f->err.message);
    for (size_t i = 0; i < 7; i++) assert_int_equal(labels[i], expected[i]);
    wn_workspace_close(&workspace);
}

static void test_paths_find_images(void **state)
{
    fixture *f = *state;
    wn_import_options options = {0};
    wn_import_result result;
    make_workspace(f);
    /* By the end of the path; Windows form; the same name alone on both sides; another suffix; two that fit; none;
     * a beginning that does not fit. */
    put(f, "labels/a.csv",
        "path,label\ntrain/cat/1.jpg,0\nimages\\train\\dog\\1.jpg,1\nelsewhere/only.png,2\ntest/odd.jpeg,3\n"
        "1.jpg,4\nnone.jpg,5\nold/cat/2.jpg,6\nother/cat/1.jpg,7\n");
    import_file(f, "labels/a.csv", &options, &result);
    assert_int_equal(result.set_count, 1);
    assert_string_equal(result.sets[0].name, "a");
    assert_int_equal(result.sets[0].images, 8);
    assert_int_equal(result.sets[0].matched, 5);
    assert_int_equal(result.sets[0].unmatched, 1);
    assert_int_equal(result.sets[0].ambiguous, 2);
    assert_int_equal(result.sets[0].problems, 3);
    assert_non_null(result.problems);
    assert_true(wn_file_exists(result.problems));
    wn_import_result_clear(&result);
    check_labels(f, "a", (const int64_t[]){0, 6, 1, -1, 2, 3, -1});

    /* --strip makes the last two clear, in the first of two ways that fit. */
    put(f, "labels/b.csv", "path,label\nold/train/cat/2.jpg,6\nold/train/cat/1.jpg,7\n");
    options.strip = "old";
    import_file(f, "labels/b.csv", &options, &result);
    assert_int_equal(result.sets[0].matched, 2);
    assert_null(result.problems);
    wn_import_result_clear(&result);
}

/* A file beside the annotations that is not in the workspace is meant, not one of the same name that is. */
static void test_other_files_are_not_taken(void **state)
{
    fixture *f = *state;
    wn_import_options options = {0};
    wn_import_result result;
    make_workspace(f);
    put(f, "second/only.png", "x");
    put(f, "second/a.csv", "path,label\nonly.png,0\n");
    assert_int_equal(try_import(f, "second/a.csv", &options, &result), WN_NOTFOUND);
    assert_non_null(strstr(f->err.message, "--strip"));
    put(f, "third/a.csv", "path,label\nonly.png,0\n");
    import_file(f, "third/a.csv", &options, &result);
    wn_import_result_clear(&result);
}

/* The numbers of COCO results stand for names of 12 digits, and for no other names with zeros before the number. */
static void test_coco_numbers_find_images(void **state)
{
    static const char *const names[] = {"000000000042.jpg", "COCO_val2014_000000000073.jpg", "000074.jpg",
                                        "a_000000000075.jpg", "b_000000000075.jpg"};
    enum { COUNT = sizeof names / sizeof *names };
    fixture *f = *state;
    wn_import_options options = {.role = WN_ROLE_PREDICTIONS};
    wn_import_result result;
    wn_workspace_options create = {.mode = WN_WORKSPACE_CREATE, .unsynced = true};
    wn_workspace *workspace = NULL;
    wn_sample samples[COUNT];
    int64_t source = 0;
    assert_int_equal(wn_workspace_open(f->path, &create, &workspace, &f->err), WN_OK);
    assert_int_equal(wn_workspace_add_source(workspace, "folder", f->folder, &source, &f->err), WN_OK);
    for (size_t i = 0; i < COUNT; i++)
        samples[i] = (wn_sample){.source = source,
                                 .name = names[i],
                                 .name_len = strlen(names[i]),
                                 .width = 100,
                                 .height = 80,
                                 .captured_at = WN_CAPTURED_UNKNOWN};
    wn_sample_batch batch = {.samples = samples, .sample_count = COUNT};
    assert_int_equal(wn_workspace_append(workspace, &batch, NULL, &f->err), WN_OK);
    wn_workspace_close(&workspace);
    put(f, "r/r.json",
        "[{\"image_id\": 42, \"category_id\": 1, \"bbox\": [1, 2, 3, 4], \"score\": 0.5}, "
        "{\"image_id\": 73, \"category_id\": 1, \"bbox\": [1, 2, 3, 4], \"score\": 0.5}, "
        "{\"image_id\": 74, \"category_id\": 1, \"bbox\": [1, 2, 3, 4], \"score\": 0.5}, "
        "{\"image_id\": 75, \"category_id\": 1, \"bbox\": [1, 2, 3, 4], \"score\": 0.5}]");
    import_file(f, "r/r.json", &options, &result);
    assert_int_equal(result.sets[0].matched, 2);
    assert_int_equal(result.sets[0].unmatched, 1);
    assert_int_equal(result.sets[0].ambiguous, 1);
    assert_int_equal(result.sets[0].confident, 2);
    wn_import_result_clear(&result);
    put(f, "r/r.json", "[{\"image_id\": 74, \"category_id\": 1, \"bbox\": [1, 2, 3, 4], \"score\": 0.5}]");
    assert_int_equal(try_import(f, "r/r.json", &options, &result), WN_NOTFOUND);
    assert_non_null(strstr(f->err.message, "--reference"));
}

/* Masks in row order have no size of their own: the image of the workspace tells whether they fill it. */
static void test_masks_of_another_size_are_left_out(void **state)
{
    fixture *f = *state;
    wn_import_options options = {.role = WN_ROLE_PREDICTIONS};
    wn_import_result result;
    make_workspace(f);
    put(f, "p/schema.json",
        "{\"task_type\": \"instance-segmentation\", \"categories\": [{\"id\": 3, \"name\": \"cat\"}]}");
    put(f, "p/a.json",
        "{\"file_name\": \"train/cat/1.jpg\", \"predictions\": ["
        "{\"category_id\": 3, \"score\": 0.5, \"bbox\": [0, 0, 9, 9], \"segmentation\": [10, 20, 7970]}, "
        "{\"category_id\": 3, \"score\": 0.5, \"bbox\": [0, 0, 9, 9], \"segmentation\": [10, 20, 7971]}, "
        "{\"category_id\": 3, \"score\": 0.5, \"bbox\": [0, 0, 9, 9], \"segmentation\": [10, 20]}]}");
    import_file(f, "p", &options, &result);
    assert_int_equal(result.sets[0].items, 1);
    assert_int_equal(result.sets[0].dropped, 2);
    assert_int_equal(result.sets[0].problems, 2);
    assert_non_null(strstr(result.sets[0].shown[0], "not of the size of the image, 100 x 80"));
    wn_import_result_clear(&result);

    put(f, "k/schema.json",
        "{\"task_type\": \"keypoint-detection\", \"categories\": [{\"id\": 3, \"name\": \"cat\"}], \"keypoint_names\": "
        "[\"nose\", \"tail\"]}");
    put(f, "k/a.json",
        "{\"file_name\": \"train/cat/1.jpg\", \"predictions\": ["
        "{\"category_id\": 3, \"score\": 0.5, \"keypoints\": [1, 1, 0.5, 2, 2, 1]}, "
        "{\"category_id\": 3, \"score\": 0.5, \"keypoints\": [1, 1, 0.5]}]}");
    import_file(f, "k", &options, &result);
    assert_int_equal(result.sets[0].items, 1);
    assert_non_null(strstr(result.sets[0].shown[0], "entry 2 (train/cat/1.jpg): 1 keypoints where"));
    wn_import_result_clear(&result);
}

static void test_import_replaces(void **state)
{
    fixture *f = *state;
    wn_import_options options = {.name = "x"};
    wn_import_result result;
    wn_workspace *workspace = NULL;
    wn_annotation_set_record *sets = NULL;
    wn_column_info *columns = NULL;
    size_t count = 0, column_count = 0;
    make_workspace(f);
    put(f, "a.csv", "path,label\ntrain/cat/1.jpg,cat\ntrain/dog/1.jpg,dog\n");
    put(f, "b.csv", "path,label\ntrain/cat/2.jpg,dog\n");
    import_file(f, "a.csv", &options, &result);
    wn_import_result_clear(&result);
    import_file(f, "b.csv", &options, &result);
    wn_import_result_clear(&result);
    check_labels(f, NULL, (const int64_t[]){-1, 0, -1, -1, -1, -1, -1});
    assert_int_equal(wn_workspace_open(f->path, NULL, &workspace, &f->err), WN_OK);
    assert_int_equal(wn_annotation_set_list(workspace, &sets, &count, &f->err), WN_OK);
    assert_int_equal(count, 1);
    assert_int_equal(sets[0].images, 1);
    assert_int_equal(wn_column_list(workspace, &columns, &column_count, &f->err), WN_OK);
    size_t own = 0;
    for (size_t i = 0; i < column_count; i++) own += strncmp(columns[i].name, "annotation.", 11) == 0;
    assert_int_equal(own, 1); /* that of the old set is gone */
    wn_free(columns);
    wn_free(sets);
    wn_workspace_close(&workspace);
}

typedef struct seen {
    size_t items;
    float box[4];
    float score;
    float probability;
    size_t polygon;
} seen;

static wn_status see(void *context, const wn_annotation_record *item)
{
    seen *all = context;
    all->items++;
    memcpy(all->box, item->box, sizeof all->box);
    all->score = item->score;
    if (item->probability_count == 2) all->probability = item->probabilities[1];
    all->polygon = item->polygon_count;
    return WN_OK;
}

static void test_detections(void **state)
{
    fixture *f = *state;
    wn_import_options options = {.role = WN_ROLE_PREDICTIONS, .name = "m", .class_weights = "class_0=2"};
    wn_import_result result;
    wn_workspace *workspace = NULL;
    wn_annotation_set_record *set = NULL;
    float *matrix = NULL;
    size_t classes = 0;
    seen all = {0};
    make_workspace(f);
    put(f, "d.jsonl",
        "{\"image\": \"train/cat/1.jpg\", \"detections\": [{\"bbox\": [10, 20, 30, 40], \"score\": 0.5, \"class\": 1, "
        "\"probs\": [0.25, 0.75]}, {\"bbox\": [90, 20, 30, 40], \"score\": 0.5, \"class\": 0, \"probs\": [0.5, 0.5]}, "
        "{\"bbox\": [200, 20, 30, 40], \"score\": 0.5, \"class\": 0, \"probs\": [0.5, 0.5]}]}\n"
        "{\"image\": \"test/only.png\", \"detections\": []}\n");
    import_file(f, "d.jsonl", &options, &result);
    assert_string_equal(result.sets[0].task, "object-detection");
    assert_int_equal(result.sets[0].items, 2);
    assert_int_equal(result.sets[0].dropped, 1);
    assert_int_equal(result.sets[0].rows, 2);
    wn_import_result_clear(&result);
    assert_int_equal(wn_workspace_open(f->path, NULL, &workspace, &f->err), WN_OK);
    assert_int_equal(wn_annotation_set_find(workspace, WN_ROLE_PREDICTIONS, "m", &set, &f->err), WN_OK);
    assert_int_equal(wn_annotation_set_visit(workspace, set->id, 0, see, &all, &f->err), WN_OK);
    assert_int_equal(all.items, 2);
    assert_true(all.box[0] == 90 && all.box[2] == 10); /* cut to the 100 pixels of the sample */
    assert_true(all.probability == 0.5f && all.score == 0.5f);
    assert_int_equal(wn_distribution_load(workspace, WN_ROLE_PREDICTIONS, "m", every, &matrix, &classes, &f->err),
                     WN_OK);
    assert_int_equal(classes, 2);
    assert_true(matrix[0] == 0.75f && matrix[1] == 1.25f);
    assert_true(isnan(matrix[2]));                       /* nothing is said about row 1 */
    assert_true(matrix[8] == 0 && matrix[9] == 0);       /* row 4 has no objects */
    assert_true(isnan(matrix[12]) && isnan(matrix[13])); /* no such row */
    wn_free(matrix);
    assert_int_equal(wn_counts_load(workspace, WN_ROLE_PREDICTIONS, "m", every, &matrix, &classes, &f->err), WN_OK);
    assert_true(matrix[0] == 1 && matrix[1] == 1);
    wn_free(matrix);
    wn_free(set);
    set = NULL;
    assert_int_equal(wn_annotation_set_find(workspace, WN_ROLE_PREDICTIONS, "n", &set, &f->err), WN_NOTFOUND);
    assert_non_null(strstr(f->err.message, "there are: m"));
    /* Margins of the two objects: 0.5 and, doubled by the weight of class_0, 2. */
    float scores[7];
    assert_int_equal(wn_scores_load(workspace, "m", "uncertainty_margin", every, scores, &f->err), WN_OK);
    assert_true(scores[0] == 2 && isnan(scores[1]) && scores[4] == 0 && isnan(scores[6]));
    assert_int_equal(wn_scores_load(workspace, "m", "uncertainty_margin.mean", every, scores, &f->err), WN_OK);
    assert_true(scores[0] == 1.25f);
    assert_int_equal(wn_scores_load(workspace, "m", "objectness_least_confidence", every, scores, &f->err), WN_OK);
    assert_true(scores[0] == 0.5f && scores[4] == 0);
    assert_int_equal(wn_scores_load(workspace, "m", "object_frequency", every, scores, &f->err), WN_OK);
    assert_true(scores[0] == 1 && scores[4] == 0.9f);
    assert_int_equal(wn_scores_load(workspace, "m", "nothing", every, scores, &f->err), WN_NOTFOUND);
    assert_non_null(strstr(f->err.message, "uncertainty_entropy"));
    int64_t labels[7];
    assert_int_equal(wn_labels_load(workspace, NULL, every, labels, &f->err), WN_NOTFOUND);
    assert_non_null(strstr(f->err.message, "--as labels"));
    wn_workspace_close(&workspace);
}

static void test_metadata(void **state)
{
    fixture *f = *state;
    wn_import_options options = {.role = WN_ROLE_METADATA};
    wn_import_result result;
    wn_workspace *workspace = NULL;
    float numbers[7];
    int32_t codes[7];
    const char **words = NULL;
    size_t count = 0;
    make_workspace(f);
    put(f, "m.csv", "path,speed,weather\ntrain/cat/1.jpg,2.5,sun\ntrain/cat/2.jpg,,rain\ntest/only.png,-1,sun\n");
    import_file(f, "m.csv", &options, &result);
    assert_int_equal(result.sets[0].fields, 2);
    wn_import_result_clear(&result);
    assert_int_equal(wn_workspace_open(f->path, NULL, &workspace, &f->err), WN_OK);
    assert_int_equal(wn_metadata_load_numbers(workspace, "speed", every, numbers, &f->err), WN_OK);
    assert_true(numbers[0] == 2.5f && isnan(numbers[1]) && numbers[4] == -1 && isnan(numbers[6]));
    assert_int_equal(wn_metadata_load_codes(workspace, "weather", every, codes, &words, &count, &f->err), WN_OK);
    assert_int_equal(count, 2);
    assert_string_equal(words[0], "rain");
    assert_true(codes[0] == 1 && codes[1] == 0 && codes[2] == -1 && codes[6] == -1);
    wn_free(words);
    assert_int_equal(wn_metadata_load_codes(workspace, "speed", every, codes, &words, &count, &f->err), WN_OK);
    assert_int_equal(count, 2);
    assert_string_equal(words[0], "-1");
    assert_string_equal(words[1], "2.5");
    assert_true(codes[0] == 1 && codes[4] == 0 && codes[1] == -1);
    wn_free(words);
    assert_int_equal(wn_metadata_load_numbers(workspace, "lightly.width", every, numbers, &f->err), WN_OK);
    assert_true(numbers[0] == 100 && isnan(numbers[6]));
    assert_int_equal(wn_metadata_load_numbers(workspace, "weather", every, numbers, &f->err), WN_INVALID);
    assert_int_equal(wn_metadata_load_numbers(workspace, "sped", every, numbers, &f->err), WN_NOTFOUND);
    assert_non_null(strstr(f->err.message, "'speed'"));
    wn_workspace_close(&workspace);
}

static void test_arrays(void **state)
{
    fixture *f = *state;
    char path[600], paths[600];
    const int64_t labels[] = {2, 0, -1, 1, 1, 0};
    wn_import_options options = {0};
    wn_import_result result;
    make_workspace(f);
    snprintf(path, sizeof path, "%s/l.npy", f->folder);
    assert_int_equal(wn_npy_write_integers(path, labels, 6, &f->err), WN_OK);
    import_file(f, "l.npy", &options, &result);
    wn_import_result_clear(&result);
    check_labels(f, "l", (const int64_t[]){2, 0, -1, 1, 1, 0, -1});
    assert_int_equal(wn_npy_write_integers(path, labels, 2, &f->err), WN_OK);
    assert_int_equal(try_import(f, "l.npy", &options, &result), WN_INVALID);
    assert_non_null(strstr(f->err.message, "--paths"));
    snprintf(paths, sizeof paths, "%s/p.txt", f->folder);
    put(f, "p.txt", "test/only.png\ntrain/dog/1.jpg\n");
    options.paths = paths;
    import_file(f, "l.npy", &options, &result);
    wn_import_result_clear(&result);
    check_labels(f, "l", (const int64_t[]){-1, -1, 0, -1, 2, -1, -1});
    put(f, "p.txt", "test/only.png\n");
    assert_int_equal(try_import(f, "l.npy", &options, &result), WN_INVALID);
}

static void test_dry_run_writes_nothing(void **state)
{
    fixture *f = *state;
    char path[600];
    wn_job job = {.dry_run = true};
    wn_import_options options = {.workspace = f->path, .path = path};
    wn_import_result result;
    wn_workspace *workspace = NULL;
    wn_annotation_set_record *sets = NULL;
    size_t count = 1;
    make_workspace(f);
    put(f, "a.csv", "path,label\ntrain/cat/1.jpg,cat\nnone.jpg,dog\n");
    snprintf(path, sizeof path, "%s/a.csv", f->folder);
    assert_int_equal(wn_job_import(&job, &options, &result, &f->err), WN_OK);
    assert_int_equal(result.sets[0].matched, 1);
    assert_int_equal(result.sets[0].shown_count, 1);
    wn_import_result_clear(&result);
    assert_int_equal(wn_workspace_open(f->path, NULL, &workspace, &f->err), WN_OK);
    assert_int_equal(wn_annotation_set_list(workspace, &sets, &count, &f->err), WN_OK);
    assert_int_equal(count, 0);
    wn_free(sets);
    wn_workspace_close(&workspace);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        FIXTURE_TEST(test_paths_find_images),
        FIXTURE_TEST(test_other_files_are_not_taken),
        FIXTURE_TEST(test_coco_numbers_find_images),
        FIXTURE_TEST(test_masks_of_another_size_are_left_out),
        FIXTURE_TEST(test_import_replaces),
        FIXTURE_TEST(test_detections),
        FIXTURE_TEST(test_metadata),
        FIXTURE_TEST(test_arrays),
        FIXTURE_TEST(test_dry_run_writes_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
