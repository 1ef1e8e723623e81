#!/usr/bin/env python3
"""kill -9 at random moments of one curate, the same command again until it is done: the result is that of an undisturbed
run, and a kill costs little.

  tests/kill/kill_curate.py WINNOW PATH WORK [--kills N] [--seed S] [-- OPTIONS of curate]

First one undisturbed run in WORK/plain, then the disturbed one in WORK/killed. A moment is drawn in processor seconds, from a share of
the work that is left, so that the kills are spread over all stages. Give --train-steps or
--model: with --train-minutes alone the undisturbed run and the other may plan different numbers of steps. Prints one
line a kill, compares the files of the two runs byte by byte, and says how many processor seconds were repeated for
each kill. Exit status 1 when a file differs or a kill cost more than 5 s.
"""
import argparse
import filecmp
import json
import os
import random
import resource
import shutil
import signal
import subprocess
import sys
import time

FILES = ["selected.txt", "selected.csv", "bad_files.csv", "duplicates.csv", "config.json"]
MOST_SECONDS = 5.0


def used():
    """Processor seconds of all children that have ended."""
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def run(command, kill_after=None):
    """Starts the command, kills it after so many processor seconds of its own, and returns (status, processor seconds,
    standard output)."""
    before = used()
    with open("out.json", "w") as out:
        process = subprocess.Popen(command, stdout=out)
        while kill_after is not None and process.poll() is None and spent(process.pid) < kill_after:
            time.sleep(0.005)
        if kill_after is not None and process.poll() is None:
            process.send_signal(signal.SIGKILL)
        process.wait()
    return process.returncode, used() - before, open("out.json").read()


def spent(pid):
    """Processor seconds that a running process has used."""
    try:
        fields = open(f"/proc/{pid}/stat").read().rsplit(")", 1)[1].split()
    except OSError:
        return float("inf")
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def curate(winnow, path, workspace, options):
    return [winnow, "curate", path, "-w", workspace, "--quiet", "--json"] + options


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("winnow")
    parser.add_argument("path")
    parser.add_argument("work")
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--seed", type=int, default=1)
    words = sys.argv[1:]
    cut = words.index("--") if "--" in words else len(words)
    given = parser.parse_args(words[:cut])
    given.options = words[cut + 1:]
    winnow, path = os.path.abspath(given.winnow), os.path.abspath(given.path)
    shutil.rmtree(given.work, ignore_errors=True)
    os.makedirs(given.work)
    os.chdir(given.work)
    rng = random.Random(given.seed)

    status, plain, text = run(curate(winnow, path, "plain", given.options))
    if status != 0:
        sys.exit(f"the undisturbed run failed with status {status}")
    first = json.loads(text)["run"]

    total, kills = 0.0, 0
    while True:
        # The moments cut what is left of the work into pieces of about the same size.
        left = max(plain - max(total - kills * 0.5, 0), 0.05)
        moment = None if kills == given.kills else rng.uniform(0.02, 2 * max(left / (given.kills - kills + 1), 0.1))
        status, seconds, text = run(curate(winnow, path, "killed", given.options), moment)
        total += seconds
        if status != -signal.SIGKILL:
            break
        kills += 1
        print(f"kill {kills:2d} after {seconds:6.2f} s of work", flush=True)
    if status != 0:
        sys.exit(f"the run after {kills} kills failed with status {status}")
    last = json.loads(text)["run"]
    differ = [name for name in FILES if not filecmp.cmp(os.path.join(first, name), os.path.join(last, name), False)]
    each = (total - plain) / max(kills, 1)
    print(f"{kills} kills; undisturbed {plain:.1f} s of processor time, with kills {total:.1f} s: "
          f"{each:.2f} s repeated for each")
    print("the files differ: " + ", ".join(differ) if differ else "the files are equal: " + ", ".join(FILES))
    sys.exit(bool(differ) or each > MOST_SECONDS or kills == 0)


main()
