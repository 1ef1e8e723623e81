#!/usr/bin/env python3
"""Fails on text that the house style forbids: stray whitespace, odd characters, banned functions, missing licence
lines, and files or functions that are too long (tools/size_allow.txt lists today's exceptions and may only shrink)."""
import os
import re
import sys

ROOT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..")
FILE_LINES, FUNCTION_LINES = 800, 80
BANNED_EVERYWHERE = ["strcpy", "strcat", "sprintf", "vsprintf", "strtok", "atoi", "atof", "rand", "srand", "alloca", "gets"]
BANNED_OUTSIDE_BASE = ["malloc", "calloc", "realloc", "free", "aligned_alloc", "posix_memalign", "strdup", "strndup"]
BANNED_BELOW_APPS = ["exit", "_exit", "abort", "printf", "puts", "putchar"]


def strip_comments(text):
    """The same text with comments and string contents blanked, line by line."""
    blank = lambda match: re.sub(r"[^\n]", " ", match.group(0))
    return re.sub(r'/\*.*?\*/|//[^\n]*|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])+\'', blank, text, flags=re.S)


def calls(code, names):
    pattern = re.compile(r"(?<![\w.>])(" + "|".join(names) + r")\s*\(")
    for number, line in enumerate(code.split("\n"), 1):
        for match in pattern.finditer(line):
            yield number, match.group(1)


def long_functions(code):
    """(line, length) of each function body whose braces stand in column 0."""
    start = None
    for number, line in enumerate(code.split("\n"), 1):
        if line.startswith("{"):
            start = number
        elif line.startswith("}") and start:
            if number - start + 1 > FUNCTION_LINES:
                yield start, number - start + 1
            start = None


def allowed_sizes():
    path = os.path.join(ROOT, "tools/size_allow.txt")
    lines = open(path).read().split("\n") if os.path.exists(path) else []
    return {line.split()[0] for line in lines if line.strip() and not line.startswith("#")}


def source_files():
    """Every file that is kept: all but builds, workspaces and hidden folders."""
    left_out = {"build", "demo", "node_modules", "__pycache__"}
    for folder, folders, files in os.walk("."):
        folders[:] = [f for f in folders if f not in left_out and not f.endswith(".winnow") and
                      (f == ".ci" or not f.startswith("."))]
        for name in files:
            if name not in (".git", "build.log") and not name.endswith(".pyc"):
                yield os.path.relpath(os.path.join(folder, name), ".")


def check_c(path, text, big):
    code = strip_comments(text)
    if "SPDX-License-Identifier: Apache-2.0" not in text[:200]:
        yield 1, "the licence line is missing"
    banned = list(BANNED_EVERYWHERE)
    if path.startswith("src/") and not path.startswith("src/base/"):
        banned += BANNED_OUTSIDE_BASE
    if path.startswith("src/"):
        banned += BANNED_BELOW_APPS
    for number, name in calls(code, banned):
        yield number, f"{name} is banned here"
    if path not in big:
        if text.count("\n") > FILE_LINES:
            yield 1, f"more than {FILE_LINES} lines"
        for number, length in long_functions(code):
            yield number, f"a function of {length} lines (limit {FUNCTION_LINES})"


def check_text(path, text):
    for number, line in enumerate(text.split("\n"), 1):
        if line != line.rstrip():
            yield number, "trailing blanks"
        if "\t" in line and not path.endswith(("Makefile", ".mk")):
            yield number, "a tab"
        odd = [c for c in line if ord(c) in (0xA0, 0xFEFF) or 0x2000 <= ord(c) <= 0x200F or 0x202A <= ord(c) <= 0x202E]
        if odd:
            yield number, f"the invisible character U+{ord(odd[0]):04X}"
    if text and not text.endswith("\n"):
        yield text.count("\n") + 1, "no newline at the end"


def main():
    os.chdir(ROOT)
    big, found, seen = allowed_sizes(), [], 0
    for path in sorted(source_files()):
        if path.startswith(("tests/fuzz/corpus/", "tests/data/", "docs/pictures/", "models/", "third_party/")) or path == "LICENSE":
            continue
        try:
            text = open(path, encoding="utf-8").read()
        except UnicodeDecodeError:
            found.append(f"{path}: not UTF-8 text")
            continue
        seen += 1
        rows = list(check_text(path, text)) if not path.endswith((".exact", ".glob", ".svg")) else []
        if path.endswith((".c", ".h")):
            rows += list(check_c(path, text, big))
        found += [f"{path}:{number}: {what}" for number, what in rows]
    print("\n".join(found) or f"style: {seen} files are clean")
    return 1 if found or not seen else 0


if __name__ == "__main__":
    sys.exit(main())
