"""Write the ONNX graph of a BERT-type encoder: shapes enter, the bytes of a model without weights leave.

The weights are named in it as in a safetensors file of such a model, lie as PyTorch keeps them (out, in), and are given
to ONNX Runtime when the graph is loaded: one graph serves every set of weights. The few messages of ONNX's format
(https://github.com/onnx/onnx/blob/main/onnx/onnx.proto) are written here, so that the onnx package is not needed.
"""

from __future__ import annotations

import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

_FUSED = "com.microsoft"  # the operators that ONNX Runtime's own optimiser makes of a transformer's
_FLOAT, _HALF, _INT32 = 1, 10, 6
_ELEMENTS = {"float32": _FLOAT, "float16": _HALF}
_NORM = "embeddings.LayerNorm"


@dataclass(frozen=True, slots=True)
class Shape:
    """What an encoder's graph depends on."""

    layers: int
    width: int
    """Numbers of a token's vector."""
    inner: int
    """Numbers of a token between the two halves of a layer's second part."""
    heads: int
    epsilon: float
    """What the layer norms add to a variance."""

    def tensors(self) -> dict[str, tuple[int, ...]]:
        """Return the shape of every tensor the graph must be given, by name."""
        width, inner = self.width, self.inner
        shapes: dict[str, tuple[int, ...]] = {}
        for layer in range(self.layers):
            part = f"encoder.layer.{layer}"
            for name, rows, columns in (
                ("attention.self.query", width, width),
                ("attention.self.key", width, width),
                ("attention.self.value", width, width),
                ("attention.output.dense", width, width),
                ("intermediate.dense", inner, width),
                ("output.dense", width, inner),
            ):
                shapes |= {f"{part}.{name}.weight": (rows, columns), f"{part}.{name}.bias": (rows,)}
            for name in ("attention.output.LayerNorm", "output.LayerNorm"):
                shapes |= {f"{part}.{name}.weight": (width,), f"{part}.{name}.bias": (width,)}
        return shapes | {f"{_NORM}.weight": (width,), f"{_NORM}.bias": (width,)}


def graph(shape: Shape, elements: Mapping[str, str]) -> bytes:
    """Return a model from `embeddings` (batch, tokens, width) and `mask` (batch, tokens; int32) to `hidden`.

    ``elements`` says of every tensor of ``shape`` whether it is given as "float32" or "float16"; all is computed in
    float32. `hidden` has the shape of `embeddings`, which are the sums of word, position and type, not yet normalised.
    """
    nodes = _Nodes()
    last = nodes.norm("embeddings", _NORM, shape)
    for layer in range(shape.layers):
        last = nodes.layer(last, f"encoder.layer.{layer}", shape)
    nodes.add("Identity", [last], "hidden")
    tensors = shape.tensors()
    whole = _message(
        *((1, node) for node in nodes.written),
        (2, "encoder"),
        *((5, _given(name, sizes, _ELEMENTS[elements[name]])) for name, sizes in tensors.items()),
        (11, _value("embeddings", _FLOAT, "batch", "tokens", shape.width)),
        (11, _value("mask", _INT32, "batch", "tokens")),
        (12, _value("hidden", _FLOAT, "batch", "tokens", shape.width)),
    )
    operators = [_message((1, ""), (2, 17)), _message((1, _FUSED), (2, 1))]
    return _message((1, 8), (7, whole), *((8, operator) for operator in operators))


class _Nodes:
    """The nodes so far, in order; every method adds some and returns the name of what they give."""

    def __init__(self) -> None:
        self.written: list[bytes] = []

    def add(
        self, operator: str, inputs: Sequence[str], output: str, domain: str = "", **given: float | list[int]
    ) -> str:
        attributes = [_attribute(name, value) for name, value in given.items()]
        self.written.append(
            _message(
                *((1, name) for name in inputs),
                (2, output),
                (4, operator),
                *((5, attribute) for attribute in attributes),
                (7, domain),
            )
        )
        return output

    # What is done to weights alone is done once, when the graph is loaded.
    def wide(self, name: str) -> str:
        return self.add("Cast", [name], f"{name}/wide", to=_FLOAT)

    def turned(self, name: str) -> str:
        return self.add("Transpose", [self.wide(name)], f"{name}/turned", perm=[1, 0])

    def norm(self, value: str, name: str, shape: Shape) -> str:
        weights = [self.wide(f"{name}.weight"), self.wide(f"{name}.bias")]
        return self.add("LayerNormalization", [value, *weights], name, axis=2, epsilon=shape.epsilon)

    def added(self, value: str, skipped: str, part: str, shape: Shape) -> str:
        """Map a value linearly, add it to what it came from, and normalise."""
        product = self.add("MatMul", [value, self.turned(f"{part}.dense.weight")], f"{part}.dense")
        weights = [self.wide(f"{part}.{name}") for name in ("LayerNorm.weight", "LayerNorm.bias", "dense.bias")]
        inputs = [product, skipped, *weights]
        return self.add("SkipLayerNormalization", inputs, part, _FUSED, epsilon=shape.epsilon)

    def layer(self, value: str, part: str, shape: Shape) -> str:
        maps = [f"{part}.attention.self.{name}" for name in ("query", "key", "value")]
        weight = self.add("Concat", [self.turned(f"{name}.weight") for name in maps], f"{part}/weight", axis=1)
        bias = self.add("Concat", [self.wide(f"{name}.bias") for name in maps], f"{part}/bias", axis=0)
        attention = self.add(
            "Attention", [value, weight, bias, "mask"], f"{part}.attention", _FUSED, num_heads=shape.heads
        )
        attended = self.added(attention, value, f"{part}.attention.output", shape)
        inner = f"{part}.intermediate.dense"
        product = self.add("MatMul", [attended, self.turned(f"{inner}.weight")], inner)
        active = self.add("BiasGelu", [product, self.wide(f"{inner}.bias")], f"{inner}/active", _FUSED)
        return self.added(active, attended, f"{part}.output", shape)


def _given(name: str, sizes: Sequence[int], element: int) -> bytes:
    """Return a tensor whose data is elsewhere: its location is never looked at, the data is given by name."""
    return _message(
        *((1, size) for size in sizes), (2, element), (8, name), (13, _message((1, "location"), (2, "given"))), (14, 1)
    )


def _value(name: str, element: int, *sizes: int | str) -> bytes:
    shape = _message(*((1, _message((1, size) if isinstance(size, int) else (2, size))) for size in sizes))
    return _message((1, name), (2, _message((1, _message((1, element), (2, shape))))))


def _attribute(name: str, value: float | list[int]) -> bytes:
    if isinstance(value, list):
        return _message((1, name), *((8, number) for number in value), (20, 7))
    if isinstance(value, int):
        return _message((1, name), (3, value), (20, 2))
    return _message((1, name), (2, value), (20, 1))


def _message(*fields: tuple[int, int | float | str | bytes]) -> bytes:
    """Return a message of Protocol Buffers, of pairs of a field's number and value."""
    written = bytearray()
    for number, value in fields:
        if isinstance(value, int):
            written += _varint(number << 3) + _varint(value)
        elif isinstance(value, float):
            written += _varint(number << 3 | 5) + struct.pack("<f", value)
        else:
            raw = value.encode() if isinstance(value, str) else value
            written += _varint(number << 3 | 2) + _varint(len(raw)) + raw
    return bytes(written)


def _varint(number: int) -> bytes:
    """Return seven bits a byte, the lowest first; all but the last byte have their highest bit set."""
    written = bytearray()
    while number > 127:
        written.append(number & 127 | 128)
        number >>= 7
    return bytes([*written, number])
