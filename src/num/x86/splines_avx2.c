/* SPDX-License-Identifier: Apache-2.0
 *
 * Spline kernels at AVX2: the weights of one axis are one vector, six polynomials side by side and two that are 0. A
 * line of six nodes is read and written as eight.
 */
#include "num/x86/splines_init.h"
#include "num/x86/vector_avx2.h"

enum { ORDER = WN_SPLINE_ORDER };

/* 120 times the coefficients of the polynomials, by power. */
static const float terms[ORDER][LANES] = {{1, 26, 66, 26, 1, 0},    {-5, -50, 0, 50, 5, 0},  {10, 20, -60, 20, 10, 0},
                                          {-10, 20, 0, -20, 10, 0}, {5, -20, 30, -20, 5, 0}, {-1, 5, -10, 10, -5, 1}};

ROWS_INLINE __m256 weigh_nodes(float within, float share)
{
    __m256 t = _mm256_set1_ps(within), sum = load_f32(terms[ORDER - 1]);
    for (int power = ORDER - 2; power >= 0; power--) sum = _mm256_fmadd_ps(sum, t, load_f32(terms[power]));
    return _mm256_mul_ps(sum, _mm256_set1_ps(share));
}

/* The first of a point's nodes, the weights of its columns, and those of its lines, to be taken one by one. */
ROWS_INLINE size_t place_point(const wn_spline_grid *grid, const float *point, __m256 *x, float *y)
{
    float tx, ty;
    size_t left = wn_spline_cell(grid, point[0], 0, &tx) - WN_SPLINE_BEFORE;
    size_t top = wn_spline_cell(grid, point[1], 1, &ty) - WN_SPLINE_BEFORE;
    *x = weigh_nodes(tx, 1);
    _mm256_storeu_ps(y, weigh_nodes(ty, 1.0f / (120 * 120)));
    return top * grid->nodes + left;
}

static void spread(const wn_spline_grid *grid, const float *points, const uint32_t *rows, size_t n, float *charges)
{
    for (size_t i = 0; i < n; i++) {
        __m256 x;
        float y[LANES], *to = charges + place_point(grid, points + (size_t)rows[i] * 2, &x, y);
        for (int a = 0; a < ORDER; a++, to += grid->nodes)
            _mm256_storeu_ps(to, _mm256_fmadd_ps(_mm256_broadcast_ss(y + a), x, _mm256_loadu_ps(to)));
    }
}

ROWS_INLINE __m256 read_lines(const float *from, size_t nodes, const float *y)
{
    __m256 sum = VECTOR_ZERO();
    for (int a = 0; a < ORDER; a++, from += nodes)
        sum = _mm256_fmadd_ps(_mm256_broadcast_ss(y + a), _mm256_loadu_ps(from), sum);
    return sum;
}

static double gather(const wn_spline_grid *grid, const float *points, const uint32_t *rows, size_t n,
                     const float *const fields[WN_SPLINE_FIELDS], float *forces)
{
    double total = 0;
    for (size_t i = 0; i < n; i++) {
        __m256 x, line[WN_SPLINE_FIELDS];
        float y[LANES];
        size_t row = rows[i], node = place_point(grid, points + row * 2, &x, y);
        for (int f = 0; f < WN_SPLINE_FIELDS; f++)
            line[f] = _mm256_mul_ps(x, read_lines(fields[f] + node, grid->nodes, y));
        /* sums across: the halves of lines 1 and 2, and of 0 */
        __m256 pairs = _mm256_hadd_ps(_mm256_hadd_ps(line[1], line[2]), _mm256_hadd_ps(line[0], line[0]));
        __m128 sums = _mm_add_ps(_mm256_castps256_ps128(pairs), _mm256_extractf128_ps(pairs, 1));
        _mm_storel_pi((__m64 *)(void *)(forces + row * 2), sums);
        total += (double)_mm_cvtss_f32(_mm_movehl_ps(sums, sums));
    }
    return total;
}

void wn_splines_fill_avx2(wn_splines_kernels *kernels)
{
#define X(field, signature) kernels->field = field;
    WN_SPLINES_MAP(X)
#undef X
}
