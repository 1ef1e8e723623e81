/* SPDX-License-Identifier: Apache-2.0
 *
 * k-means, D^2 sampling, and the strategies that go round clusters.
 */
#include "selection_oracle.h"

#include "selection/kmeans.h"

static void check_clusters(const wn_kmeans *k, const float *values, const float *weights, size_t n, size_t dim)
{
    double inertia = 0;
    assert_int_equal(k->starts[k->clusters], n);
    for (size_t c = 0; c < k->clusters; c++) {
        assert_true(k->starts[c + 1] > k->starts[c]);
        for (size_t d = 0; d < dim; d++) {
            double sum = 0, total = 0;
            for (uint32_t m = k->starts[c]; m < k->starts[c + 1]; m++) {
                double w = weights ? (double)weights[k->members[m]] : 1;
                sum += w * (double)values[k->members[m] * dim + d];
                total += w;
            }
            if (total > 0) assert_true(fabs(sum / total - (double)k->centres[c * dim + d]) < 1e-4);
        }
    }
    for (size_t i = 0; i < n; i++) {
        double own = oracle_square(values + i * dim, k->centres + k->cluster[i] * dim, dim);
        for (size_t c = 0; c < k->clusters; c++)
            assert_true(own <= oracle_square(values + i * dim, k->centres + c * dim, dim) + 1e-4);
        assert_true(fabs(own - (double)k->squares[i]) < 1e-4);
        inertia += (weights ? (double)weights[i] : 1) * own;
    }
    assert_true(fabs(inertia - k->inertia) <= 1e-4 * inertia + 1e-6);
}

static void test_kmeans_is_a_fixed_point(void **state)
{
    (void)state;
    enum { N = 1200, DIM = 7 };
    float *values = oracle_clouds(N, DIM, 12, 0.3f, 6), weights[N];
    for (size_t i = 0; i < N; i++) weights[i] = (float)(i % 5) / 2;
    for (int weighted = 0; weighted < 2; weighted++) {
        wn_kmeans first, last;
        wn_kmeans_request request = {.points = values, .n = N, .dim = DIM, .clusters = 25, .iterations = 0, .seed = 2};
        request.weights = weighted ? weights : NULL;
        assert_int_equal(wn_kmeans_run(&request, &first, NULL), WN_OK);
        request.iterations = 300;
        assert_int_equal(wn_kmeans_run(&request, &last, NULL), WN_OK);
        check_clusters(&last, values, request.weights, N, DIM);
        assert_true(last.inertia < first.inertia && last.clusters == 25);
        wn_kmeans_clear(&last);
        wn_kmeans_clear(&first);
    }
    free(values);
}

static void test_fewer_different_rows_than_clusters(void **state)
{
    (void)state;
    float values[200];
    wn_kmeans k;
    for (size_t i = 0; i < 100; i++) {
        values[2 * i] = (float)(i % 4) * 1000;
        values[2 * i + 1] = 5;
    }
    wn_kmeans_request request = {.points = values, .n = 100, .dim = 2, .clusters = 30, .iterations = 10};
    assert_int_equal(wn_kmeans_run(&request, &k, NULL), WN_OK);
    assert_int_equal(k.clusters, 4);
    assert_true(k.inertia == 0);
    wn_kmeans_clear(&k);
}

/* The second and third items of many draws come as often as D^2 says. */
static void test_sampling_by_square(void **state)
{
    (void)state;
    enum { N = 6, DRAWS = 6000 };
    const float values[N] = {0, 1, 2, 4, 4.5f, 9}, weights[N] = {1, 1, 2, 0.5f, 1, 0.25f};
    size_t seen[N] = {0};
    double expected[N] = {0};
    wn_point_seeding points;
    wn_seeding seeding = {.weights = weights};
    assert_int_equal(wn_point_seeding_init(&points, values, N, 1, &seeding, NULL), WN_OK);
    /* given item 0: the first drawn has probability w d0^2 / sum; the second is summed over the first */
    double total = 0;
    for (size_t i = 1; i < N; i++) total += (double)weights[i] * pow((double)values[i], 2);
    for (size_t a = 1; a < N; a++) {
        double first = (double)weights[a] * pow((double)values[a], 2) / total, rest = 0;
        for (int pass = 0; pass < 2; pass++) {
            for (size_t b = 1; b < N; b++) {
                double near = fmin(fabs((double)values[b]), fabs((double)values[b] - (double)values[a]));
                if (pass == 0) rest += (double)weights[b] * near * near;
                if (pass == 1) expected[b] += first * (double)weights[b] * near * near / rest;
            }
        }
    }
    for (uint64_t seed = 0; seed < DRAWS; seed++) {
        uint32_t out[2];
        size_t len;
        seeding.seed = seed;
        assert_int_equal(wn_seeding_draw(&seeding, (const uint32_t[]){0}, 1, NULL, 2, out, &len, NULL), WN_OK);
        assert_true(len == 2 && out[0] != out[1] && out[0] && out[1]);
        seen[out[1]]++;
    }
    for (size_t i = 1; i < N; i++) {
        double want = expected[i] * DRAWS, deviation = sqrt(want * (1 - expected[i]));
        if (fabs((double)seen[i] - want) > 4.5 * deviation + 1)
            fail_msg("item %zu was drawn second %zu times, not about %.0f", i, seen[i], want);
    }
    wn_point_seeding_clear(&points);
}

/* D^2 sampling of many items leaves nearly what k-means++ promises, far less than random rows do. */
static void test_sampling_of_many(void **state)
{
    (void)state;
    enum { N = 5000, DIM = 8, K = 300 };
    float *values = oracle_clouds(N, DIM, 200, 0.02f, 3);
    wn_selection_request request = {.embeddings = {values, N, DIM, DIM}, .count = K, .seed = 1};
    wn_selection drawn = {0}, random = {0};
    oracle_run("kmeans++", NULL, &request, &drawn);
    oracle_run("random", NULL, &request, &random);
    assert_true(drawn.mean < 0.5 * random.mean);
    wn_selection_clear(&random);
    wn_selection_clear(&drawn);
    free(values);
}

/* The picks of kmeans are rows of different clusters, each the nearest to its centre; large clusters come first. */
static void test_kmeans_strategy(void **state)
{
    (void)state;
    enum { CLOUDS = 9, N = 900 };
    float values[N * 2];
    wn_selection out = {0};
    wn_rng rng;
    uint8_t seen[CLOUDS] = {0};
    size_t sizes[CLOUDS] = {0}, last = N;
    wn_rng_init(&rng, 1, 1);
    for (size_t i = 0; i < N; i++) {
        size_t cloud = (size_t)sqrt((double)(i % 81));
        values[2 * i] = 100 * (float)(cloud % 3) + wn_rng_normal(&rng);
        values[2 * i + 1] = 100 * (float)(cloud / 3) + wn_rng_normal(&rng);
        sizes[cloud]++;
    }
    wn_selection_request request = {
        .embeddings = {values, N, 2, 2}, .count = CLOUDS - 1, .preselected = {(const int64_t[]){0}, 1}};
    oracle_run("kmeans", OPTIONS("iterations", "100"), &request, &out);
    seen[0] = 1; /* cloud 0 holds the preselected row */
    for (size_t i = 0; i < out.len; i++) {
        size_t cloud = (size_t)sqrt((double)(out.picks[i] % 81));
        assert_int_equal(seen[cloud]++, 0);
        assert_true(sizes[cloud] <= last);
        last = sizes[cloud];
        double mean[2] = {0}, own, best = INFINITY;
        for (size_t j = 0; j < N * 2; j++) {
            if ((size_t)sqrt((double)(j / 2 % 81)) == cloud) mean[j % 2] += (double)values[j] / (double)sizes[cloud];
        }
        own = hypot((double)values[2 * out.picks[i]] - mean[0], (double)values[2 * out.picks[i] + 1] - mean[1]);
        for (size_t j = 0; j < N; j++)
            best = fmin(best, hypot((double)values[2 * j] - mean[0], (double)values[2 * j + 1] - mean[1]));
        assert_true(own < best + 1e-3);
    }
    wn_selection_clear(&out);
}

/* Of each of a few far clouds the row with the least mean distance to its 20 nearest, large clouds first. */
static void test_typiclust(void **state)
{
    (void)state;
    enum { CLOUDS = 4, N = 400, NEAR = 20 };
    float values[N * 2];
    wn_selection out = {0};
    wn_rng rng;
    wn_rng_init(&rng, 2, 1);
    for (size_t i = 0; i < N; i++) {
        values[2 * i] = 1000 * (float)(i % 10 < 4 ? 0 : i % 10 < 7 ? 1 : i % 10 < 9 ? 2 : 3) + wn_rng_normal(&rng);
        values[2 * i + 1] = wn_rng_normal(&rng);
    }
    wn_selection_request request = {.embeddings = {values, N, 2, 2}, .count = CLOUDS};
    oracle_run("typiclust", OPTIONS("iterations", "100"), &request, &out);
    for (int64_t cloud = 0; cloud < CLOUDS; cloud++) {
        double best = INFINITY;
        int64_t typical = -1;
        for (size_t i = 0; i < N; i++) {
            double nearest[NEAR + 1], sum = 0;
            if (fabs((double)values[2 * i] - 1000 * (double)cloud) > 100) continue;
            for (size_t j = 0; j <= NEAR; j++) nearest[j] = INFINITY;
            for (size_t j = 0; j < N; j++) {
                double d = sqrt(oracle_square(values + 2 * i, values + 2 * j, 2));
                for (size_t k = 0; k <= NEAR; k++) {
                    if (d < nearest[k]) {
                        double swap = nearest[k];
                        nearest[k] = d;
                        d = swap;
                    }
                }
            }
            for (size_t j = 1; j <= NEAR; j++) sum += nearest[j];
            if (sum < best) {
                best = sum;
                typical = (int64_t)i;
            }
        }
        assert_int_equal(out.picks[cloud], typical);
    }
    wn_selection_clear(&out);
}

/* Weighted rows pull the centres: with all weight on a few rows that lie apart, those are picked. */
static void test_clue_goes_to_the_uncertain(void **state)
{
    (void)state;
    enum { N = 500, SURE = 450 };
    float *values = oracle_clouds(N, 4, 5, 0.2f, 11), p[N * 2];
    size_t unsure = 0;
    wn_selection out = {0};
    for (size_t i = 0; i < N; i++) {
        for (size_t k = 0; k < 4 && i >= SURE; k++) values[i * 4 + k] += 5;
        p[2 * i] = i < SURE ? 1 : 0.5f;
        p[2 * i + 1] = 1 - p[2 * i];
    }
    wn_selection_request request = {.embeddings = {values, N, 4, 4}, .count = 20, .probabilities = {p, N, 2, 2}};
    oracle_run("clue", OPTIONS("iterations", "100"), &request, &out);
    for (size_t i = 0; i < out.len; i++) unsure += out.picks[i] >= SURE;
    assert_true(unsure >= 15); /* a tenth of the rows; 2 by chance */
    wn_selection_clear(&out);
    free(values);
}

/* Entropy of the classes of the picks, over its greatest value. */
static double class_entropy(const wn_selection *out, const int64_t *labels, size_t classes)
{
    double entropy = 0;
    for (size_t c = 0; c < classes; c++) {
        double share = 0;
        for (size_t i = 0; i < out->len; i++) share += (labels[out->picks[i]] == (int64_t)c) / (double)out->len;
        if (share > 0) entropy -= share * log(share);
    }
    return entropy / log((double)classes);
}

/* Ten kinds, the commonest a hundred times as common as the rarest: a twentieth of the rows holds them nearly evenly.
 */
static void test_long_tail(void **state)
{
    (void)state;
    enum { CLASSES = 10, DIM = 16, COMMON = 2000 };
    size_t n = 0, counts[CLASSES];
    for (size_t c = 0; c < CLASSES; c++) n += counts[c] = (size_t)(COMMON * pow(0.01, (double)c / (CLASSES - 1)));
    float *values = calloc(n * DIM, sizeof *values), centres[CLASSES * DIM];
    int64_t *labels = calloc(n, sizeof *labels);
    wn_selection out = {0}, random = {0};
    wn_rng rng;
    wn_rng_init(&rng, 9, 9);
    for (size_t i = 0; i < CLASSES * DIM; i++) centres[i] = wn_rng_normal(&rng);
    for (size_t c = 0, i = 0; c < CLASSES; c++) {
        for (size_t j = 0; j < counts[c]; j++, i++) {
            labels[i] = (int64_t)c;
            for (size_t k = 0; k < DIM; k++) values[i * DIM + k] = centres[c * DIM + k] + 0.4f * wn_rng_normal(&rng);
        }
    }
    wn_selection_request request = {.embeddings = {values, n, DIM, DIM}, .count = n / 20};
    oracle_run("hierarchical-kmeans", NULL, &request, &out);
    oracle_run("random", NULL, &request, &random);
    double balanced = class_entropy(&out, labels, CLASSES), plain = class_entropy(&random, labels, CLASSES);
    if (balanced < 0.9 || plain > 0.85) fail_msg("entropy %.3f, of random rows %.3f", balanced, plain);
    /* the first half of the picks is balanced too */
    out.len /= 2;
    assert_true(class_entropy(&out, labels, CLASSES) > 0.85);
    wn_selection_clear(&random);
    wn_selection_clear(&out);
    free(labels);
    free(values);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_kmeans_is_a_fixed_point),
        cmocka_unit_test(test_fewer_different_rows_than_clusters),
        cmocka_unit_test(test_sampling_by_square),
        cmocka_unit_test(test_sampling_of_many),
        cmocka_unit_test(test_kmeans_strategy),
        cmocka_unit_test(test_typiclust),
        cmocka_unit_test(test_clue_goes_to_the_uncertain),
        cmocka_unit_test(test_long_tail),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
