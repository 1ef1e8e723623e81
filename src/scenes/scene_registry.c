/* SPDX-License-Identifier: Apache-2.0
 *
 * The table of classes, and painting one scene of a class.
 */
#include "base/error.h"
#include "scenes/painting.h"
#include "scenes/scene_class.h"
#include "winnow/memory.h"

#define X(name) extern const wn_scene_class wn_scene_class_##name;
#include "scenes/classes.def"
#undef X

static const wn_scene_class *const classes[] = {
#define X(name) &wn_scene_class_##name,
#include "scenes/classes.def"
#undef X
};

int wn_scenes_class_count(void)
{
    return (int)(sizeof classes / sizeof classes[0]);
}

const wn_scene_class *wn_scene_class_at(int index)
{
    return index >= 0 && index < wn_scenes_class_count() ? classes[index] : NULL;
}

const char *wn_scenes_class_name(int index)
{
    const wn_scene_class *class_ = wn_scene_class_at(index);
    return class_ ? class_->name : NULL;
}

wn_status wn_scene_render(const wn_painting *painting, uint8_t *rgb, wn_daytime *time, wn_error *err)
{
    wn_world world = {0};
    wn_status status;
    const wn_scene_class *class_ = painting->outlier >= 0 ? NULL : wn_scene_class_at(painting->class_index);

    WN_TRY(wn_canvas_init(&world.canvas, painting->width, painting->height, err));
    wn_rng_init(&world.rng, painting->seed, painting->stream);
    wn_world_begin(&world, painting->night, !class_ || class_->indoors);
    if (class_)
        class_->paint(&world);
    else
        wn_scene_outlier_paint(&world, painting->outlier);
    if (time) *time = world.time;

    world.exposure *= painting->exposure;
    world.sensor_noise += painting->noise;
    if (painting->take)
        world.rng = (wn_rng){0}, wn_rng_init(&world.rng, painting->seed ^ painting->take, painting->stream);
    if (painting->blur_x > 0 || painting->blur_y > 0)
        if ((status = wn_canvas_blur(&world.canvas, painting->blur_x, painting->blur_y, 0, painting->height, err)))
            goto done;
    wn_world_finish(&world, rgb);
    status = WN_OK;
done:
    wn_canvas_clear(&world.canvas);
    return status;
}

wn_status wn_scenes_paint(uint64_t seed, uint64_t index, int class_index, bool night, int width, int height,
                          uint8_t **pixels, wn_error *err)
{
    *pixels = NULL;
    if (class_index < 0 || class_index >= wn_scenes_class_count())
        return wn_fail(err, WN_INVALID, "class %d is not among the %d classes", class_index, wn_scenes_class_count());
    if (width < 8 || height < 8 || width > 8192 || height > 8192)
        return wn_fail(err, WN_INVALID, "a scene is 8 to 8192 pixels wide and high, not %d x %d", width, height);
    wn_painting painting = {.seed = seed,
                            .stream = index,
                            .class_index = class_index,
                            .outlier = -1,
                            .night = night,
                            .width = width,
                            .height = height,
                            .exposure = 1};
    uint8_t *rgb = wn_alloc(WN_MEMORY_IMAGE, (size_t)width * (size_t)height, 3);
    if (!rgb) return wn_fail(err, WN_NOMEM, "no memory for %d x %d pixels", width, height);
    wn_status status = wn_scene_render(&painting, rgb, NULL, err);
    if (status)
        wn_free(rgb);
    else
        *pixels = rgb;
    return status;
}
