"""A file's bytes enter, its articles or one clear line leave; reading is done where it can be stopped."""

from __future__ import annotations

from typing import Self

from index.errors import LoadError
from index.load import is_batch, load_batch, load_bytes
from index.types import Document


class Parser:
    """Reads files of any format. Any thread may ask; files wait for each other."""

    def __init__(self, *, within_s: float = 10.0) -> None:
        """Describe a parser that gives an article ``within_s`` seconds; nothing starts yet."""
        self.within_s = within_s

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def parse(
        self, data: bytes, *, name: str, id: str | None = None, media_type: str | None = None, url: str | None = None
    ) -> tuple[Document | LoadError, ...]:
        """Return the article in ``data`` (see `load_bytes`), or those of a batch in order; an error in place of each
        that cannot be read. Never raises LoadError.
        """  # noqa: D205  one sentence that does not fit a line
        if is_batch(name):
            return tuple(load_batch(data, name=name))
        try:
            return (load_bytes(data, name=name, id=id, media_type=media_type, url=url),)
        except LoadError as error:
            return (error,)

    def close(self) -> None:
        """End what is being read, at once; a later file is refused."""
