"""What the programs of this folder share: their command line, running others, their report."""
import argparse, json, platform, subprocess, sys
from pathlib import Path


def arguments(doc, *options, **defaults):
    """The command line: --octet, --work (a folder that is made), models, required `options`, and others with their
    defaults: numbers, lists of them, and flags."""
    p = argparse.ArgumentParser(description=doc, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name in ("octet", *options):
        p.add_argument("--" + name, required=True)
    p.add_argument("--work", required=True, type=Path)
    for name, value in defaults.items():
        if isinstance(value, bool):
            p.add_argument("--" + name, action="store_true")
        elif isinstance(value, list):
            p.add_argument("--" + name, default=value, type=lambda text: [int(n) for n in text.split(",")])
        else:
            p.add_argument("--" + name, type=type(value), default=value)
    p.add_argument("models", nargs="+", type=Path)
    args = p.parse_args()
    args.work.mkdir(parents=True, exist_ok=True)
    return args


def run(*command):
    """What the command prints; ends the program if it fails."""
    done = subprocess.run([str(c) for c in command], capture_output=True, text=True)
    if done.returncode != 0:
        sys.exit(f"{' '.join(map(str, command))[:200]}\n{done.stderr}")
    return done.stdout


def with_threads(model, threads):
    return f"{model.stem}, {threads} thread{'s' if threads > 1 else ''}"


def report(args, models, **settings):
    """Prints the one JSON object of a program that measures."""
    print(json.dumps({"machine": platform.processor() or platform.machine(), "rounds": args.rounds,
                      "seconds": args.seconds, **settings, "models": models}, indent=2))
