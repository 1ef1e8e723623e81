#!/usr/bin/env python3
"""Builds each configuration, runs its tests and prints one line of totals.

  tools/check.py           release, asan (address + undefined), tsan
  tools/check.py --quick   release only, without the tests that take minutes (labelled long)

A test is one entry of ctest; its output is shown when it fails. Exit status 1 when anything failed.
"""
import glob
import os
import re
import subprocess
import sys
import time

CONFIGURATIONS = ["release", "asan", "tsan"]


def run(command, **options):
    return subprocess.run(command, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, **options)


def start_setup(quick):
    """Installs the Python packages while the first configuration is built; the quick tests take what is there."""
    return None if quick else subprocess.Popen(["tools/setup.sh", "python"])


def offer_runtime():
    """Lets the tests find the ONNX Runtime of tools/setup.sh, unless the person named one."""
    installed = glob.glob(os.path.join(os.getcwd(), "build/python/lib/python3*/site-packages/onnxruntime/capi"))
    if installed:
        os.environ.setdefault("WINNOW_ONNXRUNTIME", installed[0])


def build(preset):
    """Configures and builds; returns the output of the step that failed, or None."""
    for command in (["cmake", "--preset", preset, "-DWN_TESTS=ON"], ["cmake", "--build", "--preset", preset]):
        result = run(command)
        if result.returncode:
            return result.stdout
    return None


def test(preset, quick):
    """Runs ctest; returns (passed, failed, skipped). One more than there are cores, as some tests wait for others."""
    command = ["ctest", "--preset", preset, "-j", str((os.cpu_count() or 1) + 1), "--timeout", "900"]
    if quick:
        command += ["-LE", "long"]
    output = run(command).stdout
    passed = len(re.findall(r"\.\s+Passed\s", output))
    skipped = re.findall(r"(\S+) \.*\*\*\*Skipped\s", output)
    if skipped:
        print(f"{preset}: SKIP {', '.join(skipped)}", flush=True)
    total = re.search(r"(\d+) tests failed out of (\d+)", output)
    failed = int(total.group(1)) if total else 1
    if failed or not passed:
        print(output)
        return passed, max(failed, 1), len(skipped)
    return passed, failed, len(skipped)


def main():
    os.chdir(os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
    quick = "--quick" in sys.argv[1:]
    setup = start_setup(quick)
    configurations = CONFIGURATIONS[:1] if quick else CONFIGURATIONS
    totals = [0, 0, 0]
    for preset in configurations:
        start = time.monotonic()
        print(f"{preset}: building", flush=True)
        trouble = build(preset)
        if setup:
            setup.wait()
        offer_runtime()
        if trouble is not None:
            print(trouble)
            counts = (0, 1, 0)
        else:
            print(f"{preset}: testing", flush=True)
            counts = test(preset, quick)
        totals = [a + b for a, b in zip(totals, counts)]
        print(f"{preset}: {counts[0]} passed, {counts[1]} failed, {counts[2]} skipped in "
              f"{time.monotonic() - start:.0f} s", flush=True)
    skipped = f", {totals[2]} skipped" if totals[2] else ""
    print(f"{totals[0]} passed, {totals[1]} failed{skipped}")
    return 1 if totals[1] else 0


if __name__ == "__main__":
    sys.exit(main())
