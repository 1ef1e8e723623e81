/* SPDX-License-Identifier: Apache-2.0
 *
 * Discrete Fourier transforms of lengths 2^a 3^b 5^c, WN_FFT_LANES sequences side by side, and the convolution of a
 * square grid with kernels on it. Sequences side by side make every inner loop a loop over lanes, so that rows and
 * columns run at the same speed.
 *
 * A block of sequences of length n holds, for each place, WN_FFT_LANES real parts, then as many imaginary parts.
 */
#ifndef NUM_FFT_H
#define NUM_FFT_H

#include <stddef.h>
#include <stdint.h>

#include "winnow/cpu.h"
#include "winnow/pool.h"
#include "winnow/status.h"

enum { WN_FFT_LANES = 16, WN_FFT_PASSES_MOST = 32 };

/* One pass of the self-sorting transform (Stockham): `in` holds, for each of n / length residues, the transforms of
 * `length` places; out those of radix * length places. radix is 2, 3, 4 or 5; `turns` has, for each j < length and each
 * q = 1 .. radix - 1, the cosine and the sine of -2 pi q j / (radix * length). */
typedef void wn_fft_pass(const float *in, float *out, size_t n, size_t length, size_t radix, const float *turns);

/* field, signature */
#define WN_FFT_MAP(X) X(pass, wn_fft_pass)

typedef struct wn_fft_kernels {
#define X(field, signature) signature *field;
    WN_FFT_MAP(X)
#undef X
} wn_fft_kernels;

/* Fills the table for `level`, which must not be above wn_cpu_detect(). */
void wn_fft_kernels_init(wn_fft_kernels *kernels, wn_cpu level);

/* How one length is transformed. Zero-initialise; release with wn_fft_plan_clear. */
typedef struct wn_fft_plan {
    size_t n, passes;
    size_t radix[WN_FFT_PASSES_MOST];
    size_t first[WN_FFT_PASSES_MOST]; /* of the turns of a pass */
    float *turns;
} wn_fft_plan;

/* The least length >= n that is even and has no prime factor above 5; 0 when size_t cannot hold it. */
size_t wn_fft_good_length(size_t n);

/* WN_INVALID when n is 0 or has another prime factor. */
WN_NODISCARD wn_status wn_fft_plan_set(wn_fft_plan *plan, size_t n, wn_error *err);
void wn_fft_plan_clear(wn_fft_plan *plan);

/* Transforms a block in place of itself or of `scratch` (2 * WN_FFT_LANES * n floats each), and returns the one that
 * holds the result: X[k] = sum over t of x[t] exp(-2 pi i k t / n). For the inverse, which is not divided by n, give
 * and take real and imaginary parts in each other's place. */
float *wn_fft_run(const wn_fft_plan *plan, const wn_fft_kernels *kernels, float *block, float *scratch);

/* Convolutions of a real size x size grid with real kernels whose spectra are real or imaginary, that is, kernels even
 * or odd under x -> -x. Zero-initialise; release with wn_fft_grid_clear. */
typedef struct wn_fft_grid {
    wn_fft_plan plan; /* of length, at least 2 * size: what leaves on one side does not come in on the other */
    wn_fft_kernels kernels;
    size_t size, length, kernel_count;
    unsigned odd;
    float *spectra; /* kernel_count x columns x length x lanes, divided by length^2 */
    float *columns; /* (kernel_count + 1) halves of the spectrum of the grid and of the results */
    float *scratch; /* for each worker three blocks */
    unsigned workers;
} wn_fft_grid;

/* What to convolve with. value(context, which, dx, dy): kernel `which` at an offset in places, |dx|, |dy| < size; `odd`
 * has a bit for each kernel that is odd. response(w), NULL = 1: spectra are divided by its square in each direction, w
 * in radians a place; it undoes a window through which the grid is written and read. */
typedef struct wn_fft_kernel_set {
    size_t count;
    unsigned odd;
    double (*value)(const void *context, size_t which, double dx, double dy);
    double (*response)(double w);
    const void *context;
} wn_fft_kernel_set;

/* Sets up for a grid of `size`. */
WN_NODISCARD wn_status wn_fft_grid_set(wn_fft_grid *grid, size_t size, const wn_fft_kernel_set *set, wn_pool *pool,
                                       wn_error *err);
void wn_fft_grid_clear(wn_fft_grid *grid);

/* Bytes that wn_fft_grid_set allocates. */
uint64_t wn_fft_grid_memory(size_t size, size_t kernel_count, unsigned workers);

/* out[f][y * size + x] = sum over x', y' of kernel f (x - x', y - y') * in[y' * size + x']. */
void wn_fft_grid_convolve(wn_fft_grid *grid, const float *in, float *const *out, wn_pool *pool);

#endif
