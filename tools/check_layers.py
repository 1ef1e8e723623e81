#!/usr/bin/env python3
"""Fails on an #include that tools/layers.txt does not allow: between modules, and of third-party headers."""
import os
import re
import sys

ROOT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..")
INCLUDE = re.compile(r'^\s*#\s*include\s+[<"]([^">]+)[">]')


def read_rules():
    modules, owners = {}, {}
    for line in open(os.path.join(ROOT, "tools/layers.txt")):
        line = line.split("#")[0].strip()
        if not line:
            continue
        name, _, allowed = line.partition(":")
        if name.startswith("@"):
            owners[name[1:].strip()] = allowed.split()
        else:
            modules[name.strip()] = allowed.split()
    return modules, owners


def module_of(path):
    parts = path.split("/")
    return parts[1] if parts[0] == "src" else parts[0]


def problems(modules, owners):
    for top in ("src", "apps", "include"):
        for folder, _, files in os.walk(os.path.join(ROOT, top)):
            for name in files:
                if not name.endswith((".c", ".h")):
                    continue
                path = os.path.relpath(os.path.join(folder, name), ROOT)
                here = module_of(path)
                if top == "src" and here not in modules:
                    yield f"{path}: module {here} is not in tools/layers.txt"
                    continue
                for number, line in enumerate(open(os.path.join(ROOT, path), errors="replace"), 1):
                    match = INCLUDE.match(line)
                    if not match:
                        continue
                    header = match.group(1)
                    if header in owners and here not in owners[header]:
                        yield f"{path}:{number}: {header} belongs to {' '.join(owners[header])}"
                    target = header.split("/")[0]
                    if target not in modules or "/" not in header or target == here:
                        continue
                    if top != "src":
                        yield f"{path}:{number}: {top} may include winnow/ only, not {header}"
                    elif target not in modules[here]:
                        yield f"{path}:{number}: {here} may not include {target}"
                    elif os.path.basename(header) == "internal.h":
                        yield f"{path}:{number}: {header} is private to {target}"


found = list(problems(*read_rules()))
print("\n".join(found) or "layers: every include goes the allowed way")
sys.exit(bool(found))
