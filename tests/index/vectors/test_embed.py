"""The real embedder: unit vectors in order, token counts that are not cut, plain words for a folder that is none."""

import json
import pickle
import shutil
from pathlib import Path

import numpy as np
import pytest
from tokenizers import Tokenizer

from assistant.models.weights import WeightsFolder
from index.errors import EmbedderError
from index.vectors.embed import EncoderEmbedder, SentenceTransformerEmbedder, load_embedder


@pytest.fixture(scope="module")
def real(minilm):
    return SentenceTransformerEmbedder(minilm, name="minilm", languages=frozenset({"en"}))


def test_vectors_come_one_a_text_in_order_and_of_length_one(real):
    texts = ["The bridge opened in 1931.", "A ferry carried coal.", "The bridge opened in 1931."]
    vectors = real.embed_documents(texts)
    assert vectors.shape == (3, real.dimension) == (3, 384)
    assert vectors.dtype == np.float32
    assert np.linalg.norm(vectors, axis=1) == pytest.approx(np.ones(3), abs=1e-6)
    assert vectors[0] @ vectors[2] == pytest.approx(1.0, abs=1e-6)
    assert vectors[0] @ vectors[1] < 0.9


def test_a_question_lies_nearest_to_the_text_that_answers_it(real):
    texts = ["Elena Ruiz drew the plans of the bridge.", "Coal was carried by ferry.", "The harbor froze in winter."]
    query = real.embed_query("Who designed the bridge?")
    assert query.shape == (384,)
    assert query.dtype == np.float32
    assert np.linalg.norm(query) == pytest.approx(1.0, abs=1e-6)
    assert np.argmax(real.embed_documents(texts) @ query) == 0


def test_many_texts_of_mixed_lengths_keep_their_order(real):
    texts = [f"{number} " + "bridge " * (number * 37 % 50) for number in range(70)]
    alone = np.stack([real.embed_documents([text])[0] for text in texts[::9]])
    assert real.embed_documents(texts)[::9] == pytest.approx(alone, abs=1e-5)


def test_no_texts_give_an_array_without_rows(real):
    assert real.embed_documents([]).shape == (0, 384)


def test_an_empty_query_and_an_endless_one_have_vectors_too(real):
    assert np.linalg.norm(real.embed_query("")) == pytest.approx(1.0, abs=1e-6)
    assert np.linalg.norm(real.embed_query("bridge " * 20_000)) == pytest.approx(1.0, abs=1e-6)


def test_tokens_are_counted_beyond_what_the_model_reads(real):
    assert real.most_tokens == 256
    assert real.count_tokens("") == 2  # [CLS] and [SEP]
    assert real.count_tokens("bridge " * 1000) == 1002
    real.embed_documents(["bridge " * 1000])
    assert real.count_tokens("bridge " * 1000) == 1002


def counted_as_by_a_copy(embedder, own):
    copied = Tokenizer.from_str(own.to_str())
    copied.no_truncation()
    copied.no_padding()
    texts = ["", " ", "Ça, ﬁx  ½", "橋は1931年に開通した。", "[MASK] <mask> </s> [SEP]", "x" * 300, "bridge " * 600]
    return [embedder.count_tokens(text) for text in texts] == [len(copied.encode(text).ids) for text in texts]


def test_tokens_are_counted_as_by_the_models_own_tokenizer(real):
    assert counted_as_by_a_copy(real, real._model.tokenizer.backend_tokenizer)


def test_a_prompt_takes_its_share_of_what_the_model_reads(real, copy):
    settings = copy / "config_sentence_transformers.json"
    settings.unlink()
    settings.write_text('{"prompts": {"query": "a far longer prompt, for questions only: ", "document": "passage: "}}')
    prompted = SentenceTransformerEmbedder(copy, name="prompted")
    assert prompted.most_tokens == real.most_tokens - 2
    fits = "bridge " * (prompted.most_tokens - 3) + "coal"
    assert prompted.count_tokens(fits) == prompted.most_tokens
    [whole, cut] = prompted.embed_documents([fits, f"{fits} ferry"])
    assert whole == pytest.approx(cut, abs=1e-6)  # one token more is not read
    assert whole @ prompted.embed_documents(["bridge " * (prompted.most_tokens - 2)])[0] < 1 - 1e-5  # the last one is


def test_two_loads_of_one_folder_are_one_embedder(real, minilm):
    again = SentenceTransformerEmbedder(minilm, name="other name")
    assert (again.name, again.languages) == ("other name", None)
    assert again.identity == real.identity
    assert np.array_equal(again.embed_query("bridge"), real.embed_query("bridge"))


@pytest.fixture
def copy(minilm, tmp_path):
    """A copy of the embedder's folder that may be spoilt: links, so unlink a file before writing in its place."""
    return shutil.copytree(minilm, tmp_path / "copy", copy_function=lambda file, link: Path(link).symlink_to(file))


def test_another_prompt_makes_another_embedder_and_a_hidden_file_does_not(real, copy):
    (copy / ".cache").mkdir()
    (copy / ".cache" / "noted.json").write_text("{}")
    assert SentenceTransformerEmbedder(copy, name="copy").identity == real.identity
    settings = copy / "config_sentence_transformers.json"
    settings.unlink()
    settings.write_text('{"prompts": {"query": "query: "}}')
    prompted = SentenceTransformerEmbedder(copy, name="prompted")
    assert prompted.identity != real.identity
    assert prompted.embed_query("bridge") == pytest.approx(real.embed_query("query: bridge"), abs=1e-6)


def test_a_folder_that_is_no_embedder_is_refused_in_one_line(tmp_path):
    with pytest.raises(EmbedderError) as caught:
        SentenceTransformerEmbedder(tmp_path, name="mine")
    assert str(caught.value) == (
        f"embedder 'mine': found no sentence-transformers model at {tmp_path}; expected a folder with modules.json. "
        "Name a catalogue embedder (minilm) or such a folder."
    )


@pytest.mark.parametrize(
    ("file", "content"),
    [
        ("modules.json", b"{"),
        ("modules.json", b"[{}]"),
        ("model.safetensors", b"\x08\x00\x00\x00\x00\x00\x00\x00{}"),
        ("model.safetensors", b""),
        ("model.safetensors", None),
        ("config.json", b"{}"),
        ("tokenizer.json", b"{}"),
        ("1_Pooling/config.json", b"[]"),
    ],
)
def test_a_torn_file_is_told_in_one_line(copy, file, content):
    (copy / file).unlink()
    if content is not None:
        (copy / file).write_bytes(content)
    with pytest.raises(EmbedderError) as caught:
        SentenceTransformerEmbedder(copy, name="torn")
    assert str(caught.value).startswith(f"embedder 'torn' at {copy} does not load (")
    assert str(caught.value).endswith("Pull or copy it again.")
    assert "\n" not in str(caught.value)


class Harmful:
    """Unpickled, it makes a file."""

    def __init__(self, made: Path) -> None:
        self.made = made

    def __reduce__(self):
        return Path.touch, (self.made,)


@pytest.mark.parametrize("file", ["pytorch_model.bin", "2_Dense/pytorch_model.bin", "weights.PKL"])
def test_a_folder_with_weights_that_can_run_code_is_refused_unread(copy, tmp_path, file):
    (copy / "model.safetensors").unlink()
    (copy / file).parent.mkdir(exist_ok=True)
    (copy / file).write_bytes(pickle.dumps(Harmful(tmp_path / "made")))
    with pytest.raises(EmbedderError) as caught:
        SentenceTransformerEmbedder(copy, name="theirs")
    assert str(caught.value) == (
        f"embedder 'theirs' at {copy} keeps weights in {file}, a file that can run code; expected model.safetensors. "
        "Name another embedder (minilm), or convert this one."
    )
    assert not (tmp_path / "made").exists()


def test_a_folders_own_settings_cannot_have_a_pickle_run(real, copy, tmp_path):
    torch = pytest.importorskip("torch")
    torch.save(Harmful(tmp_path / "made"), copy / "pytorch_model.bin")
    settings = copy / "sentence_bert_config.json"
    asked = {**json.loads(settings.read_text()), "model_kwargs": {"use_safetensors": False, "weights_only": False}}
    settings.unlink()
    settings.write_text(json.dumps(asked))
    loaded = SentenceTransformerEmbedder(copy, name="theirs")
    assert loaded.embed_query("bridge") == pytest.approx(real.embed_query("bridge"), abs=1e-6)
    assert not (tmp_path / "made").exists()


@pytest.mark.parametrize(
    ("file", "content"),
    [
        ("modules.json", [{"idx": 0, "name": "0", "path": "", "type": "theirs.Module"}]),
        ("config.json", {"model_type": "theirs", "auto_map": {"AutoConfig": "theirs.Config"}}),
    ],
)
def test_a_folder_with_code_of_its_own_is_refused_unrun(copy, tmp_path, file, content):
    (copy / "theirs.py").write_text(f"open({str(tmp_path / 'made')!r}, 'w')")
    (copy / file).unlink()
    (copy / file).write_text(json.dumps(content))
    with pytest.raises(EmbedderError) as caught:
        SentenceTransformerEmbedder(copy, name="theirs")
    assert str(caught.value) == (
        f"embedder 'theirs' at {copy} needs code of its own; expected none, for no model's code is run here. "
        "Name another embedder (minilm)."
    )
    assert not (tmp_path / "made").exists()


@pytest.fixture(scope="module")
def multilingual(models_folder):
    weights = WeightsFolder(models_folder)
    if not weights.is_complete("e5-multilingual"):
        pytest.fail(f"The weights of e5-multilingual are not in {models_folder}: run `make setup`.")
    return load_embedder(weights.path("e5-multilingual"), name="e5-multilingual")


@pytest.fixture(scope="module")
def by_torch(models_folder):
    return SentenceTransformerEmbedder(WeightsFolder(models_folder).path("e5-multilingual"), name="e5-multilingual")


TEXTS = [
    "Who designed the bridge?",
    "橋は1931年に開通した。",
    "",
    " ",
    "  set in \n",
    "Мост был построен в 1931 году.",
    "🙂 ﬁx ½ Ça \x00",
    "<mask> </s> <s>",
    "x" * 3000,
    "bridge " * 900,
    "橋は長い。" * 300,
]


def test_the_default_embedder_without_torch_is_the_one_that_made_the_vectors_of_before(multilingual, by_torch):
    assert isinstance(multilingual, EncoderEmbedder)
    for name in ("name", "identity", "dimension", "most_tokens", "languages"):
        assert getattr(multilingual, name) == getattr(by_torch, name)
    assert multilingual.embed_documents(TEXTS) == pytest.approx(by_torch.embed_documents(TEXTS), abs=1e-4)
    assert multilingual.embed_queries(TEXTS) == pytest.approx(by_torch.embed_queries(TEXTS), abs=1e-4)
    assert [multilingual.count_tokens(text) for text in TEXTS] == [by_torch.count_tokens(text) for text in TEXTS]
    assert multilingual.embed_documents([]).shape == (0, 384)


@pytest.mark.parametrize(
    ("file", "change"),
    [
        ("1_Pooling/config.json", {"pooling_mode_cls_token": True, "pooling_mode_mean_tokens": False}),
        ("1_Pooling/config.json", {"pooling_mode_max_tokens": True}),
        ("config.json", {"hidden_act": "relu"}),
        ("config.json", {"dtype": "float16"}),
        ("config.json", {"model_type": "roberta"}),
        ("sentence_bert_config.json", {"do_lower_case": True}),
        ("config_sentence_transformers.json", {"default_prompt_name": "query"}),
        ("config_sentence_transformers.json", {"prompts": {"passage": "passage: "}}),
        ("tokenizer_config.json", {"tokenizer_class": "BertTokenizer"}),
    ],
)
def test_a_folder_that_asks_for_more_is_left_to_sentence_transformers(models_folder, tmp_path, file, change):
    default = WeightsFolder(models_folder).path("e5-multilingual")
    folder = shutil.copytree(default, tmp_path / "e5", copy_function=lambda here, link: Path(link).symlink_to(here))
    assert EncoderEmbedder.can_run(folder)
    settings = json.loads((folder / file).read_text())
    (folder / file).unlink()
    (folder / file).write_text(json.dumps(settings | change))
    assert not EncoderEmbedder.can_run(folder)


def test_a_folder_that_sentence_transformers_alone_knows_is_run_by_it(minilm):
    assert isinstance(load_embedder(minilm, name="minilm"), SentenceTransformerEmbedder)


@pytest.mark.parametrize(
    "question",
    [
        "Who designed the bridge?",
        "橋を設計したのは誰ですか。",
        "谁设计了这座桥？",
        "Wer hat die Brücke entworfen?",
        "Кто спроектировал мост?",
    ],
)
def test_a_question_in_another_language_lies_nearest_to_its_answer(multilingual, question):
    texts = ["Elena Ruiz drew the plans of the bridge.", "Coal was carried by ferry.", "The harbor froze in winter."]
    assert np.argmax(multilingual.embed_documents(texts) @ multilingual.embed_query(question)) == 0


def test_the_multilingual_embedder_tells_questions_from_passages_and_counts_its_prompt(multilingual):
    assert multilingual.dimension == 384
    assert multilingual.most_tokens == 512 - 3  # "passage: "
    assert multilingual.embed_query("bridge") @ multilingual.embed_documents(["bridge"])[0] < 0.999
