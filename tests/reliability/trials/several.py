"""Several processes on one home: two that add while one asks, two apps in use, an embedder changed under one."""

from __future__ import annotations

import subprocess
import tempfile
import threading
from contextlib import ExitStack
from pathlib import Path

from trials.articles import Sentences, sentences
from trials.judge import Model, Verdict, library, verdict
from trials.kills import QUICK, filled, home, looked_into
from trials.sides import TWIN
from trials.worker import BrokenError, DiedError, RefusedError, StuckError, Worker


def two_indexers_and_an_app(side: str, *, each: int = 8, count: int = 60, articles: int = 3) -> Verdict:
    """Have two processes add articles at once, while a third asks; then ask all three, and a new one."""
    model = library(articles, count=count)
    new = {name: {f"{name}{n}": sentences(f"{name}{n}", count=count) for n in range(each)} for name in ("one", "other")}
    with tempfile.TemporaryDirectory(dir=QUICK, prefix="reliability-") as folder, ExitStack() as ending:
        root = filled(side, Path(folder), model)
        one, other, app = (ending.enter_context(Worker(side, root)) for _ in range(3))
        found: list[Verdict] = []
        adding = [
            threading.Thread(target=_add, args=(worker, new[name], found))
            for worker, name in ((one, "one"), (other, "other"))
        ]
        for thread in adding:
            thread.start()
        while any(thread.is_alive() for thread in adding):
            found.append(_asked(app, model))
        for thread in adding:
            thread.join()
        if troubles := [one for one in found if one.kind != "right"]:
            return troubles[0]
        for id, held in {**new["one"], **new["other"]}.items():
            model = model.put(id, held)
        for worker in (one, other, app):
            looked = verdict(worker, model, most_questions=400)
            if looked.kind != "right":
                return looked
            worker.close()
        return looked_into(side, root, model)


def two_apps(*, each: int = 6) -> Verdict:
    """Have two apps chat, add and rename at once, in one conversation and under names that are the same in both.

    One renames articles that the other adds anew, changed.
    """
    with tempfile.TemporaryDirectory(dir=QUICK, prefix="reliability-") as folder, ExitStack() as ending:
        root = home(Path(folder))
        apps = {name: ending.enter_context(Worker("ours", root)) for name in ("one", "other")}
        for n in range(each):
            apps["one"].call("take", f"shared{n}.txt", f"Old words {n}.")
        found: list[Verdict] = []
        using = [threading.Thread(target=_use, args=(worker, name, each, found)) for name, worker in apps.items()]
        for thread in using:
            thread.start()
        for thread in using:
            thread.join()
        if found:
            return found[0]
        with Worker("ours", root) as worker:
            held = worker.call("belongings", ["talk-both", *(f"talk-{name}" for name in apps)])
    for talk, names in {"talk-both": list(apps), "talk-one": ["one"], "talk-other": ["other"]}.items():
        said = [words for words, _ in held["conversations"][talk]]
        for name in names:
            if [words for words in said if words.startswith(f"{name} ")] != [f"{name} {n}" for n in range(each)]:
                return Verdict("lost", f"of {name} in {talk}: {said}")
    wanted = {(f"Title {n}", f"New words {n}.") for n in range(each)}
    wanted |= {(f"News{n}", f"News {n} of {name}.") for n in range(each) for name in apps}
    articles = {(title, words) for title, words, _ in held["articles"].values()}
    return Verdict("right") if articles == wanted else Verdict("lost", f"{sorted(wanted ^ articles)}")


def _use(worker: Worker, name: str, each: int, found: list[Verdict]) -> None:
    try:
        for n in range(each):
            worker.call("chat", "talk-both", f"{name} {n}")
            worker.call("take", f"{name}/news{n}.txt", f"News {n} of {name}.")
            if name == "one":
                worker.call("rename", f"shared{n}", f"Title {n}")
            else:
                worker.call("take", f"shared{n}.txt", f"New words {n}.")
            worker.call("chat", f"talk-{name}", f"{name} {n}")
    except (RefusedError, BrokenError, DiedError, StuckError) as error:
        found.append(Verdict("broken", f"{name}: {error}"))


def _add(worker: Worker, articles: dict[str, Sentences], found: list[Verdict]) -> None:
    try:
        for id, held in articles.items():
            worker.call("put", id, held)
    except (RefusedError, BrokenError, DiedError, StuckError) as error:
        found.append(Verdict("broken", f"adding: {error}"))


def _asked(app: Worker, model: Model) -> Verdict:
    """Ask for what was there from the beginning."""
    questions = [(sentence, id) for id, held in model.articles.items() for sentence in held[::20]]
    try:
        for (question, id), found in zip(questions, app.call("ask", [q for q, _ in questions]), strict=True):
            if found[0] != id:
                return Verdict("wrong", f"meanwhile, '{question}' of {id} finds {found[0]}")
    except (RefusedError, BrokenError, DiedError, StuckError) as error:
        return Verdict("broken", f"meanwhile: {error}")
    return Verdict("right")


def another_place(*, copied: bool, each: int = 8) -> Verdict:
    """Copy, or move, a home while a process adds to it, and open it where it is then."""
    model = library(3, count=20)
    with tempfile.TemporaryDirectory(dir=QUICK, prefix="reliability-") as folder, ExitStack() as ending:
        here, there = filled("ours", Path(folder, "here"), model), Path(folder, "there")
        worker = ending.enter_context(Worker("ours", here))
        worker.call("held")
        whole = model
        for n in range(each):
            whole = whole.put(f"new{n}", sentences(f"new{n}", count=20))
            worker.send("put", f"new{n}", whole.articles[f"new{n}"])
            if n == each // 2:
                if copied:  # what is written meanwhile may come and go under the copying
                    subprocess.run(["cp", "-a", str(here), str(there)], check=False, capture_output=True)
                else:
                    here.rename(there)
            try:
                worker.result()
                if n < each // 2:
                    model = whole
            except RefusedError:
                if copied:
                    return Verdict("broken", "the home that was copied takes nothing more")
            except (BrokenError, DiedError, StuckError) as error:
                return Verdict("broken", str(error))
        if not copied and here.exists():
            return Verdict("wrong", f"left where it was: {[path.name for path in here.rglob('*')]}")
        with Worker("ours", there) as again:
            held = again.call("held")
            found = Model({id: words for id, words in whole.articles.items() if id in held})
            lost = model.articles.keys() - held.keys()
            return Verdict("lost", f"{sorted(lost)}") if lost else verdict(again, found)


def swapped_embedder(side: str) -> Verdict:
    """Give the library another embedder of equal dimension while an app runs, and ask the app and a new process."""
    model: Model = library(5, count=30)
    with tempfile.TemporaryDirectory(dir=QUICK, prefix="reliability-") as folder, ExitStack() as ending:
        root = filled(side, Path(folder), model)
        app = ending.enter_context(Worker(side, root))
        app.call("held")
        if side == "ours":
            with Worker(side, root) as other:
                other.call("switch", TWIN)
                other.close()
            found = verdict(app, model)
            if found.kind == "right" and app.call("state")["embedder"] != TWIN:
                return Verdict("wrong", "the app still searches with the former embedder")
            if found.kind != "right":
                return found
        # A tutorial's program has its embedder in its own lines: the next start has the other one.
        with Worker(side, root, embedder=TWIN) as again:
            return verdict(again, model)
