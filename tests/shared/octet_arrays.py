"""Runs Octet on numpy's arrays."""
import tempfile
from pathlib import Path

import numpy as np
from octet_cli import octet


def imported(source, target):
    """Writes the model `source` as `target`, which is returned."""
    octet("import", source, "-o", target)
    return target


def run(model, feeds):
    """{name: array} of a model's outputs for {name: array} of its inputs."""
    with tempfile.TemporaryDirectory() as folder:
        inputs, outputs = Path(folder, "in.npz"), Path(folder, "out.npz")
        np.savez(inputs, **feeds)
        octet("run", model, "--input", inputs, "--output", outputs)
        with np.load(outputs) as arrays:
            return dict(arrays)
