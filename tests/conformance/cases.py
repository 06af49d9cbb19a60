"""Runs one ONNX model with known inputs and outputs through `octet import` and `octet run`, as processes."""
import re, subprocess, zipfile
from dataclasses import dataclass, field

import ml_dtypes
import numpy as np
import onnx

SECONDS = 60  # that one process may take

PASS, REFUSED, WRONG, CRASH = "pass", "refused", "wrong", "crash"


@dataclass
class Case:
    name: str
    model: onnx.ModelProto
    data_sets: list  # of (inputs, outputs), each a list of arrays in the order of the graph
    rtol: float
    atol: float

    def operator(self):
        """What the case is about: the type of its only, or else first, node."""
        return self.model.graph.node[0].op_type if self.model.graph.node else ""


@dataclass
class Result:
    name: str
    operator: str
    kind: str
    details: list = field(default_factory=list)  # lines that say why it did not pass


class Failure(Exception):
    def __init__(self, kind, details):
        self.kind, self.details = kind, details


def fail(kind, *details):
    raise Failure(kind, list(details))


def octet(binary, *arguments):
    """Runs a command. Whatever is not success must be a refusal: exit code 3, with a reason on stderr."""
    command = [str(binary), *map(str, arguments)]
    try:
        process = subprocess.run(command, capture_output=True, text=True, errors="replace", timeout=SECONDS)
    except subprocess.TimeoutExpired:
        fail(CRASH, f"{arguments[0]} does not end within {SECONDS} s")
    message = process.stderr.strip()
    if process.returncode == 3 and message:
        fail(REFUSED, *reasons(message, arguments[0]))
    if process.returncode != 0:
        fail(CRASH, f"{arguments[0]} ends with {process.returncode}: {message[-300:] or 'no message'}")


def reasons(message, command):
    """The lines of a refusal that give reasons, without what is only about this model."""
    lines = [line.strip() for line in message.splitlines() if line.strip()]
    if len(lines) > 1 and lines[0].endswith(":"):
        lines = lines[1:]
    lines = [re.sub(r"^octet: ", "", re.sub(r"\S*/(model\.onnx|model\.octet|in\.npz): ", "", line)) for line in lines]
    return lines if command == "import" else [f"{command}: {line}" for line in lines]


def write_arrays(path, arrays):
    """An .npz file; bfloat16 becomes the two bytes without meaning that NumPy makes of it."""
    with zipfile.ZipFile(path, "w") as archive:
        for name, array in arrays.items():
            with archive.open(name + ".npy", "w") as member:
                np.lib.format.write_array(member, np.asarray(array), allow_pickle=False)


def read_arrays(path):
    arrays = {}
    with zipfile.ZipFile(path) as archive:
        for name in archive.namelist():
            with archive.open(name) as member:
                array = np.lib.format.read_array(member, allow_pickle=False)
            arrays[name[:-len(".npy")]] = array.view(ml_dtypes.bfloat16) if array.dtype == "V2" else array
    return arrays


def feeds(case, inputs):
    """Arrays by the names of the model's inputs; without absent optional ones."""
    constants = {tensor.name for tensor in case.model.graph.initializer}
    names = [value.name for value in case.model.graph.input if value.name not in constants]
    named = {name: value for name, value in zip(names, inputs) if value is not None}
    for name, value in named.items():
        if not isinstance(value, np.ndarray) and not np.isscalar(value) or np.asarray(value).dtype.hasobject:
            fail(WRONG, f"import accepts input '{name}', which is no tensor of numbers")
    return named


def compare(case, name, found, expected):
    """As onnx.backend.test.runner does it."""
    if found is None:
        fail(WRONG, f"there is no output '{name}'")
    if not isinstance(expected, np.ndarray) and not np.isscalar(expected):
        fail(WRONG, f"output '{name}' should not be a tensor")
    expected = np.asarray(expected)
    if found.dtype != expected.dtype or found.shape != expected.shape:
        fail(WRONG, f"output '{name}' is {found.dtype} {list(found.shape)}; expected {expected.dtype} "
                    f"{list(expected.shape)}")
    rtol = case.rtol
    if expected.dtype == ml_dtypes.bfloat16:
        found, expected, rtol = found.astype(np.float32), expected.astype(np.float32), max(rtol, 2 ** -6)
    if not np.allclose(found, expected, rtol=rtol, atol=case.atol, equal_nan=True):
        bad = ~np.isclose(found, expected, rtol=rtol, atol=case.atol, equal_nan=True)
        at = tuple(int(i) for i in np.argwhere(bad)[0])
        fail(WRONG, f"output '{name}': {int(bad.sum())} of {bad.size} values are wrong; the first, at {list(at)}, is "
                    f"{found[at]}, expected {expected[at]}")


def run_case(binary, case, folder):
    """Imports the model once, runs every data set, and says how it went."""
    folder.mkdir()
    source, model, given, result = (folder / name for name in ("model.onnx", "model.octet", "in.npz", "out.npz"))
    try:
        source.write_bytes(case.model.SerializeToString())
        octet(binary, "import", source, "-o", model)
        for inputs, outputs in case.data_sets:
            named = feeds(case, inputs)
            write_arrays(given, named)
            octet(binary, "run", model, *(["--input", given] if named else []), "--output", result, "--threads", 1)
            found = read_arrays(result)
            for value, expected in zip(case.model.graph.output, outputs):
                compare(case, value.name, found.get(value.name), expected)
    except Failure as failure:
        return Result(case.name, case.operator(), failure.kind, failure.details)
    finally:
        for path in (source, model, given, result):
            path.unlink(missing_ok=True)
    return Result(case.name, case.operator(), PASS)
