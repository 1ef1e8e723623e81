/* SPDX-License-Identifier: Apache-2.0
 *
 * The file of a reduction. Nothing in it is trusted: the checksum is checked before anything else is believed, and
 * sizes before they are used.
 */
#include <math.h>
#include <string.h>

#include "base/buffer.h"
#include "base/error.h"
#include "base/file.h"
#include "base/hash.h"
#include "base/text.h"
#include "embed/reduction.h"
#include "winnow/memory.h"

enum { VERSION = 1, FROM_MAX = 1 << 20, TEXT_MAX = 8192, WHITEN = 1 };

static const size_t file_bytes_max = (size_t)1 << 32;
static const char magic[8] = {'W', 'N', 'R', 'E', 'D', 'U', 'C', '\n'};

/* The head, as it lies in the file. The checksum covers every byte from `from` on. Behind it: the text with its zero
 * byte, zeros up to a multiple of 8, mean and variances as float64, axes as float32. */
typedef struct file_head {
    char magic[8];
    uint32_t version, head_bytes;
    uint64_t file_bytes, checksum;
    uint32_t from, dim, flags, text_bytes;
    uint64_t rows, rank, base_hash;
    double total;
} file_head;

_Static_assert(sizeof(file_head) == 80, "the file's layout has no padding");

static const size_t unchecked_bytes = offsetof(file_head, from);

void wn_reduction_clear(wn_reduction *reduction)
{
    wn_pca_clear(&reduction->pca);
    wn_free(reduction->base);
    *reduction = (wn_reduction){0};
}

wn_status wn_reduction_write(const char *path, wn_reduction *reduction, wn_error *err)
{
    const wn_pca *pca = &reduction->pca;
    const char *base = reduction->base ? reduction->base : "";
    const size_t text = strlen(base) + 1, pad = (8 - text % 8) % 8;
    const size_t doubles = (pca->from + pca->dim) * sizeof(double), floats = pca->dim * pca->from * sizeof(float);
    wn_buffer bytes;
    wn_status status;
    if (text > TEXT_MAX) return wn_fail(err, WN_LIMIT, "'%s' is too long a path", base);
    file_head head = {.version = VERSION,
                      .head_bytes = sizeof head,
                      .file_bytes = sizeof head + text + pad + doubles + floats,
                      .from = (uint32_t)pca->from,
                      .dim = (uint32_t)pca->dim,
                      .flags = pca->whiten ? WHITEN : 0,
                      .text_bytes = (uint32_t)text,
                      .rows = pca->rows,
                      .rank = pca->rank,
                      .base_hash = reduction->base_hash,
                      .total = pca->total};
    memcpy(head.magic, magic, sizeof magic);
    wn_buffer_init(&bytes, WN_MEMORY_MATRIX, 0);
    (void)wn_buffer_add(&bytes, &head, sizeof head);
    (void)wn_buffer_add(&bytes, base, text);
    (void)wn_buffer_add(&bytes, (const char[8]){0}, pad);
    (void)wn_buffer_add(&bytes, pca->mean, pca->from * sizeof(double));
    (void)wn_buffer_add(&bytes, pca->variance, pca->dim * sizeof(double));
    (void)wn_buffer_add(&bytes, pca->axes, floats);
    if (bytes.status) {
        status = wn_fail(err, bytes.status, "no memory for the file '%s'", path);
    } else {
        head.checksum = wn_hash64_of(bytes.data + unchecked_bytes, bytes.len - unchecked_bytes);
        memcpy(bytes.data, &head, sizeof head);
        reduction->hash = head.checksum;
        status = wn_file_write(path, bytes.data, bytes.len, err);
    }
    wn_buffer_clear(&bytes);
    return status;
}

static wn_status check_bytes(const file_head *head, const unsigned char *data, size_t len, const char *name,
                             wn_error *err)
{
    if (len < sizeof magic || memcmp(head->magic, magic, sizeof magic) != 0)
        return wn_fail(err, WN_CORRUPT, "%s: not a reduction of winnow", name);
    if (len < sizeof *head) return wn_fail(err, WN_CORRUPT, "%s: cut short after %zu bytes", name, len);
    if (head->version != VERSION)
        return wn_fail(err, WN_VERSION, "%s: format %u, this build reads %d; make it again with --dim", name,
                       (unsigned)head->version, VERSION);
    if (head->head_bytes != sizeof *head || head->file_bytes != len)
        return wn_fail(err, WN_CORRUPT, "%s: %zu bytes, should be %llu; make it again with --dim", name, len,
                       (unsigned long long)head->file_bytes);
    if (wn_hash64_of(data + unchecked_bytes, len - unchecked_bytes) != head->checksum)
        return wn_fail(err, WN_CORRUPT, "%s: damaged (its checksum differs); make it again with --dim", name);
    return WN_OK;
}

/* Whether the sizes agree with each other and with the file; `*numbers` is where they begin. */
static bool head_fits(const file_head *head, const unsigned char *data, size_t len, size_t *numbers)
{
    if (head->from < 1 || head->from > FROM_MAX || head->dim < 1 || head->dim > head->from) return false;
    if (head->text_bytes < 1 || head->text_bytes > TEXT_MAX || head->text_bytes > len - sizeof *head) return false;
    if (memchr(data + sizeof *head, 0, head->text_bytes) != data + sizeof *head + head->text_bytes - 1) return false;
    *numbers = sizeof *head + (head->text_bytes + (size_t)7) / 8 * 8;
    const uint64_t doubles = (uint64_t)head->from + head->dim, floats = (uint64_t)head->from * head->dim;
    return len == *numbers + doubles * sizeof(double) + floats * sizeof(float) && head->rank <= head->dim &&
           isfinite(head->total) && head->total >= 0;
}

static bool numbers_fit(const wn_pca *pca)
{
    for (size_t i = 0; i < pca->from; i++)
        if (!isfinite(pca->mean[i])) return false;
    for (size_t i = 0; i < pca->dim; i++)
        if (!isfinite(pca->variance[i]) || pca->variance[i] < 0 || (i < pca->rank && pca->variance[i] <= 0))
            return false;
    for (size_t i = 0; i < pca->dim * pca->from; i++)
        if (!isfinite(pca->axes[i])) return false;
    return true;
}

wn_status wn_reduction_parse(const void *bytes, size_t len, const char *name, wn_reduction *out, wn_error *err)
{
    const unsigned char *data = bytes;
    file_head head = {0};
    size_t at = 0;
    *out = (wn_reduction){0};
    memcpy(&head, bytes, len < sizeof head ? len : sizeof head);
    WN_TRY(check_bytes(&head, data, len, name, err));
    if (!head_fits(&head, data, len, &at))
        return wn_fail(err, WN_CORRUPT, "%s: damaged (its sizes disagree); make it again with --dim", name);
    const size_t from = head.from, dim = head.dim;
    wn_pca *pca = &out->pca;
    *pca = (wn_pca){.from = from,
                    .dim = dim,
                    .whiten = head.flags & WHITEN,
                    .total = head.total,
                    .rows = head.rows,
                    .rank = (size_t)head.rank};
    pca->mean = wn_alloc(WN_MEMORY_MATRIX, from, sizeof *pca->mean);
    pca->variance = wn_alloc(WN_MEMORY_MATRIX, dim, sizeof *pca->variance);
    pca->axes = wn_alloc(WN_MEMORY_MATRIX, dim * sizeof *pca->axes, from);
    out->base = wn_text_copy((const char *)data + sizeof head);
    out->base_hash = head.base_hash;
    out->hash = head.checksum;
    if (!pca->mean || !pca->variance || !pca->axes || !out->base) {
        wn_reduction_clear(out);
        return wn_fail(err, WN_NOMEM, "%s: no memory for a reduction of %zu dimensions", name, from);
    }
    memcpy(pca->mean, data + at, from * sizeof(double));
    memcpy(pca->variance, data + at + from * sizeof(double), dim * sizeof(double));
    memcpy(pca->axes, data + at + (from + dim) * sizeof(double), dim * from * sizeof(float));
    if (numbers_fit(pca)) return WN_OK;
    wn_reduction_clear(out);
    return wn_fail(err, WN_CORRUPT, "%s: damaged (its numbers make no sense); make it again with --dim", name);
}

wn_status wn_reduction_read(const char *path, wn_reduction *out, wn_error *err)
{
    wn_buffer bytes;
    *out = (wn_reduction){0};
    wn_buffer_init(&bytes, WN_MEMORY_MATRIX, 0);
    wn_status status = wn_file_read(path, file_bytes_max, &bytes, err);
    if (!status) status = wn_reduction_parse(bytes.data ? bytes.data : "", bytes.len, path, out, err);
    wn_buffer_clear(&bytes);
    return status;
}
