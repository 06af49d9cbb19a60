"""EfficientNet-Lite0 with activations of 16 bits, on real pictures.

usage: int16_test.py
"""
import random

from networks import NETWORKS, float_network, pictures_folder as pictures, work
from octet_cli import check, octet, octet_json, read_npz, write_npz

name = "efficientnet_lite0"
net = NETWORKS[name]
flt = work / f"{name}.octet"
octet("import", float_network(name), "-o", flt, "--resize", 256, "--crop", 224, "--mean", net["mean"], "--std",
      net["std"], "--pixel-order", net["order"], "--labels", pictures / "labels.txt")

# Flags, and what agreement and SQNR are at least.
WAYS = {
    "s8": (["--weights-type", "s8"], 0.98, 20),
    "s8.refined": (["--weights-type", "s8", "--refine", "rounding"], 0.98, 23),
    "s16": (["--weights-type", "s16"], 0.9975, 55),
}
input_name = octet_json("inspect", flt)["inputs"][0]["name"]
noise = random.Random(1)
sample = [noise.uniform(*net["pixels"]) for _ in range(3 * 224 * 224)]
write_npz(work / "in.npz", input_name, (1, 3, 224, 224), sample)


def run(model, *flags, isa=None):
    octet("run", model, "--input", work / "in.npz", "--output", work / "out.npz", *flags, isa=isa)
    (_, values), = read_npz(work / "out.npz").values()
    return values


for way, (flags, agreement, sqnr) in WAYS.items():
    model = work / f"{name}.{way}.octet"
    octet("quantize", flt, "--data", pictures / "calibration", "-o", model, "--method", "static", "--activations",
          "s16", *flags)
    r = octet_json("eval", model, "--data", pictures / "evaluation", "--reference", flt)
    check(r["agreement"] >= agreement, f"{way}: agreement {r['agreement']} >= {agreement}")
    check(r["sqnr_db"] >= sqnr, f"{way}: SQNR {r['sqnr_db']:.2f} dB >= {sqnr}")
    slow = [o["name"] for o in octet_json("inspect", model)["operators"] if o["kernel"].startswith("ref")]
    check(not slow, f"{way}: operators on reference implementations: {slow}")
    expected = run(model, "--threads", 1)
    for isa in ("AVX2", "AVX2_VNNI", "AVX512_CORE_VNNI"):
        for threads in (1, 3):
            check(run(model, "--threads", threads, isa=isa) == expected,
                  f"{way}: {isa} on {threads} threads gives the same bits")
