/* SPDX-License-Identifier: Apache-2.0
 *
 * The model that was named, else the newest of the workspace, else one trained on the images now where that is asked
 * for, else the built-in one.
 */
#include <string.h>

#include "base/clock.h"
#include "base/error.h"
#include "jobs/curate_stage.h"
#include "jobs/find_model.h"
#include "jobs/read_reduction.h"
#include "winnow/memory.h"

static void clear_model(wn_curating *run)
{
    wn_free(run->model);
    wn_free(run->model_file);
    run->model = run->model_file = NULL;
}

/* Where the images are all copies of one there is nothing to adapt to, which is no reason to do without the rest. */
static wn_status use_default(wn_curating *run, wn_error *err)
{
    wn_curating_note(run, WN_LOG_WARNING, "%s; the built-in model is used as it is", err ? err->message : "");
    return wn_find_model(run->workspace, WN_MODEL_DEFAULT, &run->model, &run->model_file, err);
}

static wn_status train_model(wn_curating *run, wn_error *err)
{
    double started = wn_clock_seconds();
    wn_train_result trained = {0};
    wn_train_params train = *run->options->train;
    const char *what = "training a model on these images";
    if (!train.network && !train.from) {
        train.from = WN_MODEL_DEFAULT;
        what = "adapting the built-in model to these images";
    }
    if (train.epochs || train.steps)
        wn_curating_note(run, WN_LOG_INFO, "%s", what);
    else
        wn_curating_note(run, WN_LOG_INFO, "%s, about %g minutes", what, train.minutes);
    wn_status status = wn_stage_train(run->job, run->workspace, &run->rows, NULL, NULL, &train, &run->model,
                                      &run->model_file, &trained, err);
    if (trained.nothing_to_learn) return use_default(run, err);
    if (status) return status;
    run->result->trained = true;
    run->result->seconds.train = wn_clock_seconds() - started;
    wn_curating_note(run, WN_LOG_VERBOSE, "trained '%s': %lld steps of %lld images, loss %.3f", run->model,
                     (long long)trained.plan.steps, (long long)trained.plan.batch, trained.loss);
    return WN_OK;
}

static wn_status get_model(wn_curating *run, wn_error *err)
{
    WN_TRY(wn_find_model(run->workspace, run->options->model, &run->model, &run->model_file, err));
    if (run->options->model || !wn_model_is_builtin(run->model_file)) return WN_OK;
    if (run->options->train) {
        clear_model(run);
        return train_model(run, err);
    }
    wn_curating_note(run, WN_LOG_INFO, "using the built-in model; --train-minutes M adapts it to these images");
    return WN_OK;
}

const wn_curate_stage wn_curate_stage_model = {
    .name = "model",
    .seconds = WN_CURATE_UNTIMED,
    .run = get_model,
    .clear = clear_model,
};
