"""Measure a library as it grows: adding, opening, asking, scopes, lists, memory and disk; one table, one JSON file.

``python -m evals.bench.library [--sizes N …] [--out FILE] [--homes FOLDER]``

The articles are made up (words drawn by rank, Zipf), some 15 passages each, and embedded in earnest by the default
embedder: on two cores 100,000 passages take most of an hour. ``--homes`` keeps what was embedded for another run.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import closing
from datetime import UTC, datetime
from functools import partial
from itertools import accumulate
from pathlib import Path

from assistant.answer.question import Question
from assistant.home import Home, open_home
from assistant.settings import EXTRACTIVE, Settings
from assistant.types import EvidenceFound
from assistant.wiring import Application
from evals.numbers.statistics import percentile
from evals.run.machine import machine, peak_bytes, timed_s
from index.files import size_on_disk
from index.reading.load import document_from_text
from index.text.split import split
from index.types import Document

SIZES = (1_000, 10_000, 100_000)
"""Passages."""
_QUESTIONS = 40
_BARE = 512  # chunks of the bare encode: enough to be steady
_SYLLABLES = "ba ko ri mun ta le so fen gar hul ni po dra vel tis mo wen kar jo lin".split()

Figures = dict[str, float]


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the bench from the command line."""
    parser = argparse.ArgumentParser(prog="evals.bench.library", description=__doc__)
    parser.add_argument("--sizes", type=int, nargs="+", default=SIZES)
    parser.add_argument("--out", type=Path, default=Path("bench/library.json"))
    parser.add_argument("--homes", type=Path)
    parser.add_argument("--one", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args(arguments)
    if options.one:
        print(json.dumps(_measured(options.sizes[0])))  # noqa: T201 - the parent reads it
        return
    with tempfile.TemporaryDirectory() as temporary:
        root = options.homes or Path(temporary)
        rows = {size: _in_a_process_of_its_own(root / str(size), size) for size in options.sizes}
    _print(rows)
    options.out.parent.mkdir(parents=True, exist_ok=True)
    record = {"when": datetime.now(UTC).isoformat(timespec="seconds"), "machine": machine(), "rows": rows}
    options.out.write_text(json.dumps(record, indent=1) + "\n")
    print(f"\nwritten to {options.out}")  # noqa: T201 - a bench speaks to the terminal


def _in_a_process_of_its_own(root: Path, size: int) -> Figures:
    """Return the figures of one size: memory is then its own too."""
    root.mkdir(parents=True, exist_ok=True)
    if not (root / "models").exists():
        (root / "models").symlink_to(open_home().models)
    command = [sys.executable, "-m", "evals.bench.library", "--one", "--sizes", str(size)]
    run = subprocess.run(command, check=True, stdout=subprocess.PIPE, env={**os.environ, "ASSISTANT_HOME": str(root)})  # noqa: S603
    row: Figures = json.loads(run.stdout)
    return row


def _measured(size: int) -> Figures:
    home = open_home()
    made = _articles(seed=size)
    row: Figures = {}
    with closing(_opened(home)) as application:
        embedder = application.embedder()
        texts, articles = list[str](), []
        limit = application.settings.index.chunk_tokens
        while len(texts) < size:
            articles.append(next(made))
            chunks = split(articles[-1], count_tokens=embedder.count_tokens, chunk_tokens=limit)
            texts.extend(chunk.search_text for chunk in chunks)
        bare = texts[:_BARE]
        row["bare encode, passages/s"] = len(bare) / timed_s(lambda: embedder.embed_documents(bare))
        row["add, articles/s"] = len(articles) / timed_s(lambda: [application.library.add(one) for one in articles])
        row["index, passages/s"] = len(texts) / timed_s(application.index)
    with closing(_opened(home)) as application:
        application.embedder()
        row["open again, s"] = timed_s(application.index)
        row["passages"], row["articles"] = application.index().size[1], application.index().size[0]
        row |= _asked(application, articles)
        application.library.add(next(made))
        row["one more article, s"] = timed_s(application.index)
        row["list, ms"] = 1000 * min(timed_s(application.shelf.search) for _ in range(5))
        row["search by title, ms"] = 1000 * min(timed_s(lambda: application.shelf.search("karmun")) for _ in range(5))
    row["peak memory, MiB"] = peak_bytes(os.getpid()) / 2**20
    row["disk: articles, MiB"] = size_on_disk(home.articles) / 2**20
    row["disk: index and kept vectors, MiB"] = size_on_disk(home.index) / 2**20
    return row


def _opened(home: Home) -> Application:
    return Application(home, Settings(model=EXTRACTIVE, reader=False))


def _asked(application: Application, articles: Sequence[Document]) -> Figures:
    """Time from a question to its evidence: of all articles, of one, of a tenth."""
    chance = random.Random(7)  # noqa: S311 - no secret
    sentences = [chance.choice(chance.choice(articles).text.split(". ")) for _ in range(_QUESTIONS)]
    tenth = [article.id for article in articles[::10]]
    row: Figures = {}
    for what, scope in (("", None), (" (one article)", [articles[0].id]), (" (a tenth of them)", tenth)):
        took = []
        for sentence in [sentences[0], *sentences]:
            words = sentence.lower().split()
            question = f"What about {' '.join(chance.sample(words, min(4, len(words))))}?"
            took.append(timed_s(partial(_evidence, application, question, scope)))
        milliseconds = [1000 * one for one in took[1:]]  # the first warms up
        row[f"question to evidence{what}, p50, ms"] = percentile(milliseconds, 50)
        row[f"question to evidence{what}, p95, ms"] = percentile(milliseconds, 95)
    return row


def _evidence(application: Application, question: str, scope: Sequence[str] | None) -> None:
    events = application.assistant(EXTRACTIVE).find(Question(question, articles=scope))
    with closing(events):
        for event in events:
            if isinstance(event, EvidenceFound):
                return


def _articles(*, seed: int) -> Iterator[Document]:
    """Yield articles of ten paragraphs, no two sentences alike."""
    chance = random.Random(seed)  # noqa: S311 - no secret
    vocabulary = ["".join(chance.choice(_SYLLABLES) for _ in range(chance.choice((1, 2, 2, 3)))) for _ in range(20_000)]
    weights = list(accumulate(1 / rank for rank in range(1, len(vocabulary) + 1)))
    number = 0
    while True:
        number += 1
        paragraphs = []
        for _ in range(10):
            sentences = [
                " ".join(chance.choices(vocabulary, cum_weights=weights, k=chance.randint(8, 16))).capitalize() + "."
                for _ in range(3)
            ]
            paragraphs.append(" ".join(sentences))
        title = " ".join(chance.choices(vocabulary, k=3)).capitalize()
        yield document_from_text("\n\n".join(paragraphs), id=f"made-{seed}-{number}", title=title, language="en")


def _print(rows: dict[int, Figures]) -> None:
    print("| | " + " | ".join(f"{size:,}" for size in rows) + " |")  # noqa: T201 - a bench speaks to the terminal
    print("|---|" + "---:|" * len(rows))  # noqa: T201 - likewise
    for what in next(iter(rows.values())):
        print(f"| {what} | " + " | ".join(f"{row[what]:,.4g}" for row in rows.values()) + " |")  # noqa: T201 - likewise


if __name__ == "__main__":
    main()
