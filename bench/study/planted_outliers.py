#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""How well a check finds images of other sets among those of one set.

    winnow add LIST.txt -w w.winnow --input-side 96 && winnow embed -w w.winnow && winnow check outlier -w w.winnow
    planted_outliers.py w.winnow/runs/RUN WORD [CHECK]

Images whose path contains WORD belong to the set, the others are planted. Prints the AUROC of the scores of CHECK
(outlier), and how many of its issues are planted ones.
"""
import csv
import sys

run, word, check = sys.argv[1], sys.argv[2], (sys.argv[3:] or ["outlier"])[0]
with open(run + "/issues.csv", encoding="utf-8") as file:
    rows = [row for row in csv.DictReader(file) if row[check + "_score"]]
scores = sorted((float(row[check + "_score"]), word not in row["path"]) for row in rows)
planted = sum(odd for _, odd in scores)
won, above, i = 0.0, len(scores) - planted, 0
while i < len(scores):
    end = i
    while end < len(scores) and scores[end][0] == scores[i][0]:
        end += 1
    odd = sum(is_odd for _, is_odd in scores[i:end])
    above -= end - i - odd
    won += odd * (above + (end - i - odd) / 2)
    i = end
issues = [word not in row["path"] for row in rows if row["is_%s_issue" % check] == "True"]
print(f"{planted} of {len(rows)} planted: AUROC {won / planted / (len(rows) - planted):.4f}; "
      f"{sum(issues)} of {len(issues)} issues are planted")
