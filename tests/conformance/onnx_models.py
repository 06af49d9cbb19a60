"""The models that come with ONNX, through `octet import` and `octet run`. README.md says how to use it."""
import json, warnings
from pathlib import Path

import packages

packages.use_packages()
warnings.simplefilter("ignore")

import numpy as np
import onnx
from onnx import numpy_helper

import cases, report

DATA = Path(onnx.__file__).parent / "backend/test/data"
KINDS = ("real", "simple", "pytorch-converted", "pytorch-operator")


def load(path, kind):
    """The value in a file, of the type that the graph declares."""
    proto, decode = {
        "tensor_type": (onnx.TensorProto, numpy_helper.to_array),
        "sequence_type": (onnx.SequenceProto, numpy_helper.to_list),
        "optional_type": (onnx.OptionalProto, numpy_helper.to_optional),
    }[kind.WhichOneof("value")]
    return decode(proto.FromString(path.read_bytes()))


def stored(folder, prefix, values):
    files = sorted(folder.glob(prefix + "_*.pb"), key=lambda path: int(path.stem.rsplit("_")[-1]))
    return [load(path, value.type) for path, value in zip(files, values)]


def ramp(value):
    """The input that onnx.backend.test.runner makes for models without stored inputs: equal steps from 0 to 1."""
    shape = [dim.dim_value if dim.HasField("dim_value") else 1 for dim in value.type.tensor_type.shape.dim]
    count = int(np.prod(shape))
    return (np.arange(count).reshape(shape) / count).astype(np.float32)


def model_case(folder):
    settings = folder / "data.json"
    settings = json.loads(settings.read_text()) if settings.exists() else {}
    if (folder / "model.onnx").exists():
        model = onnx.load(folder / "model.onnx")
        graph = model.graph
        data_sets = [(stored(data, "input", graph.input), stored(data, "output", graph.output))
                     for data in sorted(folder.glob("test_data_set_*"))]
    else:
        # One of the folder `light`: its weights are filled in by nodes.
        path = DATA.parents[3] / settings["url"]
        model = onnx.load(path)
        constants = {tensor.name for tensor in model.graph.initializer}
        inputs = [ramp(value) for value in model.graph.input if value.name not in constants]
        outputs = [load(path.with_name(f"{path.stem}_output_{i}.pb"), value.type)
                   for i, value in enumerate(model.graph.output)]
        data_sets = [(inputs, outputs)]
    return cases.Case(folder.name, model, data_sets, settings.get("rtol", 1e-3), settings.get("atol", 1e-7))


options = report.arguments(__doc__)
folders = [folder for kind in KINDS for folder in sorted((DATA / kind).iterdir())
           if folder.is_dir() and options.only in folder.name]
report.finish(report.run_all(options.octet, [model_case(folder) for folder in folders]), "model_passes.txt", options)
