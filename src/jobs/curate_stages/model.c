/* SPDX-License-Identifier: Apache-2.0
 *
 * The model that was named, else the newest of the workspace, else one trained on the images now.
 */
#include "base/clock.h"
#include "base/error.h"
#include "jobs/curate_stage.h"
#include "winnow/memory.h"

static wn_status get_model(wn_curating *run, wn_error *err)
{
    wn_error why = {0};
    wn_status status = wn_find_model(run->workspace, run->options->model, &run->model, &run->model_file, &why);
    if (status != WN_NOTFOUND || run->options->model) {
        if (status && err) *err = why;
        return status;
    }
    double started = wn_clock_seconds();
    wn_train_result trained;
    const wn_train_params *train = run->options->train;
    if (train->epochs || train->steps)
        wn_curating_note(run, WN_LOG_INFO, "no model yet: training one on these images");
    else
        wn_curating_note(run, WN_LOG_INFO,
                         "no model yet: training one on these images, about %g minutes (--train-minutes)",
                         train->minutes);
    WN_TRY(wn_stage_train(run->job, run->workspace, &run->rows, NULL, NULL, train, &run->model, &run->model_file,
                          &trained, err));
    run->result->trained = true;
    run->result->seconds.train = wn_clock_seconds() - started;
    wn_curating_note(run, WN_LOG_VERBOSE, "trained '%s': %lld steps of %lld images, loss %.3f", run->model,
                     (long long)trained.plan.steps, (long long)trained.plan.batch, trained.loss);
    return WN_OK;
}

static void clear_model(wn_curating *run)
{
    wn_free(run->model);
    wn_free(run->model_file);
}

const wn_curate_stage wn_curate_stage_model = {
    .name = "model",
    .seconds = WN_CURATE_UNTIMED,
    .run = get_model,
    .clear = clear_model,
};
