/* SPDX-License-Identifier: Apache-2.0
 *
 * winnow check: what is wrong with images and labels.
 */
#include <string.h>
#include <sys/stat.h>

#include "../check_options.h"
#include "../reduce_options.h"
#include "winnow/labels.h"

#define AT(field) offsetof(check_params, field)

static const wn_option options[] = {
    {WN_OPTION_TEXT, "set", "options of checks, as in blur.threshold=0.2,near-duplicate.bits=30", AT(settings), 0, 0,
     NULL, NULL, "CHECK.OPTION=VALUE,...", 0},
    {WN_OPTION_TEXT, "tags", "parts of the data that should share no image (default: folders train, val, test)",
     AT(tags), 0, 0, NULL, NULL, "TAG,TAG...", 0},
    {WN_OPTION_TEXT, "model", "whose embeddings tell what is near (default: the newest)", AT(model), 0, 0, NULL, NULL,
     "NAME", 0},
    REDUCE_OPTION_ROWS(check_params, reduce),
    {WN_OPTION_BOOL, "apply", "set the tags check:NAME to issues and check:drop to repeats", AT(apply), 0, 0, NULL,
     NULL, NULL, 0},
    {WN_OPTION_BOOL, "calibrate", "print what limits of near-duplicate are worth on changed copies of these images",
     AT(calibrate), 0, 0, NULL, NULL, NULL, 0},
    {WN_OPTION_TEXT, "probabilities", "N x classes, of a model that did not learn from these labels", AT(probabilities),
     0, 0, NULL, NULL, "P.npy|FOLDER", 0},
    {WN_OPTION_TEXT, "embeddings", "N x dim, in place of probabilities", AT(embeddings), 0, 0, NULL, NULL, "E.npy", 0},
    {WN_OPTION_TEXT, "labels", "N class numbers, or N x classes of 0 and 1; negative = no label", AT(labels), 0, 0,
     NULL, NULL, "L.npy|FOLDER", 0},
    {WN_OPTION_TEXT, "ignore", "values of mask files that are no class, as 0,255; or none (default: 255)", AT(ignore),
     0, 0, NULL, NULL, "VALUES", 0},
    {WN_OPTION_INT, "neighbours", "of each row that vote on its label, with --embeddings", AT(neighbours), 2, 1000,
     "30", NULL, "K", 'k'},
    {WN_OPTION_CHOICE, "method", "score of a label, with --probabilities", AT(method), 0, 0, "normalized-margin",
     wn_label_score_names, NULL, 0},
    {WN_OPTION_CHOICE, "filter", "which labels are called issues", AT(filter), 0, 0, "prune-by-noise-rate",
     wn_label_filter_names, NULL, 0},
    {WN_OPTION_REAL, "fraction", "of the issues that the pruning filters find, how much to take", AT(fraction), 1e-9, 1,
     "1", NULL, "X", 0},
    {WN_OPTION_INT, "least", "rows of a class that pruning leaves at least", AT(least), 1, 1e9, "1", NULL, "N", 0},
    {WN_OPTION_TEXT, "out", "one score a row, lower is worse (float32)", AT(out), 0, 0, NULL, NULL, "SCORES.npy|FOLDER",
     0},
    {WN_OPTION_TEXT, "out-issues", "rows whose label is an issue, worst first (int64)", AT(out_issues), 0, 0, NULL,
     NULL, "ROWS.npy", 0},
    {WN_OPTION_TEXT, "out-suggested", "the likeliest class of each row (int64)", AT(out_suggested), 0, 0, NULL, NULL,
     "CLASSES.npy", 0},
    {0},
};

static const char *const examples[] = {
    "winnow check -w photos.winnow",
    "all checks; the last line says where the page is",
    "winnow check blur dark --set blur.threshold=0.3 --apply",
    "two checks, one of them stricter; their issues become tags",
    "winnow check --calibrate",
    "how many changed copies each limit of near-duplicate finds, and how many other pairs it takes for one",
    "winnow check labels --probabilities p.npy --labels l.npy --out scores.npy",
    "score each label; the lowest scores first to a reviewer",
    "winnow check labels --probabilities p.npy --labels l.npy --out-issues rows.npy --filter both --json",
    "the rows that two rules call wrong",
    "winnow check labels --embeddings e.npy --labels l.npy --out scores.npy --out-suggested classes.npy",
    "the same without a model: neighbours and a probe vote",
    "winnow check labels --labels masks/ --probabilities softmax/ --out found/ --out-suggested mended/",
    "masks that are probably wrong, and the same mended",
    NULL,
};

static bool is_folder(const char *path)
{
    struct stat facts;
    return path && stat(path, &facts) == 0 && S_ISDIR(facts.st_mode);
}

static wn_status run_check(session *run, wn_error *err)
{
    const check_params *params = run->params;
    bool labels = run->path_count == 1 && strcmp(run->paths[0], "labels") == 0;
    bool masks = is_folder(params->probabilities) && !params->labels; /* predictions for the masks of a workspace */
    bool arrays = (params->probabilities && !masks) || params->embeddings || params->labels || params->out ||
                  params->out_issues || params->out_suggested;
    wn_status status = check_reduce(run, &params->reduce, arrays, err);
    if (status) return status;
    if (labels && arrays && !params->probabilities == !params->embeddings)
        return command_usage_error(run, err, "name --probabilities P.npy or --embeddings E.npy");
    if (labels && params->labels && params->probabilities &&
        (is_folder(params->labels) || is_folder(params->probabilities)))
        return check_mask_folders(run, err);
    if (labels && arrays) return check_label_arrays(run, err);
    if (params->calibrate && !arrays) return check_calibrate(run, err);
    if (arrays) return command_usage_error(run, err, "arrays go with 'winnow check labels'");
    return check_workspace(run, err);
}

const command command_check = {
    .name = "check",
    .summary = "find bad images, repeats, leaks between splits, and wrong labels",
    .usage = "[CHECK...] [OPTIONS]\n       winnow check labels --probabilities P.npy|--embeddings E.npy --labels L.npy "
             "--out SCORES.npy [OPTIONS]",
    .details =
        "On a workspace, runs the checks named, or all that it can serve, writes what they found as CSV files and a "
        "page "
        "with pictures, and prints one line a check. Every image gets a score from 0 (worst) to 1 from each check.\n\n"
        "Checks: corrupt, exact-duplicate, near-duplicate, outlier, local-outlier, typicality, blur, dark, bright, "
        "low-information, odd-size, odd-aspect, grey, striped, noise, ambiguous, underperforming-group, non-iid, "
        "labels, "
        "boxes, masks. Outliers and non-iid need embeddings; labels need imported labels, and imported predictions or "
        "embeddings; ambiguous and underperforming-group imported labels and embeddings; boxes and masks imported ones "
        "of both kinds; masks take predictions from a folder, too (--probabilities FOLDER).\n\n"
        "Repeats that stand in different splits are leaks. A split is a tag of --tags, or a folder called train, val "
        "or "
        "test.\n\n"
        "labels: confident learning (arXiv 1911.00068). A row confidently belongs to a class when its probability "
        "reaches the mean that the class has in its own rows; given and confident classes are counted against each "
        "other, and the filter says which rows are called issues. The probabilities must come from a model that did "
        "not learn from these labels (cross-validation).\n\n"
        "Rows without label (negative, or NaN among floats) and rows with a NaN get the score NaN and take no part. "
        "Rows that do not sum to "
        "1 are used as they are, and counted. A value outside 0 to 1 ends the command. The file is read in blocks, so "
        "it may be larger than memory.\n\n"
        "Labels of rows x classes (1 where a class applies, 0 where not, negative where that is not known) are judged "
        "class "
        "by class, and the score of a row joins its classes, the worst one counting most. Suggested are then all "
        "labels, "
        "with the issues turned round.\n\n"
        "Masks of images x height x width class numbers (negative or 255 = none) go with probabilities of images x "
        "classes x height x width. The score of an image is the soft minimum of the probabilities of its labels; "
        "--out-issues are the pixels, as booleans, and --out-suggested the masks with the issues mended. "
        "Folders hold one file an image: masks NAME.png, whose values are classes (palette or grey), and predictions "
        "NAME.npy of classes x height x width, height x width x classes or height x width, or NAME.png. --out is then "
        "a "
        "folder for CSV files, --out-issues and --out-suggested are folders for PNG files.\n\n"
        "With --embeddings no model is needed: the neighbours of each row vote, corrected by an estimate of how labels "
        "go wrong, and a softmax probe judges each fifth of the rows by the others. The score is the mean of the ranks "
        "that both give to a label.",
    .examples = examples,
    .options = options,
    .params_size = sizeof(check_params),
    .flags = COMMAND_WRITES,
    .most_paths = 64,
    .run = run_check,
};
