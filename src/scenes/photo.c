/* SPDX-License-Identifier: Apache-2.0 */
#include "base/error.h"
#include "scenes/painting.h"
#include "winnow/memory.h"

/* Mean of the box [x0, x1) x [y0, y1) of one channel; at least one pixel wide by interpolation. */
static float box_mean(const wn_photo *p, float x0, float y0, float x1, float y1, int channel)
{
    float sum = 0, total = 0;
    int first_x = (int)floorf(x0), last_x = (int)ceilf(x1), first_y = (int)floorf(y0), last_y = (int)ceilf(y1);
    for (int y = first_y; y < last_y; y++) {
        float wy = wn_minf((float)(y + 1), y1) - wn_maxf((float)y, y0);
        int row = y < 0 ? 0 : y >= p->height ? p->height - 1 : y;
        for (int x = first_x; x < last_x; x++) {
            float wx = wn_minf((float)(x + 1), x1) - wn_maxf((float)x, x0), weight = wx * wy;
            int column = x < 0 ? 0 : x >= p->width ? p->width - 1 : x;
            sum += weight * (float)p->rgb[((size_t)row * (size_t)p->width + (size_t)column) * 3 + (size_t)channel];
            total += weight;
        }
    }
    return total > 0 ? sum / total : 0;
}

wn_status wn_photo_resample(const wn_photo *from, float x, float y, float w, float h, int width, int height,
                            wn_photo *out, wn_error *err)
{
    float sx = w / (float)width, sy = h / (float)height, half_x = 0.5f * wn_maxf(sx, 1), half_y = 0.5f * wn_maxf(sy, 1);
    *out = (wn_photo){
        .width = width, .height = height, .rgb = wn_alloc(WN_MEMORY_IMAGE, (size_t)width * (size_t)height, 3)};
    if (!out->rgb) return wn_fail(err, WN_NOMEM, "no memory for %d x %d pixels", width, height);
    uint8_t *to = out->rgb;
    for (int row = 0; row < height; row++)
        for (int column = 0; column < width; column++)
            for (int channel = 0; channel < 3; channel++) {
                float cx = x + ((float)column + 0.5f) * sx, cy = y + ((float)row + 0.5f) * sy;
                *to++ = (uint8_t)(box_mean(from, cx - half_x, cy - half_y, cx + half_x, cy + half_y, channel) + 0.5f);
            }
    return WN_OK;
}

void wn_photo_brighten(wn_photo *p, float gain, float lift)
{
    uint8_t table[256];
    for (int i = 0; i < 256; i++) table[i] = (uint8_t)(wn_clampf((float)i * gain + lift, 0, 255) + 0.5f);
    for (size_t i = 0, n = (size_t)p->width * (size_t)p->height * 3; i < n; i++) p->rgb[i] = table[p->rgb[i]];
}

void wn_photo_flip(wn_photo *p)
{
    for (int y = 0; y < p->height; y++) {
        uint8_t *row = p->rgb + (size_t)y * (size_t)p->width * 3;
        for (int a = 0, b = p->width - 1; a < b; a++, b--)
            for (int c = 0; c < 3; c++) {
                uint8_t kept = row[a * 3 + c];
                row[a * 3 + c] = row[b * 3 + c];
                row[b * 3 + c] = kept;
            }
    }
}

wn_status wn_photo_store_turned(wn_photo *p, int orientation, wn_error *err)
{
    if (orientation == 1) return WN_OK;
    int w = orientation == 3 ? p->width : p->height, h = orientation == 3 ? p->height : p->width;
    uint8_t *turned = wn_alloc(WN_MEMORY_IMAGE, (size_t)w * (size_t)h, 3);
    if (!turned) return wn_fail(err, WN_NOMEM, "no memory for %d x %d pixels", w, h);
    for (int y = 0; y < h; y++)
        for (int x = 0; x < w; x++) {
            /* Where stored (x, y) is shown: 3 turns by 180, 6 clockwise by 90, 8 the other way. */
            int sx = orientation == 3 ? w - 1 - x : orientation == 6 ? h - 1 - y : y;
            int sy = orientation == 3 ? h - 1 - y : orientation == 6 ? x : w - 1 - x;
            for (int c = 0; c < 3; c++)
                turned[((size_t)y * (size_t)w + (size_t)x) * 3 + (size_t)c] =
                    p->rgb[((size_t)sy * (size_t)p->width + (size_t)sx) * 3 + (size_t)c];
        }
    wn_free(p->rgb);
    *p = (wn_photo){w, h, turned};
    return WN_OK;
}
