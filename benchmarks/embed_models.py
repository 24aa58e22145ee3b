"""all-MiniLM-L6-v2 in other runtimes, from the same weight file: plain NumPy, and CTranslate2."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from safetensors.numpy import load_file
from tokenizers import Tokenizer

from lectern.retrieval.embedders.base import Vectors

HEADS = 12
LAYERS = 6
WIDTH = 384
EPSILON = 1e-12

Array = npt.NDArray[np.float32]
Encode = Callable[[Sequence[Sequence[int]]], Vectors]
"""From token ids of a batch to the mean of each row's token vectors, shape (batch, 384)."""


def numpy_encoder(weights: Path) -> Encode:
    """Return the forward pass written out in NumPy."""
    w = load_file(weights)
    layers = [_layer(w, f"encoder.layer.{number}.") for number in range(LAYERS)]
    places = w["embeddings.position_embeddings.weight"]
    segment = w["embeddings.token_type_embeddings.weight"][0]

    def encode(batch: Sequence[Sequence[int]]) -> Vectors:
        longest = max(map(len, batch))
        tokens = np.array([[*row, *[0] * (longest - len(row))] for row in batch])
        mask = np.arange(longest) < np.array([len(row) for row in batch])[:, None]
        x = w["embeddings.word_embeddings.weight"][tokens] + places[:longest] + segment
        x = _norm(x, w["embeddings.LayerNorm.weight"], w["embeddings.LayerNorm.bias"])
        hidden = np.where(mask, 0.0, -1e9).astype(np.float32)[:, None, None, :]
        for layer in layers:
            x = layer(x, hidden)
        pooled = np.einsum("blw,bl->bw", x, mask.astype(np.float32))
        return np.asarray(pooled / mask.sum(axis=1, keepdims=True), np.float32)

    return encode


def _layer(w: dict[str, Any], name: str) -> Callable[[Array, Array], Array]:
    parts = [f"{name}attention.self.{part}" for part in ("query", "key", "value")]
    qkv_weight = np.concatenate([w[f"{part}.weight"].T for part in parts], axis=1)
    qkv_bias = np.concatenate([w[f"{part}.bias"] for part in parts])
    out, up, down = (
        name + part for part in ("attention.output", "intermediate.dense", "output.dense")
    )
    out_norm, down_norm = f"{out}.LayerNorm", f"{name}output.LayerNorm"
    per_head = WIDTH // HEADS

    def attend(x: Array, hidden: Array) -> Array:
        batch, length, _ = x.shape
        split = (x @ qkv_weight + qkv_bias).reshape(batch, length, 3, HEADS, per_head)
        query, key, value = split.transpose(2, 0, 3, 1, 4)
        scores = query @ key.swapaxes(-1, -2) / np.float32(np.sqrt(per_head)) + hidden
        scores = np.exp(scores - scores.max(axis=-1, keepdims=True))
        scores /= scores.sum(axis=-1, keepdims=True)
        joined = (scores @ value).transpose(0, 2, 1, 3).reshape(batch, length, WIDTH)
        return np.asarray(joined @ w[f"{out}.dense.weight"].T + w[f"{out}.dense.bias"])

    def apply(x: Array, hidden: Array) -> Array:
        x = _norm(x + attend(x, hidden), w[f"{out_norm}.weight"], w[f"{out_norm}.bias"])
        wide = _gelu(x @ w[f"{up}.weight"].T + w[f"{up}.bias"])
        narrow = wide @ w[f"{down}.weight"].T + w[f"{down}.bias"]
        return _norm(x + narrow, w[f"{down_norm}.weight"], w[f"{down_norm}.bias"])

    return apply


def _norm(x: Array, gain: Array, bias: Array) -> Array:
    centred = x - x.mean(axis=-1, keepdims=True)
    variance = np.mean(centred * centred, axis=-1, keepdims=True)
    return np.asarray(centred / np.sqrt(variance + EPSILON) * gain + bias, np.float32)


def _gelu(x: Array) -> Array:
    """Return the exact GELU, the error function approximated to 1.5e-7.

    Abramowitz and Stegun, "Handbook of Mathematical Functions", 7.1.26; NumPy has none.
    """
    z = np.abs(x) * np.float32(np.sqrt(0.5))
    t = 1.0 / (1.0 + 0.3275911 * z)
    series = 1.061405429
    for coefficient in (-1.453152027, 1.421413741, -0.284496736, 0.254829592):
        series = series * t + coefficient
    error = np.sign(x) * (1.0 - series * t * np.exp(-z * z))
    return np.asarray(0.5 * x * (1.0 + error), np.float32)


def ctranslate2_encoder(weights: Path, tokenizer: Tokenizer, place: Path, threads: int) -> Encode:
    """Convert the weights into `place`, without torch, and load them in float32."""
    import ctranslate2

    _ctranslate2_spec(load_file(weights), tokenizer).save(str(place))
    encoder = ctranslate2.Encoder(str(place), device="cpu", intra_threads=threads)

    def encode(batch: Sequence[Sequence[int]]) -> Vectors:
        output = encoder.forward_batch([list(row) for row in batch])
        x = np.array(output.last_hidden_state)
        mask = np.arange(x.shape[1]) < np.array([len(row) for row in batch])[:, None]
        pooled = np.einsum("blw,bl->bw", x, mask.astype(np.float32))
        return np.asarray(pooled / mask.sum(axis=1, keepdims=True), np.float32)

    return encode


def _ctranslate2_spec(w: dict[str, Any], tokenizer: Tokenizer) -> Any:
    from ctranslate2.converters import utils
    from ctranslate2.specs import common_spec, transformer_spec

    encoder = transformer_spec.TransformerEncoderSpec(
        LAYERS,
        HEADS,
        pre_norm=False,
        activation=common_spec.Activation.GELU,
        layernorm_embedding=True,
        num_source_embeddings=2,
        embeddings_merge=common_spec.EmbeddingsMerge.ADD,
    )
    spec = transformer_spec.TransformerEncoderModelSpec(encoder)
    encoder.scale_embeddings = False
    encoder.embeddings[0].weight = w["embeddings.word_embeddings.weight"]
    encoder.embeddings[1].weight = w["embeddings.token_type_embeddings.weight"]
    encoder.position_encodings.encodings = w["embeddings.position_embeddings.weight"]

    def linear(target: Any, name: str) -> Any:
        target.weight, target.bias = w[f"{name}.weight"], w[f"{name}.bias"]
        return target

    def norm(target: Any, name: str) -> None:
        target.gamma, target.beta = w[f"{name}.weight"], w[f"{name}.bias"]

    norm(encoder.layernorm_embedding, "embeddings.LayerNorm")
    for number, layer in enumerate(encoder.layer):
        name = f"encoder.layer.{number}."
        parts = [f"{name}attention.self.{part}" for part in ("query", "key", "value")]
        utils.fuse_linear(
            layer.self_attention.linear[0],
            [linear(common_spec.LinearSpec(), part) for part in parts],
        )
        linear(layer.self_attention.linear[1], f"{name}attention.output.dense")
        norm(layer.self_attention.layer_norm, f"{name}attention.output.LayerNorm")
        linear(layer.ffn.linear_0, f"{name}intermediate.dense")
        linear(layer.ffn.linear_1, f"{name}output.dense")
        norm(layer.ffn.layer_norm, f"{name}output.LayerNorm")
    vocabulary = tokenizer.get_vocab()
    spec.register_vocabulary(sorted(vocabulary, key=vocabulary.__getitem__))
    spec.config.unk_token = "[UNK]"  # noqa: S105
    spec.config.layer_norm_epsilon = EPSILON
    spec.validate()
    spec.optimize()
    return spec
