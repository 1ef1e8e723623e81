/* SPDX-License-Identifier: Apache-2.0
 *
 * From a picture that was squeezed to a square to what a model wants to see. Cutting the longer axis of the picture is
 * stretching that axis of the square: one interpolation along lines of pixels, in fixed point.
 */
#include <math.h>
#include <string.h>

#include "embed/model_fit.h"
#include "embed/model_private.h"

enum { SIDE_MAX = 1024, ROUND = 128, ONE = 256, IMAGES_PER_CHUNK = 16 };

typedef struct fitting {
    uint8_t *images;
    size_t side;
    float most;
    const float *aspects;
} fitting;

/* The middle `share` of `side` pixels, `step` bytes apart, spread over all of them. */
static void stretch_line(uint8_t *pixels, size_t side, size_t step, float share)
{
    uint8_t line[3 * SIDE_MAX];
    const float first = 0.5F * ((float)side - 1.0F) * (1.0F - share);
    for (size_t i = 0; i < side; i++) memcpy(line + 3 * i, pixels + i * step, 3);
    for (size_t i = 0; i < side; i++) {
        const float at = first + (float)i * share;
        size_t left = (size_t)at;
        if (left > side - 2) left = side - 2;
        const unsigned right = (unsigned)((at - (float)left) * ONE + 0.5F);
        const uint8_t *from = line + 3 * left;
        for (size_t c = 0; c < 3; c++)
            pixels[i * step + c] = (uint8_t)((from[c] * (ONE - right) + from[3 + c] * right + ROUND) / ONE);
    }
}

static void fit_images(void *context, size_t begin, size_t end, unsigned worker)
{
    const fitting *f = context;
    const size_t row = 3 * f->side;
    (void)worker;
    for (size_t n = begin; n < end; n++) {
        const float aspect = f->aspects[n], ratio = fmaxf(aspect, 1.0F / aspect);
        if (!(ratio > 1.0F)) continue; /* NaN too */
        const bool wide = aspect > 1.0F;
        uint8_t *image = f->images + n * row * f->side;
        for (size_t i = 0; i < f->side; i++)
            stretch_line(image + i * (wide ? row : 3), f->side, wide ? 3 : row, 1.0F / fminf(ratio, f->most));
    }
}

void wn_fit_squares(uint8_t *images, size_t n, size_t side, float cut, const float *aspects, wn_pool *pool)
{
    fitting f = {images, side, cut, aspects};
    if (cut > 1.0F && side >= 2 && side <= SIDE_MAX) wn_pool_for(pool, n, IMAGES_PER_CHUNK, fit_images, &f);
}

void wn_model_fit(const wn_model *model, wn_pool *pool, uint8_t *images, size_t n, const float *aspects)
{
    wn_fit_squares(images, n, model->info.side, model->info.cut, aspects, pool);
}
