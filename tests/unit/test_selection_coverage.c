/* SPDX-License-Identifier: Apache-2.0
 *
 * The coverage engine against plain greedy: every gain of every row is computed anew for each pick, in double.
 */
#include "selection_oracle.h"

enum { ROWS = 400, DIM = 6, K = 40 };

/* nearness[x * n + s], w[x]; `open` rows can be picked, `given` ones are in S. Returns f(S) / sum of w. When nothing
 * adds anything, what was covered is forgotten for a new layer, as coverage.h says. */
static double plain_greedy(const double *nearness, const double *w, size_t n, const uint8_t *open, const wn_rows *given,
                           size_t k, int64_t *picks, size_t *layers)
{
    double *covered = calloc(n, sizeof *covered), *best_ever = calloc(n, sizeof *best_ever), sum = 0, total = 0;
    uint8_t *left = malloc(n);
    memcpy(left, open, n);
    *layers = 1;
    for (size_t i = 0; i < given->len; i++) {
        for (size_t x = 0; x < n; x++) covered[x] = fmax(covered[x], nearness[x * n + (size_t)given->data[i]]);
        left[given->data[i]] = 0;
    }
    for (size_t at = 0; at < k;) {
        size_t best = n;
        double best_gain = 0;
        for (size_t s = 0; s < n; s++) {
            double gain = 0;
            for (size_t x = 0; left[s] && x < n; x++) gain += w[x] * fmax(0, nearness[x * n + s] - covered[x]);
            if (left[s] && gain > best_gain + 1e-9) {
                best = s;
                best_gain = gain;
            }
        }
        for (size_t x = 0; x < n; x++) best_ever[x] = fmax(best_ever[x], covered[x]);
        if (best == n) {
            memset(covered, 0, n * sizeof *covered);
            ++*layers;
            continue;
        }
        for (size_t x = 0; x < n; x++) covered[x] = fmax(covered[x], nearness[x * n + best]);
        left[best] = 0;
        picks[at++] = (int64_t)best;
    }
    for (size_t x = 0; x < n; x++) {
        sum += w[x] * fmax(best_ever[x], covered[x]);
        total += w[x];
    }
    free(left);
    free(best_ever);
    free(covered);
    return sum / total;
}

typedef double shape(double square, double radius);

static double linear(double square, double radius)
{
    return fmax(0, 1 - square / (2 * radius * radius));
}

static double rbf(double square, double radius)
{
    return exp(-square / (2 * radius * radius));
}

static double laplace(double square, double radius)
{
    return exp(-sqrt(square) / radius);
}

static double tophat(double square, double radius)
{
    return square <= radius * radius ? 1 : 0;
}

/* Which pairs a graph of m neighbours joins: either is among the m nearest of the other, ties by row. */
static uint8_t *join_near(const float *values, size_t n, size_t m)
{
    uint8_t *joined = calloc(n * n, 1);
    for (size_t a = 0; a < n; a++) {
        for (size_t b = 0; b < n; b++) {
            double square = oracle_square(values + a * DIM, values + b * DIM, DIM);
            size_t nearer = 0;
            for (size_t c = 0; c < n && b != a; c++) {
                double other = oracle_square(values + a * DIM, values + c * DIM, DIM);
                nearer += c != a && c != b && (other < square || (other == square && c < b));
            }
            if (b == a || nearer < m) joined[a * n + b] = joined[b * n + a] = 1;
        }
    }
    return joined;
}

static void compare(const char *name, const char *const *options, shape *nearness_of, double radius, bool sparse,
                    bool weighted)
{
    float *values = oracle_clouds(ROWS, DIM, 8, 0.3f, 4), scores[ROWS];
    double *nearness = calloc(ROWS * ROWS, sizeof *nearness), w[ROWS];
    uint8_t *joined = sparse ? join_near(values, ROWS, 10) : NULL, open[ROWS];
    const wn_rows given = {(const int64_t[]){17, 90, 211}, 3};
    int64_t candidates[ROWS], picks[K];
    size_t count = 0, layers;
    wn_selection out = {0};
    for (size_t i = 0; i < ROWS; i++) {
        open[i] = i % 4 != 1;
        scores[i] = (float)(i % 11) / 10;
        w[i] = !open[i] ? 0 : weighted ? (double)scores[i] : 1;
        if (open[i]) candidates[count++] = (int64_t)i;
        for (size_t j = 0; j < ROWS; j++) {
            double value = nearness_of(oracle_square(values + i * DIM, values + j * DIM, DIM), radius);
            nearness[i * ROWS + j] = (sparse && !joined[i * ROWS + j]) || value < 1e-6 ? 0 : value;
        }
    }
    wn_selection_request request = {.embeddings = {values, ROWS, DIM, DIM},
                                    .count = K,
                                    .preselected = given,
                                    .candidates = {candidates, count},
                                    .scores = {weighted ? scores : NULL, ROWS, 1, 1}};
    double objective = plain_greedy(nearness, w, ROWS, open, &given, K, picks, &layers);
    oracle_run(name, options, &request, &out);
    assert_int_equal(out.len, K);
    if (fabs(out.objective - objective) > 1e-6 * objective)
        fail_msg("%s: objective %.9g, plain greedy %.9g", name, out.objective, objective);
    size_t same = 0;
    while (same < K && out.picks[same] == picks[same]) same++;
    if (same < K)
        fail_msg("%s: pick %zu is %lld, not %lld", name, same, (long long)out.picks[same], (long long)picks[same]);
    wn_selection_clear(&out);
    free(joined);
    free(nearness);
    free(values);
}

static void test_dense_is_plain_greedy(void **state)
{
    (void)state;
    compare("max-herding", OPTIONS("radius", "0.8", "sweeps", "0"), rbf, 0.8, false, false);
    compare("max-herding", OPTIONS("radius", "0.8", "kernel", "laplace", "sweeps", "0"), laplace, 0.8, false, false);
    compare("probcover", OPTIONS("radius", "1.2"), tophat, 1.2, false, false);
    compare("uncertainty-herding", OPTIONS("radius", "0.8", "sweeps", "0"), rbf, 0.8, false, true);
}

static void test_sparse_is_plain_greedy_on_its_graph(void **state)
{
    (void)state;
    compare("max-herding", OPTIONS("radius", "0.8", "form", "sparse", "neighbours", "10"), rbf, 0.8, true, false);
    compare("probcover", OPTIONS("radius", "1.2", "form", "sparse", "neighbours", "10"), tophat, 1.2, true, false);
    compare("uncertainty-herding", OPTIONS("radius", "0.8", "form", "sparse", "neighbours", "10"), rbf, 0.8, true,
            true);
}

/* The spread that the strategy measures, and cosine, from their definitions. */
static void test_facility_location(void **state)
{
    (void)state;
    float *values = oracle_clouds(ROWS, DIM, 8, 0.3f, 4);
    double *nearness = calloc(ROWS * ROWS, sizeof *nearness), w[ROWS], mean[DIM] = {0}, spread = 0;
    uint8_t open[ROWS];
    const wn_rows given = {0};
    int64_t picks[K];
    size_t layers;
    wn_selection_request request = {.embeddings = {values, ROWS, DIM, DIM}, .count = K};
    memset(open, 1, ROWS);
    for (size_t i = 0; i < ROWS * DIM; i++) mean[i % DIM] += (double)values[i] / ROWS;
    for (size_t i = 0; i < ROWS * DIM; i++) spread += pow((double)values[i] - mean[i % DIM], 2) / ROWS;
    for (int cosine = 0; cosine < 2; cosine++) {
        wn_selection out = {0};
        for (size_t i = 0; i < ROWS; i++) {
            w[i] = 1;
            for (size_t j = 0; j < ROWS; j++) {
                const float *a = values + i * DIM, *b = values + j * DIM;
                double dot = 0, aa = 0, bb = 0;
                for (size_t k = 0; k < DIM; k++) {
                    dot += (double)a[k] * (double)b[k];
                    aa += (double)a[k] * (double)a[k];
                    bb += (double)b[k] * (double)b[k];
                }
                nearness[i * ROWS + j] =
                    cosine ? fmax(0, dot / sqrt(aa * bb)) : linear(oracle_square(a, b, DIM), sqrt(spread));
            }
        }
        double objective = plain_greedy(nearness, w, ROWS, open, &given, K, picks, &layers);
        oracle_run("facility-location", OPTIONS("metric", cosine ? "cosine" : "l2"), &request, &out);
        assert_true(fabs(out.objective - objective) <= 1e-6 * objective);
        assert_memory_equal(out.picks, picks, sizeof picks);
        wn_selection_clear(&out);
    }
    free(nearness);
    free(values);
}

/* Bounds of the cosines decide which are measured; the picks are those of plain greedy whether the bounds tell much
 * (clouds), little (rows that differ in the fifth digit, equal ones, one great coordinate, rows of length 0) or so
 * little that exact numbers take their place (all rows alike), and whatever the thread count. */
static void test_bounds(void **state)
{
    (void)state;
    enum { N = 900, D = 37, PICKS = 60, KINDS = 6 };
    static const float spreads[KINDS] = {0.7f, 1e-5f, 0, 0.7f, 0.7f, 1e-3f};
    const wn_rows given = {(const int64_t[]){3, 500}, 2};
    double *nearness = calloc((size_t)N * N, sizeof *nearness), w[N], lengths[N];
    uint8_t open[N];
    int64_t picks[PICKS], candidates[N];
    wn_pool *pool = NULL;
    wn_error err;
    assert_int_equal(wn_pool_new(3, 0, &pool, &err), WN_OK);
    for (int kind = 0; kind < KINDS; kind++) {
        float *values = oracle_clouds(N, D, kind == 5 ? 1 : 40, spreads[kind], 7);
        size_t count = 0, layers;
        wn_selection out[2] = {0};
        for (size_t i = 0; i < N; i++) {
            if (kind == 3) values[i * D + 5] = i % 2 ? 900 : 0;
            if (kind == 4 && i % 3 == 0) memset(values + i * D, 0, D * sizeof *values);
            lengths[i] = sqrt(oracle_square(values + i * D, (const float[D]){0}, D));
            open[i] = i % 7 != 1;
            w[i] = open[i];
            if (open[i]) candidates[count++] = (int64_t)i;
        }
        for (size_t i = 0; i < (size_t)N * N; i++) {
            const float *a = values + i / N * D, *b = values + i % N * D;
            double dot = 0, length = lengths[i / N] * lengths[i % N];
            for (size_t k = 0; k < D; k++) dot += (double)a[k] * (double)b[k];
            nearness[i] = i / N == i % N ? 1 : length > 0 ? fmax(0, dot / length) : 0;
        }
        double objective = plain_greedy(nearness, w, N, open, &given, PICKS, picks, &layers);
        wn_selection_request request = {
            .embeddings = {values, N, D, D}, .count = PICKS, .preselected = given, .candidates = {candidates, count}};
        for (int i = 0; i < 2; i++) {
            request.pool = i ? pool : NULL;
            oracle_run("facility-location", OPTIONS("form", "dense", "metric", "cosine"), &request, &out[i]);
            if (fabs(out[i].objective - objective) > 1e-6 * objective)
                fail_msg("kind %d: objective %.9g, plain greedy %.9g", kind, out[i].objective, objective);
        }
        if (kind == 0) assert_memory_equal(out[0].picks, picks, sizeof picks);
        assert_memory_equal(out[0].picks, out[1].picks, sizeof picks);
        for (int i = 0; i < 2; i++) wn_selection_clear(&out[i]);
        free(values);
    }
    wn_pool_free(&pool);
    free(nearness);
}

/* Small balls cover all they can with few picks; then a new layer begins and finds the dense places again. */
static void test_layers(void **state)
{
    (void)state;
    enum { N = 60, ALL = 50 };
    float values[N];
    double *nearness = calloc(N * N, sizeof *nearness), w[N];
    uint8_t open[N];
    const wn_rows given = {0};
    int64_t picks[ALL];
    size_t layers;
    for (size_t i = 0; i < N; i++) {
        values[i] = (float)(i % 12);
        open[i] = 1;
        w[i] = 1;
    }
    for (size_t i = 0; i < N * N; i++) nearness[i] = fabsf(values[i / N] - values[i % N]) <= 1.5f ? 1 : 0;
    wn_selection_request request = {.embeddings = {values, N, 1, 1}, .count = ALL};
    plain_greedy(nearness, w, N, open, &given, ALL, picks, &layers);
    assert_true(layers > 5);
    for (int sparse = 0; sparse < 2; sparse++) {
        wn_selection out = {0};
        oracle_run("probcover", OPTIONS("radius", "1.5", "form", sparse ? "sparse" : "dense", "neighbours", "59"),
                   &request, &out);
        assert_memory_equal(out.picks, picks, sizeof picks);
        assert_true(out.objective == 1);
        wn_selection_clear(&out);
    }
    free(nearness);
}

/* A graph that is given stands for the one that would be found, even without embeddings. */
static void test_given_graph(void **state)
{
    (void)state;
    float *values = oracle_clouds(ROWS, DIM, 8, 0.3f, 9);
    wn_selection_request request = {.embeddings = {values, ROWS, DIM, DIM}, .count = K};
    wn_neighbours_request find = {.embeddings = request.embeddings, .k = 12};
    wn_neighbours lists = {0};
    wn_selection found = {0}, given = {0}, bare = {0};
    wn_error err = {0};
    const char *const *options = OPTIONS("form", "sparse", "neighbours", "12");
    assert_int_equal(wn_neighbours_find(wn_index_kind_find("flat"), &find, &lists, NULL), WN_OK);
    oracle_run("facility-location", options, &request, &found);
    request.neighbours = &lists;
    oracle_run("facility-location", options, &request, &given);
    assert_memory_equal(found.picks, given.picks, K * sizeof *found.picks);
    request.embeddings = (wn_matrix){NULL, ROWS, 0, 0};
    oracle_run("facility-location", NULL, &request, &bare);
    assert_int_equal(bare.len, K);
    assert_true(bare.objective > 0 && bare.radius == 0);
    wn_selection_clear(&bare);
    lists.ids[5 * 12 + 3] = ROWS;
    assert_int_equal(oracle_try("facility-location", NULL, &request, &bare, &err), WN_INVALID);
    assert_non_null(strstr(err.message, "list of row 5"));
    wn_selection_clear(&bare);
    wn_selection_clear(&given);
    wn_selection_clear(&found);
    wn_neighbours_clear(&lists);
    free(values);
}

/* The radius that purity gives: 95 % of the rows have no row of another cluster within it. */
static void test_purity_radius(void **state)
{
    (void)state;
    enum { N = 900 };
    float values[N * 2];
    wn_rng rng;
    wn_selection out = {0};
    wn_rng_init(&rng, 3, 3);
    /* three far clouds of width 1: pure up to about 30 */
    for (size_t i = 0; i < N; i++) {
        values[2 * i] = 40 * (float)(i % 3) + wn_rng_uniform(&rng);
        values[2 * i + 1] = wn_rng_uniform(&rng);
    }
    wn_selection_request request = {.embeddings = {values, N, 2, 2}, .count = 3};
    oracle_run("probcover", OPTIONS("clusters", "3"), &request, &out);
    assert_true(out.objective == 1); /* three balls cover all */
    for (int i = 0; i < 3; i++) {
        for (int j = 0; j < i; j++) assert_true(out.picks[i] % 3 != out.picks[j] % 3);
    }
    wn_selection_clear(&out);
}

/* The sparse form and the sample reach nearly what the dense form does. */
static void test_forms_are_near(void **state)
{
    (void)state;
    enum { N = 3000, D = 16, PICKS = 150 };
    float *values = oracle_clouds(N, D, 30, 0.4f, 2);
    wn_selection_request request = {.embeddings = {values, N, D, D}, .count = PICKS};
    wn_selection dense = {0}, sparse = {0}, judge = {0};
    const char *radius = "1.5";
    oracle_run("max-herding", OPTIONS("form", "dense", "radius", radius), &request, &dense);
    oracle_run("max-herding", OPTIONS("form", "sparse", "radius", radius, "neighbours", "100"), &request, &sparse);
    /* f of the sparse picks in the dense kernel */
    request.preselected = (wn_rows){sparse.picks, sparse.len};
    request.count = 0;
    oracle_run("max-herding", OPTIONS("form", "dense", "radius", radius), &request, &judge);
    if (judge.objective < 0.98 * dense.objective)
        fail_msg("the sparse picks reach %.4f of the dense ones", judge.objective / dense.objective);
    wn_selection_clear(&judge);
    wn_selection_clear(&sparse);
    wn_selection_clear(&dense);
    free(values);
}

/* Sure rows in threes, less sure ones alone. As the model says, the latter are ten times as unsure; the labels tell
 * that it is wrong in two of five cases either way, and at the temperature that fits, a group of three counts for more.
 */
static void test_temperature(void **state)
{
    (void)state;
    enum { N = 300, GIVEN = 100, GROUPED = 120, PICKS = 20 };
    float values[N], p[N * 2];
    int64_t labels[N], given[GIVEN];
    for (int64_t i = 0; i < N; i++) {
        bool sure = i < GIVEN ? i % 2 : i < GIVEN + GROUPED;
        int64_t place = i < GIVEN || !sure ? i : (i - GIVEN) / 3 + 1000;
        values[i] = 10 * (float)place + 0.01f * (float)(i % 3);
        p[2 * i] = sure ? 0.999f : 0.99f;
        p[2 * i + 1] = 1 - p[2 * i];
        labels[i] = i % 5 < 2;
        if (i < GIVEN) given[i] = i;
    }
    wn_selection_request request = {.embeddings = {values, N, 1, 1},
                                    .count = PICKS,
                                    .preselected = {given, GIVEN},
                                    .probabilities = {p, N, 2, 2},
                                    .labels = {labels, N}};
    for (int fitted = 0; fitted < 2; fitted++) {
        wn_selection out = {0};
        oracle_run("uncertainty-herding", OPTIONS("radius", "1", "temperature", fitted ? "0" : "1"), &request, &out);
        for (size_t i = 0; i < PICKS; i++) assert_int_equal(out.picks[i] < GIVEN + GROUPED, fitted);
        wn_selection_clear(&out);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_dense_is_plain_greedy),
        cmocka_unit_test(test_sparse_is_plain_greedy_on_its_graph),
        cmocka_unit_test(test_facility_location),
        cmocka_unit_test(test_bounds),
        cmocka_unit_test(test_layers),
        cmocka_unit_test(test_given_graph),
        cmocka_unit_test(test_purity_radius),
        cmocka_unit_test(test_forms_are_near),
        cmocka_unit_test(test_temperature),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
