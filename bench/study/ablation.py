#!/usr/bin/env python3
"""Which objectives are worth their labels? Diversity, uncertainty and typicality alone and as products, over budgets.

    ablation.py run WINNOW TRAIN.npy TRAIN_LABELS.npy TEST.npy TEST_LABELS.npy RESULTS.csv [--seeds 5] [--first-seed 0]
        [--pool 15000] [--budgets 10,30,100] [--methods "random;margin"]
    ablation.py table RESULTS.csv OUT.md OUT.svg

METHODS are the ablation; --methods takes them and the strategies of STRATEGIES.

Seeds may run in several processes; their CSV files are joined, with one head.

A pool of images is drawn for each seed. A method begins without labels; at each budget `winnow select --config` adds
images to those that it has, the labels of all of them are looked up, and a linear probe (logistic regression on the
embedding) is trained and measured on the test set. Uncertainty is 1 - (p1 - p2) of the probe of the budget before; the
first budget has none, so its methods pick with what is left of them. Strategies that learn get the probe's probabilities.
Needs numpy and scikit-learn."""
import argparse, csv, json, os, subprocess, sys, tempfile, time

METHODS = ["random", "diversity", "uncertainty", "typicality", "diversity x uncertainty", "diversity x typicality",
           "uncertainty x typicality", "diversity x uncertainty x typicality"]
# name: (strategy without a model, strategy with one, settings)
STRATEGIES = {"farthest-first": ("farthest-first", "farthest-first", []),
              "max-herding": ("max-herding", "max-herding", []),
              "probcover": ("probcover", "probcover", []),
              "typiclust": ("typiclust", "typiclust", []),
              "uncertainty-herding": ("max-herding", "uncertainty-herding", []),
              "badge": ("max-herding", "badge", []), "dcom": ("probcover", "dcom", [])}


def strategies(method, has_model, seed):
    parts = method.split(" x ")
    rows = []
    if "diversity" in parts:
        rows.append({"input": {"type": "EMBEDDINGS"}, "strategy": {"type": "DIVERSITY"}})
    if "uncertainty" in parts and has_model:
        rows.append({"input": {"type": "SCORES", "score": "margin", "array": "margin.npy"}, "strategy": {"type": "WEIGHTS"}})
    if "typicality" in parts:
        rows.append({"input": {"type": "METADATA", "key": "typicality", "array": "typicality.npy"},
                     "strategy": {"type": "WEIGHTS"}})
    if not rows:
        rows.append({"input": {"type": "RANDOM", "random_seed": seed}, "strategy": {"type": "WEIGHTS"}})
    return rows


def typicality(np, winnow, folder):
    """The formula of winnow's TYPICALITY, from its own exact neighbours."""
    subprocess.run([winnow, "neighbours", "--embeddings", "pool.npy", "-k", "20", "--out-distances", "d.npy", "-q"],
                   check=True, cwd=folder)
    distances = np.load(os.path.join(folder, "d.npy"))
    np.save(os.path.join(folder, "typicality.npy"), np.exp(-distances / distances.mean()).mean(1).astype("f4"))


def command_of(method, has_model, seed, count):
    """Arguments of `winnow select` for the next `count` picks; writes the config that they name."""
    if method in STRATEGIES:
        before, after, settings = STRATEGIES[method]
        name = after if has_model else before
        learned = ["--probabilities", "probabilities.npy"] if name in ("uncertainty-herding", "badge", "dcom") else []
        return ["--strategy", name, "-n", str(count), "--seed", str(seed)] + settings + learned
    return ["--config", "config.json"]


def run(args):
    import numpy as np
    from sklearn.linear_model import LogisticRegression
    train, labels = np.load(args.train), np.load(args.train_labels)
    test, truth = np.load(args.test), np.load(args.test_labels)
    out = open(args.results, "w", newline="")
    writer = csv.writer(out)
    writer.writerow(["method", "budget", "seed", "accuracy", "classes", "seconds"])
    budgets = [int(b) for b in args.budgets.split(",")]
    methods = args.methods.split(";") if args.methods else METHODS
    for seed in range(args.first_seed, args.first_seed + args.seeds):
        rows = np.random.default_rng(seed).permutation(len(train))[:args.pool]
        pool, known = train[rows], labels[rows]
        with tempfile.TemporaryDirectory() as folder:
            np.save(os.path.join(folder, "pool.npy"), pool)
            if any("typicality" in method for method in methods):
                typicality(np, args.winnow, folder)
            for method in methods:
                picked, probe = np.zeros(0, "i8"), None
                for budget in budgets:
                    count, has_model = int(budget - len(picked)), probe is not None
                    config = {"n_samples": count, "strategies": strategies(method, has_model, 1000 * seed + budget)}
                    json.dump(config, open(os.path.join(folder, "config.json"), "w"))
                    np.save(os.path.join(folder, "picked.npy"), picked)
                    command = [args.winnow, "select", "--embeddings", "pool.npy", "--out", "new.npy", "-q"]
                    command += command_of(method, has_model, 1000 * seed + budget, count)
                    command += ["--preselected", "picked.npy"] if len(picked) else []
                    started = time.monotonic()
                    subprocess.run(command, check=True, cwd=folder)
                    seconds = time.monotonic() - started
                    picked = np.concatenate([picked, np.load(os.path.join(folder, "new.npy"))])
                    classes = len(np.unique(known[picked]))
                    accuracy = float((truth == known[picked[0]]).mean())
                    if classes > 1:
                        # without an intercept, which with few labels says more of the draw of classes than of images
                        probe = LogisticRegression(C=1, max_iter=100, tol=1e-3, fit_intercept=False)
                        probe.fit(pool[picked], known[picked])
                        accuracy = float(probe.score(test, truth))
                        wide = np.zeros((len(pool), labels.max() + 1), "f4")
                        wide[:, probe.classes_] = probe.predict_proba(pool)
                        np.save(os.path.join(folder, "probabilities.npy"), wide)
                        top = np.sort(wide, 1)
                        np.save(os.path.join(folder, "margin.npy"), (1 - top[:, -1] + top[:, -2]).astype("f4"))
                    writer.writerow([method, budget, seed, "%.4f" % accuracy, classes, "%.2f" % seconds])
                    out.flush()
                print("seed %d, %s: %.3f" % (seed, method, accuracy), flush=True)


def load(path):
    figures = {}
    for row in csv.DictReader(open(path)):
        figures.setdefault((row["method"], int(row["budget"])), []).append(float(row["accuracy"]))
    mean = {key: sum(v) / len(v) for key, v in figures.items()}
    error = {key: (sum((x - mean[key]) ** 2 for x in v) / max(len(v) - 1, 1) / len(v)) ** 0.5 for key, v in figures.items()}
    return figures, mean, error


def draw(mean, error, budgets, methods):
    """Accuracy minus that of random, over the budget."""
    import math
    colours = ["#888888", "#1f77b4", "#d62728", "#2ca02c", "#9467bd", "#17becf", "#ff7f0e", "#000000", "#8c564b", "#e377c2"]
    gains = {(m, b): 100 * (mean[m, b] - mean["random", b]) for m in methods for b in budgets}
    low, high = min(gains.values()) - 1, max(gains.values()) + 1
    x = lambda b: 60 + 560 * (math.log(b) - math.log(budgets[0])) / (math.log(budgets[-1]) - math.log(budgets[0]))
    y = lambda g: 20 + 340 * (high - g) / (high - low)
    parts = ['<svg xmlns="http://www.w3.org/2000/svg" width="900" height="420" font-family="sans-serif" font-size="12">',
             '<rect width="900" height="420" fill="white"/>']
    step = 5 if high - low > 12 else 1 if high - low < 6 else 2
    for g in range(int(math.ceil(low / step)) * step, int(high) + 1, step):
        parts.append('<line x1="60" x2="620" y1="%.1f" y2="%.1f" stroke="#ddd"/><text x="52" y="%.1f" text-anchor="end">%+d</text>' % (y(g), y(g), y(g) + 4, g))
    for b in budgets:
        parts.append('<text x="%.1f" y="380" text-anchor="middle">%d</text>' % (x(b), b))
    parts.append('<text x="340" y="408" text-anchor="middle">labels</text>')
    parts.append('<text x="14" y="190" transform="rotate(-90 14 190)" text-anchor="middle">points above random</text>')
    for i, m in enumerate(methods):
        points = " ".join("%.1f,%.1f" % (x(b), y(gains[m, b])) for b in budgets)
        parts.append('<polyline points="%s" fill="none" stroke="%s" stroke-width="2"/>' % (points, colours[i % len(colours)]))
        for b in budgets:
            e = 100 * error[m, b]
            parts.append('<line x1="%.1f" x2="%.1f" y1="%.1f" y2="%.1f" stroke="%s"/>' % (x(b), x(b), y(gains[m, b] - e), y(gains[m, b] + e), colours[i % len(colours)]))
        parts.append('<rect x="640" y="%d" width="12" height="3" fill="%s"/><text x="658" y="%d">%s</text>' % (30 + 20 * i, colours[i % len(colours)], 36 + 20 * i, m))
    return "\n".join(parts + ["</svg>", ""])


def table(args):
    figures, mean, error = load(args.results)
    budgets = sorted({b for _, b in figures})
    methods = [m for m in METHODS + list(STRATEGIES) if any((m, b) in figures for b in budgets)]
    lines = ["| method | " + " | ".join("%d" % b for b in budgets) + " |", "| --- |" + " --- |" * len(budgets)]
    for m in methods:
        cells = []
        for b in budgets:
            best = mean[m, b] == max(mean[k, b] for k in methods)
            text = "%.1f ± %.1f" % (100 * mean[m, b], 100 * error[m, b])
            cells.append("**%s**" % text if best else text)
        lines.append("| " + m + " | " + " | ".join(cells) + " |")
    open(args.out, "w").write("\n".join(lines) + "\n")
    open(args.plot, "w").write(draw(mean, error, budgets, methods))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    sub = parser.add_subparsers(required=True)
    one = sub.add_parser("run")
    for name in "winnow", "train", "train_labels", "test", "test_labels", "results": one.add_argument(name)
    one.add_argument("--seeds", type=int, default=5)
    one.add_argument("--first-seed", type=int, default=0)
    one.add_argument("--pool", type=int, default=15000)
    one.add_argument("--budgets", default="10,30,100,300,1000,3000,10000")
    one.add_argument("--methods", help="names with ; between them")
    one.set_defaults(call=run)
    two = sub.add_parser("table")
    for name in "results", "out", "plot": two.add_argument(name)
    two.set_defaults(call=table)
    args = parser.parse_args()
    if hasattr(args, "winnow"): args.winnow = os.path.abspath(args.winnow)
    args.call(args)


main()
