/* SPDX-License-Identifier: Apache-2.0
 *
 * Tensors keep the names that they have in a model file; what else a model file says stands in __metadata__.
 */
#include "embed/model_safetensors.h"

#include <inttypes.h>
#include <string.h>

#include "base/error.h"
#include "base/file.h"
#include "base/text.h"
#include "embed/model_file.h"
#include "embed/model_private.h"
#include "embed/reduction.h"
#include "embed/safetensors.h"

/* ---- reading ---- */

/* A whole number of __metadata__; `absent` stands for one that is not there, -1 = it must be there. */
static wn_status read_number(const wn_safetensors *file, const char *name, const char *key, int64_t absent,
                             int64_t most, int64_t *out, wn_error *err)
{
    const char *text = wn_safetensors_text(file, key);
    *out = absent;
    if (!text && absent >= 0) return WN_OK;
    if (!text)
        return wn_fail(
            err, WN_UNSUPPORTED,
            "%s: its __metadata__ has no \"%s\"; it is no model of winnow, whose networks alone are read from "
            "safetensors (others as ONNX)",
            name, key);
    if (wn_text_to_int(text, out) && *out >= 0 && *out <= most) return WN_OK;
    return wn_fail(err, WN_CORRUPT, "%s: \"%s\" of its __metadata__ is \"%.40s\", no number from 0 to %" PRId64, name,
                   key, text, most);
}

static wn_status read_prefixes(const wn_safetensors *file, const char *name, wn_model_description *out, wn_error *err)
{
    const char *text = wn_safetensors_text(file, "prefixes");
    out->prefix_count = 1;
    out->prefixes[0] = out->dim;
    if (!text) return WN_OK;
    uint64_t value = 0;
    out->prefix_count = 0;
    for (;; text++) {
        if (*text >= '0' && *text <= '9') {
            value = value * 10 + (uint64_t)(*text - '0');
            if (value <= out->dim) continue;
        }
        if ((*text != ',' && *text != '\0') || out->prefix_count == WN_MODEL_PREFIXES_MAX || value > out->dim)
            return wn_fail(err, WN_CORRUPT, "%s: \"prefixes\" of its __metadata__ is no list like 32,64,%u", name,
                           (unsigned)out->dim);
        out->prefixes[out->prefix_count++] = (uint32_t)value;
        value = 0;
        if (!*text) return WN_OK;
    }
}

static wn_status describe(const wn_safetensors *file, const char *name, const wn_architecture **architecture,
                          wn_model_description *out, wn_error *err)
{
    const char *network = wn_safetensors_text(file, "architecture"), *method = wn_safetensors_text(file, "method"),
               *options = wn_safetensors_text(file, "options");
    const wn_safetensor *head = wn_safetensors_find(file, "embedding0.weight");
    int64_t version, side, images, steps;
    WN_TRY(read_number(file, name, "winnow_model", -1, INT32_MAX, &version, err));
    if (version != WN_MODEL_FILE_VERSION)
        return wn_fail(err, WN_VERSION, "%s: model format %" PRId64 ", this build reads format %d", name, version,
                       WN_MODEL_FILE_VERSION);
    WN_TRY(read_number(file, name, "side", -1, 1024, &side, err));
    WN_TRY(read_number(file, name, "images", 0, INT64_MAX, &images, err));
    WN_TRY(read_number(file, name, "steps", 0, INT64_MAX, &steps, err));
    if (!network || !(*architecture = wn_architecture_find(network)))
        return wn_fail(err, WN_UNSUPPORTED, "%s: this build has no network \"%.40s\"", name, network ? network : "");
    if (!head || head->rank != 2 || head->shape[0] > 4096)
        return wn_fail(err, WN_CORRUPT, "%s: the tensor \"embedding0.weight\" (at most 4096 x features) is missing",
                       name);
    *out = (wn_model_description){.architecture = network,
                                  .method = method ? method : "",
                                  .options = options ? options : "",
                                  .side = (uint32_t)side,
                                  .dim = (uint32_t)head->shape[0],
                                  .features = wn_architecture_features(*architecture),
                                  .images = (uint64_t)images,
                                  .steps = (uint64_t)steps};
    return read_prefixes(file, name, out, err);
}

static wn_status fill_tensors(const wn_safetensors *file, const char *name, wn_tensors *set, wn_error *err)
{
    for (size_t i = 0; i < set->row_count; i++) {
        const wn_tensor *to = &set->rows[i];
        const wn_safetensor *from = wn_safetensors_find(file, to->name);
        if (!from) return wn_fail(err, WN_CORRUPT, "%s: the tensor \"%s\" is missing", name, to->name);
        bool same = from->rank == to->rank;
        for (size_t d = 0; same && d < from->rank; d++) same = from->shape[d] == to->shape[d];
        if (!same)
            return wn_fail(err, WN_CORRUPT, "%s: \"%s\" has another shape than its network wants", name, to->name);
        if (!wn_safetensor_floats(file, from, set->values + to->offset))
            return wn_fail(err, WN_UNSUPPORTED, "%s: \"%s\" is of type %s; weights are F32, F16, BF16 or F64", name,
                           to->name, from->type);
    }
    return WN_OK;
}

static wn_status add_head(const wn_model_description *d, wn_tensors *head, wn_error *err)
{
    const uint32_t weight[2] = {d->dim, d->features}, bias[1] = {d->dim};
    WN_TRY(wn_tensors_add(head, "embedding0.weight", WN_TENSOR_WEIGHT, 2, weight, NULL, err));
    WN_TRY(wn_tensors_add(head, "embedding0.bias", WN_TENSOR_SHIFT, 1, bias, NULL, err));
    return wn_tensors_allocate(head, err);
}

wn_status wn_model_from_safetensors(const void *bytes, size_t len, const char *name, wn_buffer *out, wn_error *err)
{
    wn_safetensors file;
    wn_model_description description;
    const wn_architecture *architecture = NULL;
    wn_network *network = NULL;
    wn_tensors head = {0};
    WN_TRY(wn_safetensors_parse(bytes, len, name, &file, err));
    wn_status status = describe(&file, name, &architecture, &description, err);
    if (!status) status = wn_network_new_empty(architecture, &network, err);
    if (!status) status = add_head(&description, &head, err);
    if (!status) status = fill_tensors(&file, name, wn_network_tensors(network), err);
    if (!status) status = fill_tensors(&file, name, &head, err);
    if (!status) {
        const wn_tensors *const sets[] = {wn_network_tensors(network), &head};
        description.parameters = sets[0]->trained + head.trained;
        status = wn_model_file_build(&description, sets, 2, out, err);
    }
    wn_tensors_clear(&head);
    wn_network_free(&network);
    wn_safetensors_clear(&file);
    return status;
}

/* ---- writing ---- */

static void add_pair(wn_buffer *out, const char *key, const char *value)
{
    wn_buffer_format(out, ",\"%s\":", key);
    wn_safetensors_add_string(out, value);
}

static void add_metadata(wn_buffer *out, const wn_model_info *info)
{
    wn_buffer_format(out, "{\"__metadata__\":{\"format\":\"winnow\",\"winnow_model\":\"%d\"", WN_MODEL_FILE_VERSION);
    add_pair(out, "architecture", info->architecture);
    add_pair(out, "method", info->method);
    add_pair(out, "options", info->options);
    wn_buffer_format(out, ",\"side\":\"%u\",\"images\":\"%" PRIu64 "\",\"steps\":\"%" PRIu64 "\",\"prefixes\":\"",
                     (unsigned)info->side, info->images, info->steps);
    for (uint32_t i = 0; i < info->prefix_count; i++)
        wn_buffer_format(out, "%s%u", i > 0 ? "," : "", (unsigned)info->prefixes[i]);
    wn_buffer_text(out, "\"}");
}

static void add_rows(wn_buffer *out, const wn_tensors *set, uint64_t first)
{
    for (size_t i = 0; i < set->row_count; i++) {
        const wn_tensor *row = &set->rows[i];
        const uint64_t begin = (first + row->offset) * sizeof(float);
        wn_buffer_format(out, ",\"%s\":{\"dtype\":\"F32\",\"shape\":[", row->name);
        for (uint32_t d = 0; d < row->rank; d++)
            wn_buffer_format(out, "%s%u", d > 0 ? "," : "", (unsigned)row->shape[d]);
        wn_buffer_format(out, "],\"data_offsets\":[%" PRIu64 ",%" PRIu64 "]}", begin,
                         begin + row->count * sizeof(float));
    }
}

wn_status wn_model_export_safetensors(const wn_model *model, const char *path, wn_error *err)
{
    wn_buffer header, out;
    const wn_model *base = model;
    const bool reduced = wn_model_reduction(model, &base) != NULL;
    if (base->backend)
        return wn_fail(err, WN_UNSUPPORTED, "safetensors hold winnow's own networks; this model is %san ONNX file",
                       reduced ? "a reduction of " : "");
    if (reduced)
        return wn_fail(err, WN_UNSUPPORTED,
                       "safetensors hold the weights of a network, and this model is a reduction of one; write it as "
                       "ONNX (--out FILE.onnx), or export the model behind it");
    const wn_tensors *network = wn_network_tensors(model->network);
    wn_buffer_init(&header, WN_MEMORY_NETWORK, 0);
    wn_buffer_init(&out, WN_MEMORY_NETWORK, 0);
    add_metadata(&header, &model->info);
    add_rows(&header, network, 0);
    add_rows(&header, &model->head, network->total);
    wn_buffer_text(&header, "}");
    while (header.len % 8 != 0 && header.status == WN_OK) wn_buffer_text(&header, " ");
    const uint64_t len = header.len;
    wn_buffer_add(&out, &len, sizeof len);
    wn_buffer_add(&out, header.data, header.len);
    wn_buffer_add(&out, network->values, network->total * sizeof(float));
    wn_buffer_add(&out, model->head.values, model->head.total * sizeof(float));
    wn_status status = header.status || out.status ? wn_fail(err, WN_NOMEM, "out of memory for '%s'", path)
                                                   : wn_file_write(path, out.data, out.len, err);
    wn_buffer_clear(&out);
    wn_buffer_clear(&header);
    return status;
}
