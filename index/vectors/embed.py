"""Turn texts into unit vectors with the model of a sentence-transformers folder, and say exactly which model that is.

The kind of folder that the default embedder is runs on our own encoder, every other in sentence-transformers.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from index.errors import EmbedderError
from index.vectors.encoder import TOKENIZER, WEIGHTS, Encoder, load_tokenizer

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from sentence_transformers import SentenceTransformer
    from tokenizers import Tokenizer

    Vectors = NDArray[np.float32]


_BATCH = 32
_MEAN = {"word_embedding_dimension", "pooling_mode_mean_tokens"}
_PICKLE = re.compile(r".+\.(pkl|pickle|pt|pth|ckpt|joblib)|(pytorch|adapter)_model.*\.bin", re.IGNORECASE)
_DECIDING = frozenset({".json", ".safetensors", ".bin", ".txt", ".model"})


class Embedder(Protocol):
    """What the index needs of an embedder: vectors of length 1, and an identity."""

    name: str
    """As the user spells it."""
    identity: str
    """Hash of everything that decides a vector: weights, prompts, pooling, tokenizer. Equal identity, equal vectors."""
    dimension: int
    most_tokens: int
    """Longer texts are cut silently by the model: never give it one."""
    languages: frozenset[str] | None
    """ISO 639-1 codes it was trained for; None when it is not known to be limited."""

    def count_tokens(self, text: str) -> int:
        """Return the tokens of a text, special tokens included."""

    def embed_documents(self, texts: Sequence[str]) -> Vectors:
        """Return an array of shape (len(texts), dimension), rows in order, each of length 1."""

    def embed_queries(self, texts: Sequence[str]) -> Vectors:
        """Return an array of shape (len(texts), dimension), rows in order, each of length 1."""

    def embed_query(self, text: str) -> Vectors:
        """Return an array of shape (dimension,), of length 1."""


def load_embedder(folder: Path, *, name: str, languages: frozenset[str] | None = None) -> Embedder:
    """Return the embedder of a folder, loaded: a second on our own encoder, some ten in sentence-transformers."""
    kind = EncoderEmbedder if EncoderEmbedder.can_run(folder) else SentenceTransformerEmbedder
    return kind(folder, name=name, languages=languages)


class EncoderEmbedder:
    """A BERT whose vectors are the mean of its tokens', run without torch; any thread may use it once it is made.

    Its vectors are those of sentence-transformers, but for the last digits of a float32.
    """

    @staticmethod
    def can_run(folder: Path) -> bool:
        """Say whether the folder is of this kind, and no setting in it asks for more than is done here."""
        try:
            modules = [module["type"].rpartition(".")[2] for module in _settings(folder, "modules.json")]
            config = _settings(folder, "config.json")
            pooling = _settings(folder, "1_Pooling/config.json")
            reading = _settings(folder, "sentence_bert_config.json")
            prompting = _settings(folder, "config_sentence_transformers.json")
            return (
                modules == ["Transformer", "Pooling", "Normalize"]
                and (config["model_type"], config["hidden_act"], config["dtype"]) == ("bert", "gelu", "float32")
                and {name for name, value in pooling.items() if value} == _MEAN
                and reading.keys() <= {"max_seq_length", "model_kwargs"}
                and reading["max_seq_length"] <= config["max_position_embeddings"]
                and prompting["prompts"].keys() <= {"query", "document"}
                and prompting["default_prompt_name"] is None
                # Another class would make a tokenizer of its own of the files.
                and _settings(folder, "tokenizer_config.json")["tokenizer_class"] == "PreTrainedTokenizerFast"
                and (folder / TOKENIZER).is_file()
                and (folder / WEIGHTS).is_file()
            )
        except (OSError, ValueError, LookupError, TypeError, AttributeError):
            return False  # sentence-transformers may know it, or says what is wrong

    def __init__(self, folder: Path, *, name: str, languages: frozenset[str] | None = None) -> None:
        self.name = name
        self.languages = languages
        self._encoder = Encoder(folder)
        self._tokenizer = load_tokenizer(folder)
        self.identity = _identity(folder)
        self.dimension = self._encoder.width
        prompts = _settings(folder, "config_sentence_transformers.json")["prompts"]
        self._query, self._document = prompts.get("query") or "", prompts.get("document") or ""
        self._longest = int(_settings(folder, "sentence_bert_config.json")["max_seq_length"])
        self.most_tokens = self._longest - (self.count_tokens(self._document) - self.count_tokens(""))

    def count_tokens(self, text: str) -> int:
        """Return the tokens of a text, special tokens included."""
        return len(self._tokenizer.encode(text).ids)

    def embed_documents(self, texts: Sequence[str]) -> Vectors:
        """Return an array of shape (len(texts), dimension), rows in order, each of length 1."""
        return self._embed([self._document + text for text in texts])

    def embed_queries(self, texts: Sequence[str]) -> Vectors:
        """Return an array of shape (len(texts), dimension), rows in order, each of length 1; long texts are cut."""
        return self._embed([self._query + text for text in texts])

    def embed_query(self, text: str) -> Vectors:
        """Return an array of shape (dimension,), of length 1; a text beyond ``most_tokens`` is read up to there."""
        vector: Vectors = self.embed_queries([text])[0]
        return vector

    def _embed(self, texts: Sequence[str]) -> Vectors:
        import numpy as np

        vectors = np.zeros((len(texts), self.dimension), dtype=np.float32)
        ids = [self._ids(text) for text in texts]
        # A batch is padded to its longest text.
        order = sorted(range(len(texts)), key=lambda place: (-len(ids[place]), place))
        for start in range(0, len(order), _BATCH):
            places = order[start : start + _BATCH]
            for place, hidden in zip(places, self._encoder.encode([ids[place] for place in places]), strict=True):
                mean = hidden.mean(axis=0)
                vectors[place] = mean / np.linalg.norm(mean)
        return vectors

    def _ids(self, text: str) -> list[int]:
        """Return a text's tokens, with the special ones, as many as are read."""
        encoding = self._tokenizer.encode(text, add_special_tokens=False)
        encoding.truncate(self._longest - self._tokenizer.num_special_tokens_to_add(is_pair=False))
        return self._tokenizer.post_process(encoding, None, add_special_tokens=True).ids


class SentenceTransformerEmbedder:
    """A sentence-transformers folder on disk; loads in the constructor (seconds), then any thread may use it."""

    def __init__(self, folder: Path, *, name: str, languages: frozenset[str] | None = None) -> None:
        if not (folder / "modules.json").is_file():
            raise EmbedderError(
                f"embedder '{name}': found no sentence-transformers model at {folder}; expected a folder with "
                "modules.json. Name a catalogue embedder (minilm) or such a folder."
            )
        self.name = name
        self.languages = languages
        self._model = _load(folder, name)
        self.identity = _identity(folder)
        self.dimension = int(self._model.get_embedding_dimension() or 0)
        from tokenizers import Tokenizer

        own = getattr(self._model.tokenizer, "backend_tokenizer", self._model.tokenizer)
        if not isinstance(own, Tokenizer):
            raise EmbedderError(
                f"embedder '{name}' at {folder} counts tokens in a way not supported here ({type(own).__name__}); "
                "expected a model with a tokenizer.json. Name another embedder (minilm)."
            )
        self._tokenizer = _uncut(own)
        # What the model puts before every document takes its share of what it reads.
        prompt = self._model.prompts.get("document") or ""
        longest = int(min(self._model.max_seq_length or 512, 1_000_000))  # some models say infinity
        self.most_tokens = longest - (self.count_tokens(prompt) - self.count_tokens(""))

    def count_tokens(self, text: str) -> int:
        """Return the tokens of a text, special tokens included."""
        return len(self._tokenizer.encode(text).ids)

    def embed_documents(self, texts: Sequence[str]) -> Vectors:
        """Return an array of shape (len(texts), dimension), rows in order, each of length 1."""
        import numpy as np

        vectors = np.zeros((len(texts), self.dimension), dtype=np.float32)
        # A batch is padded to its longest text; in the model's own order, by characters, a fifth of it is padding.
        tokens = [self.count_tokens(text) for text in texts]
        order = sorted(range(len(texts)), key=lambda place: (-tokens[place], place))
        for start in range(0, len(order), _BATCH):
            places = order[start : start + _BATCH]
            vectors[places] = self._model.encode_document(
                [texts[place] for place in places],
                batch_size=_BATCH,
                normalize_embeddings=True,
                show_progress_bar=False,
                convert_to_numpy=True,
            )
        return vectors

    def embed_queries(self, texts: Sequence[str]) -> Vectors:
        """Return an array of shape (len(texts), dimension), rows in order, each of length 1; long texts are cut."""
        import numpy as np

        vectors = self._model.encode_query(
            list(texts), batch_size=_BATCH, normalize_embeddings=True, show_progress_bar=False, convert_to_numpy=True
        )
        return np.asarray(vectors, dtype=np.float32).reshape(len(texts), self.dimension)

    def embed_query(self, text: str) -> Vectors:
        """Return an array of shape (dimension,), of length 1; a text beyond ``most_tokens`` is read up to there."""
        vector: Vectors = self.embed_queries([text])[0]
        return vector


def _settings(folder: Path, file: str) -> Any:
    return json.loads((folder / file).read_bytes())


def _load(folder: Path, name: str) -> SentenceTransformer:
    # Nothing at run time may ask a hub; the variables are read at import.
    os.environ.setdefault("HF_HUB_OFFLINE", "1")
    os.environ.setdefault("TRANSFORMERS_OFFLINE", "1")
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
    # Whatever a folder's settings ask for, no pickle of it runs; torch reads this at every load.
    os.environ["TORCH_FORCE_WEIGHTS_ONLY_LOAD"] = "1"
    # Importing torch and transformers takes seconds.
    from safetensors import SafetensorError
    from sentence_transformers import SentenceTransformer
    from transformers.utils.logging import disable_progress_bar

    disable_progress_bar()  # type: ignore[no-untyped-call]
    _refuse_pickles(folder, name)
    try:
        model = SentenceTransformer(
            str(folder), device="cpu", local_files_only=True, model_kwargs={"use_safetensors": True}
        )
    except (
        OSError, ValueError, RuntimeError, LookupError, TypeError, AttributeError, ImportError, SafetensorError
    ) as error:  # fmt: skip  # whatever a torn file makes of these libraries
        if "trust_remote_code" in str(error):
            raise EmbedderError(
                f"embedder '{name}' at {folder} needs code of its own; expected none, for no model's code is run here. "
                "Name another embedder (minilm)."
            ) from error
        line = (str(error).splitlines() or [""])[0]
        raise EmbedderError(
            f"embedder '{name}' at {folder} does not load ({type(error).__name__}: {line}). Pull or copy it again."
        ) from error
    return model.eval()


def _refuse_pickles(folder: Path, name: str) -> None:
    """Raise EmbedderError where weights stand in a kind of file that can run code, and in no other beside it."""
    for path in sorted(folder.rglob("*")):
        if _PICKLE.fullmatch(path.name) and not any(path.parent.glob("*.safetensors")):
            raise EmbedderError(
                f"embedder '{name}' at {folder} keeps weights in {path.relative_to(folder)}, a file that can run code; "
                "expected model.safetensors. Name another embedder (minilm), or convert this one."
            )


def _uncut(own: Tokenizer) -> Tokenizer:
    """Return a tokenizer that neither cuts nor pads: the model's own is set to cut again at every encode.

    It shares the vocabulary: a copy of a quarter of a million pieces takes 280 MB and a second.
    """
    tokenizer = type(own)(own.model)
    for part in ("normalizer", "pre_tokenizer", "post_processor"):
        if getattr(own, part) is not None:
            setattr(tokenizer, part, getattr(own, part))
    for _, token in sorted(own.get_added_tokens_decoder().items()):
        add = tokenizer.add_special_tokens if token.special else tokenizer.add_tokens
        add([token])
    return tokenizer


def _identity(folder: Path) -> str:
    """Return a SHA-256 over the names and bytes of every file that decides a vector (weights, tokenizer, settings)."""
    whole = hashlib.sha256()
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder).as_posix()
        # Hidden files hold what a download noted for itself.
        if path.suffix in _DECIDING and path.is_file() and not name.startswith("."):
            with path.open("rb") as file:
                digest = hashlib.file_digest(file, "sha256").hexdigest()
            whole.update(f"{name}\x00{digest}\n".encode())
    return whole.hexdigest()
