/* SPDX-License-Identifier: Apache-2.0
 *
 * Opening an index file. Nothing that a file says is believed: lengths, numbers of rows and blocks, and the values that
 * become places in memory are checked beside the checksums, which a damaged disk may break and a forged file may keep.
 */
#include <math.h>
#include <string.h>

#include "base/error.h"
#include "base/hash.h"
#include "base/text.h"
#include "index/index_head.h"
#include "winnow/memory.h"

enum { DIM_MOST = 4096, CELLS_MOST = 1 << 20, SCORE_MOST = 1 << 28, NORM_MOST = 1 << 30 };

#define REMEDY "delete it, it is made anew"

static wn_status fail_damaged(const char *path, const char *what, wn_error *err)
{
    return wn_fail(err, WN_CORRUPT, "the index %s is damaged (%s); " REMEDY, path, what);
}

/* ---- the head ---- */

static bool sane_shape(const wn_index_head *head)
{
    if (head->metric >= WN_INDEX_METRIC_COUNT || head->dim < 1 || head->dim > DIM_MOST) return false;
    if (head->rows < 1 || head->rows > INT32_MAX || head->slots < 1 || head->slots > head->rows) return false;
    if (head->members && (head->members > head->rows || head->members <= head->slots)) return false;
    if (head->positions % WN_TILE_WIDTH || head->positions < head->slots || head->positions >= UINT32_MAX) return false;
    if (head->blocks < 1 || head->blocks > head->positions / WN_TILE_WIDTH || head->cells > CELLS_MOST) return false;
    if (head->trained < 1 || head->trained > head->slots) return false;
    return isfinite(head->scale) && head->scale > 0 && isfinite(head->step) && head->step > 0 &&
           memchr(head->kind, 0, sizeof head->kind) && memchr(head->stamp, 0, sizeof head->stamp);
}

static wn_status read_head(wn_index *index, wn_index_head *head, wn_error *err)
{
    const wn_file_map *map = &index->map;
    uint64_t sum;
    if (map->len < sizeof head->magic || memcmp(map->data, WN_INDEX_MAGIC, sizeof head->magic) != 0)
        return wn_fail(err, WN_CORRUPT, "%s is no index of winnow; name another file or delete it", index->path);
    if (map->len < WN_INDEX_HEAD_BYTES) return fail_damaged(index->path, "it is cut off", err);
    memcpy(head, map->data, sizeof *head);
    memcpy(&sum, map->data + WN_INDEX_HEAD_SUM, sizeof sum);
    if (head->version != WN_INDEX_VERSION)
        return wn_fail(err, WN_VERSION, "the index %s has format version %u, this winnow knows %d; " REMEDY,
                       index->path, head->version, WN_INDEX_VERSION);
    if (sum != wn_hash64_of(map->data, WN_INDEX_HEAD_SUM))
        return fail_damaged(index->path, "its head does not match its checksum", err);
    if (head->head_bytes != WN_INDEX_HEAD_BYTES || !sane_shape(head))
        return fail_damaged(index->path, "its head makes no sense", err);
    if (head->file_bytes != map->len) return fail_damaged(index->path, "its length is wrong", err);
    if (!wn_index_kind_find(head->kind))
        return wn_fail(err, WN_VERSION, "the index %s is of the kind '%s', which this winnow does not know; " REMEDY,
                       index->path, head->kind);
    return WN_OK;
}

static void take_head(wn_index *index, const wn_index_head *head)
{
    index->shape = (wn_index_shape){.metric = (wn_index_metric)head->metric,
                                    .rows = (size_t)head->rows,
                                    .dim = head->dim,
                                    .padded = (head->dim + 3u) / 4 * 4,
                                    .slots = (size_t)head->slots,
                                    .positions = (size_t)head->positions,
                                    .blocks = head->blocks,
                                    .cells = head->cells,
                                    .members = (size_t)head->members};
    index->info = (wn_index_info){.kind = wn_index_kind_find(head->kind),
                                  .metric = index->shape.metric,
                                  .rows = index->shape.rows,
                                  .dim = head->dim,
                                  .finite = head->members ? (size_t)head->members : index->shape.slots,
                                  .distinct = index->shape.slots,
                                  .trained = (size_t)head->trained,
                                  .cells = head->cells,
                                  .bytes = head->file_bytes};
    memcpy(index->info.stamp, head->stamp, sizeof index->info.stamp);
    index->seed = head->seed;
    index->curve_k = head->curve_k;
    index->form = (wn_bytes_form){.metric = index->shape.metric,
                                  .dim = head->dim,
                                  .padded = index->shape.padded,
                                  .scale = head->scale,
                                  .step = head->step};
    wn_convert_kernels_init(&index->form.convert, wn_cpu_level());
    wn_tile_kernels_init(&index->form.tile, wn_cpu_level());
    wn_precise_kernels_init(&index->form.precise, wn_cpu_level());
}

static wn_status find_parts(wn_index *index, const wn_index_head *head, wn_error *err)
{
    for (wn_index_part part = 0; part < WN_INDEX_PART_COUNT; part++) {
        const wn_index_section *section = &head->sections[part];
        uint64_t bytes = wn_index_part_bytes(&index->shape, part), len = index->map.len;
        if (section->bytes != bytes || section->offset % WN_INDEX_ALIGNMENT || section->offset < WN_INDEX_HEAD_BYTES ||
            section->offset > len || bytes > len - section->offset)
            return fail_damaged(index->path, "a part of it is not where it should be", err);
        const unsigned char *data = index->map.data + section->offset;
        if (part <= WN_INDEX_PART_SUMS && bytes && wn_hash64_of(data, (size_t)bytes) != section->checksum)
            return fail_damaged(index->path, "a part of it does not match its checksum", err);
        index->parts[part] = (void *)(uintptr_t)data; /* only read */
    }
    return WN_OK;
}

/* ---- what the small parts say ---- */

static bool all_finite(const double *values, size_t len, double least)
{
    for (size_t i = 0; i < len; i++) {
        if (!isfinite(values[i]) || values[i] < least) return false;
    }
    return true;
}

static bool floats_in(const float *values, size_t len, float least, float most)
{
    for (size_t i = 0; i < len; i++) {
        if (!(values[i] >= least && values[i] <= most)) return false;
    }
    return true;
}

static bool integers_in(const int32_t *values, size_t len, int32_t least, int32_t most)
{
    for (size_t i = 0; i < len; i++) {
        if (values[i] < least || values[i] > most) return false;
    }
    return true;
}

static bool rising_below(const uint32_t *values, size_t len, uint64_t end)
{
    for (size_t i = 0; i < len; i++) {
        if (values[i] >= end || (i > 0 && values[i] <= values[i - 1])) return false;
    }
    return true;
}

static bool sane_rows(const wn_index *index)
{
    const wn_index_shape *s = &index->shape;
    const uint32_t *members = index->parts[WN_INDEX_PART_MEMBERS], *starts = index->parts[WN_INDEX_PART_STARTS];
    if (!rising_below(index->parts[WN_INDEX_PART_FIRSTS], s->slots, s->rows)) return false;
    if (!s->members) return true;
    for (size_t i = 0; i < s->members; i++) {
        if (members[i] >= s->rows) return false;
    }
    return starts[0] == 0 && starts[s->slots] == s->members && rising_below(starts, s->slots + 1, s->members + 1);
}

static bool sane_blocks(const wn_index *index)
{
    const wn_index_shape *s = &index->shape;
    const uint32_t *begins = index->parts[WN_INDEX_PART_BEGINS], *lens = index->parts[WN_INDEX_PART_LENS];
    const uint32_t *first_block = index->parts[WN_INDEX_PART_FIRST_BLOCK];
    uint64_t at = 0, slots = 0;
    for (size_t i = 0; i < s->blocks; i++) {
        if (lens[i] < 1 || lens[i] > WN_SCAN_BLOCK || begins[i] != at) return false;
        at += wn_tile_padded(lens[i]);
        slots += lens[i];
    }
    if (at != s->positions || slots != s->slots) return false;
    for (size_t i = 0; i < s->cells; i++) {
        if (first_block[i] > first_block[i + 1]) return false;
    }
    return !s->cells || (first_block[0] == 0 && first_block[s->cells] == s->blocks);
}

static bool sane_parts(const wn_index *index)
{
    const wn_index_shape *s = &index->shape;
    size_t mean = wn_index_part_bytes(s, WN_INDEX_PART_MEAN) / sizeof(double), centres = wn_tile_padded(s->cells);
    return all_finite(index->parts[WN_INDEX_PART_MEAN], mean, -INFINITY) &&
           all_finite(index->parts[WN_INDEX_PART_FACTS], 2 * s->blocks, 0) &&
           floats_in(index->parts[WN_INDEX_PART_ROTATION], wn_tile_panel_len(s->dim, s->dim, 1), -2, 2) &&
           floats_in(index->parts[WN_INDEX_PART_CURVE], s->cells, 0, 1) &&
           integers_in(index->parts[WN_INDEX_PART_CENTRE_BIAS], centres, -SCORE_MOST, SCORE_MOST) &&
           integers_in(index->parts[WN_INDEX_PART_CENTRE_NORMS], centres, 0, NORM_MOST) && sane_rows(index) &&
           sane_blocks(index);
}

/* ---- blocks ---- */

static bool sane_block(const wn_index *index, size_t block)
{
    const wn_scan_side *side = &index->side;
    const wn_bytes_block *facts = &side->facts[block];
    size_t begin = side->begins[block], len = side->lens[block];
    for (size_t i = begin; i < begin + len; i++) {
        if (side->slots[i] >= index->shape.slots) return false;
        if (side->bytes.scales && !(side->bytes.scales[i] >= 0 && isfinite(side->bytes.scales[i]))) return false;
    }
    for (size_t i = begin + len; i < begin + wn_tile_padded(len); i++) {
        if (side->slots[i] != UINT32_MAX) return false;
    }
    return integers_in(side->bytes.norms + begin, len, 0, NORM_MOST) &&
           integers_in(side->starts + begin, len, -SCORE_MOST, SCORE_MOST) &&
           floats_in(side->bytes.errors + begin, len, 0, (float)(facts->error * 1.01)) &&
           floats_in(side->bytes.lengths + begin, len, 0, (float)(facts->length * 1.01));
}

wn_status wn_index_check_block(wn_index *index, size_t block, wn_error *err)
{
    char what[64];
    const uint64_t *sums = index->parts[WN_INDEX_PART_SUMS];
    if (!index->checked || index->checked[block]) return WN_OK;
    if (wn_index_block_sum(index, block) == sums[block] && sane_block(index, block)) {
        index->checked[block] = 1;
        return WN_OK;
    }
    snprintf(what, sizeof what, "block %zu does not match its checksum", block);
    return fail_damaged(index->path, what, err);
}

wn_status wn_index_check_all(wn_index *index, wn_error *err)
{
    for (size_t block = 0; block < index->shape.blocks; block++) WN_TRY(wn_index_check_block(index, block, err));
    return WN_OK;
}

wn_status wn_index_check_slots(wn_index *index, wn_error *err)
{
    WN_TRY(wn_index_check_all(index, err));
    size_t slots = index->shape.slots, seen = 0;
    uint8_t *marks = wn_calloc(WN_MEMORY_MATRIX, slots, 1);
    if (!marks) return wn_fail(err, WN_NOMEM, "no memory to check %zu rows", slots);
    for (size_t i = 0; i < index->shape.positions; i++) {
        size_t slot = index->side.slots[i];
        if (slot == UINT32_MAX) continue;
        seen += !marks[slot];
        marks[slot] = 1;
    }
    wn_free(marks);
    return seen == slots ? WN_OK : fail_damaged(index->path ? index->path : "", "rows of it are missing", err);
}

/* ---- opening ---- */

static wn_status check_embeddings(const wn_index *index, const wn_index_head *head, const char *stamp, wn_error *err)
{
    const wn_matrix *m = &index->embeddings;
    const char *why = NULL;
    if (m->cols != head->dim)
        why = "their dimensions differ";
    else if (m->rows < head->rows)
        why = "there are fewer rows than it has";
    else if (stamp && strcmp(stamp, head->stamp) != 0)
        why = "they were made anew";
    else if (wn_index_probe(m, (size_t)head->rows) != head->probe)
        why = "their values differ";
    if (!why) return WN_OK;
    return wn_fail(err, WN_INVALID, "the index %s is of other embeddings (%s); " REMEDY, index->path, why);
}

static wn_status map_file(wn_index *index, const char *path, wn_index_head *head, wn_error *err)
{
    if (!(index->path = wn_text_copy(path))) return wn_fail(err, WN_NOMEM, "out of memory");
    WN_TRY(wn_file_map_open(path, &index->map, err));
    return read_head(index, head, err);
}

static wn_status take_parts(wn_index *index, const wn_index_head *head, wn_error *err)
{
    take_head(index, head);
    WN_TRY(find_parts(index, head, err));
    if (!sane_parts(index)) return fail_damaged(index->path, "a part of it makes no sense", err);
    wn_index_bind(index);
    index->checked = wn_calloc(WN_MEMORY_MATRIX, index->shape.blocks, 1);
    return index->checked ? WN_OK : wn_fail(err, WN_NOMEM, "out of memory");
}

static wn_status open_index(wn_index *index, const char *path, const char *stamp, wn_error *err)
{
    wn_index_head head;
    WN_TRY(map_file(index, path, &head, err));
    WN_TRY(check_embeddings(index, &head, stamp, err));
    return take_parts(index, &head, err);
}

wn_status wn_index_open(const char *path, const wn_matrix *embeddings, const char *stamp, wn_index **out, wn_error *err)
{
    wn_index *index = *out = wn_calloc(WN_MEMORY_MATRIX, 1, sizeof *index);
    if (!index) return wn_fail(err, WN_NOMEM, "out of memory");
    index->embeddings = *embeddings;
    wn_status status = open_index(index, path, stamp, err);
    if (status) wn_index_close(out);
    return status;
}

static wn_status inspect(wn_index *index, const char *path, wn_error *err)
{
    wn_index_head head;
    WN_TRY(map_file(index, path, &head, err));
    WN_TRY(take_parts(index, &head, err));
    return wn_index_check_all(index, err);
}

wn_status wn_index_inspect(const char *path, wn_index_info *out, wn_error *err)
{
    wn_index *index = wn_calloc(WN_MEMORY_MATRIX, 1, sizeof *index);
    if (!index) return wn_fail(err, WN_NOMEM, "out of memory");
    wn_status status = inspect(index, path, err);
    *out = index->info;
    wn_index_close(&index);
    return status;
}
