/* SPDX-License-Identifier: Apache-2.0
 *
 * Layout: a head with checksum, then for each part of the learner its values and its optimiser's state, then the
 * learner's further states, all as floats.
 * The file serves the machine that wrote it, so numbers are in its own byte order.
 */
#include "pretrain/train_checkpoint.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "base/file.h"
#include "base/hash.h"

static const char magic[8] = {'W', 'N', 'T', 'R', 'A', 'I', 'N', '3'};

/* The checksum covers every byte after itself. */
typedef struct file_head {
    char magic[8];
    uint64_t checksum, identity, file_bytes;
    wn_train_state state;
} file_head;

static const size_t unchecked_bytes = offsetof(file_head, identity);

static size_t state_bytes(wn_learner *learner)
{
    const wn_learner_part *parts;
    size_t count = wn_learner_parts(learner, &parts), bytes = sizeof(file_head);
    for (size_t i = 0; i < count; i++) {
        size_t moments;
        uint64_t *steps;
        (void)wn_optimizer_state(parts[i].optimizer, &moments, &steps);
        bytes += (parts[i].tensors->total + moments) * sizeof(float) + sizeof *steps;
    }
    wn_learner_state states[WN_LEARNER_STATES_MAX];
    count = wn_learner_states(learner, states);
    for (size_t i = 0; i < count; i++) bytes += states[i].count * sizeof(float);
    return bytes;
}

wn_status wn_train_checkpoint_write(const char *path, uint64_t identity, const wn_train_state *state,
                                    wn_learner *learner, wn_buffer *bytes, wn_error *err)
{
    file_head head = {.identity = identity, .file_bytes = state_bytes(learner), .state = *state};
    const wn_learner_part *parts;
    size_t count = wn_learner_parts(learner, &parts);
    memcpy(head.magic, magic, sizeof magic);
    wn_buffer_reset(bytes);
    (void)wn_buffer_reserve_exact(bytes, head.file_bytes);
    (void)wn_buffer_add(bytes, &head, sizeof head);
    for (size_t i = 0; i < count; i++) {
        size_t moments;
        uint64_t *steps;
        const float *moment = wn_optimizer_state(parts[i].optimizer, &moments, &steps);
        (void)wn_buffer_add(bytes, parts[i].tensors->values, parts[i].tensors->total * sizeof(float));
        (void)wn_buffer_add(bytes, moment, moments * sizeof(float));
        (void)wn_buffer_add(bytes, steps, sizeof *steps);
    }
    wn_learner_state states[WN_LEARNER_STATES_MAX];
    count = wn_learner_states(learner, states);
    for (size_t i = 0; i < count; i++) (void)wn_buffer_add(bytes, states[i].values, states[i].count * sizeof(float));
    if (bytes->status != WN_OK) return wn_fail(err, bytes->status, "out of memory for the checkpoint %s", path);
    head.checksum = wn_hash64_of(bytes->data + unchecked_bytes, bytes->len - unchecked_bytes);
    memcpy(bytes->data, &head, sizeof head);
    return wn_file_write(path, bytes->data, bytes->len, err);
}

/* Reads the file and its head, whose length and checksum are right then. */
static wn_status read_whole(const char *path, wn_buffer *bytes, file_head *head, wn_error *err)
{
    WN_TRY(wn_file_read(path, SIZE_MAX / 2, bytes, err));
    const size_t family = sizeof magic - 1; /* the last byte is the version */
    if (bytes->len < sizeof magic || memcmp(bytes->data, magic, family) != 0)
        return wn_fail(err, WN_CORRUPT, "%s: not a checkpoint of winnow", path);
    if (memcmp(bytes->data, magic, sizeof magic) != 0)
        return wn_fail(err, WN_VERSION, "%s: a checkpoint of another version of winnow", path);
    if (bytes->len < sizeof *head)
        return wn_fail(err, WN_CORRUPT, "%s: damaged checkpoint, cut short after %zu bytes", path, bytes->len);
    memcpy(head, bytes->data, sizeof *head);
    if (head->file_bytes != bytes->len)
        return wn_fail(err, WN_CORRUPT, "%s: damaged checkpoint, %zu bytes of %llu", path, bytes->len,
                       (unsigned long long)head->file_bytes);
    if (head->checksum != wn_hash64_of(bytes->data + unchecked_bytes, bytes->len - unchecked_bytes))
        return wn_fail(err, WN_CORRUPT, "%s: damaged checkpoint (its checksum differs)", path);
    return WN_OK;
}

wn_status wn_train_checkpoint_inspect(const char *path, wn_train_state *state, uint64_t *identity, wn_error *err)
{
    wn_buffer bytes;
    file_head head;
    wn_buffer_init(&bytes, WN_MEMORY_TRAINING, 0);
    wn_status status = read_whole(path, &bytes, &head, err);
    if (!status) {
        *state = head.state;
        *identity = head.identity;
    }
    wn_buffer_clear(&bytes);
    return status;
}

wn_status wn_train_checkpoint_read(const char *path, uint64_t identity, wn_train_state *state, wn_learner *learner,
                                   wn_buffer *bytes, wn_error *err)
{
    const size_t expected = state_bytes(learner);
    const wn_learner_part *parts;
    size_t count = wn_learner_parts(learner, &parts);
    file_head head;
    WN_TRY(read_whole(path, bytes, &head, err));
    if (head.identity != identity || bytes->len != expected) {
        return wn_fail(err, WN_VERSION, "%s: checkpoint of other images or options", path);
    }
    const char *from = bytes->data + sizeof head;
    for (size_t i = 0; i < count; i++) {
        size_t moments, values = parts[i].tensors->total * sizeof(float);
        uint64_t *steps;
        float *moment = wn_optimizer_state(parts[i].optimizer, &moments, &steps);
        memcpy(parts[i].tensors->values, from, values);
        memcpy(moment, from + values, moments * sizeof(float));
        memcpy(steps, from + values + moments * sizeof(float), sizeof *steps);
        from += values + moments * sizeof(float) + sizeof *steps;
    }
    wn_learner_state states[WN_LEARNER_STATES_MAX];
    count = wn_learner_states(learner, states);
    for (size_t i = 0; i < count; i++) {
        memcpy(states[i].values, from, states[i].count * sizeof(float));
        from += states[i].count * sizeof(float);
    }
    *state = head.state;
    return WN_OK;
}

static wn_status name_aside(const char *path, uint64_t identity, wn_buffer *out)
{
    wn_buffer_reset(out);
    return wn_buffer_format(out, "%s.%016" PRIx64, path, identity);
}

/* PATH.old, or the first of PATH.old-2, PATH.old-3, ... that is free. */
static wn_status name_old(const char *path, wn_buffer *out)
{
    wn_status status = WN_OK;
    for (unsigned i = 1; !status && (i == 1 || wn_file_exists(out->data)); i++) {
        wn_buffer_reset(out);
        status = i == 1 ? wn_buffer_format(out, "%s.old", path) : wn_buffer_format(out, "%s.old-%u", path, i);
    }
    return status;
}

wn_status wn_train_checkpoint_set_aside(const char *path, wn_buffer *name, wn_error *err)
{
    wn_train_state state;
    wn_error unused;
    uint64_t identity;
    const bool readable = wn_train_checkpoint_inspect(path, &state, &identity, &unused) == WN_OK;
    if ((readable ? name_aside(path, identity, name) : name_old(path, name)) != WN_OK)
        return wn_fail(err, WN_NOMEM, "out of memory for a file name");
    if (rename(path, name->data) == 0) return WN_OK;
    return wn_fail(err, WN_IO, "%s cannot be renamed to %s: %s", path, name->data, strerror(errno));
}

bool wn_train_checkpoint_bring_back(const char *path, uint64_t identity)
{
    wn_buffer name;
    wn_buffer_init(&name, WN_MEMORY_TEXT, 0);
    const bool found = name_aside(path, identity, &name) == WN_OK && rename(name.data, path) == 0;
    wn_buffer_clear(&name);
    return found;
}
