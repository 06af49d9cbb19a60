"""One network from its float file to int8, on real pictures.

usage: network_test.py squeezenet | efficientnet_lite0
"""
import random, sys

from networks import NETWORKS, float_network, pictures_folder as pictures, work
from octet_cli import check, octet, octet_json, read_npz, write_npz

name = sys.argv[1]
net = NETWORKS[name]
source = float_network(name)
flt, q8 = work / f"{name}.octet", work / f"{name}.int8.octet"

octet("import", source, "-o", flt, "--resize", 256, "--crop", 224, "--mean", net["mean"], "--std", net["std"],
      "--pixel-order", net["order"], "--labels", pictures / "labels.txt")
octet("quantize", flt, "--data", pictures / "calibration", "-o", q8, "--method", "static", "--calibrator",
      "minmax", "--weights", "per-channel")

r = octet_json("eval", flt, "--data", pictures / "evaluation")
check(r["samples"] == 400 and abs(r["top1"] - net["top1"]) <= 0.005, f"float top-1 {r['top1']}, elsewhere {net['top1']}")

r = octet_json("eval", q8, "--data", pictures / "evaluation", "--reference", flt)
check(r["agreement"] >= net["agreement"], f"int8 agreement {r['agreement']} >= {net['agreement']}")
check(r["sqnr_db"] >= net["sqnr"], f"int8 SQNR {r['sqnr_db']:.2f} dB >= {net['sqnr']}")
check(abs(r["top1"] - net["top1"]) <= 0.03, f"int8 top-1 {r['top1']}")
size = q8.stat().st_size
check(size <= 0.3 * net["float_weights"], f"int8 file of {size} bytes is at most 30 % of the float32 weights")

for path in (flt, q8):
    slow = [o["name"] for o in octet_json("inspect", path)["operators"]
            if "/ref" in o["kernel"] or o["kernel"].startswith("ref")]
    check(not slow, f"{path.name}: operators on reference implementations: {slow}")

input_name = octet_json("inspect", q8)["inputs"][0]["name"]
noise = random.Random(1)
samples = [[noise.uniform(*net["pixels"]) for _ in range(3 * 224 * 224)] for _ in range(8)]


def run(batch, *flags, isa=None):
    write_npz(work / "in.npz", input_name, (len(batch), 3, 224, 224), [v for s in batch for v in s])
    octet("run", q8, "--input", work / "in.npz", "--output", work / "out.npz", *flags, isa=isa)
    (_, values), = read_npz(work / "out.npz").values()
    return values


alone = [run([s], "--threads", 1) for s in samples[:2]]
for threads in (2, 4):
    check(run([samples[0]], "--threads", threads) == alone[0], f"{threads} threads give the bits of one")

# A network whose file has a fixed batch of 1 has no batch of 8 to compare with.
if octet_json("inspect", q8)["inputs"][0]["shape"][0] != 1:
    together = run(samples)
    n = len(together) // 8
    for i in range(2):
        check(together[i * n:(i + 1) * n] == alone[i], f"sample {i} has the same bits inside a batch of 8")

for isa in ("AVX2", "AVX2_VNNI", "AVX512_CORE_VNNI"):
    other = run([samples[0]], isa=isa)
    error = sum((a - b) ** 2 for a, b in zip(alone[0], other)) / max(sum(a * a for a in alone[0]), 1e-30)
    check(error <= 1e-2, f"{isa}: outputs differ by {error:.1e} of their energy")
