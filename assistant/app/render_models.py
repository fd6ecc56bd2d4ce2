"""Models, embedders and the work on them enter; HTML for the tab of models leaves.

The rows are drawn anew only when something has changed. How far a job is changes every second: that is drawn apart, and
the page puts it into the row it names, so that no button is taken from under a user's finger.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence

from assistant.app.html import Html, element, join
from assistant.app.render_rows import bar, does, facts, row_id, trouble
from assistant.jobs import Job, Task
from assistant.library.stock import EmbedderChoice
from assistant.models.roster import ModelChoice

Doing = Mapping[tuple[Task, str], Job]
"""The last word on each job."""

_LOCAL = "local:"
_ORIGINS = ("built in", "catalogue", "configured")
_PHASES = {
    "starting": "Starting…",
    "waiting": "Waiting: another program is downloading the same…",
    "downloading": "Downloading",
    "verifying": "Verifying",
    "unpacking": "Unpacking",
    "done": "Finishing…",
    "loading": "Loading the embedder…",
    "indexing": "Embedding",
}
_DOWNLOAD, _USE = "Download", "Use this one"
_REST = {
    "pull": "Cancelled. The next download goes on from there.",
    "use": "Cancelled; nothing has changed, and what was embedded is kept.",
}


def models(choices: Sequence[ModelChoice], default: str, doing: Doing, *, left_out: Sequence[str] = ()) -> Html:
    """Return the list of models that answer; ``default`` is marked. ``left_out`` says why others are not in it.

    The order is the same whatever can answer now: no row may move from under a finger.
    """
    busy = any(job.is_running for job in doing.values())
    ordered = sorted(choices, key=lambda one: (one.name != default, _ORIGINS.index(one.origin), one.name))
    rows = _list(_model(choice, choice.name == default, doing, busy=busy) for choice in ordered)
    return join(rows, *map(trouble, left_out))


def embedders(choices: Sequence[EmbedderChoice], doing: Doing, *, unused_bytes: int) -> Html:
    """Return the list of embedders, and what would delete the ``unused_bytes`` of the other indexes."""
    busy = any(job.is_running for job in doing.values())
    known = {choice.name for choice in choices}
    # A folder that was never searched with is no choice yet, but its first time is worth a row.
    new = [job for (task, name), job in doing.items() if task == "use" and name not in known and job.state != "done"]
    rows = [_embedder(choice, doing, busy=busy) for choice in choices]
    rows += [_row(job.name, task="use", known=[], state="", job=job, wish=_USE, busy=busy) for job in new]
    return join(_list(rows), _prune(unused_bytes, busy=busy))


def progress(job: Job | None) -> Html:
    """Return how far the job under way is, and in which row it belongs; empty when none is."""
    if job is None or not job.is_running:
        return Html()
    return bar(row_id(job.task, job.name), _shown(job.name), *_so_far(job))


def ended(job: Job) -> str:
    """Return in one short line how a job ended; its row says the rest."""
    name, pulled = _shown(job.name), job.task == "pull"
    if job.state == "failed":
        return f"{name} could not be {'downloaded' if pulled else 'taken into use'}; its line below says why."
    if job.state == "cancelled":
        return f"{name}: cancelled."
    return f"{name} is downloaded; the model picker offers it." if pulled else f"{name} searches the library now."


def freed(indexes: int, size_bytes: int, stayed: int) -> str:
    """Return in one line what was deleted; ``stayed`` are indexes that another program has open."""
    line = "1 index" if indexes == 1 else f"{indexes} indexes"
    more = f" {stayed} in use by another program stayed." if stayed else ""
    return f"Deleted {line}: {size(size_bytes)} freed.{more}"


def size(size_bytes: int) -> str:
    """Return a size as a user says it: ``0.4 MB``, ``98 MB``, ``1.1 GB``."""
    megabytes = size_bytes / 1e6
    if megabytes >= 999.5:
        return f"{megabytes / 1000:.1f} GB"
    return f"{megabytes:.0f} MB" if megabytes >= 9.95 else f"{megabytes:.1f} MB"


def _model(choice: ModelChoice, default: bool, doing: Doing, *, busy: bool) -> Html:
    name = choice.name.removeprefix(_LOCAL)
    known = [size(choice.size_bytes) if choice.size_bytes else "", choice.licence, choice.languages]
    # What went wrong is old news once the weights have come another way.
    job = _news(doing.get(("pull", name)), wanted=choice.pullable)
    return _row(
        name,
        task="pull",
        label=choice.label,
        known=known,
        state="" if job else _model_state(choice),
        job=job,
        wish=_DOWNLOAD if choice.pullable else "",
        busy=busy,
        badge="Default" if default else "",
    )


def _model_state(choice: ModelChoice) -> str:
    if choice.pullable:
        return "Not downloaded"
    if choice.ready:
        return {"built in": "Built in", "catalogue": "Installed", "configured": "Configured"}[choice.origin]
    return f"{'Configured; c' if choice.origin == 'configured' else 'C'}annot answer now: {choice.reason}"


def _embedder(choice: EmbedderChoice, doing: Doing, *, busy: bool) -> Html:
    here = "" if choice.here else "not downloaded"
    known = [size(choice.size_bytes) if choice.size_bytes else "", choice.licence, choice.languages, here]
    wish = "" if choice.in_use and choice.here else _DOWNLOAD if choice.in_use else _USE
    return _row(
        choice.name,
        task="use",
        known=known,
        state=_embedder_state(choice),
        job=_news(doing.get(("use", choice.name)), wanted=bool(wish)),
        wish=wish,
        busy=busy,
        badge="In use" if choice.in_use else "",
    )


def _news(job: Job | None, *, wanted: bool) -> Job | None:
    """Return a job if there is something to say of it: it is under way, or what it was for is still wanted."""
    return job if job is not None and (job.is_running or (wanted and job.state != "done")) else None


def _embedder_state(choice: EmbedderChoice) -> str:
    if choice.index is None:
        return "No index yet: the first question builds it" if choice.in_use and choice.here else "No index yet"
    passages = "1 passage" if choice.index.passages == 1 else f"{choice.index.passages:,} passages"
    on_disk = choice.index.size_bytes
    held = passages if on_disk is None else f"{passages}, {size(on_disk)} on disk"
    return f"Index: {held}" if choice.in_use else f"Built before: {held}"


def _row(
    name: str,
    *,
    task: Task,
    label: str = "",
    known: Sequence[str],
    state: str,
    job: Job | None,
    wish: str,
    busy: bool,
    badge: str = "",
) -> Html:
    """Return a line of a list: what it is, its state, and the one thing that can be done about it.

    ``wish`` labels the button that begins a job; empty for none. ``busy``: another job is under way.
    """
    ended = job.state if job is not None else ""
    states = [state, _REST[task] if ended == "cancelled" else ""]
    mark = element("span", badge, class_="badge") if badge else ""
    title = name if _shown(name) != name else None
    what = element(
        "div",
        element("h3", join(label or _shown(name), mark, by=" "), title=title),
        facts(" · ".join(fact for fact in known if fact)),
        *(element("p", line, class_="state") for line in states if line),
    )
    below = element("div", class_="progress") if job is not None and job.is_running else ""
    if job is not None and ended == "failed":
        below = trouble(job.trouble)
    return element("li", what, _does(name, task, job, wish, busy=busy), below, id=row_id(task, name))


def _does(name: str, task: Task, job: Job | None, wish: str, *, busy: bool) -> Html:
    """Return the row's button; empty for none."""
    begins = "start"
    if job is not None and job.is_running:
        begins, busy = "cancel", job.state == "cancelling"
        wish = "Cancelling…" if busy else "Cancel"
    elif job is not None and job.state == "failed":
        wish = "Try again"
    elif job is not None and job.state == "cancelled" and task == "pull":
        wish = "Resume"
    if not wish:
        return Html()
    return does(
        wish,
        "stock",
        off=busy,
        class_="small stop" if begins == "cancel" else "small",
        id=f"{begins}-{row_id(task, name)}",
        data_wish=begins,
        data_task=task,
        data_name=name,
        aria_label=f"{wish}: {_shown(name)}",
    )


def _prune(unused_bytes: int, *, busy: bool) -> Html:
    if not unused_bytes:
        return Html()
    label = f"Delete what is not in use ({size(unused_bytes)})"
    prune = does(label, "stock", off=busy, id="stock-prune", data_wish="prune")
    spared = element("span", "The indexes of the other embedders; no article is touched.", class_="facts")
    return element("p", prune, " ", spared, class_="prune")


def _list(rows: Iterable[Html]) -> Html:
    return element("ul", *rows, class_="stock")


def _so_far(job: Job) -> tuple[str, int | None]:
    """Return how far a job is, in words and in whole per cent; None while that is not known."""
    if job.state == "cancelling":
        return "Cancelling…", None
    word = _PHASES[job.phase]
    if word.endswith("…") or not job.total:
        return word, None
    share = 100 * min(job.done, job.total) // job.total
    if job.phase == "indexing":
        return f"{word} {job.done:,} of {job.total:,} passages · {share}%", share
    return f"{word} {job.done / 1e6:,.1f} of {job.total / 1e6:,.1f} MB · {share}%", share


def _shown(name: str) -> str:
    """Return a name as it is shown: of a folder its last part, for its whole path is long."""
    return re.split(r"[\\/]", name.rstrip("\\/"))[-1] if _is_path(name) else name


def _is_path(name: str) -> bool:
    return name.startswith(("/", "~", "\\")) or name[1:2] == ":"
