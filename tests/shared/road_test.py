"""The road that `octet quantize` takes by itself, on real pictures.

usage: road_test.py squeezenet | efficientnet_lite0
"""
import sys

from networks import NETWORKS, float_network, pictures_folder as pictures, work
from octet_cli import check, octet, octet_json

name = sys.argv[1]
net = NETWORKS[name]
flt, q8 = work / f"{name}.octet", work / f"{name}.int8.octet"
octet("import", float_network(name), "-o", flt, "--resize", 256, "--crop", 224, "--mean", net["mean"],
      "--std", net["std"], "--pixel-order", net["order"], "--labels", pictures / "labels.txt")

road = octet_json("quantize", flt, "--data", pictures / "calibration", "--evaluation", pictures / "evaluation",
                  "-o", q8, "--report", work / "report.html")
for step in road["steps"]:
    print(f"      {step['name']}: {step['sqnr_db']} dB, agreement {step['agreement']}, {step['latency_ms']} ms")
chosen = next(s for s in road["steps"] if s["name"] == road["chosen"])
check(road["met"] and q8.exists(), f"the road ends with '{road['chosen']}'")
check(chosen["latency_ms"] < chosen["float_latency_ms"], "which is faster than float")

r = octet_json("eval", q8, "--data", pictures / "evaluation", "--reference", flt)
check(r["agreement"] >= net["road_agreement"], f"agreement {r['agreement']} >= {net['road_agreement']}")
check(r["sqnr_db"] >= net["road_sqnr"], f"SQNR {r['sqnr_db']:.2f} dB >= {net['road_sqnr']}")
check(abs(r["sqnr_db"] - chosen["sqnr_db"]) < 1e-3, "the file gives what the road promised")
if road["chosen"] != "dynamic":  # which a busy machine may find to be the fastest
    wide = [o["name"] for o in octet_json("inspect", q8)["operators"] if o["type"] == "Conv" and o["dtype"] != "u8"]
    check(len(wide) <= 1, f"convolutions that do not yield integers, the last one aside: {wide}")
check(q8.stat().st_size <= 0.3 * net["float_weights"], "the file has at most 30 % of the size of float32 weights")
check(len(road["sensitivity"]) > 20, f"{len(road['sensitivity'])} operators were quantized alone")
check("Sensitivity" in (work / "report.html").read_text(), "the report is written")

worst = octet_json("compare", flt, q8, "--data", pictures / "evaluation", "--samples", 4, "--worst", 3)
check(len(worst["tensors"]) == 3, "the three worst tensors: " + ", ".join(t["tensor"] for t in worst["tensors"]))

if "per_tensor" in net:
    octet("quantize", flt, "--data", pictures / "calibration", "-o", q8, "--method", "static", "--calibrator",
          "percentile", "--weights", "per-tensor", "--refine", "equalize,rounding")
    r = octet_json("eval", q8, "--data", pictures / "evaluation", "--reference", flt)
    check(r["agreement"] >= net["per_tensor"], f"with one scale per tensor: agreement {r['agreement']} >= {net['per_tensor']}")
