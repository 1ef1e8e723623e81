/* SPDX-License-Identifier: Apache-2.0
 *
 * The plan. Its length comes from arithmetic alone: the budget in minutes times the rate of the reference machine over
 * the work of one step. So a plan does not depend on how busy this machine is.
 */
#include "pretrain/train_plan.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "base/error.h"
#include "base/text.h"
#include "pretrain/train_start.h"

/* What two cores of the reference machine do in a training step, all of it included (docs/benchmarks.md). Filters for
 * single channels are bound by memory, so bf16 gains less where they stand between the convolutions. */
static const double reference_flop_fp32 = 0.28e12, reference_flop_bf16 = 0.55e12,
                    reference_flop_bf16_depthwise = 0.44e12;

/* For a batch of BATCH_USUAL: Muon and SGD with Nesterov momentum; AdamW. */
static const double rate_usual = 0.1, rate_adamw = 1e-3;

/* From a model, unless the user sets a rate: the new layers learn at rate_adamw and the network, which knows much
 * already, at a tenth of it, after a time in which they learn alone. Its norms are fixed, and SGD at a rate of 0.01 and
 * above then ends in one point. */
static const double network_share_from = 0.1, frozen_share_from = 0.4, frozen_share = 0.05;

/* Smallest share of the area that a view shows: what a model knows of whole objects is lost on small crops. */
static const double crop_low_usual = 0.2, crop_low_from = 0.4;

enum {
    BATCH_USUAL = 128,
    BATCH_LOSS = 2,        /* what losses need: they compare images */
    BATCH_LEAST = 16,      /* the memory limit does not push it below */
    BATCHES_PER_EPOCH = 8, /* wanted for few images, with batches of BATCH_SMALL at least */
    BATCH_SMALL = 64,
    DIM_LEAST = 8,
    SIDE_USUAL = 64,     /* of views, where neither the user nor a model says another */
    THREADS_PLANNED = 8, /* memory is planned for as many, so that the batch does not depend on the number of threads */
    EPOCHS_MAX = 150     /* a budget does not show few images more often */
};

static const char *const precisions[] = {"auto", "fp32", "bf16", NULL};

const wn_option wn_train_options[] = {
    {WN_OPTION_TEXT, "method", "training method", offsetof(wn_train_params, method), 0, 0, "dcl", NULL, "NAME", 0},
    {WN_OPTION_TEXT, "method-options", "options of the method, as name=value,name=value",
     offsetof(wn_train_params, method_options), 0, 0, NULL, NULL, "LIST", 0},
    {WN_OPTION_TEXT, "network", "network to train", offsetof(wn_train_params, network), 0, 0, NULL, NULL, "NAME", 0},
    {WN_OPTION_TEXT, "from", "model to start from: a file, or default", offsetof(wn_train_params, from), 0, 0, NULL,
     NULL, "MODEL", 0},
    {WN_OPTION_REAL, "minutes", "time budget on two cores", offsetof(wn_train_params, minutes), 0.001, 1e5, "5", NULL,
     "M", 0},
    {WN_OPTION_INT, "epochs", "exact length in passes over the images (0 = from the budget)",
     offsetof(wn_train_params, epochs), 0, 1e6, "0", NULL, "N", 0},
    {WN_OPTION_INT, "steps", "exact length in steps (0 = from the budget)", offsetof(wn_train_params, steps), 0, 1e9,
     "0", NULL, "N", 0},
    {WN_OPTION_INT, "batch", "images in one pass (0 = automatic)", offsetof(wn_train_params, batch), 0, 65536, "0",
     NULL, "N", 0},
    {WN_OPTION_INT, "accumulate", "passes whose gradients make one step", offsetof(wn_train_params, accumulate), 1,
     4096, "1", NULL, "N", 0},
    {WN_OPTION_INT, "views", "views of each image (0 = the method's choice)", offsetof(wn_train_params, views), 0, 64,
     "0", NULL, "N", 0},
    {WN_OPTION_INT, "small-views", "more views of half the side (-1 = the method's choice)",
     offsetof(wn_train_params, small_views), -1, 64, "-1", NULL, "N", 0},
    {WN_OPTION_INT, "dim", "numbers of an embedding", offsetof(wn_train_params, dim), DIM_LEAST, 1024, "128", NULL, "N",
     0},
    {WN_OPTION_TEXT, "optimizer", "muon, sgd, lars or adamw", offsetof(wn_train_params, optimizer), 0, 0, NULL, NULL,
     "NAME", 0},
    {WN_OPTION_REAL, "rate", "highest learning rate (0 = automatic)", offsetof(wn_train_params, rate), 0, 100, "0",
     NULL, "R", 0},
    {WN_OPTION_REAL, "decay", "weight decay (-1 = automatic)", offsetof(wn_train_params, decay), -1, 10, "-1", NULL,
     "D", 0},
    {WN_OPTION_INT, "side", "side of the views in pixels (0 = automatic)", offsetof(wn_train_params, side), 0, 256, "0",
     NULL, "N", 0},
    {WN_OPTION_INT, "embed-side", "side of the pictures that the model embeds (0 = automatic)",
     offsetof(wn_train_params, embed_side), 0, 256, "0", NULL, "N", 0},
    {WN_OPTION_REAL, "crop-low", "least share of the image that a view shows (0 = automatic)",
     offsetof(wn_train_params, crop_low), 0, 1, "0", NULL, "S", 0},
    {WN_OPTION_REAL, "colour", "strength of colour changes in views (0 = none)", offsetof(wn_train_params, colour), 0,
     2, "0.5", NULL, "S", 0},
    {WN_OPTION_REAL, "mirror", "chance of a view to be mirrored (-1 = automatic)", offsetof(wn_train_params, mirror),
     -1, 1, "-1", NULL, "P", 0},
    {WN_OPTION_REAL, "colour-chance", "chance of the colour changes (-1 = automatic)",
     offsetof(wn_train_params, colour_chance), -1, 1, "-1", NULL, "P", 0},
    {WN_OPTION_REAL, "grey", "chance of a view without colour (-1 = automatic)", offsetof(wn_train_params, grey), -1, 1,
     "-1", NULL, "P", 0},
    {WN_OPTION_REAL, "blur", "chance of a blurred view (-1 = automatic)", offsetof(wn_train_params, blur), -1, 1, "-1",
     NULL, "P", 0},
    {WN_OPTION_REAL, "solarise", "chance of inverting what is bright (-1 = automatic)",
     offsetof(wn_train_params, solarise), -1, 1, "-1", NULL, "P", 0},
    {WN_OPTION_BOOL, "fixed-plan", "never shorten the plan on a slow machine", offsetof(wn_train_params, fixed_plan), 0,
     0, NULL, NULL, NULL, 0},
    {WN_OPTION_CHOICE, "precision", "arithmetic of the network", offsetof(wn_train_params, precision), 0, 2, "auto",
     precisions, "P", 0},
    {WN_OPTION_END, NULL, NULL, 0, 0, 0, NULL, NULL, NULL, 0},
};

wn_status wn_train_params_init(wn_train_params *params, wn_error *err)
{
    *params = (wn_train_params){0};
    return wn_options_init(wn_train_options, params, err);
}

bool wn_train_get_network(size_t i, const char **name, const char **summary)
{
    const wn_architecture *architecture = wn_architecture_at(i);
    if (!architecture) return false;
    *name = architecture->name;
    *summary = architecture->summary;
    return true;
}

bool wn_train_get_optimizer(size_t i, const char **name, const char **summary)
{
    *name = wn_optimizer_name(i);
    *summary = wn_optimizer_summary(i);
    return *name != NULL;
}

static void tell_unknown(const char *what, const char *word, bool get(size_t, const char **, const char **),
                         wn_error *err)
{
    const char *words[32] = {NULL}, *summary;
    for (size_t i = 0; i < 31 && get(i, &words[i], &summary); i++) {
    }
    const char *near = wn_nearest_word(word, words);
    if (near)
        wn_fail(err, WN_INVALID, "no %s \"%s\"; did you mean \"%s\"?", what, word, near);
    else
        wn_fail(err, WN_INVALID, "no %s \"%s\"; the default is \"%s\"", what, word, words[0] ? words[0] : "");
}

static wn_status choose_method(const char *name, const char *options, const wn_method **out, void *params,
                               wn_error *err)
{
    *out = name ? wn_method_find(name) : wn_method_at(0);
    if (*out) return wn_method_read_options(*out, options, params, err);
    tell_unknown("training method", name, wn_train_get_method, err);
    return WN_INVALID;
}

wn_status wn_train_check_method_options(const char *method, const char *method_options, wn_error *err)
{
    const wn_method *found;
    unsigned char params[WN_METHOD_PARAMS_MAX];
    return choose_method(method, method_options, &found, params, err);
}

/* The network of the model to start from, and its sides. */
static wn_status choose_start(const wn_train_params *params, wn_learner_setup *learner, wn_error *err)
{
    wn_train_origin origin;
    WN_TRY(wn_train_start_origin(params->from, &origin, err));
    if (params->network && strcmp(params->network, origin.network) != 0) {
        return wn_fail(err, WN_INVALID, "%s is a network \"%s\": leave --network out", params->from, origin.network);
    }
    learner->architecture = wn_architecture_find(origin.network);
    learner->start_hash = origin.hash;
    learner->side = origin.view_side ? origin.view_side : origin.side;
    learner->embed_side = origin.side;
    learner->cut = origin.cut;
    return WN_OK;
}

static wn_status choose_parts(const wn_train_params *params, wn_learner_setup *learner, wn_error *err)
{
    wn_optimizer_options options;
    WN_TRY(choose_method(params->method, params->method_options, &learner->method, learner->method_params, err));
    if (params->from) WN_TRY(choose_start(params, learner, err));
    if (!learner->architecture)
        learner->architecture = params->network ? wn_architecture_find(params->network) : wn_architecture_at(0);
    if (!learner->architecture) {
        tell_unknown("network", params->network, wn_train_get_network, err);
        return WN_INVALID;
    }
    learner->optimizer = params->optimizer ? params->optimizer : params->from ? "adamw" : "muon";
    learner->decay = params->decay >= 0.0 ? params->decay : 5e-4;
    learner->precision = wn_precision_resolve_training((wn_precision)params->precision);
    learner->seed = params->seed;
    learner->threads = THREADS_PLANNED;
    return wn_optimizer_defaults(learner->optimizer, &options, err);
}

/* 32, 64, ... below `dim`, and `dim`. */
static void choose_prefixes(int64_t dim, wn_learner_setup *learner)
{
    for (uint32_t prefix = 32; prefix < dim && learner->prefix_count + 1 < WN_MODEL_PREFIXES_MAX; prefix *= 2) {
        learner->prefixes[learner->prefix_count++] = prefix;
    }
    learner->prefixes[learner->prefix_count++] = (uint32_t)dim;
}

/* Nearest multiple of `step` to half the side, at least one step. */
static uint32_t half_side(uint32_t side, uint32_t step)
{
    uint32_t half = (side / 2 + step / 2) / step * step;
    return half > 0 ? half : step;
}

/* Half as much again as the views, where the images are kept as large. A model to start from keeps its own side. */
static uint32_t usual_embed_side(const wn_train_images *images, const wn_learner_setup *learner, uint32_t step)
{
    const uint32_t side = learner->side, most = side * 3 / 2 < images->side ? side * 3 / 2 : images->side;
    if (learner->start_hash)
        return learner->embed_side >= side && learner->embed_side <= 2 * side ? learner->embed_side : side;
    return most < side ? side : most / step * step;
}

static wn_status choose_embed_side(const wn_train_images *images, const wn_train_params *params,
                                   wn_learner_setup *learner, wn_error *err)
{
    const uint32_t step = wn_architecture_side_step(learner->architecture), side = learner->side;
    const uint32_t chosen =
        params->embed_side > 0 ? (uint32_t)params->embed_side : usual_embed_side(images, learner, step);
    learner->embed_side = chosen;
    if (chosen >= side && chosen <= 2 * side && wn_architecture_takes_side(learner->architecture, chosen)) return WN_OK;
    return wn_fail(err, WN_INVALID,
                   "--embed-side %u: with views of %u pixels network \"%s\" embeds pictures of a multiple of %u from "
                   "%u to %u",
                   (unsigned)chosen, (unsigned)side, learner->architecture->name, (unsigned)step, (unsigned)side,
                   2 * (unsigned)side);
}

static wn_status choose_views(const wn_train_images *images, const wn_train_params *params, wn_learner_setup *learner,
                              wn_error *err)
{
    uint32_t step = wn_architecture_side_step(learner->architecture);
    if (params->side > 0) learner->side = (uint32_t)params->side;
    if (learner->side == 0) learner->side = images->side < SIDE_USUAL ? images->side : SIDE_USUAL;
    if (learner->side < 16 || learner->side > 256 || learner->side % step != 0 || images->side < 8) {
        return wn_fail(err, WN_INVALID,
                       "views of side %u: network \"%s\" takes multiples of %u from 16 to 256; --side gives another",
                       (unsigned)learner->side, learner->architecture->name, (unsigned)step);
    }
    WN_TRY(choose_embed_side(images, params, learner, err));
    learner->small_side = half_side(learner->side, step);
    learner->views = (size_t)(params->views > 0 ? params->views : learner->method->views);
    learner->small_views = (size_t)(params->small_views >= 0 ? params->small_views : learner->method->small_views);
    int64_t least = learner->method->views_least > 0 ? learner->method->views_least : 2;
    if ((int64_t)(learner->views + learner->small_views) < least) {
        return wn_fail(err, WN_INVALID,
                       "method \"%s\" compares views: --views and --small-views must give %lld at least",
                       learner->method->name, (long long)least);
    }
    if (learner->method->taught && (!images->teacher || images->teacher_dim == 0)) {
        return wn_fail(err, WN_INVALID,
                       "method \"%s\" needs a teacher: a model, --teacher MODEL, or embeddings of the same images, "
                       "--teacher E.npy",
                       learner->method->name);
    }
    return WN_OK;
}

/* Images of a step. Few images make several batches of equal size, so that an epoch leaves hardly one out. */
static int64_t choose_batch(int64_t images, int64_t asked)
{
    int64_t batch = asked;
    if (batch == 0) {
        batch = images / BATCHES_PER_EPOCH;
        if (batch < BATCH_SMALL) batch = BATCH_SMALL;
        if (batch > BATCH_USUAL) batch = BATCH_USUAL;
    }
    if (batch >= images) return images;
    const int64_t batches = (images + batch - 1) / batch, even = images / batches;
    if (images >= BATCHES_PER_EPOCH * 2 * batch) return batch;
    return even < BATCH_LOSS ? BATCH_LOSS : even;
}

static double step_flop(const wn_learner_setup *l)
{
    double full = wn_architecture_flop(l->architecture, l->side) * (double)l->views;
    double small = wn_architecture_flop(l->architecture, l->small_side) * (double)l->small_views;
    /* forward, and backward by inputs and by weights; a teacher goes forward over the full views */
    double once = 3.0 * (full + small) + (l->method->momentum ? full : 0.0);
    return once * (double)l->images * (double)(l->accumulate > 1 ? l->accumulate : 1);
}

static int64_t choose_steps(const wn_train_params *params, const wn_train_plan *plan, double reference)
{
    if (plan->images < 2) return 0;
    int64_t per_step = plan->batch * plan->accumulate;
    int64_t per_epoch = plan->images > per_step ? plan->images / per_step : 1;
    if (params->steps > 0) return params->steps;
    if (params->epochs > 0) return params->epochs * per_epoch;
    double steps = params->minutes * 60.0 * reference / plan->flop;
    steps = fmin(steps, (double)(EPOCHS_MAX * per_epoch));
    return steps > 1.0 ? (int64_t)steps : 1;
}

/* Bytes of a run, the cache of images left out. */
static uint64_t plan_bytes(const wn_learner_setup *learner, int64_t images)
{
    uint64_t full = (uint64_t)learner->embed_side * learner->embed_side * 3,
             small = (uint64_t)learner->small_side * learner->small_side * 3;
    uint64_t views = (uint64_t)learner->images * (full * (learner->views + 1) + small * learner->small_views);
    const wn_mlp_layer *last = &learner->method->projector[learner->method->projector_len - 1];
    uint64_t targets = learner->method->taught ? ((uint64_t)images + learner->images) * last->width * sizeof(float) : 0;
    const wn_learner_need need = wn_learner_bytes(learner);
    return need.numbers + need.passes + views + targets + (uint64_t)images * sizeof(int64_t);
}

/* Fits batch and cache under the limit. */
static wn_status fit_memory(const wn_train_images *images, const wn_train_params *params, wn_train_setup *s,
                            wn_error *err)
{
    const uint64_t cache = (uint64_t)images->count * images->side * images->side * 3, limit = params->memory_limit;
    wn_train_plan *plan = &s->plan;
    plan->memory = plan_bytes(&s->learner, images->count);
    while (limit > 0 && plan->memory > limit && plan->batch > BATCH_LEAST) {
        plan->batch = plan->batch / 2 > BATCH_LEAST ? plan->batch / 2 : BATCH_LEAST;
        plan->batch_reduced = true;
        s->learner.images = (size_t)plan->batch;
        plan->memory = plan_bytes(&s->learner, images->count);
    }
    if (limit > 0 && plan->memory > limit) {
        char needed[32], given[32];
        wn_text_bytes(plan->memory, needed);
        wn_text_bytes(limit, given);
        return wn_fail(err, WN_LIMIT,
                       "training needs %s with batches of %" PRId64
                       ", more than the %s that are left to it; a higher --memory-limit, fewer --views or a smaller "
                       "--network helps",
                       needed, plan->batch, given);
    }
    plan->images_cached = limit == 0 || plan->memory + cache <= limit;
    if (plan->images_cached) plan->memory += cache;
    s->spare = limit > 0 ? limit - plan->memory : UINT64_MAX;
    return WN_OK;
}

static double reference_flop(const wn_learner_setup *l)
{
    if (l->precision != WN_PRECISION_BF16) return reference_flop_fp32;
    for (size_t i = 0; i < l->architecture->layer_count; i++) {
        if (l->architecture->layers[i].depthwise) return reference_flop_bf16_depthwise;
    }
    return reference_flop_bf16;
}

/* Rates, and how long a network that starts from a model waits. */
static void choose_rates(const wn_train_params *params, wn_train_setup *out)
{
    const wn_train_plan *plan = &out->plan;
    const bool automatic = params->rate <= 0.0;
    const char *optimizer = out->learner.optimizer;
    const double usual = strcmp(optimizer, "adamw") == 0 ? rate_adamw : rate_usual;
    const double steps = (double)plan->steps;
    out->rate = automatic ? usual * sqrt((double)(plan->batch * plan->accumulate) / BATCH_USUAL) : params->rate;
    out->network_share = params->from && automatic ? network_share_from : 1.0;
    out->frozen = params->from ? (int64_t)(steps * (automatic ? frozen_share_from : frozen_share)) : 0;
    out->warm_up = plan->steps / 20 < 500 ? plan->steps / 20 : 500;
}

wn_status wn_train_settle_plan(const wn_train_images *images, const wn_train_params *params, wn_train_setup *out,
                               wn_error *err)
{
    *out = (wn_train_setup){0};
    wn_learner_setup *l = &out->learner;
    wn_train_plan *plan = &out->plan;
    if (images->count < 1 || images->count > INT32_MAX) {
        return wn_fail(err, WN_INVALID, "%" PRId64 " images: nothing to train on", images->count);
    }
    WN_TRY(choose_parts(params, l, err));
    WN_TRY(choose_views(images, params, l, err));
    if (params->dim > (int64_t)wn_architecture_features(l->architecture)) {
        return wn_fail(err, WN_INVALID, "--dim %" PRId64 ": network \"%s\" has %u features", params->dim,
                       l->architecture->name, (unsigned)wn_architecture_features(l->architecture));
    }
    choose_prefixes(params->dim, l);

    plan->images = images->count;
    if (params->batch > 0 && params->batch < BATCH_LOSS && images->count >= BATCH_LOSS) {
        return wn_fail(err, WN_INVALID, "--batch %" PRId64 ": training compares images; it needs %d in a pass",
                       params->batch, (int)BATCH_LOSS);
    }
    plan->batch = choose_batch(images->count, params->batch);
    plan->accumulate = params->accumulate > 1 ? params->accumulate : 1;
    l->accumulate = (size_t)plan->accumulate;
    plan->batch_reduced = params->batch > 0 && plan->batch < params->batch;
    l->images = (size_t)plan->batch;
    WN_TRY(fit_memory(images, params, out, err));

    const double reference = reference_flop(l);
    plan->views = (int64_t)l->views;
    plan->small_views = (int64_t)l->small_views;
    plan->side = l->side;
    plan->small_side = l->small_side;
    plan->embed_side = l->embed_side;
    plan->precision = l->precision;
    plan->flop = step_flop(l);
    plan->steps = choose_steps(params, plan, reference);
    plan->epochs = (double)plan->steps * (double)(plan->batch * plan->accumulate) / (double)plan->images;
    plan->seconds = (double)plan->steps * plan->flop / reference;
    choose_rates(params, out);
    out->crop_low = params->crop_low > 0.0 ? params->crop_low : params->from ? crop_low_from : crop_low_usual;
    out->minutes = params->steps > 0 || params->epochs > 0 || params->fixed_plan ? 0.0 : params->minutes;
    return WN_OK;
}

wn_status wn_train_make_plan(const wn_train_images *images, const wn_train_params *params, wn_train_plan *out,
                             wn_error *err)
{
    wn_train_setup setup;
    wn_status status = wn_train_settle_plan(images, params, &setup, err);
    *out = setup.plan;
    return status;
}

/* The chances that were given; the usual ones are not named, so that checkpoints of before go on. */
static void describe_views(const wn_train_params *p, wn_buffer *out)
{
    const struct {
        const char *name;
        double chance;
    } rows[] = {{"mirror", p->mirror},
                {"colour-chance", p->colour_chance},
                {"grey", p->grey},
                {"blur", p->blur},
                {"solarise", p->solarise}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        if (rows[i].chance >= 0.0) (void)wn_buffer_format(out, " %s=%.9g", rows[i].name, rows[i].chance);
    }
}

wn_status wn_train_describe(const wn_train_params *params, const wn_train_setup *s, wn_buffer *out)
{
    const wn_learner_setup *l = &s->learner;
    (void)wn_buffer_format(out, "method=%s", l->method->name);
    if (params->method_options && *params->method_options) {
        (void)wn_buffer_format(out, " method-options=%s", params->method_options);
    }
    if (s->plan.accumulate > 1) (void)wn_buffer_format(out, " accumulate=%" PRId64, s->plan.accumulate);
    (void)wn_buffer_format(out, " network=%s side=%u batch=%" PRId64 " views=%zu small-views=%zu small-side=%u",
                           l->architecture->name, (unsigned)l->side, s->plan.batch, l->views, l->small_views,
                           (unsigned)l->small_side);
    (void)wn_buffer_format(
        out, " dim=%" PRId64 " optimizer=%s rate=%.9g decay=%.9g crop-low=%.9g colour=%.9g precision=%s", params->dim,
        l->optimizer, s->rate, l->decay, s->crop_low, params->colour, precisions[l->precision]);
    describe_views(params, out);
    if (l->start_hash) (void)wn_buffer_format(out, " from=%016" PRIx64, l->start_hash);
    if (s->network_share < 1.0) (void)wn_buffer_format(out, " network-share=%.9g", s->network_share);
    if (l->cut > 1.0F) (void)wn_buffer_format(out, " cut=%.9g", (double)l->cut);
    return wn_buffer_format(out, " seed=%" PRIu64, l->seed);
}

void wn_train_shorten(wn_train_setup *setup, int64_t steps)
{
    const double share = (double)steps / (double)setup->plan.steps;
    setup->warm_up = (int64_t)(share * (double)setup->warm_up);
    setup->frozen = (int64_t)(share * (double)setup->frozen);
    setup->plan.epochs *= share;
    setup->plan.seconds *= share;
    setup->plan.steps = steps;
}

double wn_train_network_rate(const wn_train_setup *s, int64_t step)
{
    if (step < s->frozen) return 0.0;
    double share = s->frozen > 0 ? (double)(step - s->frozen + 1) / (double)s->frozen : 1.0;
    return s->network_share * wn_train_rate(s, step) * (share < 1.0 ? share : 1.0);
}

double wn_train_rate(const wn_train_setup *s, int64_t step)
{
    if (step < s->warm_up) return s->rate * (double)(step + 1) / (double)s->warm_up;
    double part = (double)(step - s->warm_up) / (double)(s->plan.steps - s->warm_up);
    return part < 1.0 ? s->rate * 0.5 * (1.0 + cos(part * 3.14159265358979323846)) : 0.0;
}
