from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from lectern.errors import ModelCorrupt, ModelMissing
from lectern.retrieval.embedders import minilm
from lectern.retrieval.embedders.minilm import MiniLmEmbedder, model_folder, verify

DATA = Path(__file__).parent / "data"
LONG = " ".join(f"Joint {n} turns by {n} degrees." for n in range(120))


@pytest.fixture
def weights(tmp_path: Path) -> Path:
    """A copy of the model that a test may damage."""
    return Path(shutil.copytree(model_folder(), tmp_path / "model"))


def test_vectors_agree_with_the_reference_model(embedder):
    lines = (DATA / "minilm_reference.jsonl").read_text(encoding="utf-8").splitlines()
    texts = [json.loads(line)["text"] for line in lines]
    reference = np.load(DATA / "minilm_reference.npz")["vectors"]
    cosines = np.einsum("ij,ij->i", embedder.embed(texts), reference)
    assert len(cosines) == 200
    assert cosines.min() >= 0.9999


def test_vectors_have_unit_length_and_no_text_gives_no_vector(embedder):
    vectors = embedder.embed(["gripper", "", LONG])
    assert vectors.shape == (3, 384)
    assert vectors.dtype == np.float32
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1.0, atol=1e-5)
    assert embedder.embed([]).shape == (0, 384)


def test_a_vector_does_not_depend_on_what_else_is_in_the_batch(embedder):
    texts = ["a", LONG, "the wrist", LONG[:300], "🤖", *(f"{'word ' * n}" for n in range(1, 12))]
    together = embedder.embed(texts)
    alone = np.stack([embedder.embed([text])[0] for text in texts])
    np.testing.assert_allclose(together, alone, atol=2e-6)
    np.testing.assert_allclose(embedder.embed(texts[::-1])[::-1], together, atol=2e-6)


def test_a_passage_has_the_vector_of_its_text_and_one_for_each_further_window(embedder):
    short, long = embedder.embed_passages(["The wrist turns.", LONG], [[], []])
    expected = embedder.embed(["The wrist turns.", LONG])
    np.testing.assert_allclose(np.stack([short.vector, long.vector]), expected, atol=2e-6)
    assert short.windows.shape == (0, 384)
    assert len(long.windows) >= 2
    # The last window sees the end of the text, which the first cannot.
    end = embedder.embed([LONG[-200:]])[0]
    assert end @ long.windows[-1] > end @ long.vector


def test_every_part_of_a_long_text_is_in_some_window(embedder):
    marked = LONG + " The password of the crane is heliotrope."
    made = embedder.embed_passages([marked], [[]])[0]
    question = embedder.embed(["What is the password of the crane?"])[0]
    assert question @ made.windows[-1] > question @ made.vector + 0.1


def test_a_span_that_is_the_whole_text_differs_from_it_only_by_the_special_tokens(embedder):
    text = "The elbow bends in one plane only."
    made = embedder.embed_passages([text], [[(0, len(text))]])[0]
    assert made.span_vectors[0] @ made.vector > 0.95


def test_each_span_means_what_it_says(embedder):
    sentences = ["Batteries store energy.", "The camera sees colours.", "Wheels roll on the floor."]
    text, spans = "", []
    for sentence in sentences:
        spans.append((len(text), len(text) + len(sentence)))
        text += sentence + " "
    made = embedder.embed_passages([text], [spans])[0]
    questions = embedder.embed(["electric charge", "image sensor", "driving on wheels"])
    assert (questions @ made.span_vectors.T).argmax(axis=1).tolist() == [0, 1, 2]


def test_a_span_beyond_the_first_window_has_a_vector_too(embedder):
    text = LONG + " The camera sees colours."
    span = (len(LONG) + 1, len(text))
    made = embedder.embed_passages([text], [[(0, 22), span]])[0]
    expected = embedder.embed(["The camera sees colours."])[0]
    assert expected @ made.span_vectors[1] > 0.5
    assert expected @ made.span_vectors[1] > expected @ made.span_vectors[0]


def test_a_span_without_any_token_has_a_zero_vector(embedder):
    made = embedder.embed_passages(["a \u200b b"], [[(2, 3), (0, 1)]])[0]
    assert not made.span_vectors[0].any()
    assert np.linalg.norm(made.span_vectors[1]) == pytest.approx(1.0, abs=1e-5)


def test_a_flipped_byte_in_the_weights_is_found_and_the_file_named(weights):
    path = weights / "model.safetensors"
    with path.open("r+b") as stream:
        stream.seek(40_000_000)
        byte = stream.read(1)
        stream.seek(-1, 1)
        stream.write(bytes([byte[0] ^ 1]))
    with pytest.raises(ModelCorrupt, match=r"model\.safetensors") as caught:
        MiniLmEmbedder(weights)
    assert caught.value.code == "model_corrupt"
    assert caught.value.remedy


def test_another_tokenizer_is_found(weights):
    path = weights / "tokenizer.json"
    path.write_text(path.read_text(encoding="utf-8") + " ", encoding="utf-8")
    with pytest.raises(ModelCorrupt, match=r"tokenizer\.json"):
        verify(weights)


def test_a_missing_file_is_named(weights):
    (weights / "model.safetensors").unlink()
    with pytest.raises(ModelMissing, match=r"model\.safetensors"):
        MiniLmEmbedder(weights)


def test_a_missing_package_is_named_with_the_command_that_brings_it(monkeypatch):
    monkeypatch.setattr(minilm, "PACKAGE", "a_package_that_is_not_there")
    with pytest.raises(ModelMissing, match="make install"):
        MiniLmEmbedder()


def test_neither_torch_nor_a_model_hub_is_ever_imported(ingested):
    program = (
        "import sys, asyncio\n"
        "from lectern.app import Lectern\n"
        "from lectern.settings import Settings\n"
        "book = Lectern.open(Settings(_env_file=None, home=sys.argv[1]))\n"
        "answer = asyncio.run(book.ask('What does an encoder do?'))\n"
        "heavy = ('torch', 'transformers', 'sentence_transformers', 'huggingface_hub')\n"
        "print([name for name in heavy if name in sys.modules], answer.question)\n"
    )
    command = [sys.executable, "-c", program, str(ingested.settings.home)]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60)
    assert done.stdout == "[] What does an encoder do?\n"
