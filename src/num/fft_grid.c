/* SPDX-License-Identifier: Apache-2.0
 *
 * Convolution of a real grid. Two real rows are one complex sequence, their spectra told apart by symmetry; only the
 * columns 0 .. length / 2 are kept. A block of columns is transformed, multiplied by each kernel and transformed back
 * while it is in the cache. Rows and columns of zeros beyond the grid are written once for each block, never stored.
 */
#include <math.h>
#include <stdbool.h>
#include <string.h>

#include "base/error.h"
#include "num/fft.h"
#include "winnow/memory.h"

enum { LANES = WN_FFT_LANES, ELEMENT = 2 * WN_FFT_LANES, ROWS_OF_BLOCK = 2 * WN_FFT_LANES };

typedef struct work {
    wn_fft_grid *grid;
    const float *in;
    float *const *out;
    size_t rows, which;
    float *from; /* half spectra: [column block][row][element] */
    unsigned odd;
    const double *inverse; /* of the response, squared, at each frequency */
} work;

static size_t column_blocks(size_t length)
{
    return (length / 2 + LANES) / LANES; /* of length / 2 + 1 columns */
}

/* Floats of one half spectrum with `rows` rows. */
static size_t half_floats(size_t length, size_t rows)
{
    return column_blocks(length) * rows * ELEMENT;
}

static size_t block_floats(size_t length)
{
    return length * ELEMENT;
}

uint64_t wn_fft_grid_memory(size_t size, size_t kernel_count, unsigned workers)
{
    size_t length = wn_fft_good_length(2 * size);
    uint64_t floats = (uint64_t)kernel_count * column_blocks(length) * length * LANES;
    floats += (kernel_count + 1) * (uint64_t)half_floats(length, length);
    return (floats + (uint64_t)workers * 3 * block_floats(length)) * sizeof(float);
}

void wn_fft_grid_clear(wn_fft_grid *grid)
{
    wn_fft_plan_clear(&grid->plan);
    wn_free(grid->spectra);
    wn_free(grid->columns);
    wn_free(grid->scratch);
    *grid = (wn_fft_grid){0};
}

/* Rows 2 lane and 2 lane + 1 of a block become the real and the imaginary parts of lane. */
static void load_rows(const float *in, size_t size, size_t length, size_t first, size_t rows, float *block)
{
    for (size_t part = 0; part < 2; part++)
        for (size_t lane = 0; lane < LANES; lane++) {
            size_t row = first + 2 * lane + part;
            float *to = block + part * LANES + lane;
            for (size_t x = 0; x < size; x++) to[x * ELEMENT] = row < rows ? in[row * size + x] : 0;
        }
    memset(block + size * ELEMENT, 0, (length - size) * ELEMENT * sizeof *block);
}

/* The spectra a, b of the two rows of each lane from Z = a + i b: a[x] = (Z[x] + Z*[-x]) / 2, b[x] = (Z[x] - Z*[-x]) /
 * 2i. */
static void split_rows(const float *z, size_t length, size_t first, size_t rows, float *half)
{
    for (size_t x = 0; x <= length / 2; x++) {
        const float *one = z + x * ELEMENT, *other = z + (x ? length - x : 0) * ELEMENT;
        float *to = half + (x / LANES * rows + first) * ELEMENT + x % LANES;
        for (size_t lane = 0; lane < LANES && first + 2 * lane < rows; lane++) {
            float re = one[lane], im = one[LANES + lane], back_re = other[lane], back_im = other[LANES + lane];
            float *a = to + 2 * lane * ELEMENT, *b = a + ELEMENT;
            a[0] = (re + back_re) / 2, a[LANES] = (im - back_im) / 2;
            if (first + 2 * lane + 1 < rows) b[0] = (im + back_im) / 2, b[LANES] = (back_re - re) / 2;
        }
    }
}

static float *scratch_of(const wn_fft_grid *grid, unsigned worker, size_t block)
{
    return grid->scratch + (worker * 3 + block) * block_floats(grid->length);
}

static void transform_rows(void *context, size_t begin, size_t end, unsigned worker)
{
    const work *w = context;
    const wn_fft_grid *grid = w->grid;
    float *block = scratch_of(grid, worker, 0), *spare = scratch_of(grid, worker, 1);
    size_t width = w->rows == grid->length ? grid->length : grid->size;
    for (size_t at = begin; at < end; at++) {
        size_t first = at * ROWS_OF_BLOCK;
        load_rows(w->in, width, grid->length, first, w->rows, block);
        split_rows(wn_fft_run(&grid->plan, &grid->kernels, block, spare), grid->length, first, w->rows, w->from);
    }
}

/* Brings a block of columns, zeros below the grid, into `block` and transforms it. */
static float *transform_block(const work *w, size_t at, float *block, float *spare)
{
    const wn_fft_grid *grid = w->grid;
    memcpy(block, w->from + at * w->rows * ELEMENT, w->rows * ELEMENT * sizeof *block);
    memset(block + w->rows * ELEMENT, 0, (grid->length - w->rows) * ELEMENT * sizeof *block);
    return wn_fft_run(&grid->plan, &grid->kernels, block, spare);
}

/* out = k s for an even kernel, whose spectrum is real; i k s for an odd one. Real and imaginary parts change places,
 * for the way back. */
static void multiply(const float *s, const float *k, size_t length, bool odd, float *out)
{
    for (size_t y = 0; y < length; y++, s += ELEMENT, out += ELEMENT, k += LANES)
        for (size_t lane = 0; lane < LANES; lane++) {
            float re = s[lane] * k[lane], im = s[LANES + lane] * k[lane];
            out[lane] = odd ? re : im;
            out[LANES + lane] = odd ? -im : re;
        }
}

static void convolve_columns(void *context, size_t begin, size_t end, unsigned worker)
{
    const work *w = context;
    const wn_fft_grid *grid = w->grid;
    size_t half = half_floats(grid->length, grid->size), blocks = column_blocks(grid->length);
    for (size_t at = begin; at < end; at++) {
        float *a = scratch_of(grid, worker, 0), *b = scratch_of(grid, worker, 1), *c = scratch_of(grid, worker, 2);
        float *spectrum = transform_block(w, at, a, b);
        float *spare = spectrum == a ? b : a;
        for (size_t f = 0; f < grid->kernel_count; f++) {
            multiply(spectrum, grid->spectra + (f * blocks + at) * grid->length * LANES, grid->length,
                     grid->odd >> f & 1, c);
            const float *back = wn_fft_run(&grid->plan, &grid->kernels, c, spare);
            memcpy(grid->columns + (f + 1) * half + at * grid->size * ELEMENT, back,
                   grid->size * ELEMENT * sizeof *back);
        }
    }
}

/* Z = a + i b for the two rows of each lane, with a[-x] = a*[x]; parts change places again. */
static void join_rows(const float *half, size_t length, size_t first, size_t rows, float *z)
{
    for (size_t x = 0; x <= length / 2; x++) {
        float *one = z + x * ELEMENT, *other = z + (x ? length - x : 0) * ELEMENT;
        const float *from = half + (x / LANES * rows + first) * ELEMENT + x % LANES;
        for (size_t lane = 0; lane < LANES; lane++) {
            bool has_a = first + 2 * lane < rows, has_b = first + 2 * lane + 1 < rows;
            const float *a = from + 2 * lane * ELEMENT, *b = a + ELEMENT;
            /* columns hold (im, re) */
            float a_im = has_a ? a[0] : 0, a_re = has_a ? a[LANES] : 0, b_im = has_b ? b[0] : 0;
            float b_re = has_b ? b[LANES] : 0;
            other[LANES + lane] = a_re + b_im, other[lane] = b_re - a_im;
            one[LANES + lane] = a_re - b_im, one[lane] = b_re + a_im;
        }
    }
}

static void restore_rows(void *context, size_t begin, size_t end, unsigned worker)
{
    const work *w = context;
    const wn_fft_grid *grid = w->grid;
    float *block = scratch_of(grid, worker, 0), *spare = scratch_of(grid, worker, 1);
    size_t size = grid->size, half = half_floats(grid->length, size),
           blocks = (size + ROWS_OF_BLOCK - 1) / ROWS_OF_BLOCK;
    for (size_t at = begin; at < end; at++) {
        size_t f = at / blocks, first = at % blocks * ROWS_OF_BLOCK;
        join_rows(grid->columns + (f + 1) * half, grid->length, first, size, block);
        const float *z = wn_fft_run(&grid->plan, &grid->kernels, block, spare);
        for (size_t part = 0; part < 2; part++)
            for (size_t lane = 0; lane < LANES && first + 2 * lane + part < size; lane++) {
                float *to = w->out[f] + (first + 2 * lane + part) * size;
                const float *from = z + (part ? 0 : LANES) + lane; /* parts in each other's place */
                for (size_t x = 0; x < size; x++) to[x] = from[x * ELEMENT];
            }
    }
}

void wn_fft_grid_convolve(wn_fft_grid *grid, const float *in, float *const *out, wn_pool *pool)
{
    work w = {.grid = grid, .in = in, .out = out, .rows = grid->size, .from = grid->columns};
    size_t blocks = (grid->size + ROWS_OF_BLOCK - 1) / ROWS_OF_BLOCK;
    wn_pool_for(pool, blocks, 1, transform_rows, &w);
    wn_pool_for(pool, column_blocks(grid->length), 1, convolve_columns, &w);
    wn_pool_for(pool, blocks * grid->kernel_count, 1, restore_rows, &w);
}

/* Keeps the part of the spectrum that is not 0: the real one of an even kernel, the imaginary one of an odd. */
static void keep_spectra(void *context, size_t begin, size_t end, unsigned worker)
{
    const work *w = context;
    const wn_fft_grid *grid = w->grid;
    double factor = 1 / ((double)grid->length * (double)grid->length);
    size_t part = w->odd ? LANES : 0;
    for (size_t at = begin; at < end; at++) {
        float *to = grid->spectra + (w->which * column_blocks(grid->length) + at) * grid->length * LANES;
        const float *s = transform_block(w, at, scratch_of(grid, worker, 0), scratch_of(grid, worker, 1));
        for (size_t y = 0; y < grid->length; y++)
            for (size_t lane = 0; lane < LANES; lane++) {
                size_t x = at * LANES + lane;
                double inverse = x <= grid->length / 2 ? w->inverse[x] * w->inverse[y] : 0;
                to[y * LANES + lane] = (float)((double)s[y * ELEMENT + part + lane] * factor * inverse);
            }
    }
}

static wn_status fill_spectra(wn_fft_grid *grid, const wn_fft_kernel_set *set, wn_pool *pool, wn_error *err)
{
    size_t length = grid->length, size = grid->size;
    float *values = wn_alloc(WN_MEMORY_MATRIX, length * length, sizeof *values);
    float *half = wn_calloc(WN_MEMORY_MATRIX, half_floats(length, length), sizeof *half);
    double *inverse = wn_alloc(WN_MEMORY_MATRIX, length, sizeof *inverse);
    wn_status status =
        values && half && inverse ? WN_OK : wn_fail(err, WN_NOMEM, "no memory for a grid of %zu places", length);
    for (size_t i = 0; !status && i < length; i++) {
        double response = set->response ? set->response(2 * M_PI * (double)i / (double)length) : 1;
        inverse[i] = 1 / (response * response);
    }
    for (size_t f = 0; !status && f < grid->kernel_count; f++) {
        work w = {.grid = grid,
                  .in = values,
                  .rows = length,
                  .which = f,
                  .from = half,
                  .odd = grid->odd >> f & 1,
                  .inverse = inverse};
        for (size_t y = 0; y < length; y++)
            for (size_t x = 0; x < length; x++) {
                double dx = x < length / 2 ? (double)x : (double)x - (double)length;
                double dy = y < length / 2 ? (double)y : (double)y - (double)length;
                bool reached = x < size || y < size || length - x < size || length - y < size;
                values[y * length + x] = reached ? (float)set->value(set->context, f, dx, dy) : 0;
            }
        /* what is farther than the grid is wide meets only zeros; at exactly half the length an odd kernel has no sign
         */
        for (size_t i = 0; i < length; i++) values[length / 2 * length + i] = values[i * length + length / 2] = 0;
        wn_pool_for(pool, (length + ROWS_OF_BLOCK - 1) / ROWS_OF_BLOCK, 1, transform_rows, &w);
        wn_pool_for(pool, column_blocks(length), 1, keep_spectra, &w);
    }
    wn_free(inverse);
    wn_free(half);
    wn_free(values);
    return status;
}

wn_status wn_fft_grid_set(wn_fft_grid *grid, size_t size, const wn_fft_kernel_set *set, wn_pool *pool, wn_error *err)
{
    size_t kernel_count = set->count, length = wn_fft_good_length(2 * size), blocks = column_blocks(length);
    if (grid->length != length || grid->size != size || grid->kernel_count != kernel_count) {
        wn_fft_grid_clear(grid);
        WN_TRY(wn_fft_plan_set(&grid->plan, length, err));
        wn_fft_kernels_init(&grid->kernels, wn_cpu_level());
        grid->size = size, grid->length = length, grid->kernel_count = kernel_count;
        grid->workers = wn_pool_threads(pool);
        grid->spectra = wn_alloc(WN_MEMORY_MATRIX, kernel_count * blocks * length * LANES, sizeof *grid->spectra);
        /* lanes beyond the last column are never set, so that they must be 0 */
        grid->columns =
            wn_calloc(WN_MEMORY_MATRIX, (kernel_count + 1) * half_floats(length, size), sizeof *grid->columns);
        grid->scratch = wn_alloc(WN_MEMORY_MATRIX, grid->workers * 3 * block_floats(length), sizeof *grid->scratch);
    }
    grid->odd = set->odd;
    if (!grid->spectra || !grid->columns || !grid->scratch) {
        wn_fft_grid_clear(grid);
        return wn_fail(err, WN_NOMEM, "no memory for a grid of %zu places", length);
    }
    return fill_spectra(grid, set, pool, err);
}
