/* SPDX-License-Identifier: Apache-2.0
 *
 * Building and checking model files. Nothing in a file is trusted: the checksum is checked before anything else is
 * believed, and sizes before they are used.
 */
#include "embed/model_file.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/hash.h"

#if __BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__
#error "model files are little-endian and read without swapping"
#endif

static const char magic[8] = {'W', 'N', 'M', 'O', 'D', 'E', 'L', '\n'};

/* The fixed head, as it lies in the file. The checksum covers every byte from `side` on. */
typedef struct file_head {
    char magic[8];
    uint32_t version, head_bytes;
    uint64_t file_bytes, checksum;
    uint32_t side, dim, features, prefix_count;
    uint32_t prefixes[WN_MODEL_PREFIXES_MAX];
    uint64_t parameters, images, steps;
    uint32_t tensor_count, text_bytes;
    uint64_t floats_offset, float_count;
} file_head;

typedef struct file_tensor {
    char name[WN_TENSOR_NAME_BYTES];
    uint32_t role, rank, shape[WN_TENSOR_RANK_MAX];
    uint64_t offset, count;
} file_tensor;

_Static_assert(sizeof(file_head) == 128 && sizeof(file_tensor) == 88, "the file's layout has no padding");

enum { FLOATS_ALIGN = 64, TENSORS_MAX = 4096, TEXT_MAX = 16384, SIDE_MAX = 1024, DIM_MAX = 4096 };

_Static_assert(offsetof(file_head, checksum) == WN_MODEL_FILE_HASH_AT, "the hash is read from there");

/* Bytes of the head that the checksum leaves out. */
static const size_t unchecked_bytes = offsetof(file_head, side);

static void add_tensors(const wn_tensors *set, uint64_t first, wn_buffer *out)
{
    for (size_t i = 0; i < set->row_count; i++) {
        const wn_tensor *from = &set->rows[i];
        file_tensor to = {
            .role = (uint32_t)from->role, .rank = from->rank, .offset = first + from->offset, .count = from->count};
        memcpy(to.name, from->name, sizeof to.name);
        memcpy(to.shape, from->shape, sizeof to.shape);
        (void)wn_buffer_add(out, &to, sizeof to);
    }
}

wn_status wn_model_file_build(const wn_model_description *d, const wn_tensors *const *sets, size_t set_count,
                              wn_buffer *out, wn_error *err)
{
    static const char zeros[FLOATS_ALIGN] = {0};
    const char *texts[3] = {d->architecture, d->method, d->options};
    size_t text_bytes = 0, tensors = 0, floats = 0;
    for (int i = 0; i < 3; i++) text_bytes += strlen(texts[i]) + 1;
    for (size_t i = 0; i < set_count; i++) {
        tensors += sets[i]->row_count;
        floats += sets[i]->total;
    }
    if (text_bytes > TEXT_MAX || tensors > TENSORS_MAX) {
        return wn_fail(err, WN_LIMIT, "a model of %zu tensors is too large for its file", tensors);
    }
    size_t used = sizeof(file_head) + text_bytes + tensors * sizeof(file_tensor);
    size_t pad = (FLOATS_ALIGN - used % FLOATS_ALIGN) % FLOATS_ALIGN;
    file_head head = {.version = WN_MODEL_FILE_VERSION,
                      .head_bytes = sizeof head,
                      .file_bytes = used + pad + floats * sizeof(float),
                      .side = d->side,
                      .dim = d->dim,
                      .features = d->features,
                      .prefix_count = d->prefix_count,
                      .parameters = d->parameters,
                      .images = d->images,
                      .steps = d->steps,
                      .tensor_count = (uint32_t)tensors,
                      .text_bytes = (uint32_t)text_bytes,
                      .floats_offset = used + pad,
                      .float_count = floats};
    memcpy(head.magic, magic, sizeof magic);
    memcpy(head.prefixes, d->prefixes, sizeof head.prefixes);

    wn_buffer_reset(out);
    (void)wn_buffer_add(out, &head, sizeof head);
    for (int i = 0; i < 3; i++) (void)wn_buffer_add(out, texts[i], strlen(texts[i]) + 1);
    uint64_t first = 0;
    for (size_t i = 0; i < set_count; first += sets[i++]->total) add_tensors(sets[i], first, out);
    (void)wn_buffer_add(out, zeros, pad);
    for (size_t i = 0; i < set_count; i++) (void)wn_buffer_add(out, sets[i]->values, sets[i]->total * sizeof(float));
    if (out->status != WN_OK) return wn_fail(err, out->status, "no memory for a model file of %zu tensors", tensors);
    head.checksum = wn_hash64_of(out->data + unchecked_bytes, out->len - unchecked_bytes);
    memcpy(out->data, &head, sizeof head);
    return WN_OK;
}

/* The three texts of `bytes`, each ended by a zero byte; false when they do not fill it. */
static bool split_texts(const char *bytes, size_t len, const char *texts[3])
{
    for (int i = 0; i < 3; i++) {
        const char *end = len > 0 ? memchr(bytes, 0, len) : NULL;
        if (!end) return false;
        texts[i] = bytes;
        len -= (size_t)(end + 1 - bytes);
        bytes = end + 1;
    }
    return len == 0;
}

static bool prefixes_fit(const file_head *head)
{
    if (head->prefix_count < 1 || head->prefix_count > WN_MODEL_PREFIXES_MAX) return false;
    for (uint32_t i = 0; i < head->prefix_count; i++) {
        if (head->prefixes[i] <= (i > 0 ? head->prefixes[i - 1] : 0)) return false;
    }
    return head->prefixes[head->prefix_count - 1] == head->dim;
}

/* Whether the sizes of the head agree with each other and with the file. */
static bool head_fits(const file_head *head, size_t len)
{
    if (head->side < 1 || head->side > SIDE_MAX || head->dim < 1 || head->dim > DIM_MAX) return false;
    if (head->tensor_count > TENSORS_MAX || head->text_bytes > TEXT_MAX || !prefixes_fit(head)) return false;
    size_t used = sizeof *head + head->text_bytes + head->tensor_count * sizeof(file_tensor);
    return head->floats_offset >= used && head->floats_offset <= len && head->floats_offset % FLOATS_ALIGN == 0 &&
           head->float_count <= len / sizeof(float) && head->floats_offset + head->float_count * sizeof(float) == len;
}

/* Everything that can be said without looking at the content. */
static wn_status check_bytes(const file_head *head, const unsigned char *data, size_t len, const char *name,
                             wn_error *err)
{
    if (len < sizeof magic || memcmp(head->magic, magic, sizeof magic) != 0) {
        return wn_fail(err, WN_CORRUPT, "%s: not a winnow model", name);
    }
    if (len < sizeof *head) return wn_fail(err, WN_CORRUPT, "%s: cut short after %zu bytes", name, len);
    if (head->version != WN_MODEL_FILE_VERSION) {
        return wn_fail(err, WN_VERSION, "%s: model format %u, this build reads format %d; train the model again", name,
                       (unsigned)head->version, WN_MODEL_FILE_VERSION);
    }
    if (head->head_bytes != sizeof *head || head->file_bytes != len) {
        return wn_fail(err, WN_CORRUPT, "%s: %zu bytes, should be %llu; copy the model again", name, len,
                       (unsigned long long)head->file_bytes);
    }
    if (wn_hash64_of(data + unchecked_bytes, len - unchecked_bytes) != head->checksum) {
        return wn_fail(err, WN_CORRUPT, "%s: damaged (its checksum differs); copy the model again", name);
    }
    return WN_OK;
}

wn_status wn_model_file_parse(const void *bytes, size_t len, const char *name, wn_model_content *out, wn_error *err)
{
    const unsigned char *data = bytes;
    const char *texts[3];
    file_head head = {0};
    memcpy(&head, bytes, len < sizeof head ? len : sizeof head);
    WN_TRY(check_bytes(&head, data, len, name, err));
    if (!head_fits(&head, len) || !split_texts((const char *)data + sizeof head, head.text_bytes, texts)) {
        return wn_fail(err, WN_CORRUPT, "%s: damaged (its sizes disagree)", name);
    }
    *out = (wn_model_content){.description = {.architecture = texts[0],
                                              .method = texts[1],
                                              .options = texts[2],
                                              .side = head.side,
                                              .dim = head.dim,
                                              .features = head.features,
                                              .prefix_count = head.prefix_count,
                                              .parameters = head.parameters,
                                              .images = head.images,
                                              .steps = head.steps},
                              .tensor_count = head.tensor_count,
                              .float_count = (size_t)head.float_count,
                              .tensors = data + sizeof head + head.text_bytes,
                              .floats = data + head.floats_offset,
                              .hash = head.checksum};
    memcpy(out->description.prefixes, head.prefixes, sizeof head.prefixes);
    return WN_OK;
}

float wn_model_file_cut(const char *options)
{
    const char *at = strncmp(options, "cut=", 4) == 0 ? options : strstr(options, " cut=");
    if (!at) return 1.0F;
    float value = strtof(strchr(at, '=') + 1, NULL);
    return value >= 1.0F && value <= 16.0F ? value : 0.0F;
}

uint32_t wn_model_file_view_side(const char *options)
{
    const char *at = strncmp(options, "side=", 5) == 0 ? options : strstr(options, " side=");
    long value = at ? strtol(strchr(at, '=') + 1, NULL, 10) : 0;
    return value > 0 && value <= 1024 ? (uint32_t)value : 0;
}

/* The row of that name, with its run of numbers inside the block. */
static bool find_tensor(const wn_model_content *content, const char *name, file_tensor *out)
{
    for (size_t i = 0; i < content->tensor_count; i++) {
        memcpy(out, content->tensors + i * sizeof *out, sizeof *out);
        out->name[sizeof out->name - 1] = '\0';
        if (strcmp(out->name, name) != 0) continue;
        return out->count <= content->float_count && out->offset <= content->float_count - out->count;
    }
    return false;
}

wn_status wn_model_file_load(const wn_model_content *content, const char *name, wn_tensors *set, wn_error *err)
{
    for (size_t i = 0; i < set->row_count; i++) {
        const wn_tensor *to = &set->rows[i];
        file_tensor from;
        if (!find_tensor(content, to->name, &from)) {
            return wn_fail(err, WN_CORRUPT, "%s: the model lacks the numbers of \"%s\"", name, to->name);
        }
        if (from.count != to->count || from.rank != to->rank ||
            memcmp(from.shape, to->shape, to->rank * sizeof *to->shape) != 0) {
            return wn_fail(err, WN_CORRUPT, "%s: \"%s\" has another shape than its network wants", name, to->name);
        }
        float *values = set->values + to->offset;
        memcpy(values, content->floats + from.offset * sizeof(float), to->count * sizeof(float));
        for (size_t j = 0; j < to->count; j++) {
            if (!isfinite(values[j])) {
                return wn_fail(err, WN_CORRUPT, "%s: \"%s\" holds NaN or infinity", name, to->name);
            }
        }
    }
    return WN_OK;
}
