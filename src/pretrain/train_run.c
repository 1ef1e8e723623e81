/* SPDX-License-Identifier: Apache-2.0
 *
 * The training loop. Step k depends on the numbers after step k - 1, on k and on the seed, on nothing else; so a run
 * that continues from a checkpoint does what an undisturbed run does. The clock decides only when a checkpoint is
 * written, and once, on a machine slower than the reference, that the plan becomes shorter.
 */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/file.h"
#include "base/hash.h"
#include "base/text.h"
#include "embed/model_file.h"
#include "pretrain/epoch_order.h"
#include "pretrain/image_feed.h"
#include "pretrain/train_checkpoint.h"
#include "pretrain/train_finish.h"
#include "pretrain/train_log.h"
#include "pretrain/train_plan.h"
#include "pretrain/train_start.h"
#include "pretrain/train_variety.h"
#include "winnow/cpu.h"
#include "winnow/log.h"
#include "winnow/memory.h"

static const double checkpoint_seconds = 3.0, checkpoint_share = 0.02; /* of the time, at most */
static const double guard_seconds = 15.0, guard_share = 0.1;           /* when the plan is checked against the clock */
static const double guard_tolerance = 1.1;
/* The loss that is told is a mean over about this share of the steps. */
static const double loss_share = 0.1;
static const double spread_collapsed = 0.02;

enum { GUARD_STEPS = 8, GUARD_SKIPPED = 2, LOG_LINES_MAX = 5000 };

typedef struct run {
    const wn_train_images *images;
    const wn_train_params *params;
    wn_pool *pool;
    const wn_progress *progress;
    wn_train_setup setup;
    wn_learner *learner;
    wn_image_feed feed;
    float *targets;      /* images x width, of the teacher; NULL without one */
    size_t target_width; /* and those of one step */
    float *step_targets;
    wn_epoch_order order;
    wn_train_state state;
    wn_train_log log;
    wn_buffer bytes, description; /* of checkpoint and model; options as text */
    char *checkpoint_path, *log_path;
    uint64_t identity;
    int64_t first_step;      /* of this process */
    double started, guarded; /* clock: first step, end of the steps that are not timed */
    double checkpoint_at, checkpoint_cost;
    bool checkpoint_kept; /* the file holds good numbers of this run: read from it at the start, or written since */
    bool checkpoint_failed, guard_done, collapsed;
} run;

static wn_status set_paths(run *r, const wn_train_files *files, wn_error *err)
{
    wn_buffer text;
    wn_buffer_init(&text, WN_MEMORY_TEXT, 0);
    (void)wn_buffer_format(&text, "%s.checkpoint", files->model);
    r->checkpoint_path = wn_text_copy(files->checkpoint ? files->checkpoint : text.data ? text.data : "");
    wn_buffer_reset(&text);
    (void)wn_buffer_format(&text, "%s.csv", files->model);
    r->log_path = wn_text_copy(files->log ? files->log : text.data ? text.data : "");
    wn_status status = text.status;
    wn_buffer_clear(&text);
    if (status == WN_OK && r->checkpoint_path && r->log_path) return WN_OK;
    return wn_fail(err, WN_NOMEM, "out of memory for file names");
}

/* Names everything that decides the result, so that no other run's checkpoint is continued. */
static uint64_t identify(const run *r)
{
    const uint64_t facts[] = {(uint64_t)r->images->count, r->images->side, r->images->hash,
                              (uint64_t)r->setup.plan.steps, (uint64_t)wn_cpu_level()};
    uint64_t hash = wn_hash64_seeded(facts, sizeof facts, wn_hash64_of(r->description.data, r->description.len));
    if (!r->setup.learner.method->taught) return hash;
    return wn_hash64_seeded(r->images->teacher, (size_t)r->images->count * r->images->teacher_dim * sizeof(float),
                            hash);
}

/* A sound checkpoint of other options or of another version may be hours of work: it is not written over. The one of
 * these options may have given way to it before. */
static wn_status change_checkpoint(run *r, wn_status status, const wn_error *why)
{
    wn_buffer aside;
    wn_error again = {0};
    wn_buffer_init(&aside, WN_MEMORY_TEXT, 0);
    const bool kept = status == WN_VERSION && !wn_train_checkpoint_set_aside(r->checkpoint_path, &aside, &again);
    const bool free_place = kept || status != WN_VERSION;
    status = WN_NOTFOUND;
    if (free_place && wn_train_checkpoint_bring_back(r->checkpoint_path, r->identity))
        status = wn_train_checkpoint_read(r->checkpoint_path, r->identity, &r->state, r->learner, &r->bytes, &again);
    if (why->status != WN_NOTFOUND)
        wn_log(WN_LOG_INFO, "%s; training %s%s%s", why->message,
               status == WN_OK ? "takes up the one of its own options" : "starts from the beginning",
               kept ? ", that one is kept as " : "", kept ? (const char *)aside.data : "");
    wn_buffer_clear(&aside);
    return status;
}

/* Continues from a checkpoint where there is a fitting one. */
static wn_status resume(run *r, wn_error *err)
{
    wn_error why = {0};
    r->state = (wn_train_state){.steps = r->setup.plan.steps, .steps_planned = r->setup.plan.steps};
    wn_status status =
        wn_train_checkpoint_read(r->checkpoint_path, r->identity, &r->state, r->learner, &r->bytes, &why);
    if (status == WN_VERSION || status == WN_CORRUPT || status == WN_NOTFOUND)
        status = change_checkpoint(r, status, &why);
    else if (status != WN_OK)
        return wn_fail(err, status, "%s", why.message);
    if (status == WN_OK) {
        r->checkpoint_kept = true;
        wn_log(WN_LOG_INFO, "training continues after step %" PRId64 " of %" PRId64, r->state.step, r->state.steps);
    }
    if (r->state.steps < r->setup.plan.steps) wn_train_shorten(&r->setup, r->state.steps);
    r->first_step = r->state.step;
    return wn_learner_commit(r->learner, r->pool, err);
}

static wn_status prepare_targets(run *r, wn_error *err)
{
    const wn_learner_setup *l = &r->setup.learner;
    r->target_width = l->method->projector[l->method->projector_len - 1].width;
    r->step_targets = wn_alloc(WN_MEMORY_TRAINING, l->images * r->target_width, sizeof *r->step_targets);
    if (!r->step_targets) return wn_fail(err, WN_NOMEM, "out of memory for the teacher");
    return wn_train_start_targets(r->images, r->target_width, r->pool, &r->targets, err);
}

static wn_status refuse_images(const wn_train_variety *v, wn_error *err)
{
    char which[64];
    if (v->images < 2)
        return wn_fail(err, WN_INVALID,
                       "training learns from the differences between images, and there is only one image; add more, or "
                       "use the built-in model, which needs no training");
    if (v->largest == v->images)
        (void)snprintf(which, sizeof which, "all %" PRId64 " images are", v->images);
    else
        (void)snprintf(which, sizeof which, "%" PRId64 " of %" PRId64 " images are", v->largest, v->images);
    return wn_fail(err, WN_INVALID,
                   "training would collapse: it learns from the differences between images, and %s copies of one (%s). "
                   "Add images that differ, or use the built-in model, which needs no training",
                   which,
                   v->same == v->largest ? "the same in every pixel" : "the same picture, encoded or resized anew");
}

/* Refuses images that are all alike, of which nothing can be learned, and says when many are. */
static wn_status look_at_images(run *r, wn_train_result *result, wn_error *err)
{
    wn_train_variety v;
    WN_TRY(wn_train_look(&r->feed, &v, err));
    result->looked_at = v.images;
    result->different = v.different;
    result->nothing_to_learn = wn_train_variety_is_none(&v);
    if (result->nothing_to_learn) return refuse_images(&v, err);
    if (wn_train_variety_is_low(&v))
        wn_log(WN_LOG_WARNING,
               "of %" PRId64 " images only %" PRId64 " differ, and %" PRId64
               " are copies of one: training has little to tell apart",
               v.images, v.different, v.largest);
    return WN_OK;
}

static wn_status start(run *r, const wn_train_files *files, wn_train_result *result, wn_error *err)
{
    const wn_train_plan *plan = &r->setup.plan;
    WN_TRY(set_paths(r, files, err));
    WN_TRY(wn_train_settle_plan(r->images, r->params, &r->setup, err));
    r->setup.learner.threads = wn_pool_threads(r->pool);
    if (wn_train_describe(r->params, &r->setup, &r->description) != WN_OK) {
        return wn_fail(err, WN_NOMEM, "out of memory for the options");
    }
    char memory[32];
    wn_text_bytes(plan->memory, memory);
    wn_log(WN_LOG_VERBOSE,
           "training plan: %" PRId64 " images, %" PRId64 " steps of %" PRId64 " images (%.1f epochs), %s", plan->images,
           plan->steps, plan->batch, plan->epochs, memory);
    if (r->params->precision == WN_PRECISION_BF16 && plan->precision != WN_PRECISION_BF16)
        wn_log(WN_LOG_WARNING, "this processor has no bf16 arithmetic (AVX512-BF16, AMX): training in fp32");
    if (plan->batch_reduced) wn_log(WN_LOG_INFO, "batches hold %" PRId64 " images", plan->batch);
    r->identity = identify(r);
    wn_train_params settled = *r->params;
    settled.crop_low = r->setup.crop_low;
    WN_TRY(wn_image_feed_init(&r->feed, r->images, &r->setup.learner, &settled, plan->images_cached, r->pool,
                              r->progress, err));
    WN_TRY(look_at_images(r, result, err));
    WN_TRY(wn_epoch_order_init(&r->order, r->setup.learner.seed, plan->images, plan->batch, err));
    WN_TRY(wn_learner_new(&r->setup.learner, &r->learner, err));
    if (r->params->from) WN_TRY(wn_train_start_from(r->params->from, r->learner, err));
    wn_learner_align_teacher(r->learner);
    if (r->setup.learner.method->taught) WN_TRY(prepare_targets(r, err));
    WN_TRY(resume(r, err));
    wn_train_log_open(&r->log, r->log_path, r->state.log_bytes);
    r->started = r->guarded = r->checkpoint_at = wn_clock_seconds();
    return WN_OK;
}

/* A checkpoint that cannot be written is said once; the next one may succeed. The reason is in `why` too, which
 * is no NULL. */
static wn_status save(run *r, wn_error *why)
{
    wn_error err = {0};
    wn_train_state state = r->state;
    double begin = wn_clock_seconds();
    state.log_bytes = r->log.bytes;
    state.seconds += begin - r->started;
    wn_status status = wn_train_checkpoint_write(r->checkpoint_path, r->identity, &state, r->learner, &r->bytes, &err);
    if (status)
        (void)wn_fail(why, status, "the checkpoint %.120s: %.220s; %s", r->checkpoint_path, err.message,
                      status == WN_NOSPACE ? "free space on that disk" : "see to it that its folder can be written");
    if (status && !r->checkpoint_failed) {
        wn_log(WN_LOG_WARNING,
               "%s. The one before is kept; training goes on, and a kill would cost what was done since", why->message);
        r->checkpoint_failed = true;
    }
    if (!status) r->checkpoint_kept = true;
    r->checkpoint_at = wn_clock_seconds();
    r->checkpoint_cost = r->checkpoint_at - begin;
    return status;
}

static void save_when_due(run *r)
{
    wn_error unused;
    double since = wn_clock_seconds() - r->checkpoint_at;
    if (r->state.watch.low > 0) return; /* the last good one stays until it is clear that nothing is wrong */
    if (since >= checkpoint_seconds && since * checkpoint_share >= r->checkpoint_cost) (void)save(r, &unused);
}

/* Once, after some timed steps: a plan that cannot keep its budget becomes shorter. */
static void guard_budget(run *r)
{
    double now = wn_clock_seconds(), budget = r->setup.minutes * 60.0;
    int64_t done = r->state.step - r->first_step;
    if (done == GUARD_SKIPPED) r->guarded = now;
    if (r->guard_done || budget <= 0.0 || r->state.steps != r->state.steps_planned || done < GUARD_STEPS) return;
    if (now - r->guarded < fmin(guard_seconds, guard_share * budget)) return;
    r->guard_done = true;

    double spent = r->state.seconds + now - r->started, a_step = (now - r->guarded) / (double)(done - GUARD_SKIPPED);
    double projected = spent + a_step * (double)(r->state.steps - r->state.step);
    if (projected <= budget * guard_tolerance) return;
    double left = (budget - spent) / a_step;
    int64_t steps = r->state.step + (left > 1.0 ? (int64_t)left : 1);
    if (steps >= r->state.steps) return;
    wn_log(WN_LOG_WARNING,
           "plan shortened from %" PRId64 " to %" PRId64
           " steps to keep %.3g minutes; --fixed-plan or --steps prevents it",
           r->state.steps, steps, r->setup.minutes);
    wn_train_shorten(&r->setup, steps);
    r->state.steps = steps;
}

/* Digits in groups of three: "12,345". */
static void group_digits(double value, char out[32])
{
    char digits[32];
    int len = snprintf(digits, sizeof digits, "%.0f", value), to = 0;
    for (int i = 0; i < len && to < 30; i++) {
        if (i > 0 && (len - i) % 3 == 0) out[to++] = ',';
        out[to++] = digits[i];
    }
    out[to] = '\0';
}

static double images_per_second(const run *r, double now)
{
    double done = (double)(r->state.step - r->first_step) * (double)(r->setup.plan.batch * r->setup.plan.accumulate);
    return now > r->started ? done / (now - r->started) : 0.0;
}

static bool tell(const run *r)
{
    char note[96], rate[32];
    const wn_train_plan *plan = &r->setup.plan;
    const int64_t images = plan->batch * plan->accumulate;
    group_digits(images_per_second(r, wn_clock_seconds()) * (double)(plan->views + plan->small_views), rate);
    (void)snprintf(note, sizeof note, "loss %.2f, %s views/s", r->state.loss, rate);
    wn_progress_report report = {.stage = "train",
                                 .unit = "images",
                                 .done = (uint64_t)(r->state.step * images),
                                 .total = (uint64_t)(r->state.steps * images),
                                 .note = r->state.step > 0 ? note : NULL};
    return wn_progress_tell(r->progress, &report);
}

/* The passes of one step. */
static wn_status run_passes(run *r, wn_learner_report *report, wn_error *err)
{
    const wn_train_plan *plan = &r->setup.plan;
    wn_learner_input input = {.pixels = {r->feed.pixels[0], r->feed.pixels[1]},
                              .targets = r->step_targets,
                              .step = r->state.step,
                              .progress = (double)r->state.step / (double)r->state.steps,
                              .rate = wn_train_rate(&r->setup, r->state.step),
                              .network_rate = wn_train_network_rate(&r->setup, r->state.step)};
    double loss = 0.0;
    for (; input.pass < (size_t)plan->accumulate; input.pass++) {
        const int64_t pass = input.step * plan->accumulate + (int64_t)input.pass;
        const int64_t *rows = wn_epoch_order_rows(&r->order, pass);
        WN_TRY(wn_image_feed_views(&r->feed, r->pool, pass, rows, (size_t)plan->batch, err));
        for (int64_t i = 0; r->targets && i < plan->batch; i++) {
            memcpy(r->step_targets + (size_t)i * r->target_width, r->targets + (size_t)rows[i] * r->target_width,
                   r->target_width * sizeof *r->targets);
        }
        WN_TRY(wn_learner_step(r->learner, r->pool, &input, report, err));
        loss += report->loss / (double)plan->accumulate;
    }
    report->loss = loss;
    return WN_OK;
}

/* The checkpoint from before stays: the numbers of the last steps are finite, but hardly worth keeping. */
static wn_status tell_divergence(run *r, const wn_error *why, wn_error *err)
{
    wn_error unused;
    const bool kept = r->checkpoint_kept || save(r, &unused) == WN_OK;
    const bool short_numbers = r->setup.learner.precision == WN_PRECISION_BF16;
    return wn_fail(
        err, WN_INTERNAL,
        "training step %" PRId64 " of %" PRId64 ": %s. Try a lower --rate (it was %.3g)%s; with other options "
        "training starts anew. %s %s",
        r->state.step + 1, r->state.steps, why->message, r->setup.rate, short_numbers ? " or --precision fp32" : "",
        r->checkpoint_path, kept ? "keeps the last good numbers" : "could not be written");
}

/* What a step weighs in the mean loss: the first ones alike, then ever older ones ever less. */
static double loss_weight(const run *r, int64_t step)
{
    const double steps = fmax(loss_share * (double)r->state.steps, 1.0);
    return 1.0 / fmin((double)(step + 1), steps);
}

static wn_status train_step(run *r, wn_error *err)
{
    const wn_train_plan *plan = &r->setup.plan;
    const int64_t step = r->state.step, images = plan->batch * plan->accumulate;
    const double begin = wn_clock_seconds();
    wn_learner_report report;
    wn_error why = {0};

    wn_status status = run_passes(r, &report, &why);
    if (status == WN_INTERNAL) return tell_divergence(r, &why, err);
    if (status != WN_OK) return wn_fail(err, status, "%s", why.message);
    r->state.loss += (report.loss - r->state.loss) * loss_weight(r, step);
    r->state.step = step + 1;
    r->collapsed = wn_train_watch_step(&r->state.watch, &report.spread, plan->batch, r->setup.warm_up + r->setup.frozen,
                                       r->state.steps);
    if (step % (r->state.steps / LOG_LINES_MAX + 1) == 0 || step + 1 == r->state.steps || r->collapsed) {
        double seconds = wn_clock_seconds() - begin;
        wn_train_log_line(&r->log, "%" PRId64 ",%.3f,%.5f,%.6g,%.1f,%.4f,%.4f,%.2f", step + 1,
                          (double)((step + 1) * images) / (double)plan->images, report.loss,
                          wn_train_rate(&r->setup, step), (double)images / fmax(seconds, 1e-9), report.spread.std,
                          report.spread.share, report.spread.rank);
    }
    return WN_OK;
}

static wn_status stop(run *r, wn_error *err)
{
    wn_error why = {0};
    if (save(r, &why) == WN_OK)
        return wn_fail(err, WN_CANCELLED, "training was cancelled after %" PRId64 " of %" PRId64 " steps",
                       r->state.step, r->state.steps);
    return wn_fail(err, WN_CANCELLED,
                   "training was cancelled after %" PRId64 " of %" PRId64
                   " steps, and what was done since the last checkpoint is lost: %s",
                   r->state.step, r->state.steps, why.message);
}

/* What the embeddings of a collapsed run look like, in words. */
static const char *describe_collapse(const run *r)
{
    switch (wn_train_watch_look(&r->state.watch, r->setup.plan.batch)) {
    case WN_COLLAPSE_POINT:
        return "all images give almost one point";
    case WN_COLLAPSE_LINE:
        return "all embeddings lie on one line";
    case WN_COLLAPSE_VIEWS:
        return "images are no further apart than the views of one of them";
    case WN_COLLAPSE_NONE:
        break;
    }
    return "the embeddings tell nothing apart";
}

static wn_status tell_collapse(run *r, wn_train_result *result, wn_error *err)
{
    const bool kept = r->checkpoint_kept;
    result->collapsed = true;
    return wn_fail(err, WN_INVALID,
                   "training collapsed: since step %" PRId64 " %s (stopped at step %" PRId64 " of %" PRId64
                   "). Try a lower --rate (it was %.3g), a larger --batch, or a --method that keeps embeddings apart "
                   "(dcl, vicreg)%s%s%s",
                   r->state.step - r->state.watch.low, describe_collapse(r), r->state.step, r->state.steps,
                   r->setup.rate, kept ? ". " : "", kept ? r->checkpoint_path : "",
                   kept ? " keeps the numbers from before" : "");
}

static wn_status train(run *r, wn_train_result *result, wn_error *err)
{
    while (r->state.step < r->state.steps) {
        if (tell(r)) return stop(r, err);
        WN_TRY(train_step(r, err));
        if (r->collapsed) return tell_collapse(r, result, err);
        guard_budget(r);
        save_when_due(r);
    }
    (void)tell(r);
    return WN_OK;
}

/* Statistics, file, and the checkpoint's end. */
static wn_status finish(run *r, const wn_train_files *files, wn_train_result *result, wn_error *err)
{
    const wn_learner_setup *l = &r->setup.learner;
    const wn_learner_part *parts;
    wn_model_content content;
    if (l->embed_side != l->side) {
        WN_TRY(wn_image_feed_set_side(&r->feed, l->embed_side, l->images, err));
        if (wn_buffer_format(&r->description, " embed-side=%u", (unsigned)l->embed_side) != WN_OK)
            return wn_fail(err, WN_NOMEM, "out of memory for the options");
    }
    wn_model_description d = {.architecture = l->architecture->name,
                              .method = l->method->name,
                              .options = r->description.data,
                              .side = l->embed_side,
                              .dim = l->prefixes[l->prefix_count - 1],
                              .features = wn_architecture_features(l->architecture),
                              .prefix_count = l->prefix_count,
                              .images = (uint64_t)r->images->count,
                              .steps = (uint64_t)r->state.step};
    memcpy(d.prefixes, l->prefixes, sizeof d.prefixes);
    /* Views are numbered by pass. */
    const int64_t unused = r->state.step * r->setup.plan.accumulate;
    const wn_train_ending ending = {
        .feed = &r->feed, .step = unused, .spare = r->setup.spare, .pool = r->pool, .progress = r->progress};
    wn_status status = wn_train_settle_statistics(r->learner, l, &ending, &result->embedding_std, err);
    if (status == WN_CANCELLED) return stop(r, err); /* the steps are all there, and the passes are done again */
    if (status) return status;
    (void)wn_learner_parts(r->learner, &parts);
    const wn_tensors *const sets[] = {parts[0].tensors, parts[1].tensors};
    d.parameters = sets[0]->trained + sets[1]->trained;
    WN_TRY(wn_model_file_build(&d, sets, 2, &r->bytes, err));
    WN_TRY(wn_model_file_parse(r->bytes.data, r->bytes.len, files->model, &content, err));
    WN_TRY(wn_file_write(files->model, r->bytes.data, r->bytes.len, err));
    (void)remove(r->checkpoint_path);

    result->model_hash = content.hash;
    const wn_train_collapse seen = wn_train_watch_look(&r->state.watch, r->setup.plan.batch);
    const bool point = result->embedding_std < spread_collapsed;
    result->collapsed = point || (r->state.watch.low > 0 && seen != WN_COLLAPSE_NONE);
    if (result->collapsed)
        wn_log(
            WN_LOG_WARNING,
            "%s: %s%s. Try a lower --rate (it was %.3g), a larger --batch, or a --method that keeps embeddings apart "
            "(dcl, vicreg)",
            point ? "the embedding collapsed" : "the training had collapsed at its end",
            point ? "all images give almost one point" : describe_collapse(r),
            point ? "" : "; the model still tells images apart, but may have learned little", r->setup.rate);
    return WN_OK;
}

static wn_status check(const wn_train_images *images, const wn_train_files *files, wn_error *err)
{
    if (!images->fetch) return wn_fail(err, WN_INVALID, "training without a function that gives images");
    if (!files->model || !*files->model) return wn_fail(err, WN_INVALID, "training needs the name of the model file");
    return WN_OK;
}

wn_status wn_train_run(const wn_train_images *images, const wn_train_params *params, const wn_train_files *files,
                       wn_pool *pool, const wn_progress *progress, wn_train_result *out, wn_error *err)
{
    WN_TRY(check(images, files, err));
    wn_status status;
    wn_train_result result = {0};
    double begin = wn_clock_seconds();
    run r = {.images = images, .params = params, .pool = pool, .progress = progress, .log = {.fd = -1}};
    wn_buffer_init(&r.bytes, WN_MEMORY_TRAINING, 0);
    wn_buffer_init(&r.description, WN_MEMORY_TEXT, 0);

    if ((status = start(&r, files, &result, err))) goto done;
    if ((status = train(&r, &result, err))) goto done;
    result.images_per_second = images_per_second(&r, wn_clock_seconds());
    if ((status = finish(&r, files, &result, err))) goto done;
done:
    result.plan = r.setup.plan;
    result.steps_planned = r.state.steps_planned;
    result.steps_resumed = r.first_step;
    result.loss = r.state.loss;
    result.seconds = wn_clock_seconds() - begin;
    if (out) *out = result;
    wn_train_log_close(&r.log);
    wn_learner_free(&r.learner);
    wn_epoch_order_clear(&r.order);
    wn_image_feed_clear(&r.feed);
    wn_free(r.step_targets);
    wn_free(r.targets);
    wn_buffer_clear(&r.description);
    wn_buffer_clear(&r.bytes);
    wn_free(r.log_path);
    wn_free(r.checkpoint_path);
    return status;
}
