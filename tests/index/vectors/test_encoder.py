"""The encoder without torch: the vectors of transformers, for any mix of lengths, and with other layers put in."""

import json
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from safetensors.numpy import load_file, save_file

from assistant.models.weights import WeightsFolder
from index.errors import EmbedderError
from index.vectors.encoder import Encoder, load_tokenizer, read_tensors

IDS = st.lists(st.integers(0, 99), max_size=64)


def made(folder: Path, *, layers: int, seed: int) -> Path:
    """A small encoder of random weights, as transformers saves it."""
    import torch
    from transformers import BertConfig, BertModel

    torch.manual_seed(seed)
    config = BertConfig(
        vocab_size=100,
        hidden_size=48,
        num_hidden_layers=layers,
        num_attention_heads=4,
        intermediate_size=96,
        max_position_embeddings=64,
        initializer_range=0.3,
    )
    BertModel(config, add_pooling_layer=False).save_pretrained(folder)
    return folder


def by_transformers(folder: Path, ids: list[int]) -> np.ndarray:
    import torch
    from transformers import AutoModel

    model = AutoModel.from_pretrained(folder, dtype=torch.float32, add_pooling_layer=False).eval()
    with torch.inference_mode():
        return model(input_ids=torch.tensor([ids])).last_hidden_state[0].numpy()


@pytest.fixture(scope="module")
def small(tmp_path_factory):
    return made(tmp_path_factory.mktemp("small"), layers=3, seed=1)


@pytest.fixture(scope="module")
def encoder(small):
    return Encoder(small, threads=2)


@pytest.fixture
def copy(small, tmp_path):
    for name in ("config.json", "model.safetensors"):
        (tmp_path / name).write_bytes((small / name).read_bytes())
    return tmp_path


def test_the_default_embedders_vectors_are_those_of_transformers(models_folder):
    folder = WeightsFolder(models_folder).path("e5-multilingual")
    texts = ["query: Who designed the bridge?", "橋は1931年に開通した。", "", "passage: " + "Coal was carried. " * 100]
    tokenizer = load_tokenizer(folder)
    ids = [tokenizer.encode(text).ids[:512] for text in texts]
    for own, sequence in zip(Encoder(folder).encode(ids), ids, strict=True):
        assert own == pytest.approx(by_transformers(folder, sequence), abs=1e-4)


@pytest.mark.parametrize("ids", [[1], [5, 7, 5], list(range(64))])
def test_any_shape_of_bert_gives_the_vectors_of_transformers(small, encoder, ids):
    [hidden] = encoder.encode([ids])
    assert (hidden.dtype, encoder.width, encoder.most_tokens) == (np.float32, 48, 64)
    assert hidden == pytest.approx(by_transformers(small, ids), abs=1e-4)


@settings(deadline=None, max_examples=30)
@given(st.lists(IDS, max_size=40))
def test_a_sequence_has_the_same_vectors_alone_as_among_others_of_any_length(encoder, ids):
    together = encoder.encode(ids)
    assert [hidden.shape for hidden in together] == [(len(sequence), 48) for sequence in ids]
    for hidden, sequence in zip(together, ids, strict=True):
        assert hidden == pytest.approx(encoder.encode([sequence])[0], abs=1e-4)


def test_other_layers_read_the_folders_tables(small, encoder, tmp_path):
    other = made(tmp_path / "other", layers=2, seed=2)
    layers = {name: tensor for name, tensor in load_file(other / "model.safetensors").items() if "layer." in name}
    exchanged = Encoder(small, {**layers, "head.weight": np.zeros((2, 48), np.float32)})
    [hidden] = exchanged.encode([[3, 1, 4]])
    tables = {
        name: tensor for name, tensor in read_tensors(small / "model.safetensors").items() if "layer." not in name
    }
    save_file({**tables, **layers}, other / "model.safetensors", metadata={"format": "pt"})
    assert hidden == pytest.approx(by_transformers(other, [3, 1, 4]), abs=1e-4)
    assert np.abs(hidden - encoder.encode([[3, 1, 4]])[0]).max() > 0.1


def test_half_as_exact_weights_are_read_as_they_lie(small, copy):
    halved = {name: tensor.astype(np.float16) for name, tensor in load_file(small / "model.safetensors").items()}
    save_file(halved, copy / "model.safetensors")
    [hidden] = Encoder(copy).encode([[3, 1, 4]])
    save_file({name: tensor.astype(np.float32) for name, tensor in halved.items()}, copy / "model.safetensors")
    assert np.array_equal(hidden, Encoder(copy).encode([[3, 1, 4]])[0])


def test_onnx_runtime_reports_to_nobody(small, tmp_path):
    """Its official builds do: they begin with a number for the machine, kept in a file."""
    program = (
        "import sys; from pathlib import Path; from index.vectors.encoder import Encoder; Encoder(Path(sys.argv[1]))"
    )
    usual = {name: value for name, value in os.environ.items() if name not in {"CI", "XDG_CACHE_HOME"}}
    environment = {**usual, "HOME": str(tmp_path), "ORT_DISABLE_TELEMETRY": "0"}
    subprocess.run([sys.executable, "-B", "-c", program, str(small)], check=True, env=environment)
    assert list(tmp_path.iterdir()) == []


def test_threads_that_ask_at_once_are_each_given_their_own(encoder):
    asked = [[number, 2, 3] * (1 + number % 20) for number in range(60)]
    alone = [encoder.encode([ids])[0] for ids in asked]
    with ThreadPoolExecutor(6) as pool:
        for own, hidden in zip(pool.map(lambda ids: encoder.encode([ids])[0], asked), alone, strict=True):
            assert own == pytest.approx(hidden, abs=1e-5)


def without(name: str, folder: Path) -> None:
    tensors = load_file(folder / "model.safetensors")
    del tensors[name]
    save_file(tensors, folder / "model.safetensors")


def with_config(folder: Path, **changed: object) -> None:
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps(config | changed))


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (lambda folder: (folder / "config.json").unlink(), "config.json"),
        (lambda folder: (folder / "config.json").write_text("[]"), "TypeError"),
        (lambda folder: (folder / "model.safetensors").write_bytes(b"\xff\xff\0\0\0\0\0\0{}"), "is cut short"),
        (lambda folder: (folder / "model.safetensors").write_bytes(b"\2\0\0\0\0\0\0\0{}"), "word_embeddings"),
        (lambda folder: (folder / "model.safetensors").write_bytes(b""), "is cut short"),
        (
            lambda folder: (folder / "model.safetensors").write_bytes((folder / "model.safetensors").read_bytes()[:-9]),
            "ValueError",
        ),
        (lambda folder: without("embeddings.word_embeddings.weight", folder), "embeddings.word_embeddings.weight"),
        (
            lambda folder: without("encoder.layer.1.output.dense.bias", folder),
            "found nothing for encoder.layer.1.output.dense.bias; expected float16 or float32 of (48,)",
        ),
        (lambda folder: with_config(folder, intermediate_size=95), "float32 of (96, 48)"),
        (lambda folder: with_config(folder, num_attention_heads=5), "5 heads"),
        (lambda folder: with_config(folder, hidden_act="relu"), "a bert with relu; expected a bert with gelu"),
        (lambda folder: with_config(folder, model_type="roberta"), "a roberta with gelu"),
    ],
)
def test_a_torn_or_foreign_folder_is_told_in_one_line(copy, spoil, said):
    spoil(copy)
    with pytest.raises(EmbedderError) as caught:
        Encoder(copy)
    assert str(caught.value).startswith(f"the encoder at {copy} does not load (")
    assert said in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_torn_tokenizer_is_told_in_one_line(tmp_path):
    (tmp_path / "tokenizer.json").write_text("{}")
    with pytest.raises(EmbedderError, match=r"^the tokenizer at .* does not load \(.*\)\. Pull or copy it again\.$"):
        load_tokenizer(tmp_path)
