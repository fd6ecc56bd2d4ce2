"""An embedder's name becomes an embedder, loaded once; and the home folder's choice of one is kept in a file."""

from __future__ import annotations

import os
import threading
from pathlib import Path

from assistant.home import Home
from assistant.models.catalogue import CATALOGUE
from assistant.models.weights import WeightsFolder
from index.errors import EmbedderError, StoreError
from index.files import write_whole
from index.settings import DEFAULT_EMBEDDER
from index.vectors.embed import Embedder, load_embedder

# Languages of the catalogue's embedders; one that a user brings is not known to be limited.
_LANGUAGES = {"minilm": frozenset({"en"})}


class Embedders:
    """The embedders of one home folder. Any thread may ask; each is loaded once."""

    def __init__(self, home: Home, weights: WeightsFolder) -> None:
        self._choice = home.index / "embedder"
        self._weights = weights
        self._loading = threading.Lock()
        self._loaded: dict[str, Embedder] = {}

    def chosen(self) -> str:
        """Return the name of the embedder that the library is searched with: the one last chosen, or the default."""
        try:
            return self._choice.read_text(encoding="utf-8").partition("\n")[0].strip() or DEFAULT_EMBEDDER
        except (OSError, ValueError):
            return DEFAULT_EMBEDDER

    def choose(self, name: str) -> None:
        """Have the library searched with another embedder from now on, by running apps too; StoreError if not kept."""
        try:
            write_whole(self._choice, f"{name}\n")
        except OSError as error:
            raise StoreError(
                f"the choice of embedder '{name}' cannot be kept in {self._choice} ({error.strerror}). "
                "Free space, or check its permissions."
            ) from error

    def spelled(self, name: str) -> str:
        """Return a name as it is kept: a folder by its whole path, anything else as it is."""
        return str(Path(name).expanduser().resolve()) if name not in CATALOGUE and _is_folder(name) else name

    def load(self, name: str) -> Embedder:
        """Return an embedder, loaded (seconds, once); EmbedderError says how to get it."""
        with self._loading:
            if name not in self._loaded:
                self._loaded[name] = load_embedder(self._folder(name), name=name, languages=_LANGUAGES.get(name))
            return self._loaded[name]

    def check(self, name: str) -> None:
        """Raise EmbedderError when there can be no embedder of this name; weights still to be pulled are fine."""
        if name not in CATALOGUE or CATALOGUE[name].kind != "embedder":
            self._folder(name)

    def _folder(self, name: str) -> Path:
        if name in CATALOGUE and CATALOGUE[name].kind == "embedder":
            if not self._weights.is_complete(name):
                raise EmbedderError(
                    f"the weights of embedder '{name}' are not here yet. Run `assistant models pull {name}`."
                )
            return self._weights.path(name)
        if _is_folder(name):
            return Path(name).expanduser()
        if name.count("/") == 1:
            return _hub_folder(name)
        known = ", ".join(entry for entry, weights in CATALOGUE.items() if weights.kind == "embedder")
        raise EmbedderError(
            f"no embedder '{name}'. Known: {known}, a sentence-transformers folder, or a hub id (owner/name)."
        )


def _is_folder(name: str) -> bool:
    try:
        return Path(name).expanduser().is_dir()
    except (OSError, RuntimeError):  # too long for a name, or an unknown ~user: a torn file of ours may say anything
        return False


def _hub_folder(name: str) -> Path:
    """Return the folder of a hub model that was fetched before; nothing is fetched here."""
    os.environ.setdefault("HF_HUB_OFFLINE", "1")
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import LocalEntryNotFoundError

    try:
        return Path(snapshot_download(name, local_files_only=True))
    except (LocalEntryNotFoundError, OSError, ValueError) as error:
        raise EmbedderError(
            f"embedder '{name}' is not in this machine's hub cache. "
            f"Fetch it with `hf download {name}`, or name a folder."
        ) from error
