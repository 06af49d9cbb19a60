"""Calls the octet binary and reads and writes its arrays, with Python's own library alone."""
import array, ast, json, os, subprocess, sys, zipfile
from pathlib import Path

OCTET = Path("tools/octet").resolve()


def skip(why):
    """Ends the test as skipped."""
    print("SKIPPED: " + why)
    sys.exit(0)


def shared_folder():
    """The folder of models and pictures; ends the test as skipped where it is missing."""
    folder = Path("../shared/shared")
    if not folder.is_dir():
        skip("the folder ../shared (models and pictures) is not beside this checkout")
    return folder.resolve()


def octet(*args, isa=None):
    """Runs `octet args`, which must succeed, and returns what it prints."""
    env = dict(os.environ)
    if isa:
        env["ONEDNN_MAX_CPU_ISA"] = isa
    r = subprocess.run([str(OCTET), *map(str, args)], capture_output=True, text=True, env=env)
    if r.returncode != 0:
        raise AssertionError(f"octet {' '.join(map(str, args))} exits with {r.returncode}:\n{r.stdout}{r.stderr}")
    return r.stdout


def octet_json(*args, isa=None):
    return json.loads(octet(*args, "--json", isa=isa))


def write_npz(path, name, shape, values):
    """One f32 array under `name`."""
    header = repr({"descr": "<f4", "fortran_order": False, "shape": tuple(shape)})
    header += " " * (-(len(header) + 11) % 64) + "\n"
    data = b"\x93NUMPY\x01\x00" + len(header).to_bytes(2, "little") + header.encode()
    data += array.array("f", values).tobytes()
    with zipfile.ZipFile(path, "w") as z:
        z.writestr(name + ".npy", data)


def read_npz(path):
    """{name: (shape, array of f32)}"""
    out = {}
    with zipfile.ZipFile(path) as z:
        for entry in z.namelist():
            b = z.read(entry)
            n = int.from_bytes(b[8:10], "little")
            header = ast.literal_eval(b[10:10 + n].decode())
            assert header["descr"] == "<f4", header
            out[entry[:-len(".npy")]] = (header["shape"], array.array("f", b[10 + n:]))
    return out


def check(condition, what):
    print(("ok    " if condition else "FAILS ") + what, flush=True)
    if not condition:
        sys.exit(1)
