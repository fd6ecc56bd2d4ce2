"""A language model cut off at a middle layer reads a question with article sentences; what it then knows comes out.

Runs as a child process, so that a crash or a lack of memory in native code never takes the app down; it imports
nothing of ours. One JSON object a line on standard input, one reply a line:

- ``{"build": GGUF, "layer": n, "into": FOLDER}``: cut the model, save it, reply ``{"built": FOLDER}``.
- ``{"open": FOLDER, "threads": n}``: load it, reply ``{"width": d}``.
- ``{"prompt": [[text, marked], …]}``: read the texts in order; reply ``{"rows": base64}``, the layer's output (float32,
  shape (marks, d), row-major) after the last token of each marked text.

A reply with ``error`` says in one line why not. It ends when its input does.
"""

from __future__ import annotations

import base64
import contextlib
import json
import os
import shutil
import sys
from pathlib import Path
from typing import Any

MODEL = "model.xml"


class Cut:
    """A model that ends at one of its layers, and its tokenizer."""

    def __init__(self, folder: Path, threads: int) -> None:
        """Load from a folder that ``build`` made."""
        import openvino
        from openvino_genai import Tokenizer

        options = {"PERFORMANCE_HINT": "LATENCY", "INFERENCE_NUM_THREADS": str(threads)}
        self._request = openvino.Core().compile_model(folder / MODEL, "CPU", options).create_infer_request()
        self._tokenizer = Tokenizer(str(folder))
        # The first request packs the weights, which takes seconds: not at the reader's first question.
        self.width = int(self.rows([("Ready.", True)]).shape[-1])

    def rows(self, prompt: list[tuple[str, bool]]) -> Any:
        """Return the layer's output, float32 of shape (marks, width), after the last token of each marked text."""
        import numpy as np

        pieces = [self._ids(text) for text, _ in prompt]
        ends = np.cumsum([len(piece) for piece in pieces]) - 1
        ids = np.concatenate(pieces)[None]
        count = ids.shape[1]
        self._request.reset_state()
        found = self._request.infer(
            {
                "input_ids": ids,
                "attention_mask": np.ones((1, count), np.int64),
                "position_ids": np.arange(count, dtype=np.int64)[None],
                "beam_idx": np.zeros(1, np.int32),
            }
        )
        marked = [end for end, (_, mark) in zip(ends, prompt, strict=True) if mark]
        return np.array(found[0][0][marked], dtype=np.float32)

    def _ids(self, text: str) -> Any:
        import numpy as np

        encoded = self._tokenizer.encode(text, add_special_tokens=False)
        return np.array(encoded.input_ids.data, dtype=np.int64).reshape(-1)


def build(gguf: Path, layer: int, into: Path) -> None:
    """Save the first layers of a GGUF model, up to and with ``layer`` (from 0), and its tokenizer, in a new folder."""
    import openvino
    from openvino import opset13
    from openvino_genai import LLMPipeline

    draft = into.with_name(f"{into.name}.draft")
    shutil.rmtree(draft, ignore_errors=True)
    draft.mkdir(parents=True)
    # The converter writes beside the file it reads.
    beside = draft / gguf.name
    beside.symlink_to(gguf.resolve())
    LLMPipeline(str(beside), "CPU", enable_save_ov_model=True)
    whole = openvino.Core().read_model(draft / "openvino_model.xml")
    last = next(
        (op for op in whole.get_ordered_ops() if op.get_friendly_name() == f"model.layers.self_attn.add1.layer{layer}"),
        None,
    )
    if last is None:
        raise ValueError(f"{gguf.name} has no layer {layer}")
    needed = _before(last)
    sinks = [
        sink for sink in whole.get_sinks() if sink.input(0).get_source_output().get_node().get_friendly_name() in needed
    ]
    cut = openvino.Model([opset13.result(last.output(0))], sinks, whole.get_parameters(), "cut")
    openvino.save_model(cut, draft / MODEL, compress_to_fp16=False)
    for leftover in (*draft.glob("openvino_model.*"), *draft.glob("openvino_detokenizer.*"), beside):
        leftover.unlink()
    draft.replace(into)


def _before(last: Any) -> set[str]:
    """Return the names of an operation and of all it is computed from."""
    names: set[str] = set()
    waiting = [last]
    while waiting:
        op = waiting.pop()
        if op.get_friendly_name() not in names:
            names.add(op.get_friendly_name())
            waiting.extend(source.get_source_output().get_node() for source in op.inputs())
    return names


def _answer(request: dict[str, Any], cut: Cut | None) -> tuple[dict[str, Any], Cut | None]:
    if "build" in request:
        build(Path(request["build"]), int(request["layer"]), Path(request["into"]))
        return {"built": request["into"]}, cut
    if "open" in request:
        cut = Cut(Path(request["open"]), int(request["threads"]))
        return {"width": cut.width}, cut
    if cut is None:
        return {"error": "no model is open"}, None
    rows = cut.rows([(str(text), bool(mark)) for text, mark in request["prompt"]])
    return {"rows": base64.b64encode(rows.tobytes()).decode("ascii")}, cut


def main() -> None:
    """Answer requests until standard input ends."""
    # Native code may print to standard output: keep the real one for replies, and point fd 1 at standard error.
    reply = os.dup(1)
    os.dup2(2, 1)
    sys.modules["openvino_telemetry"] = None  # type: ignore[assignment]  # nothing here may report anywhere
    cut: Cut | None = None
    for line in sys.stdin:
        try:
            answer, cut = _answer(json.loads(line), cut)
        except Exception as error:  # noqa: BLE001  whatever native code raises, the parent is told
            answer = {"error": f"{type(error).__name__}: {' '.join(str(error).split())[:300]}"}
        with contextlib.suppress(BrokenPipeError):
            os.write(reply, json.dumps(answer).encode("ascii") + b"\n")
    # Not a plain return: native clean-up can hang.
    os._exit(0)


if __name__ == "__main__":
    main()
