"""A made-up book of any size: text like the textbook's, vectors in clusters, the same every time.

A passage is made of sentences of the textbook in which some words are replaced, and of sentences
whose words follow Zipf's law over the textbook's vocabulary, names as ROS has them, and a long tail
of rare words. A vector is a function of the text alone: a common direction, that of a cluster, and
noise, so that passages of one cluster have a cosine near 0.6 and others near 0.25, as MiniLM gives
within one field.
"""

from __future__ import annotations

import hashlib
import itertools
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from lectern.book.model import Passage, SourceKind
from lectern.book.passages import cut_passages
from lectern.book.readers import read_document
from lectern.book.sentences import SentenceKind, Span
from lectern.retrieval.embedders.base import CharSpan, EmbeddedPassage, Vectors, unit
from lectern.retrieval.stored import IndexText, index_text
from lectern.retrieval.writer import Record

DIMENSION = 384
SEED = 20_260_101
CLUSTERS = 400
VOCABULARY = 40_000
# As the thousand most frequent words of the textbook have it.
ZIPF_EXPONENT = 0.93
# Passages of the textbook have 93 terms on average; these come to the same.
WORDS_OF_A_PASSAGE = (35, 115)
REPLACED_SHARE = 0.25
_COMMON, _OWN, _NOISE = 0.5, 0.6, 0.62
_SENTENCE_VECTORS = 1_024
_MAX_SOURCE_BYTES = 1 << 25
_WORD = re.compile(r"[A-Za-z][A-Za-z_]+")
_PREFIXES = ("joint", "tool", "arm", "gripper", "lidar", "camera", "base", "odom", "map", "imu")
_NOUNS = (
    *("state", "trajectory", "frame", "velocity", "controller", "goal", "transform", "planner"),
    *("costmap", "server", "client", "feedback", "limit", "calibration", "driver", "filter"),
)
_SUFFIXES = ("", "_topic", "_node", "_rate_hz", "_timeout", "_link", "_msgs", "_qos", "_params")


@dataclass(frozen=True)
class Material:
    """What passages are made from.

    Attributes:
        sentences: Words of each sentence of the textbook.
        words: Vocabulary, the most frequent first.
        cumulated: Cumulated probabilities of the words, the last is 1.
    """

    sentences: Sequence[Sequence[str]]
    words: Sequence[str]
    cumulated: npt.NDArray[np.float64]

    def draw(self, rng: np.random.Generator, count: int) -> list[str]:
        """Draw words by their frequency."""
        places = np.searchsorted(self.cumulated, rng.random(count))
        return [self.words[place] for place in places]


def read_material(book: Path) -> Material:
    """Take sentences and words out of the Markdown files of a folder."""
    documents = [
        read_document(path, max_bytes=_MAX_SOURCE_BYTES) for path in sorted(book.glob("*.md"))
    ]
    passages = [passage for document in documents for passage in cut_passages(document)]
    texts = [p.text[s.start : s.end] for p in passages for s in index_text(p).sentences]
    sentences = [words for text in texts if len(words := _WORD.findall(text)) >= 5]
    words = _vocabulary(Counter(word.lower() for words in sentences for word in words))
    weights = np.arange(1, len(words) + 1) ** -ZIPF_EXPONENT
    cumulated = np.cumsum(weights / weights.sum())
    cumulated[-1] = 1.0
    return Material(sentences, words, cumulated)


def _vocabulary(counted: Counter[str]) -> list[str]:
    words = [word for word, _ in counted.most_common()]
    names = ("_".join(pair) + end for *pair, end in itertools.product(_PREFIXES, _NOUNS, _SUFFIXES))
    words += [name for name in names if name not in counted]
    tail = zip(itertools.cycle(tuple(words)), range(VOCABULARY - len(words)), strict=False)
    return words + [f"{word}{number}" for word, number in tail]


def make_records(material: Material, count: int, seed: int = SEED) -> Iterator[Record]:
    """Yield `count` passages, ready to be written."""
    rng = np.random.default_rng(seed)
    for number in range(count):
        yield _record(number, _sentences(material, rng), " ".join(material.draw(rng, 3)))


def _sentences(material: Material, rng: np.random.Generator) -> list[str]:
    wanted, sentences, length = int(rng.integers(*WORDS_OF_A_PASSAGE)), [], 0
    while length < wanted:
        if rng.random() < 0.5:
            words = list(material.sentences[int(rng.integers(len(material.sentences)))])
            replaced = np.flatnonzero(rng.random(len(words)) < REPLACED_SHARE)
            for place, word in zip(replaced, material.draw(rng, len(replaced)), strict=True):
                words[place] = word
        else:
            words = material.draw(rng, int(rng.integers(8, 28)))
        sentences.append(" ".join(words).capitalize() + ".")
        length += len(words)
    return sentences


def _record(number: int, sentences: Sequence[str], title: str) -> Record:
    text = " ".join(sentences)
    ends = list(itertools.accumulate(len(sentence) + 1 for sentence in sentences))
    bounds = [(end - 1 - len(s), end - 1) for end, s in zip(ends, sentences, strict=True)]
    passage = Passage(
        passage_id=f"{number:016x}",
        source=f"/synthetic/{number // 200:04d}.md",
        kind=SourceKind.MARKDOWN,
        title=title,
        heading=(title,),
        anchor=title.replace(" ", "-"),
        text=text,
        start=0,
        end=len(text),
    )
    before = len(title) + 1
    spans = tuple((start + before, end + before) for start, end in bounds)
    quotable = tuple(Span(start, end, SentenceKind.TEXT) for start, end in bounds)
    return Record(passage, IndexText(f"{title}\n{text}", quotable, spans))


def make_questions(records: Sequence[Record], count: int, seed: int = SEED) -> list[str]:
    """Return questions of 4 to 16 words, most of which come from one passage each."""
    rng = np.random.default_rng(seed + 1)
    questions = []
    for _ in range(count):
        words = _WORD.findall(records[int(rng.integers(len(records)))].passage.text)
        picked = rng.choice(len(words), size=int(rng.integers(3, 14)))
        questions.append("How does " + " ".join(words[place] for place in sorted(picked)) + "?")
    return questions


class HashedEmbedder:
    """Gives each text a vector drawn from its hash; see the head of this module."""

    name = "synthetic"
    dimension = DIMENSION

    def __init__(self, seed: int = SEED) -> None:
        rng = np.random.default_rng(seed)
        self._common = unit(rng.standard_normal(DIMENSION).astype(np.float32))
        self._centres = unit(rng.standard_normal((CLUSTERS, DIMENSION)).astype(np.float32))
        self._sentences = unit(
            rng.standard_normal((_SENTENCE_VECTORS, DIMENSION)).astype(np.float32)
        )
        self._known: dict[str, Vectors] = {}

    def embed(self, texts: Sequence[str]) -> Vectors:
        """Return unit vectors; those of questions are kept, so that a search does not wait."""
        for text in texts:
            if text not in self._known:
                self._known[text] = self._draw(text)
        return np.stack([self._known[text] for text in texts])

    def embed_passages(
        self, texts: Sequence[str], spans: Sequence[Sequence[CharSpan]]
    ) -> list[EmbeddedPassage]:
        """Return a vector for each passage, none for further windows, any for its sentences."""
        none = np.zeros((0, DIMENSION), np.float32)
        return [
            EmbeddedPassage(self._draw(text), none, self._sentences[: len(own)])
            for text, own in zip(texts, spans, strict=True)
        ]

    def _draw(self, text: str) -> Vectors:
        digest = hashlib.blake2b(text.encode(), digest_size=8).digest()
        rng = np.random.default_rng(int.from_bytes(digest, "big"))
        centre = self._centres[int(rng.integers(CLUSTERS))]
        noise = unit(rng.standard_normal(DIMENSION).astype(np.float32))
        return unit(_COMMON * self._common + _OWN * centre + _NOISE * noise)
