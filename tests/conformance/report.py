"""Runs many cases, compares them with the list of those that passed before, and reports."""
import argparse, os, re, resource, sys, tempfile
from collections import Counter, defaultdict
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import cases

ADDRESS_SPACE = 4 << 30  # bytes that one process may map
HERE = Path(__file__).parent


def arguments(description):
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--octet", type=Path, default=Path("tools/octet"), help="the program to test")
    parser.add_argument("--only", metavar="TEXT", default="", help="run only cases whose name contains TEXT")
    parser.add_argument("--update", action="store_true", help="write the list of passes anew")
    parser.add_argument("--all", metavar="FILE", help="write a line per case that did not pass")
    return parser.parse_args()


def run_all(binary, all_cases):
    binary = binary.resolve(strict=True)
    resource.setrlimit(resource.RLIMIT_AS, (ADDRESS_SPACE, ADDRESS_SPACE))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    with tempfile.TemporaryDirectory(dir=os.environ.get("TEST_TMPDIR")) as work:
        with ThreadPoolExecutor(len(os.sched_getaffinity(0))) as pool:
            jobs = [pool.submit(cases.run_case, binary, case, Path(work, str(i))) for i, case in enumerate(all_cases)]
            return [job.result() for job in jobs]


def general(reason):
    """A reason without names of nodes and tensors, so that equal ones count together."""
    reason = re.sub(r"\((node|in)s? [^)]*\)|: nodes? .*", "", reason)
    return re.sub(r"'[^']*'", "'*'", reason)[:150]


def print_table(results):
    table = defaultdict(Counter)
    for result in results:
        if result.kind == cases.REFUSED:
            table[result.operator][general(result.details[0])] += 1
    print("\nWhat is refused, by operator:")
    for operator, why in sorted(table.items(), key=lambda row: -sum(row[1].values())):
        for reason, count in why.most_common(4):
            print(f"{count:5}  {operator:28} {reason}")


def check(title, lines):
    if lines:
        print(f"\n{title}:")
        for line in lines:
            print("  " + line)
    return not lines


def finish(results, list_name, options, least=0):
    """Prints the report and ends the program: with 1 when a case got worse, is wrong, or crashes."""
    kinds = Counter(result.kind for result in results)
    passed = sorted(result.name for result in results if result.kind == cases.PASS)
    print_table(results)
    print(f"\n{len(results)} cases: " + ", ".join(f"{kinds[kind]} {kind}" for kind in
                                                (cases.PASS, cases.REFUSED, cases.WRONG, cases.CRASH)))
    if options.all:
        Path(options.all).write_text("".join(f"{r.kind}\t{r.operator}\t{r.name}\t{' | '.join(r.details)}\n"
                                             for r in results if r.kind != cases.PASS))
    by_kind = defaultdict(list)
    for result in results:
        by_kind[result.kind].append(f"{result.name} ({result.operator}): {' | '.join(result.details)}")
    good = check("Wrong values", by_kind[cases.WRONG])
    good = check("Crashes", by_kind[cases.CRASH]) and good
    if options.only:
        check("Refused", by_kind[cases.REFUSED])
        sys.exit(not good)
    if options.update:
        root = os.environ.get("BUILD_WORKSPACE_DIRECTORY")
        folder = Path(root, "tests/conformance") if root else HERE.resolve()
        (folder / list_name).write_text("".join(name + "\n" for name in passed))
        print(f"{list_name} lists {len(passed)} cases")
        sys.exit(not good)
    listed = (HERE / list_name).read_text().split()
    good = check("Passed before and no longer", sorted(set(listed) - set(passed))) and good
    good = check(f"Fewer than {least} pass", [str(len(passed))] if len(passed) < least else []) and good
    fresh = len(set(passed) - set(listed))
    if fresh:
        print(f"\n{fresh} cases pass that {list_name} does not list; --update adds them.")
    sys.exit(not good)
