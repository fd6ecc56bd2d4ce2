"""Measure speed and memory against plain baselines in the same run; print one table, write one JSON file.

``python -m evals.bench [--out FILE] [--model M] [--questions N]``
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from assistant.home import Home, open_home
from assistant.models.llm import chat_model, model_file, server_of
from assistant.settings import DEFAULT_MODEL, Settings
from assistant.wiring import Application
from evals.numbers.statistics import percentile
from evals.run.machine import machine, peak_bytes, timed_s
from index.build import Index
from index.reading.load import document_from_text
from index.settings import IndexSettings
from index.text.split import split
from index.types import Document
from index.vectors.cache import Cache

if TYPE_CHECKING:
    from index.vectors.embed import Embedder

QUESTIONS = (
    "Which organizations gather intelligence for Japan?",
    "How did Japan try to end the triple deadlock?",
    "Who chaired the LDP's Research Commission on Public Security?",
    "When was the National Security Strategy revised?",
    "Why can Japan no longer rely on US protection as much as in the past?",
    "Is the planned secretariat meant to work like the CIA?",
    "Which countries recently signed information-protection agreements with Japan?",
    "How many years did the coalition of LDP and Komeito last?",
    "What is the annual budget of the national intelligence secretariat?",
    "What is the capital of Mongolia?",
)


@dataclass(frozen=True, slots=True)
class Measured:
    """One line of the table: ours beside the baseline, and their ratio (ours / baseline) with its aim."""

    what: str
    unit: str
    ours: float
    baseline: float | None = None
    aim: str = ""

    @property
    def ratio(self) -> float | None:
        """Return ours over the baseline."""
        return self.ours / self.baseline if self.baseline else None


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the bench from the command line."""
    parser = argparse.ArgumentParser(prog="evals.bench", description=__doc__)
    parser.add_argument("--out", type=Path, default=Path("bench/bench.json"))
    parser.add_argument("--model", default=DEFAULT_MODEL)
    parser.add_argument("--questions", type=int, default=len(QUESTIONS))
    options = parser.parse_args(arguments)
    home = open_home()
    with tempfile.TemporaryDirectory() as folder:
        fresh = _fresh_home(home, Path(folder))
        rows = [*_starts(fresh), *_indexing(fresh), *_answers(fresh, options.model, QUESTIONS[: options.questions])]
    _print(rows)
    options.out.parent.mkdir(parents=True, exist_ok=True)
    options.out.write_text(json.dumps(_record(rows, options.model, options.questions), indent=1) + "\n")
    print(f"\nwritten to {options.out}")  # noqa: T201 - a bench speaks to the terminal


def _fresh_home(home: Home, folder: Path) -> Home:
    """Return an empty home that shares only the weights: the bench neither reads nor changes the user's library."""
    (folder / "models").symlink_to(home.models)
    os.environ["ASSISTANT_HOME"] = str(folder)
    return open_home()


def _starts(home: Home) -> list[Measured]:
    """Time the command line from nothing, medians of five and three."""
    run = [sys.executable, "-m", "assistant"]
    help_s = _median_s(5, lambda: _run([*run, "--help"]))
    imports_s = _median_s(3, lambda: _run([sys.executable, "-c", "import sentence_transformers"]))
    article = home.root / "one.txt"
    article.write_text("The bridge opened in 1931. It replaced a ferry.\n", encoding="utf-8")
    ask = [*run, "ask", "When did the bridge open?", "--article", str(article), "--model", "extractive"]
    ask_s = _median_s(3, lambda: _run(ask))
    return [
        Measured("assistant --help", "s", help_s, aim="<= 0.4 s"),
        Measured(
            "assistant ask -m extractive, from nothing, against `import sentence_transformers`", "s", ask_s, imports_s
        ),
    ]


def _indexing(home: Home) -> list[Measured]:
    """Time index.update against bare encode of the same texts, best of three each, model load left out."""
    application = Application(home)
    try:
        embedder, settings = application.embedder(), application.settings.index
        paragraphs = application.documents()[0].text.split("\n\n")
        # Paragraphs of ordinary length that differ, so that nothing is embedded twice.
        text = "\n\n".join(f"Case {n}. {paragraphs[n % len(paragraphs)]}" for n in range(480))
        document = document_from_text(text, id="bench", title="Bench", language="en")
        chunks = split(document, count_tokens=embedder.count_tokens, chunk_tokens=settings.chunk_tokens)
        texts = [chunk.search_text for chunk in chunks]
        ours = min(timed_s(lambda: _index(document, embedder, settings)) for _ in range(3))
        bare = min(timed_s(lambda: embedder.embed_documents(texts)) for _ in range(3))
    finally:
        application.close()
    return [
        Measured(
            "index an article, against bare encode of its chunks",
            "chunks/s",
            len(texts) / ours,
            len(texts) / bare,
            ">= 0.9",
        )
    ]


def _index(document: Document, embedder: Embedder, settings: IndexSettings) -> None:
    cache = Cache(None)
    index = Index(embedder=embedder, settings=settings, cache=cache)
    index.update([document])
    index.close()
    cache.close()


def _answers(home: Home, model: str, questions: Sequence[str]) -> list[Measured]:
    """Ask every question of both, in turn, with the same model on the same server; medians, and the 95th percentile."""
    # LangChain takes a second to import; --help need not wait for it.
    from assistant.runnable import ArticleEmbeddings
    from evals.bench.tutorial import Tutorial

    settings = Settings(model=model)
    application = Application(home, settings)
    try:
        assistant = application.assistant(model)
        application.startup.make_ready(model, pull=application.weights.pull)
        name = application.roster.named(model)
        tutorial = Tutorial(
            application.documents()[0].text,
            embeddings=ArticleEmbeddings(application.embedder("minilm")),
            model=lambda: chat_model(name, weights_path=application.weights.path, servers=application.servers),
        )
        assistant.ask(questions[0])  # loads the model and reads the part of the prompt that never changes
        ours, theirs = [], []
        for question in questions:
            ours.append(assistant.ask(question).timings_ms)
            theirs.append(tutorial.ask(question))
        server = server_of(name, application.weights.path, application.servers) if name.kind == "local" else None
        memory = peak_bytes(os.getpid()) + (peak_bytes(server.process_id) if server and server.process_id else 0)
        weights = model_file(name, application.weights.path).stat().st_size if server else 0
    finally:
        application.close()
    evidence = [t["evidence"] for t in ours], [t.evidence_ms for t in theirs]
    first = [t["first_sentence"] for t in ours if "first_sentence" in t], [t.first_token_ms for t in theirs]
    total = [t["total"] for t in ours], [t.total_ms for t in theirs]
    rows = [
        ("question to evidence, p50", evidence, 50, "<= 150 ms"),
        ("question to evidence, p95", evidence, 95, ""),
        ("question to first sentence (baseline: first token), p50", first, 50, ""),
        ("question to the end, p50", total, 50, "<= 0.5"),
        ("question to the end, p95", total, 95, ""),
    ]
    return [
        # Where every answer abstained, there is no first sentence.
        *(
            Measured(what, "ms", percentile(mine, percent), percentile(other, percent), aim)
            for what, (mine, other), percent, aim in rows
            if mine
        ),
        Measured("question to the end, mean", "ms", statistics.mean(total[0]), statistics.mean(total[1]), "<= 0.5"),
        Measured("peak memory beyond the model file, app and server", "MiB", (memory - weights) / 2**20),
    ]


def _run(command: Sequence[str]) -> None:
    subprocess.run(command, check=True, capture_output=True)  # noqa: S603 - our own commands


def _median_s(times: int, work: Callable[[], Any]) -> float:
    return statistics.median(timed_s(work) for _ in range(times))


def _record(rows: Sequence[Measured], model: str, questions: int) -> dict[str, Any]:
    return {
        "when": datetime.now(UTC).isoformat(timespec="seconds"),
        "machine": machine(),
        "model": model,
        "questions": questions,
        "rows": [{**asdict(row), "ratio": row.ratio} for row in rows],
    }


def _print(rows: Sequence[Measured]) -> None:
    lines = [("", "ours", "baseline", "ratio", "aim")]
    for row in rows:
        ratio = f"{row.ratio:.2f}" if row.ratio is not None else ""
        baseline = f"{row.baseline:,.3g} {row.unit}" if row.baseline is not None else ""
        lines.append((row.what, f"{row.ours:,.4g} {row.unit}", baseline, ratio, row.aim))
    widths = [max(len(line[column]) for line in lines) for column in range(5)]
    for line in lines:
        print("  ".join(f"{cell:<{width}}" for cell, width in zip(line, widths, strict=True)).rstrip())  # noqa: T201


if __name__ == "__main__":
    main()
