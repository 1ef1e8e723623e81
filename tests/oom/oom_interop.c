/* SPDX-License-Identifier: Apache-2.0
 *
 * Out of memory while annotations are read, written and scored: each must end with WN_NOMEM and leave nothing behind.
 */
#include <ftw.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "torture.h"

#include "base/error.h"
#include "base/file.h"
#include "winnow/annotation.h"
#include "winnow/scorer.h"

static char folder[] = "/tmp/winnow-oom-XXXXXX";

static const struct {
    const char *name, *text;
} files[] = {
    {"a.csv", "path,label,xmin,ymin,xmax,ymax,score\na.jpg,cat,1,2,3,4,0.5\n\"b,c.jpg\",dog,5,5,2,9,\n"},
    {"m.csv", "path,speed,weather\na.jpg,2,sun\nb.jpg,3,rain\n"},
    {"c.json",
     "{\"images\": [{\"id\": 1, \"file_name\": \"a.jpg\", \"width\": 8, \"height\": 8}], \"categories\": [{\"id\": "
     "3, \"name\": \"x\"}], \"annotations\": [{\"image_id\": 1, \"category_id\": 3, \"bbox\": [1, 1, 2, 2], "
     "\"segmentation\": {\"size\": [8, 8], \"counts\": [10, 4, 50]}}, {\"image_id\": 1, \"category_id\": 3, "
     "\"segmentation\": [[1, 1, 4, 1, 4, 4]], \"keypoints\": [1, 2, 2]}]}"},
    {"d.jsonl",
     "{\"image\": \"a.jpg\", \"detections\": [{\"bbox\": [1, 2, 3, 4], \"score\": 0.5, \"class\": 1, \"probs\": "
     "[0.5, 0.5]}]}\n"},
    {"voc/a.xml", "<annotation><filename>a.jpg</filename><object><name>x</name><bndbox><xmin>1</xmin><ymin>1</ymin>"
                  "<xmax>3</xmax><ymax>4</ymax></bndbox></object></annotation>"},
    {"yolo/data.yaml", "names:\n  0: a\n  1: b\n"},
    {"yolo/labels/a.txt", "0 0.5 0.5 0.1 0.1\n1 0.1 0.1 0.5 0.1 0.5 0.5\n"},
    {"l/tasks.json", "[\"t\"]"},
    {"l/t/schema.json", "{\"task_type\": \"classification\", \"categories\": [{\"id\": 0, \"name\": \"a\"}]}"},
    {"l/t/a.json", "{\"predictions\": [{\"category_id\": 0, \"score\": 0.5, \"probabilities\": [1]}]}"},
    {"classes/a/1.jpg", "x"},
    {"classes/b/2.jpg", "x"},
};

static wn_status read_as(const char *name, wn_annotation_role role, wn_annotations **set, wn_error *err)
{
    char path[200];
    wn_annotation_options options = {.role = role};
    snprintf(path, sizeof path, "%s/%s", folder, name);
    return wn_annotations_read(path, &options, set, err);
}

static wn_status try_read(const char *name, wn_annotation_role role, wn_error *err)
{
    wn_annotations *set = NULL;
    wn_status status = read_as(name, role, &set, err);
    wn_annotations_free(&set);
    return status;
}

#define READ(function, name, role)                                                                                     \
    static wn_status function(wn_error *err)                                                                           \
    {                                                                                                                  \
        return try_read(name, role, err);                                                                              \
    }
READ(try_csv, "a.csv", WN_ROLE_LABELS)
READ(try_metadata, "m.csv", WN_ROLE_METADATA)
READ(try_coco, "c.json", WN_ROLE_LABELS)
READ(try_jsonl, "d.jsonl", WN_ROLE_PREDICTIONS)
READ(try_voc, "voc", WN_ROLE_LABELS)
READ(try_yolo, "yolo", WN_ROLE_LABELS)
READ(try_lightly, "l", WN_ROLE_PREDICTIONS)
READ(try_folders, "classes", WN_ROLE_LABELS)

static wn_status try_write(const char *name, wn_error *err)
{
    char path[200];
    wn_annotations *set = NULL;
    wn_status status = read_as("c.json", WN_ROLE_LABELS, &set, err);
    snprintf(path, sizeof path, "%s/out-%s", folder, name);
    if (!status) status = wn_annotations_write(set, wn_annotation_writer_find(name), path, err);
    wn_annotations_free(&set);
    return status;
}

static wn_status try_writers(wn_error *err)
{
    WN_TRY(try_write("list", err));
    WN_TRY(try_write("csv", err));
    WN_TRY(try_write("coco", err));
    WN_TRY(try_write("yolo", err));
    WN_TRY(try_write("voc", err));
    WN_TRY(try_write("lightly", err));
    WN_TRY(try_write("label-studio", err));
    return try_write("cvat-manifest", err);
}

static wn_status try_scores(wn_error *err)
{
    static const size_t starts[] = {0, 2, 3};
    static const float probabilities[] = {0.5f, 0.5f, 1, 0, 0.25f, 0.75f}, scores[] = {1, 0.5f, 0.25f};
    static const int32_t categories[] = {0, 1, 0};
    static const int64_t labels[] = {0, 1, 0};
    float out[3];
    wn_temperature fit;
    wn_matrix matrix = {probabilities, 3, 2, 2}, two[] = {matrix, matrix};
    wn_scorer_request request = {.objects = {.rows = 2,
                                             .count = 3,
                                             .starts = starts,
                                             .classes = 2,
                                             .probabilities = probabilities,
                                             .scores = scores,
                                             .categories = categories,
                                             .keypoint_confidences = scores},
                                 .task = WN_TASK_KEYPOINTS};
    for (size_t i = 0; wn_scorer_at(i); i++) WN_TRY(wn_score(wn_scorer_at(i), NULL, &request, out, err));
    WN_TRY(wn_score_probabilities(wn_scorer_find("entropy"), &matrix, 2, NULL, out, NULL, err));
    WN_TRY(wn_temperature_fit(&matrix, labels, false, NULL, &fit, err));
    return wn_disagreement_score(WN_DISAGREEMENT_VOTE_ENTROPY, two, 2, NULL, out, err);
}

static const struct {
    const char *name;
    wn_status (*run)(wn_error *err);
} scenarios[] = {{"csv", try_csv},         {"metadata", try_metadata}, {"coco", try_coco},
                 {"jsonl", try_jsonl},     {"voc", try_voc},           {"yolo", try_yolo},
                 {"lightly", try_lightly}, {"folders", try_folders},   {"writers", try_writers},
                 {"scores", try_scores}};

static int remove_entry(const char *path, const struct stat *info, int kind, struct FTW *walk)
{
    (void)info, (void)kind, (void)walk;
    return remove(path);
}

static bool write_files(void)
{
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        char path[200];
        wn_error err;
        snprintf(path, sizeof path, "%s/%s", folder, files[i].name);
        char *end = strrchr(path, '/');
        *end = 0;
        if (wn_file_make_folder(path, &err)) return false;
        *end = '/';
        if (wn_file_write(path, files[i].text, strlen(files[i].text), &err)) return false;
    }
    return true;
}

int main(void)
{
    int failed = 0;
    atomic_store(&allocations_left, -1);
    if (!mkdtemp(folder) || !write_files()) return 1;
    for (size_t i = 0; i < sizeof scenarios / sizeof *scenarios; i++)
        if (!torture(scenarios[i].name, scenarios[i].run)) failed++;
    nftw(folder, remove_entry, 16, FTW_DEPTH | FTW_PHYS);
    printf("%d scenarios failed\n", failed);
    return failed != 0;
}
