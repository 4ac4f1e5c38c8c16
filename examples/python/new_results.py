#!/usr/bin/env python3
"""Prints, as CSV, the results that were added since the last run.

  new_results.py STATE_FILE

Tokens never expire, and what is new always comes later. The file keeps the token of the last page and what was on it.
"""

import csv
import json
import os
import sys

from rollbook import pages

COLUMNS = ["userId", "courseTitle", "completionStatus", "progress", "completionDate"]
PAGE_SIZE = 100


def main(state_file):
    token, seen = None, []
    if os.path.exists(state_file):
        with open(state_file, encoding="utf-8") as file:
            token, seen = json.load(file)
    out = csv.DictWriter(sys.stdout, COLUMNS, extrasaction="ignore", lineterminator="\n")
    out.writeheader()
    for token, results in pages("/learners/results", "results", {"pageSize": PAGE_SIZE}, token):
        keys = [f"{r['enrollmentId']} {r['courseId']}" for r in results]
        out.writerows(r for r, key in zip(results, keys) if key not in seen)
        seen = keys
    with open(state_file, "w", encoding="utf-8") as file:
        json.dump([token, seen], file)


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    main(sys.argv[1])
