"""Turn texts into unit vectors with a sentence-transformers model, and say exactly which model that is."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from index.errors import EmbedderError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from sentence_transformers import SentenceTransformer
    from tokenizers import Tokenizer

    Vectors = NDArray[np.float32]


_BATCH = 32
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


def _load(folder: Path, name: str) -> SentenceTransformer:
    # Nothing at run time may ask a hub; the variables are read at import.
    os.environ.setdefault("HF_HUB_OFFLINE", "1")
    os.environ.setdefault("TRANSFORMERS_OFFLINE", "1")
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
    # Importing torch and transformers takes seconds.
    from safetensors import SafetensorError
    from sentence_transformers import SentenceTransformer
    from transformers.utils.logging import disable_progress_bar

    disable_progress_bar()  # type: ignore[no-untyped-call]
    try:
        model = SentenceTransformer(str(folder), device="cpu", local_files_only=True)
    except (
        OSError, ValueError, RuntimeError, LookupError, TypeError, AttributeError, ImportError, SafetensorError
    ) as error:  # fmt: skip  # whatever a torn file makes of these libraries
        line = (str(error).splitlines() or [""])[0]
        raise EmbedderError(
            f"embedder '{name}' at {folder} does not load ({type(error).__name__}: {line}). Pull or copy it again."
        ) from error
    return model.eval()


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
