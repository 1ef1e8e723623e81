/* SPDX-License-Identifier: Apache-2.0
 *
 * Strategies that use what a model says, and those that rank rows, against plain versions of their rules.
 */
#include "selection_oracle.h"

#include "selection/cover.h"
#include "selection/graph_clusters.h"
#include "selection/kmeans.h"
#include "selection/linear_head.h"

/* ---- determinants ---- */

/* log det of the kernel of some rows, by Cholesky. */
static double log_det(const double *kernel, size_t n, const int64_t *rows, size_t len)
{
    double *l = calloc(len * len + 1, sizeof *l), sum = 0;
    for (size_t i = 0; i < len; i++) {
        for (size_t j = 0; j <= i; j++) {
            double value = kernel[(size_t)rows[i] * n + (size_t)rows[j]];
            for (size_t k = 0; k < j; k++) value -= l[i * len + k] * l[j * len + k];
            l[i * len + j] = i == j ? sqrt(fmax(value, 1e-300)) : value / l[j * len + j];
        }
        sum += 2 * log(l[i * len + i]);
    }
    free(l);
    return sum;
}

static void test_dpp_is_greedy_determinant(void **state)
{
    (void)state;
    enum { N = 90, DIM = 4, K = 14 };
    float *values = oracle_clouds(N, DIM, 5, 0.6f, 8), scores[N];
    double *kernel = calloc(N * N, sizeof *kernel);
    int64_t set[K + 2] = {4, 50};
    wn_selection out = {0};
    for (size_t i = 0; i < N; i++) scores[i] = (float)(i % 7) / 6;
    for (size_t i = 0; i < N * N; i++) {
        size_t a = i / N, b = i % N;
        double quality = exp(0.8 * ((double)scores[a] + (double)scores[b]) / 2);
        kernel[i] = quality * exp(-oracle_square(values + a * DIM, values + b * DIM, DIM) / 2);
    }
    for (size_t len = 2; len < K + 2; len++) {
        double best = -INFINITY;
        int64_t pick = -1;
        for (int64_t i = 0; i < N; i++) {
            if (oracle_has(&(wn_rows){set, len}, i)) continue;
            set[len] = i;
            double value = log_det(kernel, N, set, len + 1);
            if (value > best + 1e-9) {
                best = value;
                pick = i;
            }
        }
        set[len] = pick;
    }
    wn_selection_request request = {
        .embeddings = {values, N, DIM, DIM}, .count = K, .preselected = {set, 2}, .scores = {scores, N, 1, 1}};
    oracle_run("dpp", OPTIONS("radius", "1", "strength", "0.8"), &request, &out);
    assert_memory_equal(out.picks, set + 2, K * sizeof *set);
    assert_true(fabs(out.objective - log_det(kernel, N, set, K + 2)) < 1e-3);
    wn_selection_clear(&out);
    free(kernel);
    free(values);
}

/* ---- probabilities ---- */

/* A sure row has a gradient of nothing: at most one of them is drawn, and the first pick has the longest gradient. */
static void test_badge(void **state)
{
    (void)state;
    enum { N = 400, DIM = 5, K = 40 };
    float *values = oracle_clouds(N, DIM, 4, 0.5f, 3), p[N * 3];
    size_t longest = 0, sure = 0;
    double most = 0;
    wn_selection out = {0};
    for (size_t i = 0; i < N; i++) {
        float top = i % 2 ? 1 : 0.4f + 0.001f * (float)i;
        p[3 * i] = top;
        p[3 * i + 1] = (1 - top) * 0.75f;
        p[3 * i + 2] = (1 - top) * 0.25f;
        double gradient[3 * DIM], square = 0;
        for (size_t k = 0; k < 3 * DIM; k++) {
            size_t c = k / DIM;
            double factor = (double)p[3 * i + c];
            for (size_t o = 0, best = 0; o < 3; o++) {
                if (p[3 * i + o] > p[3 * i + best]) best = o;
                if (o == 2 && c == best) factor -= 1;
            }
            gradient[k] = factor * (double)values[i * DIM + k % DIM];
            square += gradient[k] * gradient[k];
        }
        if (square > most) {
            most = square;
            longest = i;
        }
    }
    wn_selection_request request = {
        .embeddings = {values, N, DIM, DIM}, .count = K, .probabilities = {p, N, 3, 3}, .seed = 4};
    oracle_run("badge", NULL, &request, &out);
    assert_int_equal(out.picks[0], longest);
    for (size_t i = 0; i < K; i++) sure += out.picks[i] % 2 == 1;
    assert_true(sure <= 1);
    wn_selection_clear(&out);
    free(values);
}

/* The rule of DCoM on all pairs, everything counted anew for each pick; no row is preselected, one radius is given. */
static void test_dcom(void **state)
{
    (void)state;
    enum { N = 150, K = 60 };
    float *values = oracle_clouds(N, 2, 4, 0.3f, 5), p[N * 2];
    const double radius = 0.25, a = 0.9, slope = 30;
    bool covered[N] = {0}, picked[N] = {0};
    double margins[N], low = 1, high = 0;
    wn_selection out = {0};
    for (size_t i = 0; i < N; i++) {
        p[2 * i] = 0.5f + 0.49f * (float)(i * 37 % 101) / 101;
        p[2 * i + 1] = 1 - p[2 * i];
        margins[i] = 1 - ((double)p[2 * i] - (double)p[2 * i + 1]);
        low = fmin(low, margins[i]);
        high = fmax(high, margins[i]);
    }
    wn_selection_request request = {.embeddings = {values, N, 2, 2}, .count = K, .probabilities = {p, N, 2, 2}};
    oracle_run("dcom", OPTIONS("radius", "0.25", "neighbours", "149"), &request, &out);
    for (size_t at = 0; at < K; at++) {
        double cov = 0, degrees[N], most = 1, best = -1;
        size_t pick = N;
        for (size_t i = 0; i < N; i++) {
            cov += covered[i] / (double)N;
            degrees[i] = 0;
            for (size_t j = 0; j < N; j++)
                degrees[i] += !covered[j] && oracle_square(values + 2 * i, values + 2 * j, 2) <= radius * radius;
            if (!picked[i]) most = fmax(most, degrees[i]);
        }
        double c = fmin(1, (1 + exp(-slope * (1 - a))) / (1 + exp(-slope * (cov - a))));
        for (size_t i = 0; i < N; i++) {
            double score = c * (margins[i] - low) / (high - low) + (1 - c) * degrees[i] / most;
            if (!picked[i] && score > best + 1e-7) {
                best = score;
                pick = i;
            }
        }
        if (out.picks[at] != (int64_t)pick) fail_msg("pick %zu is %lld, not %zu", at, (long long)out.picks[at], pick);
        picked[pick] = true;
        for (size_t j = 0; j < N; j++)
            covered[j] = covered[j] || oracle_square(values + 2 * pick, values + 2 * j, 2) <= radius * radius;
    }
    wn_selection_clear(&out);
    free(values);
}

/* ---- random planes ---- */

static int compare_floats(const void *a, const void *b)
{
    float x = *(const float *)a, y = *(const float *)b;
    return (x > y) - (x < y);
}

static float triangular(wn_rng *rng, float low, float middle, float high)
{
    double l = (double)low, m = (double)middle, h = (double)high, u = (double)wn_rng_uniform(rng);
    return u < (m - l) / (h - l) ? (float)(l + sqrt(u * (h - l) * (m - l)))
                                 : (float)(h - sqrt((1 - u) * (h - l) * (h - m)));
}

static void test_zcore(void **state)
{
    (void)state;
    enum { N = 220, DIM = 6, K = 30, PLANES = 12, POINTS = 7, REDUNDANT = 40 };
    float *values = oracle_clouds(N, DIM, 3, 0.7f, 12), shape[DIM][3], column[N];
    double scores[N] = {0};
    wn_selection out = {0};
    for (size_t k = 0; k < DIM; k++) {
        for (size_t i = 0; i < N; i++) column[i] = values[i * DIM + k];
        qsort(column, N, sizeof *column, compare_floats);
        shape[k][0] = column[0];
        shape[k][1] = column[N / 2];
        shape[k][2] = column[N - 1];
    }
    for (uint64_t plane = 0; plane < PLANES; plane++) {
        wn_rng rng;
        wn_rng_init(&rng, 6, plane);
        size_t x = wn_rng_below(&rng, DIM), y = wn_rng_below(&rng, DIM);
        while (x == y) y = wn_rng_below(&rng, DIM);
        for (int point = 0; point < POINTS; point++) {
            float at[2], distances[N], sorted[N], best = INFINITY;
            size_t nearest = 0;
            at[0] = triangular(&rng, shape[x][0], shape[x][1], shape[x][2]);
            at[1] = triangular(&rng, shape[y][0], shape[y][1], shape[y][2]);
            for (size_t i = 0; i < N; i++) {
                float d = fabsf(values[i * DIM + x] - at[0]) + fabsf(values[i * DIM + y] - at[1]);
                if (d < best) {
                    best = d;
                    nearest = i;
                }
            }
            scores[nearest] += 1;
            for (size_t i = 0; i < N; i++)
                distances[i] = i == nearest ? INFINITY
                                            : fabsf(values[i * DIM + x] - values[nearest * DIM + x]) +
                                                  fabsf(values[i * DIM + y] - values[nearest * DIM + y]);
            memcpy(sorted, distances, sizeof sorted);
            qsort(sorted, N, sizeof *sorted, compare_floats);
            double sum = 0;
            for (size_t i = 0; i < REDUNDANT; i++) sum += pow((double)sorted[i], -4);
            for (size_t i = 0; i < N; i++) {
                if (distances[i] <= sorted[REDUNDANT - 1]) scores[i] -= pow((double)distances[i], -4) / sum;
            }
        }
    }
    wn_selection_request request = {.embeddings = {values, N, DIM, DIM}, .count = K, .seed = 6};
    oracle_run("zcore", OPTIONS("planes", "12", "points", "7", "redundant", "40"), &request, &out);
    for (size_t i = 0; i < K; i++) {
        size_t better = 0;
        for (size_t j = 0; j < N; j++) better += scores[j] > scores[out.picks[i]] + 1e-4;
        assert_true(better <= i); /* equal scores may come in any order */
    }
    wn_selection_clear(&out);
    free(values);
}

/* ---- ranks ---- */

static void test_typicality_and_outliers(void **state)
{
    (void)state;
    enum { N = 300, DIM = 3, K = 25, NEAR = 8, GIVEN = 50, COLS = 6 };
    float *values = oracle_clouds(N, DIM, 4, 0.5f, 2), activations[N * COLS];
    int64_t given[GIVEN];
    double typical[N], outlier[N];
    wn_rng rng;
    wn_selection out = {0};
    wn_rng_init(&rng, 1, 2);
    for (size_t i = 0; i < N * COLS; i++) activations[i] = 5 * wn_rng_normal(&rng);
    for (int64_t i = 0; i < GIVEN; i++) given[i] = 3 * i;
    for (size_t i = 0; i < N; i++) {
        float distances[N];
        typical[i] = outlier[i] = 0;
        for (size_t j = 0; j < N; j++)
            distances[j] = (float)sqrt(oracle_square(values + i * DIM, values + j * DIM, DIM));
        qsort(distances, N, sizeof *distances, compare_floats);
        for (size_t j = 1; j <= NEAR; j++) typical[i] -= (double)distances[j];
        for (size_t c = 0; c < COLS; c++) {
            for (size_t j = 0; j < GIVEN; j++)
                outlier[i] -= activations[(size_t)given[j] * COLS + c] < activations[i * COLS + c];
        }
    }
    wn_selection_request request = {.embeddings = {values, N, DIM, DIM},
                                    .count = K,
                                    .preselected = {given, GIVEN},
                                    .probabilities = {activations, N, COLS, COLS}};
    for (int which = 0; which < 2; which++) {
        const double *key = which ? outlier : typical;
        bool gone[N] = {0};
        for (size_t i = 0; i < GIVEN; i++) gone[given[i]] = true;
        oracle_run(which ? "model-outliers" : "typicality", which ? NULL : OPTIONS("neighbours", "8"), &request, &out);
        for (size_t at = 0; at < K; at++) {
            size_t best = N;
            for (size_t i = 0; i < N; i++) {
                if (!gone[i] && (best == N || key[i] > key[best] + 1e-9)) best = i;
            }
            assert_int_equal(out.picks[at], best);
            gone[best] = true;
        }
        wn_selection_clear(&out);
    }
    free(values);
}

static double cosine_to(const float *row, const double *mean, size_t dim)
{
    double dot = 0, a = 0, b = 0;
    for (size_t k = 0; k < dim; k++) {
        dot += (double)row[k] * mean[k];
        a += (double)row[k] * (double)row[k];
        b += mean[k] * mean[k];
    }
    return a > 0 && b > 0 ? dot / sqrt(a * b) : 0;
}

static void test_representative(void **state)
{
    (void)state;
    enum { N = 120, DIM = 5, K = 20 };
    float *values = oracle_clouds(N, DIM, 4, 0.4f, 21);
    const int64_t given[] = {5, 6, 70};
    bool known[N] = {0};
    wn_selection out = {0};
    for (size_t i = 0; i < 3; i++) known[given[i]] = true;
    wn_selection_request request = {.embeddings = {values, N, DIM, DIM}, .count = K, .preselected = {given, 3}};
    oracle_run("representative", NULL, &request, &out);
    for (size_t at = 0; at < K; at++) {
        double means[2][DIM] = {{0}}, best = -INFINITY;
        int64_t pick = -1;
        for (size_t i = 0; i < N; i++) {
            double length = sqrt(oracle_square(values + i * DIM, (const float[DIM]){0}, DIM));
            for (size_t k = 0; k < DIM; k++) means[known[i]][k] += (double)values[i * DIM + k] / length;
        }
        for (int64_t i = 0; i < N; i++) {
            double value = cosine_to(values + i * DIM, means[0], DIM) - cosine_to(values + i * DIM, means[1], DIM);
            if (!known[i] && value > best + 1e-6) {
                best = value;
                pick = i;
            }
        }
        if (out.picks[at] != pick)
            fail_msg("pick %zu is %lld, not %lld", at, (long long)out.picks[at], (long long)pick);
        known[pick] = true;
    }
    wn_selection_clear(&out);
    free(values);
}

/* Equal numbers of each group while its rows last; the preselected ones count; the best scores first. */
static void test_stratified(void **state)
{
    (void)state;
    enum { N = 100 };
    int64_t labels[N];
    float scores[N];
    size_t counts[4] = {0};
    wn_selection out = {0};
    for (size_t i = 0; i < N; i++) {
        labels[i] = i < 60 ? 0 : i < 90 ? 7 : i < 94 ? 900000000 : -1;
        scores[i] = (float)(i * 17 % 100);
    }
    wn_selection_request request = {.embeddings = {NULL, N, 0, 0},
                                    .count = 28,
                                    .preselected = {(const int64_t[]){0, 1, 60}, 3},
                                    .labels = {labels, N},
                                    .scores = {scores, N, 1, 1}};
    oracle_run("stratified", NULL, &request, &out);
    for (size_t i = 0; i < out.len; i++) {
        int64_t label = labels[out.picks[i]];
        counts[label == 0 ? 0 : label == 7 ? 1 : label < 0 ? 3 : 2]++;
        for (size_t j = 0; j < i; j++) {
            if (labels[out.picks[j]] == label) assert_true(scores[out.picks[j]] >= scores[out.picks[i]]);
        }
    }
    assert_true(counts[2] == 4 && counts[3] == 0); /* all of the small group */
    assert_true(counts[0] + 2 == counts[1] + 1 || counts[0] + 2 == counts[1] + 2 || counts[0] + 3 == counts[1] + 1);
    assert_int_equal((int)out.objective, 4);
    wn_selection_clear(&out);
}

/* ---- clusters ---- */

/* Far clouds: of each first the centre, then the farthest row. */
static void test_clusters(void **state)
{
    (void)state;
    enum { CLOUDS = 3, N = 90 };
    float values[N];
    wn_selection out = {0};
    for (size_t i = 0; i < N; i++)
        values[i] = 1000 * (float)(i % CLOUDS) + (float)(i / CLOUDS) * (i / CLOUDS == 29 ? 2 : 1);
    wn_selection_request request = {.embeddings = {values, N, 1, 1}, .count = 15};
    oracle_run("clusters", OPTIONS("clusters", "3"), &request, &out);
    for (size_t i = 0; i < CLOUDS; i++) {
        double mean = 0;
        for (size_t j = 0; j < 30; j++) mean += (double)(j == 29 ? 58 : j) / 30;
        assert_true(fabs((double)(out.picks[i] / CLOUDS) - mean) <= 0.5);
        assert_int_equal(out.picks[i + CLOUDS] / CLOUDS, 29);
        assert_true(out.picks[i] % CLOUDS == out.picks[i + CLOUDS] % CLOUDS);
    }
    wn_selection_clear(&out);
}

static void test_graph_clusters(void **state)
{
    (void)state;
    enum { N = 240, CLOUDS = 6 };
    float values[N * 2];
    uint32_t cluster[N];
    size_t count = 0;
    wn_neighbours lists = {0};
    wn_rng rng;
    wn_rng_init(&rng, 4, 4);
    for (size_t i = 0; i < N; i++) {
        values[2 * i] = 50 * (float)(i % CLOUDS) + wn_rng_normal(&rng);
        values[2 * i + 1] = wn_rng_normal(&rng);
    }
    wn_neighbours_request find = {.embeddings = {values, N, 2, 2}, .k = 60};
    assert_int_equal(wn_neighbours_find(wn_index_kind_find("flat"), &find, &lists, NULL), WN_OK);
    assert_int_equal(wn_graph_clusters(&lists, CLOUDS, cluster, &count, NULL), WN_OK);
    assert_int_equal(count, CLOUDS);
    for (size_t i = 0; i < N; i++) assert_int_equal(cluster[i], i % CLOUDS);
    assert_int_equal(wn_graph_clusters(&lists, 100, cluster, &count, NULL), WN_OK);
    assert_int_equal(count, 100);
    for (size_t i = 0; i < N; i++) {
        for (size_t j = 0; j < i; j++) assert_true(cluster[i] != cluster[j] || i % CLOUDS == j % CLOUDS);
    }
    wn_neighbours_clear(&lists);
}

/* A hundred thousand rows that are equal all name the same few as their nearest. */
static void test_graph_clusters_of_equal_rows(void **state)
{
    (void)state;
    enum { N = 100000, K = 3 };
    wn_neighbours lists = {.rows = N, .k = K};
    lists.ids = wn_alloc(WN_MEMORY_MATRIX, (size_t)N * K, sizeof *lists.ids);
    lists.distances = wn_calloc(WN_MEMORY_MATRIX, (size_t)N * K, sizeof *lists.distances);
    uint32_t *cluster = wn_alloc(WN_MEMORY_SELECTION, N, sizeof *cluster);
    assert_true(lists.ids && lists.distances && cluster);
    for (size_t i = 0; i < (size_t)N * K; i++) lists.ids[i] = (int64_t)(i % K);
    size_t count = 0;
    assert_int_equal(wn_graph_clusters(&lists, 1000, cluster, &count, NULL), WN_OK);
    assert_int_equal(count, 1000);
    wn_free(cluster);
    wn_neighbours_clear(&lists);
}

static size_t renewals;

static double no_square(const void *context, size_t item, const uint32_t *drawn, size_t count)
{
    (void)context, (void)item, (void)drawn, (void)count;
    return 0;
}

static bool count_renewal(const void *context, const uint32_t *drawn, size_t count, double *bounds, wn_pool *pool)
{
    (void)context, (void)drawn, (void)count, (void)pool;
    for (size_t i = 0; i < 500; i++) bounds[i] = fmin(bounds[i], 1e-6); /* as rounding leaves it */
    renewals++;
    return true;
}

/* Where all rows are equal, drawing looks at all of them a few times, not for each one drawn. */
static void test_seeding_of_equal_rows(void **state)
{
    (void)state;
    static uint32_t out[400];
    uint8_t seen[500] = {0};
    size_t len = 0;
    wn_seeding seeding = {.n = 500, .nearest = no_square, .renew = count_renewal};
    renewals = 0;
    assert_int_equal(wn_seeding_draw(&seeding, NULL, 0, NULL, 400, out, &len, NULL), WN_OK);
    assert_int_equal(len, 400);
    for (size_t i = 0; i < len; i++) assert_int_equal(seen[out[i]]++, 0);
    assert_true(renewals <= 3);
}

/* Distances to the nearest pick before, from some pick on. */
static void test_cover_order(void **state)
{
    (void)state;
    enum { N = 700, DIM = 9, FROM = 130 };
    static float values[N * DIM], distances[N];
    static int64_t picks[N];
    wn_rng rng;
    wn_rng_init(&rng, 8, 1);
    for (size_t i = 0; i < (size_t)N * DIM; i++) values[i] = wn_rng_normal(&rng);
    for (size_t i = 0; i < N; i++) picks[i] = (int64_t)((i * 333) % N);
    const wn_space space = {.matrix = {values, N, DIM, DIM}, .metric = WN_METRIC_L2, .len = N};
    for (size_t from = 0; from <= FROM; from += FROM) {
        assert_int_equal(wn_cover_order(&space, (wn_rows){picks, N}, from, NULL, NULL, distances, NULL, NULL), WN_OK);
        for (size_t i = from; i < N; i++) {
            double least = INFINITY;
            for (size_t j = 0; j < i; j++) {
                double square = 0;
                for (size_t k = 0; k < DIM; k++) {
                    double difference =
                        (double)values[(size_t)picks[i] * DIM + k] - (double)values[(size_t)picks[j] * DIM + k];
                    square += difference * difference;
                }
                least = fmin(least, square);
            }
            if (i == 0)
                assert_true(isinf(distances[0]));
            else
                assert_true(fabs((double)distances[i - from] - sqrt(least)) < 1e-5);
        }
    }
}

/* The kept rows are the most uncertain; small clusters give theirs before large ones give a second. */
static void test_cluster_margin(void **state)
{
    (void)state;
    enum { N = 200 };
    float values[N], scores[N];
    size_t from_small = 0;
    wn_selection out = {0};
    for (size_t i = 0; i < N; i++) {
        values[i] = i % 10 == 0 ? 5000 + (float)i : (float)i / 100;
        scores[i] = (float)i / N;
    }
    wn_selection_request request = {.embeddings = {values, N, 1, 1}, .count = 10, .scores = {scores, N, 1, 1}};
    oracle_run("cluster-margin", OPTIONS("clusters", "2", "factor", "4"), &request, &out);
    for (size_t i = 0; i < out.len; i++) {
        assert_true(out.picks[i] >= N - 40);
        from_small += out.picks[i] % 10 == 0;
    }
    assert_int_equal(from_small, 4); /* of the 40 kept, 4 lie there: all in turn with the others */
    assert_int_equal(out.picks[0], 190);
    assert_int_equal(out.picks[1], 199);
    wn_selection_clear(&out);
}

/* ---- heads ---- */

static double head_loss(const wn_linear_head *head, const wn_linear_examples *e, double penalty)
{
    double loss = 0, p[8];
    for (size_t i = 0; i < e->n; i++) {
        wn_linear_head_apply(head, wn_matrix_row(e->matrix, e->rows[i]), p);
        loss -= log(p[e->classes[i]]) / (double)e->n;
    }
    for (size_t j = 0; j < head->classes * (head->dim + 1); j++) {
        if (j % (head->dim + 1) < head->dim) loss += penalty * head->weights[j] * head->weights[j] / 2;
    }
    return loss;
}

/* At the end no weight can be moved to lower the loss. */
static void test_head_is_a_minimum(void **state)
{
    (void)state;
    enum { N = 150, DIM = 4, CLASSES = 3 };
    float *values = oracle_clouds(N, DIM, 3, 0.9f, 31);
    uint32_t rows[N], classes[N];
    const wn_matrix matrix = {values, N, DIM, DIM};
    wn_linear_head head;
    for (uint32_t i = 0; i < N; i++) {
        rows[i] = i;
        classes[i] = values[i * DIM] > 0.3f ? 2 : values[i * DIM + 1] > 0;
    }
    const wn_linear_examples examples = {&matrix, rows, classes, N, CLASSES, NULL};
    assert_int_equal(wn_linear_head_fit(&examples, 0.01, &head, NULL), WN_OK);
    double loss = head_loss(&head, &examples, 0.01);
    for (size_t j = 0; j < CLASSES * (DIM + 1); j++) {
        for (int sign = -1; sign < 2; sign += 2) {
            double before = head.weights[j];
            head.weights[j] += sign * 0.01;
            assert_true(head_loss(&head, &examples, 0.01) > loss);
            head.weights[j] = before;
        }
    }
    wn_linear_head_clear(&head);
    free(values);
}

/* Rows near the border of the labelled classes change their class, and only those. */
static void test_alfa_mix(void **state)
{
    (void)state;
    enum { N = 200 };
    float values[N * 2];
    int64_t labels[N], given[20];
    wn_selection out = {0};
    for (int64_t i = 0; i < N; i++) {
        values[2 * i] = (float)(i - N / 2) / 10 + 0.05f;
        values[2 * i + 1] = 1; /* the border lies across the first column alone */
        labels[i] = i >= N / 2;
    }
    for (int64_t i = 0; i < 20; i++) given[i] = i * 10;
    wn_selection_request request = {
        .embeddings = {values, N, 2, 2}, .count = 10, .preselected = {given, 20}, .labels = {labels, N}};
    oracle_run("alfa-mix", NULL, &request, &out);
    assert_true(out.objective >= 10 && out.objective < 80); /* rows that change */
    for (size_t i = 0; i < out.len; i++) assert_true(llabs(out.picks[i] - N / 2) < 30);
    wn_selection_clear(&out);
}

/* The model is wrong in two places of different size: transfer finds the rows there, and ATLAS both places. */
static void test_transfer(void **state)
{
    (void)state;
    enum { N = 600, K = 40 };
    float values[N * 2], p[N * 2];
    int64_t labels[N], given[N / 3];
    wn_selection out = {0};
    wn_rng rng;
    wn_rng_init(&rng, 15, 6);
    for (int64_t i = 0; i < N; i++) {
        int64_t place = i % 10 == 0 ? 2 : i % 10 < 3 ? 1 : 0;
        values[2 * i] = (place == 1 ? 8 : place == 2 ? -1 : 0) + 0.6f * wn_rng_normal(&rng);
        values[2 * i + 1] = (place == 2 ? 8 : 0) + 0.6f * wn_rng_normal(&rng);
        p[2 * i] = 0.9f;
        p[2 * i + 1] = 0.1f;
        labels[i] = place > 0;
        if (i < N / 3) given[i] = i;
    }
    wn_selection_request request = {.embeddings = {values, N, 2, 2},
                                    .count = K,
                                    .preselected = {given, N / 3},
                                    .probabilities = {p, N, 2, 2},
                                    .labels = {labels, N}};
    for (int atlas = 0; atlas < 2; atlas++) {
        size_t places[3] = {0};
        oracle_run(atlas ? "atlas" : "active-transfer", NULL, &request, &out);
        for (size_t i = 0; i < K; i++) places[out.picks[i] % 10 == 0 ? 2 : out.picks[i] % 10 < 3 ? 1 : 0]++;
        assert_true(places[0] <= 4);
        if (atlas) assert_true(places[1] >= 8 && places[2] >= 4);
        wn_selection_clear(&out);
    }
    /* representativeness: what the preselected rows have nothing of */
    size_t unlike = 0;
    int64_t plain[60];
    for (int64_t i = 0; i < 60; i++) plain[i] = i * 10 + 5;
    request.preselected = (wn_rows){plain, 60};
    oracle_run("active-transfer", OPTIONS("goal", "representativeness"), &request, &out);
    for (size_t i = 0; i < K; i++) unlike += out.picks[i] % 10 < 3;
    assert_true(unlike > 36);
    wn_selection_clear(&out);
    wn_error err = {0};
    request.labels.data = NULL;
    assert_int_equal(oracle_try("active-transfer", OPTIONS("goal", "uncertainty"), &request, &out, &err), WN_INVALID);
}

/* ---- combinations ---- */

static void test_combinations(void **state)
{
    (void)state;
    enum { N = 240, K = 12 };
    float *values = oracle_clouds(N, 3, 5, 0.4f, 17), activations[N * 3], scores[N];
    const int64_t given[] = {1, 50, 100, 150, 200, 239};
    wn_rng rng;
    wn_rng_init(&rng, 3, 1);
    for (size_t i = 0; i < N; i++) {
        for (size_t c = 0; c < 3; c++) activations[3 * i + c] = wn_rng_normal(&rng);
        scores[i] = wn_rng_uniform(&rng);
    }
    wn_selection_request request = {.embeddings = {values, N, 3, 3},
                                    .count = K,
                                    .preselected = {given, 6},
                                    .probabilities = {activations, N, 3, 3},
                                    .scores = {scores, N, 1, 1}};
    wn_selection out = {0}, outliers = {0};
    wn_error err = {0};
    bool uncertain[N] = {0};
    /* the 48 best scores among the open rows */
    for (size_t i = 0; i < N; i++) {
        size_t better = 0;
        for (size_t j = 0; j < N; j++) better += !oracle_has(&request.preselected, (int64_t)j) && scores[j] > scores[i];
        uncertain[i] = !oracle_has(&request.preselected, (int64_t)i) && better < 48;
    }
    oracle_run("combination", OPTIONS("of", "uncertain-clusters", "factor", "4"), &request, &out);
    for (size_t i = 0; i < K; i++) assert_true(uncertain[out.picks[i]]);
    wn_selection_clear(&out);
    /* of those the greatest outliers, in the order of model-outliers on them alone */
    int64_t candidates[48];
    size_t n = 0;
    for (int64_t i = 0; i < N; i++) {
        if (uncertain[i]) candidates[n++] = i;
    }
    oracle_run("combination", OPTIONS("of", "uncertain-outliers", "factor", "4"), &request, &out);
    request.candidates = (wn_rows){candidates, n};
    oracle_run("model-outliers", NULL, &request, &outliers);
    assert_memory_equal(out.picks, outliers.picks, K * sizeof *out.picks);
    wn_selection_clear(&outliers);
    wn_selection_clear(&out);
    request.candidates = (wn_rows){0};
    const char *const others[] = {"uncertain-outliers-clusters", "representative-clusters", "highest-entropy-cluster",
                                  "mean-rank"};
    for (size_t i = 0; i < 4; i++) {
        oracle_run("combination", OPTIONS("of", others[i]), &request, &out);
        assert_int_equal(out.len, K);
        if (i == 3) assert_true(out.objective > 0.55); /* 0.5 by chance */
        wn_selection_clear(&out);
    }
    request.preselected = (wn_rows){0};
    assert_int_equal(oracle_try("combination", OPTIONS("of", "mean-rank"), &request, &out, &err), WN_INVALID);
    assert_non_null(strstr(err.message, "preselected"));
    free(values);
}

/* After softmax the rows of the least activations are the most certain ones: no outliers. */
static void test_probabilities_are_no_activations(void **state)
{
    (void)state;
    enum { N = 60, DIM = 4, K = 5, COLS = 3 };
    float *values = oracle_clouds(N, DIM, 3, 0.5f, 3), probabilities[N * COLS];
    int64_t given[] = {0, 1, 2};
    wn_rng rng;
    wn_selection out = {0};
    wn_error err = {0};
    wn_rng_init(&rng, 4, 2);
    for (size_t i = 0; i < N; i++) {
        const float first = wn_rng_uniform(&rng), second = (1 - first) * wn_rng_uniform(&rng);
        memcpy(probabilities + i * COLS, (float[]){first, second, 1 - first - second}, COLS * sizeof(float));
    }
    wn_selection_request request = {.embeddings = {values, N, DIM, DIM},
                                    .count = K,
                                    .preselected = {given, 3},
                                    .probabilities = {probabilities, N, COLS, COLS}};
    assert_int_equal(oracle_try("model-outliers", NULL, &request, &out, &err), WN_INVALID);
    assert_non_null(strstr(err.message, "logits"));
    const char *const kinds[] = {"uncertain-outliers", "uncertain-outliers-clusters", "mean-rank"};
    for (size_t i = 0; i < 3; i++)
        assert_int_equal(oracle_try("combination", OPTIONS("of", kinds[i]), &request, &out, &err), WN_INVALID);
    oracle_run("combination", OPTIONS("of", "uncertain-clusters"), &request, &out);
    wn_selection_clear(&out);
    free(values);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_dpp_is_greedy_determinant),
        cmocka_unit_test(test_badge),
        cmocka_unit_test(test_dcom),
        cmocka_unit_test(test_zcore),
        cmocka_unit_test(test_typicality_and_outliers),
        cmocka_unit_test(test_representative),
        cmocka_unit_test(test_stratified),
        cmocka_unit_test(test_clusters),
        cmocka_unit_test(test_graph_clusters),
        cmocka_unit_test(test_graph_clusters_of_equal_rows),
        cmocka_unit_test(test_seeding_of_equal_rows),
        cmocka_unit_test(test_cover_order),
        cmocka_unit_test(test_cluster_margin),
        cmocka_unit_test(test_head_is_a_minimum),
        cmocka_unit_test(test_alfa_mix),
        cmocka_unit_test(test_transfer),
        cmocka_unit_test(test_combinations),
        cmocka_unit_test(test_probabilities_are_no_activations),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
