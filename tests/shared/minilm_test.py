"""MiniLM-L6 with dynamic arithmetic on real sentences: how near its embeddings are to those in float, and that a
sentence's bits depend neither on the batch that it is in nor on its padding.

usage: minilm_test.py
"""
from octet_cli import check, octet, octet_json
import zoo
import numpy as np
from networks import work

DEPTH = 384


def embed(model, ids, mask):
    np.savez(work / "in.npz", input_ids=ids, attention_mask=mask)
    octet("run", model, "--input", work / "in.npz", "--output", work / "out.npz")
    with np.load(work / "out.npz") as arrays:
        return arrays[arrays.files[0]].reshape(len(ids), DEPTH)


def padded(x, more):
    return np.concatenate([x, np.zeros((len(x), more), x.dtype)], 1)


zoo.minilm(work / "m.onnx")
octet("quantize", work / "m.onnx", "--method", "dynamic", "-o", work / "dynamic.octet")
octet("quantize", work / "m.onnx", "--method", "weight-only", "-o", work / "stored.octet")
octet("import", work / "m.onnx", "-o", work / "float.octet")
kernels = [o["kernel"] for o in octet_json("inspect", work / "dynamic.octet", "--shape", "input_ids=1x128",
                                           "--shape", "attention_mask=1x128")["operators"]]
for kernel, count in ("simd_matmul_dynamic", 36), ("simd_attention_dynamic", 6):
    found = sum(k.startswith(kernel) for k in kernels)
    check(found == count, f"{found} operators run on {kernel}")

ids, mask = (zoo.sentences(64, 128)[key] for key in ("input_ids", "attention_mask"))
truth = embed(work / "float.octet", ids, mask)
got = embed(work / "dynamic.octet", ids, mask)


def near(title, got, mean, least, neighbours):
    cosines, kept = zoo.cosines(got, truth), (zoo.nearest(got) == zoo.nearest(truth)).mean()
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
