"""Training int8 networks to compute what the float network computes, on real pictures without classes.

usage: finetune_test.py squeezenet | efficientnet_lite0
"""
import re, subprocess, sys
from pathlib import Path

from networks import NETWORKS, float_network, pictures_folder as pictures, work
from octet_cli import check, octet, octet_json

name = sys.argv[1]
net = NETWORKS[name]
flt, q8, trained = work / f"{name}.octet", work / f"{name}.int8.octet", work / f"{name}.qat.octet"
octet("import", float_network(name), "-o", flt, "--resize", 256, "--crop", 224, "--mean", net["mean"],
      "--std", net["std"], "--pixel-order", net["order"], "--labels", pictures / "labels.txt")

octet("quantize", flt, "--data", pictures / "calibration", "-o", q8, "--method", "static")
output = subprocess.run([Path("tools/train/forward_check").resolve(), q8, pictures / "evaluation", "8"],
                        capture_output=True, text=True, check=True).stdout
print(output, end="")
exact, fast = re.findall(r"equal ([\d.]+), within one unit ([\d.]+), outputs differ by ([-\d.e]+)", output)
check(float(exact[0]) >= 0.9999, "the training network has the reference kernels' integers")
check(float(fast[1]) >= 0.999, "and those of the fastest kernels to one unit")

for case in net["finetune"]:
    r = octet_json("finetune", flt, "--data", pictures / "calibration", "-o", trained, *case["flags"])
    before, seconds = r["before"], [e["seconds"] for e in r["history"] if e["epoch"] > 0]
    r = octet_json("eval", trained, "--data", pictures / "evaluation", "--reference", flt)
    print(f"      {' '.join(map(str, case['flags']))}: before, on the training pictures, agreement {before['agreement']}, "
          f"SQNR {before['sqnr_db']:.2f} dB; after, on others, {r['agreement']}, {r['sqnr_db']:.2f} dB; "
          f"{min(seconds):.1f} to {max(seconds):.1f} s an epoch")
    check(r["agreement"] >= case["agreement"], f"agreement {r['agreement']} >= {case['agreement']}")
