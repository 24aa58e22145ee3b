"""The BERT encoder as an ONNX graph, built from a safetensors checkpoint.

The graph is a few kilobytes: weights stay outside and are handed to onnxruntime without a copy.
Attention, skip-layer-normalisation and GELU are onnxruntime's fused operators (domain
`com.microsoft`). Architecture: Devlin et al., "BERT", 2019 (arXiv:1810.04805), post-norm encoder.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import onnxruntime as ort
from onnx import NodeProto, TensorProto, helper
from safetensors.numpy import load_file

HEADS = 12
LAYERS = 6
WIDTH = 384
LAYER_NORM_EPSILON = 1e-12
_FUSED = "com.microsoft"

FloatArray = npt.NDArray[Any]
Weights = dict[str, FloatArray]


def _layer_weights(checkpoint: Weights, layer: int) -> Weights:
    source = f"encoder.layer.{layer}."
    attention = source + "attention."
    projections = [attention + f"self.{name}" for name in ("query", "key", "value")]
    return {
        f"qkv_w{layer}": np.concatenate([checkpoint[p + ".weight"].T for p in projections], axis=1),
        f"qkv_b{layer}": np.concatenate([checkpoint[p + ".bias"] for p in projections]),
        f"out_w{layer}": checkpoint[attention + "output.dense.weight"].T,
        f"out_b{layer}": checkpoint[attention + "output.dense.bias"],
        f"norm1_g{layer}": checkpoint[attention + "output.LayerNorm.weight"],
        f"norm1_b{layer}": checkpoint[attention + "output.LayerNorm.bias"],
        f"up_w{layer}": checkpoint[source + "intermediate.dense.weight"].T,
        f"up_b{layer}": checkpoint[source + "intermediate.dense.bias"],
        f"down_w{layer}": checkpoint[source + "output.dense.weight"].T,
        f"down_b{layer}": checkpoint[source + "output.dense.bias"],
        f"norm2_g{layer}": checkpoint[source + "output.LayerNorm.weight"],
        f"norm2_b{layer}": checkpoint[source + "output.LayerNorm.bias"],
    }


def _weights(checkpoint: Weights) -> Weights:
    # Every text is segment 0, so its type embedding is folded into the positions.
    positions = (
        checkpoint["embeddings.position_embeddings.weight"]
        + checkpoint["embeddings.token_type_embeddings.weight"][0]
    )
    weights: Weights = {
        "words": checkpoint["embeddings.word_embeddings.weight"],
        "places": positions,
        "norm0_g": checkpoint["embeddings.LayerNorm.weight"],
        "norm0_b": checkpoint["embeddings.LayerNorm.bias"],
    }
    for layer in range(LAYERS):
        weights.update(_layer_weights(checkpoint, layer))
    return {name: np.ascontiguousarray(array, np.float32) for name, array in weights.items()}


def _skip_norm(inputs: list[str], output: str) -> NodeProto:
    return helper.make_node(
        "SkipLayerNormalization", inputs, [output], domain=_FUSED, epsilon=LAYER_NORM_EPSILON
    )


def _layer(i: int) -> list[NodeProto]:
    make = helper.make_node
    return [
        make(
            "Attention",
            [f"x{i}", f"qkv_w{i}", f"qkv_b{i}", "lengths"],
            [f"attended{i}"],
            num_heads=HEADS,
            domain=_FUSED,
        ),
        make("MatMul", [f"attended{i}", f"out_w{i}"], [f"mixed{i}"]),
        _skip_norm([f"mixed{i}", f"x{i}", f"norm1_g{i}", f"norm1_b{i}", f"out_b{i}"], f"mid{i}"),
        make("MatMul", [f"mid{i}", f"up_w{i}"], [f"up{i}"]),
        make("BiasGelu", [f"up{i}", f"up_b{i}"], [f"gelu{i}"], domain=_FUSED),
        make("MatMul", [f"gelu{i}", f"down_w{i}"], [f"down{i}"]),
        _skip_norm(
            [f"down{i}", f"mid{i}", f"norm2_g{i}", f"norm2_b{i}", f"down_b{i}"], f"x{i + 1}"
        ),
    ]


def _external(name: str, array: FloatArray) -> TensorProto:
    tensor = TensorProto(
        name=name,
        data_type=TensorProto.FLOAT,
        dims=array.shape,
        data_location=TensorProto.EXTERNAL,
    )
    # onnxruntime replaces external tensors by the values it is handed; the location is never read.
    for key, value in (("location", "memory"), ("offset", "0"), ("length", str(array.nbytes))):
        tensor.external_data.add(key=key, value=value)
    return tensor


def _model(weights: Weights) -> bytes:
    make, value = helper.make_node, helper.make_tensor_value_info
    nodes = [
        make("Gather", ["words", "tokens"], ["word_vectors"]),
        make("Gather", ["places", "positions"], ["place_vectors"]),
        make("Add", ["word_vectors", "place_vectors"], ["embedded"]),
        make(
            "LayerNormalization",
            ["embedded", "norm0_g", "norm0_b"],
            ["x0"],
            axis=-1,
            epsilon=LAYER_NORM_EPSILON,
        ),
    ]
    for layer in range(LAYERS):
        nodes += _layer(layer)
    nodes.append(make("MatMul", ["pooling", f"x{LAYERS}"], ["pooled"]))
    graph = helper.make_graph(
        nodes,
        "bert",
        [
            value("tokens", TensorProto.INT64, ["batch", "length"]),
            value("positions", TensorProto.INT64, ["length"]),
            value("lengths", TensorProto.INT32, ["batch"]),
            value("pooling", TensorProto.FLOAT, ["batch", "spans", "length"]),
        ],
        [value("pooled", TensorProto.FLOAT, ["batch", "spans", WIDTH])],
        initializer=[_external(name, array) for name, array in weights.items()],
    )
    opsets = [helper.make_opsetid("", 17), helper.make_opsetid(_FUSED, 1)]
    model = helper.make_model(graph, opset_imports=opsets)
    model.ir_version = 8
    return bytes(model.SerializeToString())


class BertSession:
    """An encoder that returns sums of token vectors over requested spans."""

    def __init__(self, checkpoint: Path, threads: int) -> None:
        weights = _weights(load_file(checkpoint))
        options = ort.SessionOptions()
        options.intra_op_num_threads = threads
        options.inter_op_num_threads = 1
        # Spinning threads win a little latency when idle and lose much when questions overlap.
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        options.log_severity_level = 3
        values = [ort.OrtValue.ortvalue_from_numpy(array) for array in weights.values()]
        options.add_external_initializers(list(weights), values)
        self._session = ort.InferenceSession(
            _model(weights), options, providers=["CPUExecutionProvider"]
        )

    def pool(self, tokens: FloatArray, lengths: FloatArray, pooling: FloatArray) -> FloatArray:
        """Return `pooling @ hidden`.

        Args:
            tokens: Token ids, shape (batch, length), padded on the right.
            lengths: Tokens of each row that are not padding, shape (batch,).
            pooling: Weight of each token in each span, shape (batch, spans, length).

        Returns:
            Array of shape (batch, spans, 384).
        """
        feed = {
            "tokens": tokens.astype(np.int64),
            "positions": np.arange(tokens.shape[1], dtype=np.int64),
            "lengths": lengths.astype(np.int32),
            "pooling": pooling.astype(np.float32),
        }
        return np.asarray(self._session.run(["pooled"], feed)[0])
