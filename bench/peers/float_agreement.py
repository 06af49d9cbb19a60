"""Octet's float32 outputs beside ONNX Runtime's, on the same inputs.

usage: float_agreement.py --octet BINARY --pictures DIR --work DIR MODEL.onnx...

needs: numpy, onnx, onnxruntime, pillow (pip). Models take one picture input; pictures are scaled and cropped to its
height and width. Prints per model: the largest difference over the largest output of ONNX Runtime, and on how many
pictures both give the same top-1.
"""
from peers import arguments, run
from side_by_side import DEFAULT, PREPROCESSING, load_pictures


def session(path):
    import onnxruntime as ort
    return ort.InferenceSession(str(path), providers=["CPUExecutionProvider"])


def main():
    import numpy as np
    args = arguments(__doc__, "pictures")
    work = args.work
    for model in args.models:
        s = session(model)
        inp, out = s.get_inputs()[0], s.get_outputs()[0]
        h, w = (d if isinstance(d, int) else f for d, f in zip(inp.shape[2:], (48, 192)))
        pictures = list(load_pictures(args.pictures, *PREPROCESSING.get(model.stem, DEFAULT)))
        x = np.concatenate([a[:, :, (224 - h) // 2:(224 - h) // 2 + h, (224 - w) // 2:(224 - w) // 2 + w]
                            for a in pictures])
        half = inp.type == "tensor(float16)"
        expected = np.concatenate([np.asarray(s.run(None, {inp.name: a[None].astype(np.float16 if half else np.float32)})[0])
                                   for a in x]).astype(np.float32).reshape(len(x), -1)
        converted = work / f"{model.stem}.float.octet"
        run(args.octet, "import", model, "-o", converted)
        got = []
        batch = 50 if isinstance(inp.shape[0], str) or inp.shape[0] in (None, -1) else 1
        for i in range(0, len(x), batch):
            np.savez(work / "in.npz", **{inp.name: x[i:i + batch].astype(np.float16) if half else x[i:i + batch]})
            run(args.octet, "run", converted, "--input", work / "in.npz", "--output", work / "out.npz")
            with np.load(work / "out.npz") as o:
                got.append(o[out.name].astype(np.float32).reshape(len(x[i:i + batch]), -1))
        got = np.concatenate(got)
        difference = np.abs(got - expected).max() / np.abs(expected).max()
        same = int((got.argmax(1) == expected.argmax(1)).sum())
        print(f"{model.stem}: largest difference {difference:.2e} of the largest output; "
              f"top-1 equal on {same} of {len(x)}", flush=True)


if __name__ == "__main__":
    main()
