"""SqueezeNet 1.1 from its float16 ONNX file to int8, on real pictures."""
import random, tempfile
from pathlib import Path

from octet_cli import check, octet, octet_json, read_npz, shared_folder, write_npz

shared = shared_folder()
work = Path(tempfile.mkdtemp())
pictures = shared / "imagenet"
flt, q8 = work / "squeezenet.octet", work / "squeezenet.int8.octet"

octet("import", shared / "zoo/squeezenet_f16.onnx", "-o", flt, "--resize", 256, "--crop", 224, "--mean",
      "104,117,123", "--std", "1,1,1", "--pixel-order", "bgr", "--labels", pictures / "labels.txt")
octet("quantize", flt, "--data", pictures / "calibration", "-o", q8, "--method", "static", "--calibrator",
      "minmax", "--weights", "per-channel")

r = octet_json("eval", flt, "--data", pictures / "evaluation")
check(r["samples"] == 400 and abs(r["top1"] - 0.5825) <= 0.005, f"float top-1 {r['top1']} (0.5825 elsewhere)")

r = octet_json("eval", q8, "--data", pictures / "evaluation", "--reference", flt)
check(r["agreement"] >= 0.94, f"int8 agreement {r['agreement']} >= 0.94")
check(r["sqnr_db"] >= 20, f"int8 SQNR {r['sqnr_db']} dB >= 20")
check(abs(r["top1"] - 0.5825) <= 0.03, f"int8 top-1 {r['top1']}")
check(q8.stat().st_size <= 0.3 * 4.95e6, f"int8 file {q8.stat().st_size} bytes <= 30 % of the float32 weights")

for path in (flt, q8):
    slow = [o["name"] for o in octet_json("inspect", path)["operators"]
            if "/ref" in o["kernel"] or o["kernel"].startswith("ref")]
    check(not slow, f"{path.name}: operators on reference implementations: {slow}")

info = octet_json("inspect", q8)
name = info["inputs"][0]["name"]
r = random.Random(1)
samples = [[r.uniform(-120, 140) for _ in range(3 * 224 * 224)] for _ in range(8)]


def run(batch, *flags, isa=None):
    write_npz(work / "in.npz", name, (len(batch), 3, 224, 224), [v for s in batch for v in s])
    octet("run", q8, "--input", work / "in.npz", "--output", work / "out.npz", *flags, isa=isa)
    (shape, values), = read_npz(work / "out.npz").values()
    return values


together = run(samples)
size = len(together) // 8
for i, sample in enumerate(samples):
    check(run([sample], "--threads", 1 + i % 4) == together[i * size:(i + 1) * size],
          f"sample {i}, alone on {1 + i % 4} threads: the same bits as inside a batch of 8")

best = [max(range(size), key=lambda c: together[i * size + c]) for i in range(8)]
for isa in ("AVX2", "AVX2_VNNI", "AVX512_CORE_VNNI"):
    other = run(samples, isa=isa)
    error = sum((a - b) ** 2 for a, b in zip(together, other)) / max(sum(a * a for a in together), 1e-30)
    check(error <= 1e-3, f"{isa}: outputs differ by {error:.1e} of their energy")
