#!/usr/bin/env python3
"""Prints "N passed, N failed, N skipped" for the Bazel test runs whose build event files (JSON) are given.

Counts the test cases that each test's XML report lists. A target that could not be built, a test that ended without
saying which case failed, or a run without tests counts as one failure. Exits with 1 if anything failed or nothing ran.
"""

import collections
import json
import sys
import urllib.parse
import xml.etree.ElementTree


def count_cases(path, counts):
    for case in xml.etree.ElementTree.parse(path).iter("testcase"):
        if case.find("failure") is not None or case.find("error") is not None:
            counts["failed"] += 1
        elif case.get("result", "completed") == "completed" and case.find("skipped") is None:
            counts["passed"] += 1
        else:
            counts["skipped"] += 1


def count_result(result, counts):
    """Counts one run of one test target."""
    before = counts["failed"]
    for output in result.get("testActionOutput", []):
        if output["name"] == "test.xml":
            count_cases(urllib.parse.unquote(urllib.parse.urlparse(output["uri"]).path), counts)
    if result["status"] != "PASSED" and counts["failed"] == before:
        counts["failed"] += 1


def count_run(path, counts):
    """Counts one run of Bazel."""
    configured, ran = set(), set()
    with open(path, encoding="utf-8") as events:
        for event in map(json.loads, events):
            name, details = next(iter(event["id"].items()))
            if name == "targetConfigured" and "testSize" in event.get("configured", {}):
                configured.add(details["label"])
            elif event.get("aborted", {}).get("reason") == "ANALYSIS_FAILURE" and "label" in details:
                configured.add(details["label"])
            elif name == "testResult" and "testResult" in event:
                ran.add(details["label"])
                count_result(event["testResult"], counts)
    counts["failed"] += len(configured - ran) if configured else 1


def main():
    counts = collections.Counter()
    for path in sys.argv[1:]:
        count_run(path, counts)
    print(f"{counts['passed']} passed, {counts['failed']} failed, {counts['skipped']} skipped")
    return 0 if counts["passed"] and not counts["failed"] else 1


if __name__ == "__main__":
    sys.exit(main())
