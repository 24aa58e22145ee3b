"""The embedding model in three runtimes: onnxruntime (Lectern's), plain NumPy, CTranslate2.

python -m benchmarks.embed_runtimes [--passages N] [--queries N]

All run the same weights on the same tokens in the same batches. CTranslate2 is left out where it is
not installed (`requirements/peers.txt` has it).
"""

from __future__ import annotations

import argparse
import importlib.util
import os
import tempfile
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from pathlib import Path

import numpy as np
from tokenizers import Tokenizer

from benchmarks.book import QUESTIONS, read_questions
from benchmarks.embed_models import Encode, ctranslate2_encoder, numpy_encoder
from benchmarks.report import Bar, Figures, Percentiles, Stopwatch, publish, say, tidy
from benchmarks.synthetic import make_records, read_material
from lectern.retrieval.embedders.base import Vectors, unit
from lectern.retrieval.embedders.minilm import MAX_TOKENS, MiniLmEmbedder, model_folder
from lectern.settings import default_book

BAR_COSINE = 0.9999
WARM_UP = 5
_BATCH_TOKENS = 1_024

Embed = Callable[[Sequence[str]], Vectors]


class RuntimeFigures(Figures):
    """One runtime."""

    runtime: str
    threads: int
    load_seconds: float
    query: Percentiles
    passages_per_second: float
    lowest_cosine_to_onnxruntime: float


def embed_with(tokenizer: Tokenizer, encode: Encode) -> Embed:
    """Make an embedder out of an encoder: tokens, batches of like length, mean, unit length."""

    def embed(texts: Sequence[str]) -> Vectors:
        tokens = [encoding.ids for encoding in tokenizer.encode_batch(list(texts))]
        vectors = np.zeros((len(texts), 384), np.float32)
        batch: list[int] = []
        for index in sorted(range(len(tokens)), key=lambda i: len(tokens[i])):
            if batch and len(tokens[index]) * (len(batch) + 1) > _BATCH_TOKENS:
                vectors[batch] = encode([tokens[i] for i in batch])
                batch = []
            batch.append(index)
        vectors[batch] = encode([tokens[i] for i in batch])
        return unit(vectors)

    return embed


def measure(
    name: str,
    threads: int,
    load: Callable[[], Embed],
    texts: tuple[Sequence[str], Sequence[str]],
    reference: Vectors | None,
) -> tuple[RuntimeFigures, Vectors]:
    """Time one runtime on queries, one by one, and on passages; also return its vectors."""
    say(f"{name} ...")
    queries, passages = texts
    started = time.perf_counter()
    embed = load()
    loaded = time.perf_counter() - started
    for query in queries[:WARM_UP]:
        embed([query])
    times = []
    for query in queries:
        started = time.perf_counter()
        embed([query])
        times.append((time.perf_counter() - started) * 1e3)
    started = time.perf_counter()
    vectors = embed(passages)
    seconds = time.perf_counter() - started
    vectors = np.vstack([embed(queries), vectors])
    cosine = 1.0 if reference is None else float((vectors * reference).sum(axis=1).min())
    figures = RuntimeFigures(
        runtime=name,
        threads=threads,
        load_seconds=tidy(loaded),
        query=Percentiles.of(times),
        passages_per_second=tidy(len(passages) / seconds),
        lowest_cosine_to_onnxruntime=round(cosine, 7),
    )
    return figures, vectors


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--passages", type=int, default=200)
    parser.add_argument("--queries", type=int, default=100)
    options = parser.parse_args()
    watch = Stopwatch()
    threads, folder = os.cpu_count() or 1, model_folder()
    tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
    tokenizer.no_padding()
    tokenizer.enable_truncation(MAX_TOKENS)
    weights = folder / "model.safetensors"
    records = make_records(read_material(default_book()), options.passages)
    texts = (read_questions(QUESTIONS)[: options.queries], [record.text.text for record in records])
    with ExitStack() as stack:
        runtimes: dict[str, Callable[[], Embed]] = {
            "onnxruntime": lambda: MiniLmEmbedder(folder).embed,
            "numpy": lambda: embed_with(tokenizer, numpy_encoder(weights)),
        }
        if importlib.util.find_spec("ctranslate2"):
            place = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="lectern-ct2-")))
            runtimes["ctranslate2"] = lambda: embed_with(
                tokenizer, ctranslate2_encoder(weights, tokenizer, place, threads)
            )
        figures: list[RuntimeFigures] = []
        reference: Vectors | None = None
        for name, load in runtimes.items():
            row, vectors = measure(name, threads, load, texts, reference)
            reference = vectors if reference is None else reference
            figures.append(row)
    bars = [
        Bar.at_least(
            f"lowest cosine, {row.runtime} to onnxruntime",
            row.lowest_cosine_to_onnxruntime,
            BAR_COSINE,
            "",
        )
        for row in figures[1:]
    ]
    described = {"passages": options.passages, "queries": len(texts[0]), "max_tokens": MAX_TOKENS}
    publish("embed_runtimes", watch, described, figures, bars)


if __name__ == "__main__":
    main()
