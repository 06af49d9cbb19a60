"""Time of one epoch of quantization-aware training: `octet finetune` beside PyTorch, on the same arrays.

usage: training.py --octet BINARY --pictures DIR --work DIR [--rounds 5] [--seconds 0] MODEL.onnx

needs: numpy, onnx, pillow, torch (pip). Both train an int8 model by distillation from the float one with Adam, batch 16, two
threads, from ready inputs; what is timed is the second epoch. PyTorch: weights per channel and the input, sums and results
of every convolution through `torch.fake_quantize_per_channel_affine` and `torch.fake_quantize_per_tensor_affine` with fixed
scales, batch normalization folded, the teacher under `torch.no_grad`, `channels_last`. Octet: `--hints 0`, scales learned;
its time includes writing the model and judging it on one sample. Networks of Conv, BatchNormalization, Clip, Relu, Add,
GlobalAveragePool, Flatten and Gemm can be measured. Prints one JSON object with medians of seconds and of each round's ratio.
"""
import json, statistics, sys

from peers import arguments, report, run
from side_by_side import DEFAULT, PREPROCESSING, load_pictures

THREADS, BATCH, EPOCHS = 2, 16, 2

TORCH_CHILD = r"""
import json, sys, time
import numpy as np, onnx, torch
import torch.nn.functional as F
from onnx import numpy_helper
torch.set_num_threads(int(sys.argv[3]))
batch, epochs = int(sys.argv[4]), int(sys.argv[5])
graph = onnx.load(sys.argv[1]).graph
data = torch.from_numpy(np.load(sys.argv[2])).contiguous(memory_format=torch.channels_last)
consts = {t.name: torch.from_numpy(numpy_helper.to_array(t).copy()) for t in graph.initializer}
options = lambda node: {a.name: onnx.helper.get_attribute_value(a) for a in node.attribute}
readers = {}
for node in graph.node:
    for name in node.input:
        readers.setdefault(name, []).append(node)

steps, params, folded = [], {}, {}
for node in graph.node:
    if node.op_type == "BatchNormalization":
        folded[node.output[0]] = node.input[0]
        continue
    if node.op_type in ("Conv", "Gemm"):
        w = consts[node.input[1]]
        b = consts[node.input[2]] if len(node.input) > 2 else torch.zeros(w.shape[0])
        after = readers.get(node.output[0], [])
        if len(after) == 1 and after[0].op_type == "BatchNormalization":
            gamma, beta, mean, var = (consts[n] for n in after[0].input[1:5])
            factor = gamma / torch.sqrt(var + options(after[0]).get("epsilon", 1e-5))
            w, b = w * factor.reshape(-1, *[1] * (w.dim() - 1)), (b - mean) * factor + beta
        if w.dim() == 4:
            w = w.contiguous(memory_format=torch.channels_last)
        params[node.output[0]] = (torch.nn.Parameter(w.clone()), torch.nn.Parameter(b.clone()), w.clone(), b.clone())
    steps.append((node, options(node)))

def forward(x, fake, scales):
    values = {graph.input[0].name: x}
    def get(name):
        while name in folded:
            name = folded[name]
        return values[name]
    def rounded(name, y):
        if scales is None:
            return y
        if name not in scales:
            low, high = min(float(y.min()), 0.0), max(float(y.max()), 0.0)
            scale = max((high - low) / 255, 1e-9)
            scales[name] = (scale, int(min(max(round(-low / scale), 0), 255)))
        return torch.fake_quantize_per_tensor_affine(y, *scales[name], 0, 255) if fake else y
    values[graph.input[0].name] = rounded("", x)
    for node, o in steps:
        x = get(node.input[0])
        if node.op_type in ("Conv", "Gemm"):
            w, b = params[node.output[0]][:2] if fake else params[node.output[0]][2:]
            if fake:
                with torch.no_grad():
                    size = (w.detach().abs().amax(dim=tuple(range(1, w.dim()))) / 127).clamp_min(1e-9)
                w = torch.fake_quantize_per_channel_affine(w, size, torch.zeros_like(size, dtype=torch.int32), 0, -127, 127)
            if node.op_type == "Conv":
                top, left, bottom, right = o.get("pads", [0, 0, 0, 0])
                pad = (top, left)
                if (top, left) != (bottom, right):
                    x, pad = F.pad(x, (left, right, top, bottom)), (0, 0)
                y = F.conv2d(x, w, b, o.get("strides", 1), pad, o.get("dilations", 1), o.get("group", 1))
            else:
                y = F.linear(x, w if o.get("transB") else w.t(), b)
            after = [n for r in readers.get(node.output[0], []) for n in (readers.get(r.output[0], []) if r.op_type == "BatchNormalization" else [r])]
            # Followed by an activation, the sum is rounded after it.
            values[node.output[0]] = y if after and after[0].op_type in ("Clip", "Relu") else rounded(node.output[0], y)
            continue
        if node.op_type == "Clip":
            y = torch.clamp(x, float(consts[node.input[1]]), float(consts[node.input[2]]))
        elif node.op_type == "Relu":
            y = F.relu(x)
        elif node.op_type == "Add":
            y = x + get(node.input[1])
        elif node.op_type == "GlobalAveragePool":
            y = x.mean(dim=(2, 3), keepdim=True)
        elif node.op_type == "Flatten":
            values[node.output[0]] = x.flatten(1)
            continue
        else:
            raise SystemExit("cannot train " + node.op_type)
        values[node.output[0]] = rounded(node.output[0], y)
    return get(graph.output[0].name)

scales = {}
with torch.no_grad():
    forward(data[:32], False, scales)
adam = torch.optim.Adam([p for ps in params.values() for p in ps[:2]], lr=1e-6)
for _ in range(epochs):
    start, losses = time.perf_counter(), []
    for i in range(0, len(data), batch):
        x = data[i:i + batch]
        with torch.no_grad():
            t = forward(x, False, None)
        y = forward(x, True, scales)
        loss = (((y - t) ** 2).sum(dim=1) / (t ** 2).sum(dim=1)).mean()
        adam.zero_grad()
        loss.backward()
        adam.step()
        losses.append(float(loss.detach()))
    seconds = time.perf_counter() - start
print(json.dumps({"seconds": seconds, "loss": sum(losses) / len(losses), "version": torch.__version__}))
"""


def main():
    import numpy as np
    args = arguments(__doc__, "pictures", rounds=5, seconds=0.0)
    rows = {}
    for model in args.models:
        mean, std, order = PREPROCESSING.get(model.stem, DEFAULT)
        data, one, float_model = args.work / f"{model.stem}.npy", args.work / f"{model.stem}.one.npy", args.work / f"{model.stem}.octet"
        pictures = np.concatenate(list(load_pictures(args.pictures, mean, std, order)))
        np.save(data, pictures)
        np.save(one, pictures[:1])
        run(args.octet, "import", model, "-o", float_model)
        pairs = []
        for _ in range(args.rounds):
            ours = json.loads(run(args.octet, "finetune", float_model, "--data", data, "--evaluation", one, "--epochs", EPOCHS, "--batch",
                                  BATCH, "--hints", 0, "--lr", 1e-4, "--threads", THREADS, "--json", "-o", args.work / "trained.octet"))
            ours = {"seconds": ours["history"][-1]["seconds"], "loss": ours["history"][-1]["loss"]}
            theirs = json.loads(run(sys.executable, "-c", TORCH_CHILD, model, data, THREADS, BATCH, EPOCHS).splitlines()[-1])
            pairs.append((ours, theirs))
            print(model.stem, ours, theirs, file=sys.stderr)
        median = lambda values: round(statistics.median(values), 3)
        rows[model.stem] = {"torch": pairs[0][1]["version"], "samples": len(pictures), "octet": median(a["seconds"] for a, _ in pairs),
                            "pytorch": median(b["seconds"] for _, b in pairs),
                            "ratio": median(a["seconds"] / b["seconds"] for a, b in pairs)}
    report(args, rows, threads=THREADS, batch=BATCH)


if __name__ == "__main__":
    main()
