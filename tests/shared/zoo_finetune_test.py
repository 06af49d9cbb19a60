"""Training of networks that are no classifiers of pictures: an encoder of sentences, which reads integers and attends, and
a detector, which enlarges with transposed convolutions and Resize.

usage: zoo_finetune_test.py minilm_l6_v2 | ppocr_det
"""
import sys

from octet_cli import check, octet, octet_json
import zoo
import numpy as np
import octet_arrays
from networks import work

flt, q8, trained = work / "float.octet", work / "int8.octet", work / "trained.octet"


def train(source, calibration, evaluation, *flags):
    octet_arrays.imported(source, flt)
    data, judged = work / "calibration.npz", work / "evaluation.npz"
    np.savez(data, **calibration)
    np.savez(judged, **evaluation)
    octet("quantize", flt, "--method", "static", "--data", data, "-o", q8)
    r = octet_json("finetune", q8, "--reference", flt, "--data", data, "--evaluation", judged, "-o", trained, *flags)
    print("      loss of the epochs: " + ", ".join(f"{e['loss']:.5f}" for e in r["history"][1:]))
    before, after = (octet_json("eval", m, "--reference", flt, "--data", judged) for m in (q8, trained))
    check(after["sqnr_db"] >= before["sqnr_db"] + 0.1,
          f"on other data SQNR {before['sqnr_db']:.2f} dB and cosine {before['cosine_mean']:.5f} before, "
          f"{after['sqnr_db']:.2f} dB and {after['cosine_mean']:.5f} after")
    check(r["history"][-1]["loss"] < r["history"][1]["loss"], "the loss falls")


def minilm():
    train(zoo.minilm(work / "minilm.onnx"), zoo.sentences(32, 64, "calibration"), zoo.sentences(32, 64), "--epochs", 2,
          "--batch", 4)


def detector():
    train(zoo.ocr("ch_PP-OCRv4_det"), zoo.detector_pictures(16, 320, 320, "calibration"),
          zoo.detector_pictures(8, 320, 320), "--epochs", 4, "--batch", 2, "--lr", 0.00005)


{"minilm_l6_v2": minilm, "ppocr_det": detector}[sys.argv[1]]()
