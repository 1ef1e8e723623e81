/* SPDX-License-Identifier: Apache-2.0
 *
 * Writing an index file: the head, then the parts in their order.
 */
#include <string.h>

#include "base/error.h"
#include "base/hash.h"
#include "index/index_head.h"

static void fill_head(const wn_index *index, wn_index_head *head)
{
    const wn_index_shape *s = &index->shape;
    uint64_t at = WN_INDEX_HEAD_BYTES;
    *head = (wn_index_head){.magic = WN_INDEX_MAGIC,
                            .version = WN_INDEX_VERSION,
                            .head_bytes = WN_INDEX_HEAD_BYTES,
                            .metric = s->metric,
                            .dim = (uint32_t)s->dim,
                            .rows = s->rows,
                            .slots = s->slots,
                            .positions = s->positions,
                            .members = s->members,
                            .trained = index->info.trained,
                            .blocks = (uint32_t)s->blocks,
                            .cells = (uint32_t)s->cells,
                            .scale = index->form.scale,
                            .step = index->form.step,
                            .curve_k = index->curve_k,
                            .seed = index->seed,
                            .probe = wn_index_probe(&index->embeddings, s->rows)};
    memcpy(head->kind, index->info.kind->name, strlen(index->info.kind->name));
    memcpy(head->stamp, index->info.stamp, sizeof head->stamp);
    for (wn_index_part part = 0; part < WN_INDEX_PART_COUNT; part++) {
        wn_index_section *section = &head->sections[part];
        *section = (wn_index_section){.offset = at, .bytes = wn_index_part_bytes(s, part)};
        if (part <= WN_INDEX_PART_SUMS && section->bytes)
            section->checksum = wn_hash64_of(index->parts[part], (size_t)section->bytes);
        at += (section->bytes + WN_INDEX_ALIGNMENT - 1) / WN_INDEX_ALIGNMENT * WN_INDEX_ALIGNMENT;
    }
    head->file_bytes = at;
}

wn_status wn_index_save(const wn_index *index, const char *path, wn_error *err)
{
    wn_file_writer writer;
    wn_index_head head;
    unsigned char page[WN_INDEX_HEAD_BYTES] = {0};
    if (strlen(index->info.kind->name) >= WN_INDEX_KIND_MAX)
        return wn_fail(err, WN_UNSUPPORTED, "the name of the kind '%s' is too long for a file", index->info.kind->name);
    fill_head(index, &head);
    memcpy(page, &head, sizeof head);
    uint64_t sum = wn_hash64_of(page, WN_INDEX_HEAD_SUM);
    memcpy(page + WN_INDEX_HEAD_SUM, &sum, sizeof sum);
    WN_TRY(wn_file_writer_begin(&writer, path, err));
    wn_status status = wn_file_write_at(writer.fd, page, sizeof page, 0, writer.part, err);
    for (size_t part = 0; part < WN_INDEX_PART_COUNT && !status; part++) {
        const wn_index_section *section = &head.sections[part];
        if (section->bytes)
            status = wn_file_write_at(writer.fd, index->parts[part], (size_t)section->bytes, section->offset,
                                      writer.part, err);
    }
    if (!status) /* what rounds the last part up */
        status = wn_file_write_at(writer.fd, "", 1, head.file_bytes - 1, writer.part, err);
    wn_status ended = wn_file_writer_end(&writer, status == WN_OK, status ? NULL : err);
    return status ? status : ended;
}
