"""Time that static quantization takes: Octet with all of its calibrators beside NNCF with its one, on the same pictures.

usage: calibration.py --octet BINARY --bench BINARY --pictures DIR --work DIR [--rounds 5] [--seconds 0] MODEL.onnx

--bench is //bench:calibration_bench. needs: numpy, nncf, onnx, openvino, pillow (pip). Both get the pictures as one array of
ready inputs, and two threads. Rounds alternate between fresh processes; what is timed starts when the float model is
loaded and ends with the last int8 model in memory. NNCF: `nncf.quantize` with its defaults on all pictures. Prints one JSON
object with medians of wall-clock and CPU seconds, and of the ratios of each round.
"""
import json, statistics, sys

from peers import arguments, report, run
from side_by_side import DEFAULT, PREPROCESSING, load_pictures

THREADS = 2

NNCF_CHILD = r"""
import json, logging, resource, sys, time
import numpy as np, openvino as ov, nncf
logging.getLogger("nncf").setLevel(logging.ERROR)
path, data, threads = sys.argv[1], np.load(sys.argv[2]), int(sys.argv[3])
core = ov.Core(); core.set_property("CPU", {"INFERENCE_NUM_THREADS": threads})
model = core.read_model(path)
name = model.input(0).any_name
def now():
    u = resource.getrusage(resource.RUSAGE_SELF)
    return time.perf_counter(), u.ru_utime + u.ru_stime
start = now()
nncf.quantize(model, nncf.Dataset([x[None] for x in data], lambda x: {name: x}), subset_size=len(data))
end = now()
print(json.dumps({"wall": end[0] - start[0], "cpu": end[1] - start[1], "version": nncf.__version__}))
"""


def main():
    import numpy as np
    args = arguments(__doc__, "bench", "pictures", rounds=5, seconds=0.0)
    rows = {}
    for model in args.models:
        mean, std, order = PREPROCESSING.get(model.stem, DEFAULT)
        data, float_model = args.work / f"{model.stem}.npy", args.work / f"{model.stem}.octet"
        np.save(data, np.concatenate(list(load_pictures(args.pictures, mean, std, order))))
        run(args.octet, "import", model, "-o", float_model)
        pairs = []
        for _ in range(args.rounds):
            ours = json.loads(run(args.bench, float_model, data, THREADS))
            theirs = json.loads(run(sys.executable, "-c", NNCF_CHILD, model, data, THREADS).splitlines()[-1])
            pairs.append((ours, theirs))
            print(model.stem, ours, theirs, file=sys.stderr)
        median = lambda values: round(statistics.median(values), 3)
        rows[model.stem] = {"nncf": pairs[0][1]["version"], "samples": pairs[0][0]["samples"]} | {
            key: {"octet": median(a["total"][key] for a, _ in pairs), "of which the pass": median(a["pass"][key] for a, _ in pairs),
                  "nncf": median(b[key] for _, b in pairs), "ratio": median(a["total"][key] / b[key] for a, b in pairs)}
            for key in ("wall", "cpu")}
    report(args, rows, threads=THREADS)


if __name__ == "__main__":
    main()
