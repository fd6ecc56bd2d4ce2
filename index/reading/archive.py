"""The bytes of a ZIP file enter, its members leave one by one: none hidden, none larger unpacked than may be."""

from __future__ import annotations

import io
import zipfile
import zlib
from typing import Any

from index.errors import LoadError

MAX_MEMBERS = 2_000
MAX_UNPACKED = 50_000_000
"""Bytes, of all the members that are read."""
_MAX_RATIO, _RATIO_FROM = 200, 1_000_000  # prose packs to a third, a table of zeros to a hundredth
_DAMAGES = (zipfile.BadZipFile, zlib.error, ValueError, NotImplementedError, OSError, EOFError, OverflowError)
_Element = Any  # lxml ships no types


class Archive:
    """A ZIP file in memory. Every error is a LoadError of one line."""

    def __init__(self, data: bytes, kind: str) -> None:
        """Open ``data``, which should be ``kind`` ("a Word document")."""
        self._kind = kind
        self._left = MAX_UNPACKED
        try:
            self._zip = zipfile.ZipFile(io.BytesIO(data))
            members = self._zip.infolist()
        except _DAMAGES as error:
            raise self._damaged(str(error)) from error
        if len(members) > MAX_MEMBERS:
            raise LoadError(
                f"Found {kind} of {len(members):,} parts; expected at most {MAX_MEMBERS:,}. Export it again, or as PDF."
            )
        self._members = {member.filename: member for member in members}

    def __contains__(self, name: object) -> bool:
        return name in self._members

    def names(self) -> list[str]:
        """Return the members' names in the order of the file."""
        return list(self._members)

    def read(self, name: str) -> bytes:
        """Return a member unpacked; LoadError where it is missing, locked, damaged or would be too large."""
        member = self._members.get(name)
        if member is None:
            raise self._damaged(f"{name} is missing")
        if member.flag_bits & 1:
            raise LoadError(f"Found {self._kind} locked with a password; expected an open one. Save it without one.")
        if member.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
            raise self._damaged(f"{name} is packed in an unknown way")
        size = max(member.file_size, 0)
        if size > self._left or (size > _RATIO_FROM and size > _MAX_RATIO * max(member.compress_size, 1)):
            raise self._too_large(size)
        try:
            with self._zip.open(member) as file:
                data = file.read(self._left + 1)  # what is said about its size may be wrong
        except (
            zipfile.BadZipFile,
            zlib.error,
            ValueError,
            NotImplementedError,
            OSError,
            EOFError,
            RuntimeError,
        ) as error:
            raise self._damaged(str(error) or name) from error
        if len(data) > self._left:
            raise self._too_large(len(data))
        self._left -= len(data)
        return data

    def xml(self, name: str) -> _Element:
        """Return the root of a member's XML, without entities and without a look at any other file."""
        from lxml import etree

        parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, recover=True, huge_tree=False)
        try:
            root = etree.fromstring(self.read(name), parser)
        except (etree.XMLSyntaxError, ValueError) as error:
            if getattr(error, "code", None) == etree.ErrorTypes.ERR_NO_MEMORY:
                raise MemoryError from error
            raise self._damaged(f"{name}: {error}") from error
        if root is None:
            raise self._damaged(f"{name} is not XML")
        return root

    def _too_large(self, size: int) -> LoadError:
        return LoadError(
            f"Found {self._kind} that unpacks to {size / 1e6:.0f} MB or more; expected at most "
            f"{MAX_UNPACKED // 1_000_000} MB in all, and no part packed {_MAX_RATIO} times. Split it, or make it a PDF."
        )

    def _damaged(self, reason: str) -> LoadError:
        reason = " ".join(reason.split())[:120]
        return LoadError(
            f"Found {self._kind} that is damaged ({reason}); expected a whole one. Save or fetch it again."
        )
