/* SPDX-License-Identifier: Apache-2.0
 *
 * Facts of a .npy file. Numbers are looked at where they are mapped as they stand, or small enough to be converted.
 */
#include <math.h>
#include <stdio.h>

#include "base/error.h"
#include "jobs/fact_list.h"
#include "winnow/npy.h"

static const uint64_t convert_bytes_max = (uint64_t)1 << 30;
static const double unit_tolerance = 1e-3;

static bool is_float(wn_npy_type type)
{
    return type == WN_NPY_FLOAT16 || type == WN_NPY_FLOAT32 || type == WN_NPY_FLOAT64;
}

static void add_shape(wn_file_facts *facts, const wn_npy_shape *shape)
{
    static const char *const types[] = {
#define X(name, code, bytes) code,
        WN_NPY_TYPE_MAP(X)
#undef X
    };
    char text[96] = "";
    size_t used = 0;
    for (unsigned i = 0; i < shape->dims && used < sizeof text; i++)
        used += (size_t)snprintf(text + used, sizeof text - used, "%s%zu", i ? " x " : "", shape->sizes[i]);
    wn_fact_text(facts, "shape", text);
    wn_fact_text(facts, "type", types[shape->type]);
    wn_fact_text(facts, "order", shape->fortran_order ? "Fortran" : "C");
    wn_fact_count(facts, "rows", (int64_t)shape->rows);
    wn_fact_count(facts, "dim", (int64_t)shape->cols);
}

/* Range of the finite values; rows with others; lengths of the rows. */
static void add_rows(wn_file_facts *facts, const wn_matrix *m, bool lengths)
{
    double low = INFINITY, high = -INFINITY, shortest = INFINITY, longest = 0.0;
    size_t gaps = 0;
    for (size_t r = 0; r < m->rows; r++) {
        const float *row = m->data + r * m->stride;
        double squares = 0.0;
        bool finite = true;
        for (size_t j = 0; j < m->cols; j++) {
            const double value = (double)row[j];
            finite = finite && isfinite(value);
            if (!isfinite(value)) continue;
            low = fmin(low, value);
            high = fmax(high, value);
            squares += value * value;
        }
        gaps += !finite;
        if (!finite) continue;
        shortest = fmin(shortest, sqrt(squares));
        longest = fmax(longest, sqrt(squares));
    }
    wn_fact_count(facts, "rows_not_finite", (int64_t)gaps);
    if (low <= high) wn_fact_real(facts, "least", low);
    if (low <= high) wn_fact_real(facts, "greatest", high);
    if (!lengths || shortest > longest) return;
    wn_fact_real(facts, "shortest_row", shortest);
    wn_fact_real(facts, "longest_row", longest);
    const bool unit = fabs(shortest - 1.0) < unit_tolerance && fabs(longest - 1.0) < unit_tolerance;
    wn_fact_text(facts, "unit_length", unit ? "yes" : "no");
}

static wn_status add_integers(wn_file_facts *facts, wn_npy *npy, wn_error *err)
{
    wn_rows rows;
    WN_TRY(wn_npy_integers(npy, &rows, err));
    int64_t low = rows.len ? rows.data[0] : 0, high = low;
    for (size_t i = 1; i < rows.len; i++) {
        if (rows.data[i] < low) low = rows.data[i];
        if (rows.data[i] > high) high = rows.data[i];
    }
    if (rows.len) wn_fact_count(facts, "least", low);
    if (rows.len) wn_fact_count(facts, "greatest", high);
    return WN_OK;
}

static wn_status add_values(wn_file_facts *facts, wn_npy *npy, wn_error *err)
{
    const wn_npy_shape *shape = wn_npy_get_shape(npy);
    wn_matrix matrix;
    if (wn_npy_matrix_bytes(npy) > convert_bytes_max) {
        wn_fact_text(facts, "values", "not looked at: too large to convert");
        return WN_OK;
    }
    if (shape->dims == 1 && !is_float(shape->type)) return add_integers(facts, npy, err);
    if (shape->dims > 2) return WN_OK;
    WN_TRY(shape->dims == 1 ? wn_npy_vector(npy, &matrix, err) : wn_npy_matrix(npy, &matrix, err));
    add_rows(facts, &matrix, shape->dims == 2);
    return WN_OK;
}

wn_status wn_describe_array(const char *path, wn_file_facts *facts, wn_error *err)
{
    wn_npy *npy = NULL;
    WN_TRY(wn_npy_open_stack(path, &npy, err));
    add_shape(facts, wn_npy_get_shape(npy));
    wn_status status = add_values(facts, npy, err);
    wn_npy_close(&npy);
    return status;
}
