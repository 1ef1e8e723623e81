/* SPDX-License-Identifier: Apache-2.0
 *
 * A user's ONNX model behind a wn_model. Images are cut into groups of a fixed size; one thread runs one group on ONNX
 * Runtime with a single thread, so that the result does not depend on the number of threads.
 */
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/error.h"
#include "base/file.h"
#include "base/half.h"
#include "base/hash.h"
#include "base/text.h"
#include "embed/model_backend.h"
#include "embed/onnx_graph.h"
#include "embed/onnx_input.h"
#include "embed/ort.h"
#include "winnow/memory.h"

enum { GROUP = 8, FILE_MAX_BYTES = 0x7FFFFFFF };

/* Behind wn_onnx_facts; the facts come first, so one pointer is both. */
struct wn_onnx_storage {
    wn_onnx_facts facts;
    wn_file_map map;
    wn_arena arena;
    wn_onnx_graph graph;
    wn_onnx_input input;
    int pool;
};

typedef struct onnx_model {
    wn_onnx_facts *facts;
    wn_ort *ort;
    size_t group; /* images of a run */
    bool fixed;   /* a run takes `group` images, no fewer */
    size_t dim;
} onnx_model;

static wn_status check_external_file(const wn_onnx_external *external, const char *file, const char *path,
                                     wn_error *err)
{
    struct stat facts;
    if (stat(file, &facts) != 0)
        return wn_fail(err, WN_NOTFOUND, "%s: its weights are in '%s', which is not there; put it beside the model",
                       path, file);
    if ((uint64_t)facts.st_size >= external->bytes) return WN_OK;
    return wn_fail(err, WN_CORRUPT,
                   "%s: its weights are in '%s', which has %llu bytes where %llu are needed; copy it again whole", path,
                   file, (unsigned long long)facts.st_size, (unsigned long long)external->bytes);
}

/* The files with weights stand beside the model. */
static wn_status check_external(const wn_onnx_graph *graph, const char *path, wn_error *err)
{
    const char *slash = strrchr(path, '/');
    char *folder = slash ? wn_text_copy_len(path, (size_t)(slash - path)) : wn_text_copy(".");
    wn_status status = folder ? WN_OK : wn_fail(err, WN_NOMEM, "%s: out of memory", path);
    for (size_t i = 0; i < graph->external_count && !status; i++) {
        char *file = wn_path_join(folder, graph->external[i].file);
        status = file ? check_external_file(&graph->external[i], file, path, err)
                      : wn_fail(err, WN_NOMEM, "%s: out of memory", path);
        wn_free(file);
    }
    wn_free(folder);
    return status;
}

/* The first input of four dimensions; else the first. */
static wn_status choose_input(const wn_onnx_graph *graph, const char *path, const wn_onnx_value **out, wn_error *err)
{
    if (graph->input_count == 0) return wn_fail(err, WN_UNSUPPORTED, "%s: the model has no input", path);
    *out = &graph->inputs[0];
    for (size_t i = graph->input_count; i-- > 0;) {
        if (graph->inputs[i].rank == 4) *out = &graph->inputs[i];
    }
    if (graph->input_count > 1)
        return wn_fail(
            err, WN_UNSUPPORTED,
            "%s: the model has %zu inputs; an embedding model takes images alone (export the image part of a "
            "model of images and text)",
            path, graph->input_count);
    return WN_OK;
}

static wn_status settle(struct wn_onnx_storage *s, const char *path, const wn_onnx_settings *settings, wn_error *err)
{
    const wn_wire_bytes bytes = {s->map.data, s->map.len};
    const wn_onnx_value *value = NULL;
    const char *layer, *why;
    wn_onnx_facts *f = &s->facts;
    WN_TRY(wn_onnx_graph_read(bytes, path, &s->arena, &s->graph, err));
    WN_TRY(choose_input(&s->graph, path, &value, err));
    WN_TRY(wn_onnx_input_settle(value, settings, path, &s->input, err));
    WN_TRY(wn_onnx_graph_choose(&s->graph, settings->layer, path, &layer, &why, err));
    WN_TRY(check_external(&s->graph, path, err));
    s->pool = settings->pool;
    *f = (wn_onnx_facts){.inputs = s->graph.inputs,
                         .outputs = s->graph.outputs,
                         .input_count = s->graph.input_count,
                         .output_count = s->graph.output_count,
                         .node_count = s->graph.node_count,
                         .opset = s->graph.opset,
                         .producer = s->graph.producer,
                         .layer = wn_arena_text(&s->arena, layer, strlen(layer)),
                         .layer_why = why,
                         .preset = s->input.preset,
                         .nhwc = s->input.nhwc,
                         .side = s->input.side,
                         .cut = settings->cut > 1.0 ? (float)settings->cut : 1.0F,
                         .storage = s};
    return f->layer ? WN_OK : wn_fail(err, WN_NOMEM, "%s: out of memory", path);
}

wn_status wn_onnx_facts_read(const char *path, const wn_onnx_settings *settings, wn_onnx_facts **out, wn_error *err)
{
    const wn_onnx_settings none = {0};
    wn_status status;
    *out = NULL;
    struct wn_onnx_storage *s = wn_calloc(WN_MEMORY_NETWORK, 1, sizeof *s);
    if (!s) return wn_fail(err, WN_NOMEM, "%s: out of memory", path);
    wn_arena_init(&s->arena, WN_MEMORY_NETWORK, 0);
    *out = &s->facts;
    s->facts.storage = s;
    if ((status = wn_file_map_open(path, &s->map, err)) == WN_OK)
        status = settle(s, path, settings ? settings : &none, err);
    if (status) wn_onnx_facts_free(out);
    return status;
}

void wn_onnx_facts_free(wn_onnx_facts **facts)
{
    if (!*facts) return;
    struct wn_onnx_storage *s = (*facts)->storage;
    wn_arena_clear(&s->arena);
    if (s->map.data) wn_file_map_close(&s->map);
    wn_free(s);
    *facts = NULL;
}

/* ---- from a layer to a vector ---- */

typedef struct pooling {
    float *out; /* images x dim; NULL = only tell the width */
    size_t images, dim;
    size_t rows; /* that the layer shall have: images, and what fills up a fixed batch */
    int pool;
    const char *layer;
} pooling;

static float number_at(int type, const void *numbers, size_t i)
{
    return type == WN_ORT_FLOAT ? ((const float *)numbers)[i] : wn_float_from_half(((const uint16_t *)numbers)[i]);
}

/* images x width, images x width x places (maps), or images x tokens x width. */
static void pool_image(const pooling *p, int type, const void *numbers, size_t first, size_t places, size_t by_place,
                       size_t by_width, float *out)
{
    for (size_t j = 0; j < p->dim; j++) {
        const size_t at = first + j * by_width;
        float value = number_at(type, numbers, at);
        for (size_t k = 1; k < places && p->pool != 1; k++) {
            const float next = number_at(type, numbers, at + k * by_place);
            value = p->pool == 2 ? (next > value ? next : value) : value + next;
        }
        out[j] = p->pool == 0 ? value / (float)places : value;
    }
}

static wn_status take_layer(void *context, int type, const void *numbers, const int64_t *dims, size_t rank,
                            wn_error *err)
{
    pooling *p = context;
    size_t width = 0, places = 1;
    if (type != WN_ORT_FLOAT && type != WN_ORT_FLOAT16)
        return wn_fail(err, WN_UNSUPPORTED,
                       "the layer \"%s\" holds no float32 or float16 numbers; choose another with --layer", p->layer);
    if (rank == 2 || rank == 4) width = (size_t)dims[1];
    if (rank == 3) width = (size_t)dims[2], places = (size_t)dims[1];
    if (rank == 4) places = (size_t)dims[2] * (size_t)dims[3];
    if (rank < 2 || rank > 4 || dims[0] != (int64_t)p->rows || width == 0 || places == 0)
        return wn_fail(
            err, WN_UNSUPPORTED,
            "the layer \"%s\" has %zu dimensions, the first of %lld; an embedding has one row an image (%zu); "
            "choose another with --layer",
            p->layer, rank, rank ? (long long)dims[0] : 0, p->rows);
    if (!p->out) p->dim = width;
    if (p->dim != width) return wn_fail(err, WN_UNSUPPORTED, "the layer \"%s\" changes its width", p->layer);
    for (size_t i = 0; i < p->images && p->out; i++) {
        pool_image(p, type, numbers, i * width * places, places, rank == 3 ? width : 1, rank == 4 ? places : 1,
                   p->out + i * width);
    }
    return WN_OK;
}

/* `count` images on one thread; `room` holds group inputs. The first image fills up a fixed batch. */
static wn_status run_group(const onnx_model *m, const uint8_t *images, size_t count, unsigned char *room, pooling *p,
                           wn_error *err)
{
    const struct wn_onnx_storage *s = m->facts->storage;
    const wn_onnx_input *in = &s->input;
    const size_t bytes = wn_onnx_input_bytes(in), pixels = (size_t)in->side * in->side * 3;
    const size_t rows = m->fixed ? m->group : count;
    const int64_t side = in->side, channels = in->channels, n = (int64_t)rows;
    const int64_t nchw[4] = {n, channels, side, side}, nhwc[4] = {n, side, side, channels};
    for (size_t i = 0; i < count; i++) wn_onnx_input_fill(in, images + i * pixels, room + i * bytes);
    for (size_t i = count; i < rows; i++) memcpy(room + i * bytes, room, bytes);
    p->images = count;
    p->rows = rows;
    return wn_ort_run(m->ort, s->graph.inputs[0].name, in->type, room, rows * bytes, in->nhwc ? nhwc : nchw, 4,
                      m->facts->layer, take_layer, p, err);
}

typedef struct embedding {
    const onnx_model *m;
    const uint8_t *images;
    size_t n;
    float *out;
    unsigned char *rooms; /* one for each worker */
    size_t room_bytes;
    wn_status *statuses; /* of each group */
    wn_error *errors;
} embedding;

static void embed_groups(void *context, size_t begin, size_t end, unsigned worker)
{
    const embedding *e = context;
    const onnx_model *m = e->m;
    const struct wn_onnx_storage *s = m->facts->storage;
    const size_t pixels = (size_t)s->input.side * s->input.side * 3;
    for (size_t g = begin; g < end; g++) {
        const size_t first = g * m->group, count = e->n - first < m->group ? e->n - first : m->group;
        pooling p = {.out = e->out + first * m->dim, .dim = m->dim, .pool = s->pool, .layer = m->facts->layer};
        e->statuses[g] =
            run_group(m, e->images + first * pixels, count, e->rooms + worker * e->room_bytes, &p, &e->errors[g]);
    }
}

static wn_status embed(void *self, wn_pool *pool, const uint8_t *images, size_t n, float *out, wn_error *err)
{
    const onnx_model *m = self;
    const size_t groups = (n + m->group - 1) / m->group;
    embedding e = {.m = m, .images = images, .n = n, .out = out};
    wn_status status = WN_OK;
    e.room_bytes = (m->group * wn_onnx_input_bytes(&m->facts->storage->input) + 63) / 64 * 64;
    e.rooms = wn_alloc(WN_MEMORY_NETWORK, wn_pool_threads(pool), e.room_bytes);
    e.statuses = wn_calloc(WN_MEMORY_NETWORK, groups + 1, sizeof *e.statuses);
    e.errors = wn_calloc(WN_MEMORY_NETWORK, groups + 1, sizeof *e.errors);
    if (!e.rooms || !e.statuses || !e.errors)
        status = wn_fail(err, WN_NOMEM, "out of memory for %zu images", n);
    else
        wn_pool_for(pool, groups, 1, embed_groups, &e);
    for (size_t g = 0; g < groups && !status; g++) {
        if (e.statuses[g]) status = wn_fail(err, e.statuses[g], "%s", e.errors[g].message);
    }
    wn_free(e.errors);
    wn_free(e.statuses);
    wn_free(e.rooms);
    return status;
}

/* Weights twice (the runtime keeps them in its own layout), and activations that only the runtime knows: generously. */
static uint64_t memory(const void *self, unsigned threads)
{
    const onnx_model *m = self;
    const struct wn_onnx_storage *s = m->facts->storage;
    const uint64_t image = (uint64_t)s->input.side * s->input.side * 4;
    return 3 * (uint64_t)s->map.len + (threads > 0 ? threads : 1) * m->group * image * 64 + (32u << 20);
}

static void close_model(void *self)
{
    onnx_model *m = self;
    wn_ort_close(&m->ort);
    wn_onnx_facts_free(&m->facts);
    wn_free(m);
}

static const wn_model_backend backend = {embed, memory, close_model};

/* One image through the model tells the width, and whether it runs at all. */
static wn_status try_out(onnx_model *m, wn_error *err)
{
    const struct wn_onnx_storage *s = m->facts->storage;
    const size_t pixels = (size_t)s->input.side * s->input.side * 3;
    pooling p = {.pool = s->pool, .layer = m->facts->layer};
    uint8_t *image = wn_calloc(WN_MEMORY_NETWORK, pixels, 1);
    unsigned char *room = wn_alloc(WN_MEMORY_NETWORK, m->group, wn_onnx_input_bytes(&s->input));
    wn_status status = image && room ? run_group(m, image, 1, room, &p, err)
                                     : wn_fail(err, WN_NOMEM, "out of memory for a batch of %zu images", m->group);
    m->dim = p.dim;
    wn_free(room);
    wn_free(image);
    return status;
}

/* What tells this model from the same file under other settings; what is as usual is not written. */
static void describe(const onnx_model *m, const wn_onnx_settings *settings, wn_buffer *text)
{
    const wn_onnx_facts *f = m->facts;
    (void)wn_buffer_format(text, "layer=%s preprocess=%s side=%u", f->layer, f->preset, (unsigned)f->side);
    if (f->cut > 1.0F) (void)wn_buffer_format(text, " cut=%g", (double)f->cut);
    if (!settings) return;
    if (settings->mean) (void)wn_buffer_format(text, " mean=%s", settings->mean);
    if (settings->deviation) (void)wn_buffer_format(text, " deviation=%s", settings->deviation);
    if (settings->order) (void)wn_buffer_text(text, " order=bgr");
    if (settings->layout) (void)wn_buffer_format(text, " layout=%s", f->nhwc ? "nhwc" : "nchw");
    if (settings->pool) (void)wn_buffer_format(text, " pool=%d", settings->pool);
}

static wn_status start(onnx_model *m, const char *path, const wn_onnx_settings *settings, wn_model_info *info,
                       wn_buffer *text, wn_error *err)
{
    WN_TRY(wn_onnx_facts_read(path, settings, &m->facts, err));
    const struct wn_onnx_storage *s = m->facts->storage;
    const char *slash = strrchr(path, '/');
    char *folder = slash ? wn_text_copy_len(path, (size_t)(slash - path)) : wn_text_copy(".");
    wn_buffer bytes;
    wn_status status;
    if (s->map.len > FILE_MAX_BYTES) {
        wn_free(folder);
        return wn_fail(err, WN_UNSUPPORTED, "%s is larger than 2 GB; keep its weights in a file beside it", path);
    }
    wn_buffer_init(&bytes, WN_MEMORY_NETWORK, 0);
    status = wn_onnx_graph_expose(&s->graph, m->facts->layer, &bytes, err);
    if (!status) status = wn_ort_open(bytes.data, bytes.len, path, folder, &m->ort, err);
    wn_buffer_clear(&bytes);
    wn_free(folder);
    if (status) return status;
    m->fixed = s->graph.inputs[0].dims[0] > 0;
    m->group = m->fixed ? (size_t)s->graph.inputs[0].dims[0] : GROUP;
    WN_TRY(try_out(m, err));
    describe(m, settings, text);
    *info = (wn_model_info){
        .architecture = "onnx",
        .method = m->facts->producer,
        .options = text->data ? text->data : "",
        .side = m->facts->side,
        .dim = (uint32_t)m->dim,
        .prefix_count = 1,
        .prefixes = {(uint32_t)m->dim},
        .hash = wn_hash64_seeded(s->map.data, s->map.len, text->data ? wn_hash64_of(text->data, text->len) : 0),
        .precision = WN_PRECISION_FP32,
        .cut = m->facts->cut};
    return text->status == WN_OK ? WN_OK : wn_fail(err, WN_NOMEM, "%s: out of memory", path);
}

wn_status wn_model_open_onnx(const char *path, const wn_onnx_settings *settings, wn_model **out, wn_error *err)
{
    wn_model_info info;
    wn_buffer text;
    *out = NULL;
    onnx_model *m = wn_calloc(WN_MEMORY_NETWORK, 1, sizeof *m);
    if (!m) return wn_fail(err, WN_NOMEM, "%s: out of memory", path);
    wn_buffer_init(&text, WN_MEMORY_TEXT, 0);
    wn_status status = start(m, path, settings, &info, &text, err);
    if (status)
        close_model(m);
    else
        status = wn_model_wrap(&backend, m, &info, out, err);
    wn_buffer_clear(&text);
    return status;
}
