# SPDX-License-Identifier: Apache-2.0
"""The teacher of the built-in model: MobileNetV1 0.75 as ONNX, and its embeddings of a folder of images.

    mobilenet_teacher.py onnx WEIGHTS.safetensors MODEL.onnx          write the network; outputs "features" and "scores"
    mobilenet_teacher.py wnm WEIGHTS.safetensors MODEL.wnm SIDE [FEATURES.npy]
                                                                   the same as a model of winnow, network "mobile": the 768
                                                                   features, or their first 128 axes over such rows
    mobilenet_teacher.py check MODEL.onnx PHOTOS                      top-1 on one photo of every k-th class, named in class order
    mobilenet_teacher.py embed MODEL.onnx PATHS.txt OUT.npy [SIDE]    rows of 768 float16, in the order of the list
    mobilenet_teacher.py axes ROWS.npy COUNT POWER OUT.npy         such rows on their first COUNT principal axes, each divided by
                                                                   its variance to the power of POWER / 2, at length 1

Weights in the Keras layout (HWIO; depthwise HWC1), input RGB / 127.5 - 1, TensorFlow's "same" padding, batch norm with
epsilon 1e-3, ReLU6 (Howard et al. 2017, "MobileNets"). Needs numpy, onnx, onnxruntime, Pillow and safetensors.
"""

import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
from PIL import Image

EPSILON = 1e-3
STRIDES = {2: 2, 4: 2, 6: 2, 12: 2}


def fold(tensors, name, kernel, channel_axis):
    """The kernel scaled by its batch norm, and the bias that is left."""
    scale = tensors[f"{name}_bn/gamma"] / np.sqrt(tensors[f"{name}_bn/moving_variance"] + EPSILON)
    bias = tensors[f"{name}_bn/beta"] - tensors[f"{name}_bn/moving_mean"] * scale
    shape = [1, 1, 1, 1]
    shape[channel_axis] = -1
    return (kernel * scale.reshape(shape)).astype(np.float32), bias.astype(np.float32)


def build(weights_path, model_path):
    import onnx
    from onnx import TensorProto, helper, numpy_helper
    from safetensors.numpy import load_file

    tensors = load_file(weights_path)
    nodes, constants = [], []

    def constant(name, value):
        constants.append(numpy_helper.from_array(value, name))
        return name

    low, high = constant("zero", np.float32(0)), constant("six", np.float32(6))

    def convolution(name, data, kernel, bias, stride, groups):
        inputs = [data, constant(f"{name}.weight", kernel), constant(f"{name}.bias", bias)]
        nodes.append(helper.make_node("Conv", inputs, [f"{name}.z"], name=name, auto_pad="SAME_UPPER",
                                      strides=[stride, stride], group=groups, kernel_shape=list(kernel.shape[2:])))
        nodes.append(helper.make_node("Clip", [f"{name}.z", low, high], [f"{name}.a"]))
        return f"{name}.a"

    kernel, bias = fold(tensors, "conv1", tensors["conv1/kernel"], 3)
    data = convolution("conv1", "input", kernel.transpose(3, 2, 0, 1), bias, 2, 1)
    for i in range(1, 14):
        name = f"conv_dw_{i}"
        kernel, bias = fold(tensors, name, tensors[f"{name}/depthwise_kernel"], 2)
        data = convolution(name, data, kernel.transpose(2, 3, 0, 1), bias, STRIDES.get(i, 1), kernel.shape[2])
        name = f"conv_pw_{i}"
        kernel, bias = fold(tensors, name, tensors[f"{name}/kernel"], 3)
        data = convolution(name, data, kernel.transpose(3, 2, 0, 1), bias, 1, 1)
    nodes.append(helper.make_node("GlobalAveragePool", [data], ["pooled"]))
    nodes.append(helper.make_node("Flatten", ["pooled"], ["features"]))
    constant("head.weight", tensors["conv_preds/kernel"][0, 0])
    constant("head.bias", tensors["conv_preds/bias"])
    nodes.append(helper.make_node("Gemm", ["features", "head.weight", "head.bias"], ["scores"], name="conv_preds"))
    graph = helper.make_graph(
        nodes, "mobilenet_v1_075",
        [helper.make_tensor_value_info("input", TensorProto.FLOAT, ["batch", 3, "height", "width"])],
        [helper.make_tensor_value_info("scores", TensorProto.FLOAT, ["batch", 1000]),
         helper.make_tensor_value_info("features", TensorProto.FLOAT, ["batch", 768])], constants)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8)
    onnx.checker.check_model(model)
    onnx.save(model, model_path)


def pad(array, shape):
    """Channels that the network of winnow has beyond the 24 of the original stay zero."""
    return np.pad(array, [(0, to - have) for to, have in zip(shape, array.shape)])


def principal_axes(features_path, count=128, power=0.25):
    """The axes of rows of features, as a layer: ordered by variance and divided by it to the power of power / 2."""
    features = np.load(features_path).astype(np.float64)
    mean = features.mean(0)
    values, vectors = np.linalg.eigh(np.cov((features - mean).T))
    values, vectors = values[::-1], vectors[:, ::-1].T
    weights = vectors[:count] * ((values[:count] + 0.01 * values.mean()) ** (-power / 2))[:, None]
    return weights, -weights @ mean, [32, 64, count]


def convert(weights_path, model_path, side, features_path=None):
    """Writes docs/formats/model.md. Without features the last layer is the identity."""
    import ctypes
    import ctypes.util
    import struct

    from safetensors.numpy import load_file

    tensors, rows, statistics = load_file(weights_path), [], []
    names = ["conv1"] + [f"conv_{kind}_{i}" for i in range(1, 14) for kind in ("dw", "pw")]
    for i, name in enumerate(names):
        depthwise = "_dw_" in name
        kernel = tensors[f"{name}/depthwise_kernel" if depthwise else f"{name}/kernel"]
        kernel = kernel.transpose(2, 3, 0, 1) if depthwise else kernel.transpose(3, 2, 0, 1)
        wide = [32 if n == 24 else n for n in kernel.shape[:2]] + list(kernel.shape[2:])
        norm = {part: tensors[f"{name}_bn/{part}"] for part in ("gamma", "beta", "moving_mean", "moving_variance")}
        rows.append((f"conv{i}.weight", 0, pad(kernel, wide)))
        rows.append((f"conv{i}.scale", 1, pad(norm["gamma"], wide[:1])))
        rows.append((f"conv{i}.shift", 1, pad(norm["beta"], wide[:1])))
        statistics.append((f"conv{i}.mean", 2, pad(norm["moving_mean"], wide[:1])))
        statistics.append((f"conv{i}.variance", 2, pad(norm["moving_variance"], wide[:1])))
    half = np.full(3, 0.5)
    statistics += [("input.mean", 2, half), ("input.deviation", 2, half)]
    trained = sum(array.size for _, _, array in rows)
    weights, bias, prefixes = np.eye(768), np.zeros(768), [768]
    if features_path:
        weights, bias, prefixes = principal_axes(features_path)
    rows += statistics + [("embedding0.weight", 0, weights), ("embedding0.bias", 1, bias)]
    texts = b"mobile\0converted\0origin=mobilenet_v1_075_224\0"
    table, floats = b"", b""
    for name, role, array in rows:
        shape = list(array.shape) + [0] * (4 - array.ndim)
        table += struct.pack("<48sII4IQQ", name.encode(), role, array.ndim, *shape, len(floats) // 4, array.size)
        floats += array.astype("<f4").tobytes()
    used = 128 + len(texts) + len(table)
    offset = (used + 63) // 64 * 64
    head = struct.pack("<4I8I3Q2I2Q", side, len(bias), 768, len(prefixes), *prefixes, *[0] * (8 - len(prefixes)),
                       trained + weights.size + bias.size, 0, 0, len(rows), len(texts), offset, len(floats) // 4)
    content = head + texts + table + bytes(offset - used) + floats
    hasher = ctypes.CDLL(ctypes.util.find_library("xxhash")).XXH3_64bits
    hasher.restype, hasher.argtypes = ctypes.c_uint64, [ctypes.c_char_p, ctypes.c_size_t]
    start = b"WNMODEL\n" + struct.pack("<IIQQ", 1, 128, 32 + len(content), hasher(content, len(content)))
    Path(model_path).write_bytes(start + content)


def read(path, side, crop=0.875):
    """Centre crop of the shorter side's square, as the ImageNet protocol has it; small images are only stretched."""
    image = Image.open(path).convert("RGB")
    width, height = image.size
    share = crop if min(width, height) > 96 else 1.0
    edge = min(width, height) * share
    box = ((width - edge) / 2, (height - edge) / 2, (width + edge) / 2, (height + edge) / 2)
    image = image.resize((side, side), Image.BICUBIC, box=box, reducing_gap=None)
    return np.asarray(image, np.float32).transpose(2, 0, 1) / 127.5 - 1


def open_model(model_path, threads=1):
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    return onnxruntime.InferenceSession(model_path, options, providers=["CPUExecutionProvider"])


def batches(paths, side, size=64):
    with ThreadPoolExecutor(1) as pool:
        starts = range(0, len(paths), size)
        load = lambda at: np.stack([read(p, side) for p in paths[at:at + size]])  # noqa: E731
        ahead = pool.submit(load, 0)
        for at in starts:
            now, ahead = ahead.result(), pool.submit(load, at + size) if at + size < len(paths) else None
            yield at, now


def check(model_path, photos):
    paths = sorted(Path(photos).glob("n*.JPEG"))
    step = 1000 // len(paths)
    session = open_model(model_path)
    hits = 0
    for at, images in batches(paths, 224):
        hits += int((session.run(["scores"], {"input": images})[0].argmax(1)
                     == (np.arange(at, at + len(images)) * step + step - 1)).sum())
    print(f"top-1 {hits / len(paths):.3f} of {len(paths)} photos")


def embed(model_path, list_path, out, side):
    paths = Path(list_path).read_text().splitlines()
    rows = np.lib.format.open_memmap(out, "w+", np.float16, (len(paths), 768))
    session = open_model(model_path)
    for at, images in batches(paths, side):
        rows[at:at + len(images)] = session.run(["features"], {"input": images})[0]
        if at % 6400 == 0:
            print(f"{at} of {len(paths)}", flush=True)
    rows.flush()


def spread(rows_path, count, power, out):
    weights, bias, _ = principal_axes(rows_path, count, power)
    rows = np.load(rows_path) @ weights.T + bias
    np.save(out, (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32))


if __name__ == "__main__":
    command, arguments = sys.argv[1] if len(sys.argv) > 1 else "", sys.argv[2:]
    if command == "onnx" and len(arguments) == 2:
        build(*arguments)
    elif command == "wnm" and len(arguments) in (3, 4):
        convert(arguments[0], arguments[1], int(arguments[2]), *arguments[3:])
    elif command == "check" and len(arguments) == 2:
        check(*arguments)
    elif command == "embed" and len(arguments) in (3, 4):
        embed(*arguments[:3], int(arguments[3]) if len(arguments) == 4 else 224)
    elif command == "axes" and len(arguments) == 4:
        spread(arguments[0], int(arguments[1]), float(arguments[2]), arguments[3])
    else:
        sys.exit(__doc__)
