"""The road that `octet quantize` takes by itself with networks whose outputs are no classes.

usage: zoo_road_test.py minilm_l6_v2 | ppocr_det
"""
import sys

from octet_cli import check, octet_json
import zoo
import numpy as np
import octet_arrays
from networks import work

flt, q8 = work / "float.octet", work / "int8.octet"


def walk(source, calibration):
    """Imports and quantizes the network with the road's defaults."""
    octet_arrays.imported(source, flt)
    np.savez(work / "calibration.npz", **calibration)
    road = octet_json("quantize", flt, "--data", work / "calibration.npz", "-o", q8)
    for step in road["steps"]:
        print(f"      {step['name']}: {step['sqnr_db']} dB, cosine {step['cosine_mean']}, {step['latency_ms']} of "
              f"{step['float_latency_ms']} ms")
    chosen = next(s for s in road["steps"] if s["name"] == road["chosen"])
    check(chosen["latency_ms"] < chosen["float_latency_ms"],
          f"the road ends with '{road['chosen']}', which is faster than float")


def outputs(feeds):
    """What the float and the quantized model compute."""
    return [next(iter(octet_arrays.run(model, feeds).values())) for model in (flt, q8)]


def minilm():
    walk(zoo.minilm(work / "minilm.onnx"), zoo.sentences(32, 128, "calibration"))
    truth, got = (x.reshape(64, -1) for x in outputs(zoo.sentences(64, 128)))
    cosines, kept = zoo.cosines(got, truth), (zoo.nearest(got) == zoo.nearest(truth)).mean()
    check(cosines.mean() >= 0.998 and cosines.min() >= 0.994 and kept >= 0.95,
          f"mean cosine {cosines.mean():.5f}, least {cosines.min():.5f}, nearest neighbour kept {kept:.3f}")


def detector():
    walk(zoo.ocr("ch_PP-OCRv4_det"), zoo.detector_pictures(16, 480, 480, "calibration"))
    truth, got = (x > 0.3 for x in outputs(zoo.detector_pictures(16, 480, 480)))
    check(truth.mean() > 0.02, f"{truth.mean():.3f} of all pixels are text")
    iou = (truth & got).sum() / (truth | got).sum()
    check(iou >= 0.97, f"IoU {iou:.4f} of the pixels that are text")


{"minilm_l6_v2": minilm, "ppocr_det": detector}[sys.argv[1]]()
