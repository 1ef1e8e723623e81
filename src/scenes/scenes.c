/* SPDX-License-Identifier: Apache-2.0
 *
 * Writing a set: plan, then files in parallel, then truth.csv. Each file depends on the plan alone; one that repeats
 * another paints that other again, which costs a little time and keeps files independent of each other.
 */
#include "winnow/scenes.h"

#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/file.h"
#include "base/text.h"
#include "media/jpeg_writer.h"
#include "media/vips_writer.h"
#include "scenes/scene_class.h"
#include "scenes/scene_plan.h"
#include "winnow/media.h"
#include "winnow/memory.h"

const wn_option wn_scenes_option_table[] = {
    {WN_OPTION_INT, "count", "files to write", offsetof(wn_scenes_options, count), 1, 10000000, "2000", NULL, "N", 0},
    {WN_OPTION_INT, "seed", "start of the random numbers", offsetof(wn_scenes_options, seed), 0, 9e15, "0", NULL, "N",
     0},
    {WN_OPTION_INT, "side-low", "least length of the longer side", offsetof(wn_scenes_options, side_low), 32, 4096,
     "320", NULL, "PIXELS", 0},
    {WN_OPTION_INT, "side-high", "greatest length of the longer side", offsetof(wn_scenes_options, side_high), 32, 4096,
     "640", NULL, "PIXELS", 0},
    {WN_OPTION_REAL, "planted", "share of duplicates, bad photos, outliers and broken files",
     offsetof(wn_scenes_options, planted), 0, 0.6, "0.15", NULL, "SHARE", 0},
    {WN_OPTION_REAL, "wrong-labels", "share of files in the folder of another class",
     offsetof(wn_scenes_options, wrong), 0, 0.5, "0.02", NULL, "SHARE", 0},
    {WN_OPTION_REAL, "night", "share of scenes by night", offsetof(wn_scenes_options, night), 0, 1, "0.2", NULL,
     "SHARE", 0},
    {WN_OPTION_END, NULL, NULL, 0, 0, 0, NULL, NULL, NULL, 0},
};

wn_scenes_options wn_scenes_defaults(void)
{
    return (wn_scenes_options){
        .count = 2000, .side_low = 320, .side_high = 640, .planted = 0.15, .wrong = 0.02, .night = 0.2};
}

const char *wn_scene_kind_name(wn_scene_kind kind)
{
    static const char *const names[] = {
#define X(name, word, summary) word,
        WN_SCENE_KIND_MAP(X)
#undef X
    };
    return (unsigned)kind < WN_SCENE_KIND_COUNT ? names[kind] : "unknown";
}

/* What a file turned out to be, one entry per file. */
typedef struct outcome {
    uint64_t bytes;
    wn_daytime time;
    wn_status status;
} outcome;

typedef struct work {
    const char *folder;
    const wn_scene_file *files;
    outcome *outcomes;
    size_t first;     /* of the batch */
    wn_error *errors; /* one per worker: the first that it met */
} work;

/* The changes that a repeat makes to the pixels of its partner. */
static wn_status change_pixels(const wn_scene_file *file, wn_photo *picture, wn_error *err)
{
    float w = (float)picture->width, h = (float)picture->height, keep = 1, scale = 1;
    if (file->kind == WN_SCENE_BRIGHTNESS)
        wn_photo_brighten(picture, file->amount < 0.5f ? 0.78f + 0.2f * file->amount_x : 1.08f + 0.2f * file->amount_x,
                          14 * (file->amount_y - 0.5f));
    if (file->kind == WN_SCENE_FLIP) wn_photo_flip(picture);
    if (file->kind == WN_SCENE_CROP) keep = 0.78f + 0.16f * file->amount;
    if (file->kind == WN_SCENE_BURST) keep = 0.965f + 0.02f * file->amount, scale = 1 / keep;
    if (file->kind == WN_SCENE_RESIZE)
        scale = file->amount < 0.75f ? 0.45f + 0.45f * file->amount_x : 1.15f + 0.3f * file->amount_x;
    if (keep == 1 && scale == 1) return WN_OK;
    wn_photo out;
    int width = (int)(w * keep * scale + 0.5f), height = (int)(h * keep * scale + 0.5f);
    float x = file->amount_x * (1 - keep) * w, y = file->amount_y * (1 - keep) * h;
    WN_TRY(wn_photo_resample(picture, x, y, w * keep, h * keep, width, height, &out, err));
    wn_free(picture->rgb);
    *picture = out;
    return WN_OK;
}

/* Encodes into `out`, the camera's note behind the start marker. */
static wn_status encode(const wn_scene_file *file, const wn_photo *picture, wn_buffer *out, wn_error *err)
{
    if (file->container != WN_CONTAINER_JPEG)
        return wn_vips_write(picture->rgb, picture->width, picture->height,
                             file->container == WN_CONTAINER_PNG ? ".png" : ".webp", out, err);
    WN_TRY(wn_jpeg_write(picture->rgb, picture->width, picture->height, 3, file->quality, out, err));
    if (!file->has_note) return WN_OK;
    uint8_t note[400];
    size_t len = (size_t)wn_camera_note_write(&file->note, note);
    if (!wn_buffer_reserve(out, len)) return wn_fail(err, WN_NOMEM, "no memory for %s", file->name);
    memmove(out->data + 2 + len, out->data + 2, out->len - 2);
    memcpy(out->data + 2, note, len);
    out->len += len;
    return WN_OK;
}

static wn_status damage(const wn_scene_file *file, wn_buffer *bytes, wn_error *err)
{
    static const char text[] = "This photograph has been moved to the archive.\nPlease ask the office for a copy.\n";
    static const char page[] =
        "<!DOCTYPE html>\n<html><head><title>404 Not Found</title></head>\n<body><h1>Not Found</h1></body></html>\n";
    wn_rng rng;
    wn_rng_init(&rng, file->painting.seed ^ 0x64616d67u, file->painting.stream);
    switch (file->damage) {
    case WN_DAMAGE_TRUNCATED:
        bytes->len = bytes->len / 10 * (2 + wn_rng_below(&rng, 6));
        break;
    case WN_DAMAGE_EMPTY:
        wn_buffer_reset(bytes);
        break;
    case WN_DAMAGE_TEXT:
    case WN_DAMAGE_PAGE:
        wn_buffer_reset(bytes);
        (void)wn_buffer_text(bytes, file->damage == WN_DAMAGE_TEXT ? text : page);
        break;
    case WN_DAMAGE_BYTES:
        for (size_t i = 0; i < bytes->len; i++) bytes->data[i] = (char)wn_rng_u32(&rng);
        break;
    case WN_DAMAGE_HEAD:
        memset(bytes->data, 0, bytes->len < 600 ? bytes->len : 600);
        break;
    case WN_DAMAGE_COUNT:
        break;
    }
    return bytes->status ? wn_fail(err, bytes->status, "no memory for %s", file->name) : WN_OK;
}

/* Without fsync: a set that did not come to its truth.csv is made again. */
static wn_status save(const char *folder, const wn_scene_file *file, const wn_buffer *bytes, wn_error *err)
{
    char path[4096];
    if (snprintf(path, sizeof path, "%s/%s/%s", folder, wn_scenes_class_name(file->given), file->name) >=
        (int)sizeof path)
        return wn_fail(err, WN_INVALID, "the path of the folder %s is too long", folder);
    FILE *stream = fopen(path, "wb");
    if (!stream) return wn_fail_errno(err, errno, "cannot write %s", path);
    bool good = bytes->len == 0 || fwrite(bytes->data, 1, bytes->len, stream) == bytes->len;
    int code = errno;
    if (fclose(stream) != 0 && good) good = false, code = errno;
    return good ? WN_OK : wn_fail_errno(err, code, "cannot write %s", path);
}

static wn_status make_file(const char *folder, const wn_scene_file *file, outcome *out, wn_error *err)
{
    const wn_painting *painting = &file->painting;
    wn_buffer bytes;
    wn_status status;
    wn_photo picture = {painting->width, painting->height,
                        wn_alloc(WN_MEMORY_IMAGE, (size_t)painting->width * (size_t)painting->height, 3)};
    wn_buffer_init(&bytes, WN_MEMORY_IMAGE, 0);
    if (!picture.rgb) {
        status = wn_fail(err, WN_NOMEM, "no memory for %s", file->name);
        goto done;
    }
    if ((status = wn_scene_render(painting, picture.rgb, &out->time, err))) goto done;
    if ((status = change_pixels(file, &picture, err))) goto done;
    if (file->has_note && (status = wn_photo_store_turned(&picture, file->note.orientation, err))) goto done;
    if ((status = encode(file, &picture, &bytes, err))) goto done;
    if (file->kind == WN_SCENE_BROKEN && (status = damage(file, &bytes, err))) goto done;
    out->bytes = bytes.len;
    status = save(folder, file, &bytes, err);
done:
    wn_buffer_clear(&bytes);
    wn_free(picture.rgb);
    return status;
}

static void make_files(void *context, size_t begin, size_t end, unsigned worker)
{
    work *w = context;
    for (size_t i = w->first + begin; i < w->first + end; i++)
        w->outcomes[i].status =
            make_file(w->folder, &w->files[i], &w->outcomes[i], w->errors[worker].status ? NULL : &w->errors[worker]);
}

static wn_status make_folders(const char *folder, wn_error *err)
{
    for (int i = 0; i < wn_scenes_class_count(); i++) {
        char *path = wn_path_join(folder, wn_scenes_class_name(i));
        if (!path) return wn_fail(err, WN_NOMEM, "no memory for a path");
        wn_status status = wn_file_make_folder(path, err);
        wn_free(path);
        if (status) return status;
    }
    return WN_OK;
}

static wn_status write_truth(const work *w, const wn_scenes_options *options, wn_error *err)
{
    static const char *const times[] = {"day", "dusk", "night"};
    wn_buffer out;
    wn_buffer_init(&out, WN_MEMORY_TEXT, 0);
    (void)wn_buffer_text(&out, "file,class,given_label,time,kind,partner,detail\n");
    for (size_t i = 0; i < (size_t)options->count; i++) {
        const wn_scene_file *f = &w->files[i], *partner = &w->files[f->partner];
        bool outlier = f->kind == WN_SCENE_OUTLIER;
        (void)wn_buffer_format(&out, "%s/%s,%s,%s,%s,%s,", wn_scenes_class_name(f->given), f->name,
                               outlier ? "" : wn_scenes_class_name(f->painting.class_index),
                               wn_scenes_class_name(f->given), outlier ? "" : times[w->outcomes[i].time],
                               wn_scene_kind_name(f->kind));
        if (f->partner != i) (void)wn_buffer_format(&out, "%s/%s", wn_scenes_class_name(partner->given), partner->name);
        (void)wn_buffer_format(&out, ",%s\n", wn_scene_detail(f));
    }
    char *path = wn_path_join(w->folder, "truth.csv");
    wn_status status = !path || out.status ? wn_fail(err, WN_NOMEM, "no memory for truth.csv")
                                           : wn_file_write(path, out.data, out.len, err);
    wn_free(path);
    wn_buffer_clear(&out);
    return status;
}

static wn_status make_all(work *w, const wn_scenes_options *options, wn_pool *pool, const wn_progress *progress,
                          wn_error *err)
{
    enum { BATCH = 16 };
    size_t count = (size_t)options->count;
    for (w->first = 0; w->first < count; w->first += BATCH) {
        size_t n = count - w->first < BATCH ? count - w->first : BATCH;
        wn_pool_for(pool, n, 1, make_files, w);
        for (size_t i = w->first; i < w->first + n; i++) {
            if (!w->outcomes[i].status) continue;
            for (unsigned k = 0; err && k < wn_pool_threads(pool); k++)
                if (w->errors[k].status) *err = w->errors[k];
            return w->outcomes[i].status;
        }
        const wn_progress_report report = {.stage = "paint", .unit = "images", .done = w->first + n, .total = count};
        if (wn_progress_tell(progress, &report))
            return wn_fail(err, WN_CANCELLED, "cancelled after %zu of %zu images", w->first + n, count);
    }
    return WN_OK;
}

static void summarise(const work *w, const wn_scenes_options *options, double seconds, wn_scenes_summary *out)
{
    uint64_t seen = 0;
    *out = (wn_scenes_summary){.files = (uint64_t)options->count, .seconds = seconds};
    for (size_t i = 0; i < (size_t)options->count; i++) {
        const wn_scene_file *f = &w->files[i];
        out->bytes += w->outcomes[i].bytes;
        out->kinds[f->kind]++;
        out->night += w->outcomes[i].time == WN_TIME_NIGHT && f->kind != WN_SCENE_OUTLIER;
        out->wrong_labels += f->given != f->painting.class_index;
        seen |= (uint64_t)1 << f->given;
    }
    for (; seen; seen &= seen - 1) out->classes++;
}

static wn_status check_options(const wn_scenes_options *options, wn_error *err)
{
    if (options->count < 1) return wn_fail(err, WN_INVALID, "the number of sample images must be at least 1");
    if (options->side_low < 32 || options->side_high > 4096 || options->side_low > options->side_high)
        return wn_fail(err, WN_INVALID,
                       "the sides of sample images must lie between 32 and 4096 pixels, the lower one first");
    if (!(options->planted >= 0 && options->planted <= 0.6 && options->wrong >= 0 && options->wrong <= 0.5 &&
          options->night >= 0 && options->night <= 1))
        return wn_fail(err, WN_INVALID, "a share of sample images is out of range");
    return WN_OK;
}

wn_status wn_scenes_write(const char *folder, const wn_scenes_options *options, wn_pool *pool,
                          const wn_progress *progress, wn_scenes_summary *summary, wn_error *err)
{
    double start = wn_clock_seconds();
    wn_scene_file *files = NULL;
    work w = {.folder = folder};
    wn_status status;

    WN_TRY(check_options(options, err));
    WN_TRY(wn_media_init(err));
    files = wn_alloc(WN_MEMORY_GENERAL, (size_t)options->count, sizeof *files);
    w.outcomes = wn_calloc(WN_MEMORY_GENERAL, (size_t)options->count, sizeof *w.outcomes);
    w.errors = wn_calloc(WN_MEMORY_GENERAL, wn_pool_threads(pool), sizeof *w.errors);
    w.files = files;
    if (!files || !w.outcomes || !w.errors) {
        status = wn_fail(err, WN_NOMEM, "no memory for the plan of %lld files", (long long)options->count);
        goto done;
    }
    if ((status = wn_scene_plan(options, files, err))) goto done;
    if ((status = make_folders(folder, err))) goto done;
    if ((status = make_all(&w, options, pool, progress, err))) goto done;
    if ((status = write_truth(&w, options, err))) goto done;
    if (summary) summarise(&w, options, wn_clock_seconds() - start, summary);
done:
    wn_free(w.errors);
    wn_free(w.outcomes);
    wn_free(files);
    return status;
}
