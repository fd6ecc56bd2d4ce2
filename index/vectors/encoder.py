"""Run a BERT-type encoder on ONNX Runtime: token ids enter, one vector a token leaves.

Loading takes half a second and no torch. Several encoders may share one folder's tables of words and positions and have
layers of their own: the tables are mapped from the file, which the system keeps in memory once.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from index.errors import EmbedderError
from index.vectors.cores import usable_cores
from index.vectors.encoder_graph import Shape, graph

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from tokenizers import Tokenizer

    Tensors = Mapping[str, NDArray[Any]]

WEIGHTS, TOKENIZER = "model.safetensors", "tokenizer.json"

# Tokens of a run, padding included. More are slower: what attention weighs no longer fits the processor's caches.
_RUN = 512
_ELEMENTS = {"F16": "<f2", "F32": "<f4"}


class Encoder:
    """The encoder of a folder; loads in the constructor, then any thread may use it.

    ``layers`` replaces the folder's own layers: tensors named as in its file (`encoder.layer.0.…`), float16 or float32,
    as many layers as they name; what else is named there is left alone. EmbedderError when a tensor is missing, or the
    folder is no such encoder.
    """

    width: int
    """Numbers of a token's vector."""
    most_tokens: int
    """No sequence may be longer."""

    def __init__(self, folder: Path, layers: Tensors | None = None, *, threads: int | None = None) -> None:
        try:
            config = json.loads((folder / "config.json").read_bytes())
            own = read_tensors(folder / WEIGHTS)
            self._words = own["embeddings.word_embeddings.weight"]
            self._positions = own["embeddings.position_embeddings.weight"]
            self._type = own["embeddings.token_type_embeddings.weight"][0]
            self.most_tokens, self.width = self._positions.shape
            given = own if layers is None else {**layers, **_tables(own)}
            shape = _shape(config, given, self.width)
            self._session = _session(shape, given, threads or usable_cores())
        except (OSError, ValueError, LookupError, TypeError, AttributeError, ArithmeticError) as error:
            raise EmbedderError(
                f"the encoder at {folder} does not load ({type(error).__name__}: {error}). Pull or copy it again."
            ) from error

    def encode(self, ids: Sequence[Sequence[int]]) -> list[NDArray[np.float32]]:
        """Return the last layer's vectors, one array of shape (tokens, width) for each sequence, in order.

        A sequence is what the tokenizer gives, special tokens included: 1 to ``most_tokens`` ids of its vocabulary.
        """
        import numpy as np

        found: list[NDArray[np.float32]] = [np.zeros((0, self.width), np.float32)] * len(ids)
        for places in _runs([len(sequence) for sequence in ids]):
            longest = max(len(ids[place]) for place in places)
            embeddings = np.zeros((len(places), longest, self.width), np.float32)
            mask = np.zeros((len(places), longest), np.int32)
            for row, place in enumerate(places):
                length = len(ids[place])
                embeddings[row, :length] = self._words[np.asarray(ids[place], np.int64)]
                embeddings[row, :length] += self._positions[:length]
                embeddings[row, :length] += self._type
                mask[row, :length] = 1
            [hidden] = self._session.run(["hidden"], {"embeddings": embeddings, "mask": mask})
            for row, place in enumerate(places):
                found[place] = hidden[row, : len(ids[place])]
        return found


def read_tensors(path: Path) -> dict[str, NDArray[Any]]:
    """Return a safetensors file's tensors of float16 and float32 by name, mapped: read when they are used.

    https://huggingface.co/docs/safetensors: eight bytes say how long the header is, the header (JSON) where each
    tensor lies after it. ValueError when that does not agree with the file.
    """
    import numpy as np

    with path.open("rb") as file:
        size = int.from_bytes(file.read(8), "little")
        if not 2 <= size <= path.stat().st_size - 8:
            raise ValueError(f"{path.name} is cut short")
        header = json.loads(file.read(size))
    whole = np.memmap(path, np.uint8, "r", offset=8 + size)
    tensors: dict[str, NDArray[Any]] = {}
    for name, at in header.items():
        if name != "__metadata__" and at["dtype"] in _ELEMENTS:
            start, end = at["data_offsets"]
            # A plain view: a memmap's own class is slow to cut.
            tensors[name] = np.asarray(whole[start:end]).view(_ELEMENTS[at["dtype"]]).reshape(at["shape"])
    return tensors


@lru_cache(maxsize=2)  # embedder and reader share one: a copy takes 280 MB and a second
def load_tokenizer(folder: Path) -> Tokenizer:
    """Return the tokenizer of a folder (a second), which neither cuts nor pads; EmbedderError when it does not load."""
    from tokenizers import Tokenizer

    try:
        tokenizer = Tokenizer.from_file(str(folder / TOKENIZER))
    except Exception as error:  # the library raises nothing narrower
        raise EmbedderError(f"the tokenizer at {folder} does not load ({error}). Pull or copy it again.") from error
    tokenizer.no_truncation()
    tokenizer.no_padding()
    return tokenizer


def _shape(config: Mapping[str, Any], given: Tensors, width: int) -> Shape:
    if config["model_type"] != "bert" or config["hidden_act"] != "gelu":
        raise ValueError(f"a {config['model_type']} with {config['hidden_act']}; expected a bert with gelu")
    shape = Shape(
        layers=len({name.split(".")[2] for name in given if name.startswith("encoder.layer.")}),
        width=width,
        inner=int(config["intermediate_size"]),
        heads=int(config["num_attention_heads"]),
        epsilon=float(config["layer_norm_eps"]),
    )
    if not shape.layers or width % shape.heads:
        raise ValueError(f"{shape.layers} layers of {width} numbers for {shape.heads} heads")
    return shape


def _tables(own: Tensors) -> dict[str, NDArray[Any]]:
    return {name: tensor for name, tensor in own.items() if name.startswith("embeddings.")}


def _session(shape: Shape, given: Tensors, threads: int) -> Any:
    """Return a session over these tensors; ValueError when one is missing or of another shape."""
    import numpy as np

    # It reports to its maker unless this stands here before it is loaded.
    os.environ["ORT_DISABLE_TELEMETRY"] = "1"
    from onnxruntime import InferenceSession, OrtValue, SessionOptions

    tensors: dict[str, NDArray[Any]] = {}
    for name, expected in shape.tensors().items():
        tensor = given.get(name)
        if tensor is None or tensor.shape != expected or tensor.dtype not in ("float16", "float32"):
            found = "nothing" if tensor is None else f"{tensor.dtype} of {tensor.shape}"
            raise ValueError(f"found {found} for {name}; expected float16 or float32 of {expected}")
        tensors[name] = np.ascontiguousarray(tensor)
    options = SessionOptions()
    options.intra_op_num_threads = threads
    # Threads that wait for work would take the processor from a model that answers.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    options.enable_cpu_mem_arena = False  # as quick without, and what a long run took is given back
    options.add_external_initializers(
        list(tensors), [OrtValue.ortvalue_from_numpy(tensor) for tensor in tensors.values()]
    )
    model = graph(shape, {name: tensor.dtype.name for name, tensor in tensors.items()})
    return InferenceSession(model, options, providers=["CPUExecutionProvider"])


def _runs(lengths: Sequence[int]) -> Iterator[list[int]]:
    """Yield places of sequences that are run together, the longest first, until every one but the empty is named."""
    run: list[int] = []
    for place in sorted((place for place, length in enumerate(lengths) if length), key=lambda place: -lengths[place]):
        if run and (len(run) + 1) * lengths[run[0]] > _RUN:
            yield run
            run = []
        run.append(place)
    if run:
        yield run
