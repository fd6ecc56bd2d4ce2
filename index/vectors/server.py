"""A library's collections on a Chroma server: the same as in its folder, shared by every program of the library.

The server knows no turns and no transactions. So whoever writes holds a lock in the index folder; and a collection
carries a mark that its writer changes before anything is taken out. A query that finds the mark as it was has seen all
that it should; one that does not asks again.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

from index.errors import DamagedIndexError, StoreError
from index.vectors.address import Address
from index.vectors.chroma import CONFIGURATION, ChromaStore, chroma_settings, is_damage
from index.vectors.collections import About, Collection, held

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_CONNECT_S = 3.0
_ALIVE_S = 5.0
"""To say what the collection is now: a server that lives does so in milliseconds, also while it reads its log."""
_WORK_S = 60.0
"""For all else: after its start, a server needs some 7 s for 10,000 vectors before it finds the first."""
_TURN_S = 60.0
"""For another program of this library to end its writing."""
_BATCH = 1000  # Chroma's limit for one call is 40 MiB.
# Never write the graph: we cannot seal it there, and a server that is killed meanwhile never finds its vectors again.
_CONFIGURATION = {"hnsw": {**CONFIGURATION["hnsw"], "sync_threshold": 1_000_000}}


@dataclass(frozen=True, slots=True)
class ChromaServer:
    """Where a library's collections stand on a server. Nothing is asked before it is needed."""

    address: Address
    library: str
    """What tells this library's collections from those of others on the server (``Library.identity``)."""
    locks: Path
    """The folder of the locks that the programs of this library share."""

    def store(self, fingerprint: str) -> ServerStore:
        """Return the store of a fingerprint's collection."""
        return ServerStore(self.address, name=self._prefix + fingerprint, lock=(self.locks, f"{fingerprint}.server"))

    def collections(self) -> tuple[Collection, ...]:
        """Return this library's collections, by name."""
        with closing(self.store("")) as store:
            found = [Collection(name, about) for name, about in store.listed() if name.startswith(self._prefix)]
        return tuple(sorted(found, key=lambda one: one.name))

    def delete(self, one: Collection) -> bool:
        """Delete a collection and return whether it is gone: one that is being written stays.

        A program that still searches it puts it up again.
        """
        with closing(self.store(one.name.removeprefix(self._prefix))) as store:
            return store.delete()

    @property
    def _prefix(self) -> str:
        return f"article-assistant-{self.library}-"


class ServerStore(ChromaStore):
    """One collection on a server. It is looked up by its name at every writing: a server may come back without it.

    Every method raises DamagedIndexError for a collection that is not what was put into it, or is gone; StoreError when
    the server does not answer, or answers with something else.
    """

    def __init__(self, address: Address, *, name: str, lock: tuple[Path, str]) -> None:
        self._folder = None
        self._closed = False
        self._address = address
        self._name = name
        self._lock = lock
        self._api = _api(address)
        self._collection: Any = None

    @contextmanager
    def writing(self) -> Iterator[bool]:
        """Keep other writers out, and say whether the collection is still the one it was when last asked."""
        former = self._id
        with self._turn():
            with self._said_plainly():
                self._collection = self._found(
                    self._api.create_collection(self._name, configuration=_CONFIGURATION, get_or_create=True)
                )
            yield self._id == former

    def put(self, ids: Sequence[str], vectors: NDArray[np.float32]) -> None:
        """Add or replace vectors, each under its chunk's id."""
        for start in range(0, len(ids), _BATCH):
            part = slice(start, start + _BATCH)
            super().put(ids[part], vectors[part])

    def note(self, about: About) -> str:
        """Keep what the collection now is, before what is stale is dropped; return its new ``stamp``."""
        with self._said_plainly():
            self._collection.modify(metadata={**asdict(about), "mark": uuid.uuid4().hex})
        return self.stamp()

    def stamp(self) -> str:
        """Return a value that changes before another program takes anything out of the collection, or replaces it.

        Empty when there is no collection.
        """
        from chromadb.errors import NotFoundError

        with self._said_plainly():
            try:
                now = self._found(self._api.get_collection(self._name))
            except NotFoundError:
                return ""
        return f"{now.id} {(now.metadata or {}).get('mark', '')}"

    def delete(self) -> bool:
        """Delete the collection and return whether it is gone: one that is being written stays."""
        with held(*self._lock) as mine:
            if mine and self.stamp():
                with self._said_plainly():
                    self._api.delete_collection(self._name)
            return mine

    def renew(self) -> None:
        """Delete the collection that proved damaged, unless another program has put up another since."""
        with self._turn():
            if self._id and self.stamp().startswith(self._id):
                with self._said_plainly():
                    self._api.delete_collection(self._name)

    def listed(self) -> list[tuple[str, About | None]]:
        """Return the name of each collection of the server, and what it says it is where it is one of ours."""
        with self._said_plainly():
            return [(model.name, _about(model.metadata or {})) for model in self._api.list_collections()]

    def close(self) -> None:
        """Let go of the server. Closing twice is harmless."""
        self._closed = True
        self._api._session.close()  # noqa: SLF001

    @property
    def place(self) -> str:
        """Where it stands, in words."""
        return f"the index on the Chroma server at {self._address}"

    @property
    def _id(self) -> str:
        return str(self._collection.id) if self._collection else ""

    def _found(self, model: Any) -> Any:
        from chromadb.api.models.Collection import Collection as ChromaCollection

        return ChromaCollection(client=self._api, model=model, embedding_function=None)

    @contextmanager
    def _turn(self) -> Iterator[None]:
        with held(*self._lock, wait=_TURN_S) as mine:
            if not mine:
                raise StoreError(
                    f"another program has been writing to {self.place} for {_TURN_S:.0f} s. Wait for it, or end it."
                )
            yield

    def _is_known(self, error: BaseException) -> bool:
        """Return whether an error is one that Chroma's client, or a server that is none, raises."""
        import httpx
        from chromadb.errors import ChromaError

        if isinstance(error, StoreError):
            return False
        # For an answer that it cannot read, the client raises Exception itself, or stumbles over what it expects there.
        answers = (ValueError, LookupError, TypeError)
        return (
            (self._closed and isinstance(error, RuntimeError))
            or type(error) is Exception
            or isinstance(error, (ChromaError, httpx.HTTPError, OSError, *answers))
        )

    def _told(self, error: BaseException) -> StoreError:
        import httpx
        from chromadb.errors import ChromaError, InternalError, InvalidArgumentError, NotFoundError

        if self._closed:
            return StoreError(f"{self.place} is closed")
        line = (str(error).splitlines() or [""])[0] or type(error).__name__
        if isinstance(error, (NotFoundError, InvalidArgumentError)) or (
            isinstance(error, InternalError) and is_damage(error)
        ):
            return DamagedIndexError(f"{self.place} is damaged ({line})")
        server = f"the Chroma server at {self._address}"
        if isinstance(error, (httpx.TransportError, OSError)):
            return StoreError(
                f"{server} does not answer ({line}). Start it, or unset CHROMA_URL to search without a server."
            )
        if isinstance(error, ChromaError):
            return StoreError(f"{server} refuses ({line}). Check its log, and the user or token in CHROMA_URL.")
        return StoreError(f"{server} sent an unexpected answer ({line[:200]}). Check the address in CHROMA_URL.")


def _api(address: Address) -> Any:
    """Return Chroma's client of a server; nothing is sent yet."""
    settings = chroma_settings(
        chroma_api_impl="chromadb.api.fastapi.FastAPI",
        chroma_server_host=address.url,
        chroma_server_http_port=1,  # must be given, and is not used beside a whole URL
        chroma_server_ssl_enabled=False,  # likewise
        chroma_server_headers={"Authorization": address.authorization} if address.authorization else {},
        chroma_client_auth_provider=None,
    )
    import httpx
    from chromadb.api.fastapi import FastAPI
    from chromadb.config import System

    def hurry(request: httpx.Request) -> None:
        if request.method == "GET" and not request.url.path.endswith("/count"):
            request.extensions["timeout"] = httpx.Timeout(_ALIVE_S, connect=_CONNECT_S).as_dict()

    api = System(settings).instance(FastAPI)
    former = api._session  # noqa: SLF001 - it waits for ever, and asks a proxy the way to this very machine
    api._session = httpx.Client(  # noqa: SLF001
        headers=former.headers,
        timeout=httpx.Timeout(_WORK_S, connect=_CONNECT_S),
        trust_env=not address.is_loopback,
        verify=True if settings.chroma_server_ssl_verify is None else settings.chroma_server_ssl_verify,
        event_hooks={"request": [hurry]},
    )
    former.close()
    return api


def _about(metadata: dict[str, Any]) -> About | None:
    try:
        return About(**{field.name: metadata[field.name] for field in fields(About)})
    except KeyError:
        return None
