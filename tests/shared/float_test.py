"""Float networks of open sizes against ONNX Runtime: sentences of several lengths, pictures with text of several sizes.

usage: float_test.py minilm_l6_v2 | ppocr_det | ppocr_cls
"""
import sys

from octet_cli import check
import zoo
import numpy as np
import octet_arrays
import ort_models
from networks import work

TOLERANCE = 1e-3  # of the largest output

# How the model file comes about, how its inputs do, and the sizes that they are asked for.
MODELS = {
    "minilm_l6_v2": (lambda: zoo.minilm(work / "minilm.onnx"), zoo.sentences, [(1, 128), (4, 37), (2, 9)]),
    "ppocr_det": (lambda: zoo.ocr("ch_PP-OCRv4_det"), zoo.detector_pictures,
                  [(1, 640, 640), (2, 320, 256), (1, 224, 480)]),
    "ppocr_cls": (lambda: zoo.ocr("ch_ppocr_mobile_v2.0_cls"), zoo.classifier_pictures,
                  [(1, 48, 192), (6, 48, 192), (2, 64, 320)]),
}

make, draw, sizes = MODELS[sys.argv[1]]
source = make()
model = octet_arrays.imported(source, work / "model.octet")
for size in sizes:
    feeds = draw(*size)
    (theirs,), (ours,) = ort_models.run(str(source), feeds), octet_arrays.run(model, feeds).values()
    largest, difference = np.abs(theirs).max(), np.abs(ours - theirs).max()
    # A network that sees nothing yields noise, whose relative difference says nothing.
    check(largest > 0.1, f"{size}: the largest output is {largest:.3g}")
    check(ours.shape == theirs.shape and difference <= TOLERANCE * largest,
          f"{size}: outputs {ours.shape} differ by {difference / largest:.1e} of the largest, at most {TOLERANCE}")
