/* SPDX-License-Identifier: Apache-2.0
 *
 * Winograd's convolutions of every CPU level against a plain convolution in double precision, in each direction, on
 * exactly sized arrays: the address sanitizer sees a read or write beyond them. Scratch memory starts as NaN.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>
#include <string.h>

#include "base/rng.h"
#include "nn/conv.h"
#include "nn/winograd.h"
#include "num/bf16.h"
#include "winnow/memory.h"

enum { TAPS = 9, DIRECTIONS = 3 };

/* Bounds of the root mean square of the error and of the largest error, relative to the root mean square of the result.
 */
typedef struct bounds {
    double mean, largest;
} bounds;

/* Against double precision. bf16 has numbers of eight bits, and the transforms add and subtract them. */
static const bounds fp32_bounds = {5e-6, 5e-5}, bf16_bounds = {0.02, 0.15};

/* Of bf16 against the kernels of C, which round the same numbers, but for those that lie halfway. */
static const bounds rounding_bounds = {5e-4, 0.02};

static const char *const direction_names[] = {"forward", "backward by data", "backward by weights"};

/* The three arrays of a convolution: activations before and behind it, weights out x in x 3 x 3. */
typedef struct arrays {
    wn_conv_shape shape;
    size_t counts[DIRECTIONS]; /* of outer, inner, weights: of the result of each direction */
    float *inner, *outer, *weights;
} arrays;

static float *make(size_t count, uint64_t seed, bool bf16)
{
    wn_rng rng;
    float *values = wn_alloc(WN_MEMORY_GENERAL, count, sizeof *values);
    assert_non_null(values);
    wn_rng_init(&rng, seed, count);
    for (size_t i = 0; i < count; i++) {
        values[i] = wn_rng_normal(&rng);
        if (bf16) values[i] = wn_bf16_to_float(wn_bf16_from_float(values[i]));
    }
    return values;
}

/* side: of the output. */
static void make_arrays(arrays *a, uint32_t views, uint32_t side, uint32_t in, uint32_t out, uint32_t stride, bool bf16)
{
    size_t positions = (size_t)views * side * side;
    *a = (arrays){.shape = {.views = views,
                            .side = side * stride,
                            .channels_in = in,
                            .channels_out = out,
                            .kernel = 3,
                            .stride = stride,
                            .bf16 = bf16},
                  .counts = {positions * out, positions * stride * stride * in, (size_t)TAPS * in * out}};
    a->outer = make(a->counts[0], 1, bf16);
    a->inner = make(a->counts[1], 2, bf16);
    a->weights = make(a->counts[2], 3, false);
}

static void clear_arrays(arrays *a)
{
    wn_free(a->inner);
    wn_free(a->outer);
    wn_free(a->weights);
}

/* Adds the products of one position and one tap to the result of a direction. */
static void add_products(const arrays *a, wn_conv_direction direction, size_t outer, size_t inner, size_t tap,
                         double *result)
{
    const size_t in = a->shape.channels_in, out = a->shape.channels_out;
    const float *x = a->inner + inner * in, *y = a->outer + outer * out;
    for (size_t o = 0; o < out; o++) {
        for (size_t i = 0; i < in; i++) {
            size_t w = (o * in + i) * TAPS + tap;
            if (direction == WN_CONV_FORWARD)
                result[outer * out + o] += (double)x[i] * (double)a->weights[w];
            else if (direction == WN_CONV_BACKWARD_DATA)
                result[inner * in + i] += (double)y[o] * (double)a->weights[w];
            else
                result[w] += (double)x[i] * (double)y[o];
        }
    }
}

static double *convolve_plainly(const arrays *a, wn_conv_direction direction)
{
    const long inner = (long)a->shape.side, stride = (long)a->shape.stride, side = inner / stride;
    double *result = wn_calloc(WN_MEMORY_GENERAL, a->counts[direction], sizeof *result);
    assert_non_null(result);
    for (long p = 0; p < (long)a->shape.views * side * side; p++) {
        long view = p / (side * side), y = p / side % side, x = p % side;
        for (long tap = 0; tap < TAPS; tap++) {
            long row = stride * y + tap / 3 - 1, column = stride * x + tap % 3 - 1;
            if (row < 0 || row >= inner || column < 0 || column >= inner) continue;
            add_products(a, direction, (size_t)p, (size_t)((view * inner + row) * inner + column), (size_t)tap, result);
        }
    }
    return result;
}

static void *make_unknown(size_t bytes)
{
    char *values = wn_alloc(WN_MEMORY_GENERAL, bytes, 1);
    assert_non_null(values);
    memset(values, 0xff, bytes); /* NaN in fp32 and in bf16 */
    return values;
}

/* An activation as a convolution takes it: a copy. */
static void *encode(const float *values, size_t count, bool bf16)
{
    void *out = make_unknown(count * (bf16 ? sizeof(uint16_t) : sizeof *values));
    for (size_t i = 0; i < count && bf16; i++) ((uint16_t *)out)[i] = wn_bf16_from_float(values[i]);
    if (!bf16) memcpy(out, values, count * sizeof *values);
    return out;
}

static float *decode(const void *values, size_t count, bool bf16)
{
    float *out = make_unknown(count * sizeof *out);
    for (size_t i = 0; i < count && bf16; i++) out[i] = wn_bf16_to_float(((const uint16_t *)values)[i]);
    if (!bf16) memcpy(out, values, count * sizeof *out);
    return out;
}

/* The result of a direction by Winograd's algorithm. */
static float *convolve(const arrays *a, wn_conv_direction direction, wn_cpu level)
{
    const bool bf16 = a->shape.bf16, to_weights = direction == WN_CONV_BACKWARD_WEIGHTS;
    const size_t element = bf16 && !to_weights ? sizeof(uint16_t) : sizeof(float), count = a->counts[direction];
    wn_winograd winograd;
    assert_true(wn_winograd_can(&a->shape));
    wn_winograd_init(&winograd, direction, &a->shape, level);
    void *packed = make_unknown(wn_winograd_weight_bytes(&winograd));
    void *scratch = make_unknown(wn_winograd_scratch_bytes(&winograd));
    void *inner = encode(a->inner, a->counts[1], bf16), *outer = encode(a->outer, a->counts[0], bf16);
    void *result = make_unknown(count * element);

    if (to_weights) {
        wn_winograd_run(&winograd, inner, packed, outer, scratch);
        wn_winograd_unpack(&winograd, packed, result);
    } else {
        bool forward = direction == WN_CONV_FORWARD;
        wn_winograd_pack(&winograd, a->weights, packed);
        wn_winograd_run(&winograd, forward ? inner : result, packed, forward ? result : outer, scratch);
    }
    float *decoded = decode(result, count, element == sizeof(uint16_t));
    wn_free(result);
    wn_free(outer);
    wn_free(inner);
    wn_free(scratch);
    wn_free(packed);
    return decoded;
}

static void compare(const arrays *a, wn_conv_direction direction, const char *who, const double *want, const float *got,
                    bounds allowed)
{
    double squares = 0, errors = 0, largest = 0;
    for (size_t i = 0; i < a->counts[direction]; i++) {
        double error = fabs((double)got[i] - want[i]);
        if (isnan(error)) fail_msg("%s, %s: element %zu is %g", who, direction_names[direction], i, (double)got[i]);
        squares += want[i] * want[i];
        errors += error * error;
        largest = error > largest ? error : largest;
    }
    double size = sqrt(squares / (double)a->counts[direction]);
    if (sqrt(errors) > allowed.mean * sqrt(squares) || largest > allowed.largest * size)
        fail_msg("%s, %s, %s, %u views of side %u, %u to %u channels, stride %u: error %.2g, largest %.2g", who,
                 a->shape.bf16 ? "bf16" : "fp32", direction_names[direction], a->shape.views, a->shape.side,
                 a->shape.channels_in, a->shape.channels_out, a->shape.stride, sqrt(errors / squares), largest / size);
}

/* The level of the best kernels that this machine has; those of C serve below it. */
static wn_cpu highest_level(bool bf16)
{
    wn_cpu best = bf16 ? WN_CPU_AVX512BF16 : WN_CPU_AVX2;
    return wn_cpu_detect() < best ? WN_CPU_C : best;
}

static double *to_double(const float *values, size_t count)
{
    double *out = wn_alloc(WN_MEMORY_GENERAL, count, sizeof *out);
    assert_non_null(out);
    for (size_t i = 0; i < count; i++) out[i] = (double)values[i];
    return out;
}

/* One direction of one case; the kernels of C too with `every`. */
static void check_direction(const arrays *a, wn_conv_direction direction, bool every)
{
    const bool bf16 = a->shape.bf16;
    const wn_cpu level = highest_level(bf16);
    const bounds allowed = bf16 ? bf16_bounds : fp32_bounds;
    double *want = convolve_plainly(a, direction);
    float *got = convolve(a, direction, level);
    compare(a, direction, wn_cpu_name(level), want, got, allowed);
    if (every && level != WN_CPU_C) {
        float *plain = convolve(a, direction, WN_CPU_C);
        compare(a, direction, wn_cpu_name(WN_CPU_C), want, plain, allowed);
        double *rounded = to_double(plain, a->counts[direction]);
        if (bf16) compare(a, direction, "against C", rounded, got, rounding_bounds);
        wn_free(rounded);
        wn_free(plain);
    }
    wn_free(got);
    wn_free(want);
}

static void check_case(uint32_t views, uint32_t side, uint32_t in, uint32_t out, uint32_t stride, bool bf16, bool every)
{
    arrays a;
    make_arrays(&a, views, side, in, out, stride, bf16);
    for (int d = 0; d < DIRECTIONS; d++) check_direction(&a, (wn_conv_direction)d, every);
    clear_arrays(&a);
}

static void check_shape(uint32_t views, uint32_t side, uint32_t in, uint32_t out, bool every)
{
    for (int i = 0; i < 4; i++) check_case(views, side, in, out, (uint32_t)i % 2 + 1, i / 2, every);
}

/* Windows over each border, tiles that lie partly outside. */
static void every_side_is_right(void **state)
{
    (void)state;
    for (uint32_t side = 1; side <= 13; side++) check_shape(2, side, 16, 16, true);
}

static void channels_need_not_be_equal(void **state)
{
    (void)state;
    static const uint32_t channels[][2] = {{16, 32}, {32, 16}, {48, 80}, {96, 16}, {16, 112}};
    for (size_t i = 0; i < sizeof channels / sizeof *channels; i++)
        check_shape(1, 6, channels[i][0], channels[i][1], true);
}

/* More tiles than are transformed together, and a rest of them. */
static void many_tiles_go_in_blocks(void **state)
{
    (void)state;
    for (uint32_t views = 5; views <= 9; views += 2) check_shape(views, 23, 16, 16, false);
    check_shape(4, 15, 64, 32, false);
}

static void long_sums_stay_exact(void **state)
{
    (void)state;
    check_shape(3, 4, 256, 512, false);
    check_shape(1, 7, 512, 128, false);
}

/* A view gets the same bytes alone, among others, and from one run to the next. */
static void views_do_not_see_each_other(void **state)
{
    (void)state;
    enum { VIEWS = 7, SIDE = 11, CHANNELS = 32, CASES = 8 };
    arrays all, one;
    for (int i = 0; i < CASES; i++) {
        int d = i % 2; /* forward, backward by data */
        bool bf16 = i >= CASES / 2;
        make_arrays(&all, VIEWS, SIDE, CHANNELS, CHANNELS, (uint32_t)i / 2 % 2 + 1, bf16);
        float *together = convolve(&all, (wn_conv_direction)d, highest_level(bf16));
        size_t count = all.counts[d] / VIEWS;
        for (size_t view = 0; view < VIEWS; view++) {
            one = all;
            one.shape.views = 1;
            one.counts[0] /= VIEWS;
            one.counts[1] /= VIEWS;
            one.inner += view * one.counts[1];
            one.outer += view * one.counts[0];
            float *alone = convolve(&one, (wn_conv_direction)d, highest_level(bf16));
            assert_memory_equal(alone, together + view * count, count * sizeof *alone);
            wn_free(alone);
        }
        wn_free(together);
        clear_arrays(&all);
    }
}

static const char *implementation_of(wn_onednn *onednn, wn_conv_shape shape, char *out, size_t size)
{
    wn_conv *conv = NULL;
    wn_error err = {0};
    assert_int_equal(wn_conv_new(onednn, WN_CONV_FORWARD, &shape, &conv, &err), WN_OK);
    const char *name = wn_conv_implementation(conv);
    assert_true(strlen(name) < size);
    memcpy(out, name, strlen(name) + 1);
    wn_conv_free(&conv);
    return out;
}

/* Winograd where it pays; oneDNN for what it cannot do, for tiny sides, few tiles or few channels, for lower levels,
 * and for bf16 with AMX. */
static void shapes_go_to_who_is_faster(void **state)
{
    (void)state;
    const wn_conv_shape usual = {
        .views = 16, .side = 16, .channels_in = 64, .channels_out = 64, .kernel = 3, .stride = 1};
    wn_conv_shape strided = usual, few = usual, first = usual, point = usual, two = usual, blocks = usual;
    wn_conv_shape narrow = usual;
    wn_onednn *onednn = NULL;
    wn_error err = {0};
    char name[64];
    strided.stride = 2;
    narrow.stride = 2;
    narrow.channels_in = 32;
    few.side = few.views = 4;
    first.channels_in = 3;
    point.kernel = 1;
    two.side = 2;
    blocks.layout = WN_LAYOUT_BLOCKS;
    wn_conv_shape half = usual, half_strided = strided, half_few = few;
    half.bf16 = half_strided.bf16 = half_few.bf16 = true;
    const wn_conv_shape ours[] = {usual, strided, half, half_strided};
    const wn_conv_shape others[] = {narrow, few, first, point, two, blocks, half_few};

    assert_int_equal(wn_onednn_new(&onednn, &err), WN_OK);
    for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
        if (others[i].bf16 && !wn_onednn_has_bf16()) continue;
        assert_null(strstr(implementation_of(onednn, others[i], name, sizeof name), "winograd:"));
    }
    for (size_t i = 0; i < sizeof ours / sizeof *ours; i++) {
        const wn_cpu least = ours[i].bf16 ? WN_CPU_AVX512BF16 : WN_CPU_AVX2;
        assert_false(wn_winograd_pays(&ours[i], least - 1));
        assert_true(wn_winograd_pays(&ours[i], least));
        if (wn_cpu_level() < least) continue;
        implementation_of(onednn, ours[i], name, sizeof name);
        if (!ours[i].bf16) assert_string_equal(name, "winograd:avx2");
        if (ours[i].bf16 && !wn_onednn_bf16_pays()) assert_string_equal(name, "winograd:avx512bf16");
    }
    wn_onednn_free(&onednn);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_side_is_right),         cmocka_unit_test(channels_need_not_be_equal),
        cmocka_unit_test(many_tiles_go_in_blocks),     cmocka_unit_test(long_sums_stay_exact),
        cmocka_unit_test(views_do_not_see_each_other), cmocka_unit_test(shapes_go_to_who_is_faster),
    };
    return cmocka_run_group_tests_name("winograd", tests, NULL, NULL);
}
