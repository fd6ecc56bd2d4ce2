"""Models, embedders and the work on them enter; escaped HTML for the tab of models leaves.

The rows are drawn anew only when something has changed. How far a job is changes every second: that is drawn apart, and
the page puts it into the row it names, so that no button is taken from under a user's finger.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from html import escape
from typing import Literal

from assistant.app import icons
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


def models(choices: Sequence[ModelChoice], default: str, doing: Doing, *, left_out: Sequence[str] = ()) -> str:
    """Return the list of models that answer; ``default`` is marked. ``left_out`` says why others are not in it.

    The order is the same whatever can answer now: no row may move from under a finger.
    """
    busy = any(job.is_running for job in doing.values())
    ordered = sorted(choices, key=lambda one: (one.name != default, _ORIGINS.index(one.origin), one.name))
    rows = _list(_model(choice, choice.name == default, doing, busy=busy) for choice in ordered)
    return rows + "".join(_trouble(line) for line in left_out)


def embedders(choices: Sequence[EmbedderChoice], doing: Doing, *, unused_bytes: int) -> str:
    """Return the list of embedders, and what would delete the ``unused_bytes`` of the other indexes."""
    busy = any(job.is_running for job in doing.values())
    known = {choice.name for choice in choices}
    # A folder that was never searched with is no choice yet, but its first time is worth a row.
    new = [job for (task, name), job in doing.items() if task == "use" and name not in known and job.state != "done"]
    rows = [_embedder(choice, doing, busy=busy) for choice in choices]
    rows += [_row(job.name, task="use", facts=[], state="", job=job, wish=_USE, busy=busy) for job in new]
    return _list(rows) + _prune(unused_bytes, busy=busy)


def progress(job: Job | None) -> str:
    """Return how far the job under way is, and in which row it belongs; empty when none is."""
    if job is None or not job.is_running:
        return ""
    words, share = _so_far(job)
    name = escape(_shown(job.name))
    number = "" if share is None else f' aria-valuenow="{share}"'
    width = "" if share is None else f' style="width: {share}%"'
    kind = "bar unknown" if share is None else "bar"
    return (
        f'<div data-row="{_row_id(job.task, job.name)}"><p class="facts">{escape(words)}</p>'
        f'<div class="{kind}" role="progressbar" aria-label="{name}" aria-valuemin="0" aria-valuemax="100"{number} '
        f'aria-valuetext="{escape(words)}"><span{width}></span></div></div>'
    )


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


def said(text: str) -> str:
    """Return a line to the user; nothing for no text."""
    return f'<p class="said" role="status">{escape(text)}</p>' if text else ""


def size(size_bytes: int) -> str:
    """Return a size as a user says it: ``0.4 MB``, ``98 MB``, ``1.1 GB``."""
    megabytes = size_bytes / 1e6
    if megabytes >= 999.5:
        return f"{megabytes / 1000:.1f} GB"
    return f"{megabytes:.0f} MB" if megabytes >= 9.95 else f"{megabytes:.1f} MB"


def _model(choice: ModelChoice, default: bool, doing: Doing, *, busy: bool) -> str:
    name = choice.name.removeprefix(_LOCAL)
    facts = [size(choice.size_bytes) if choice.size_bytes else "", choice.licence, choice.languages]
    # What went wrong is old news once the weights have come another way.
    job = _news(doing.get(("pull", name)), wanted=choice.pullable)
    return _row(
        name,
        task="pull",
        label=choice.label,
        facts=facts,
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


def _embedder(choice: EmbedderChoice, doing: Doing, *, busy: bool) -> str:
    here = "" if choice.here else "not downloaded"
    facts = [size(choice.size_bytes) if choice.size_bytes else "", choice.licence, choice.languages, here]
    wish = "" if choice.in_use and choice.here else _DOWNLOAD if choice.in_use else _USE
    return _row(
        choice.name,
        task="use",
        facts=facts,
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
    facts: Sequence[str],
    state: str,
    job: Job | None,
    wish: str,
    busy: bool,
    badge: str = "",
) -> str:
    """Return a line of a list: what it is, its state, and the one thing that can be done about it.

    ``wish`` labels the button that begins a job; empty for none. ``busy``: another job is under way.
    """
    mark = f' <span class="badge">{badge}</span>' if badge else ""
    lines = f'<p class="facts">{escape(" · ".join(fact for fact in facts if fact))}</p>' if any(facts) else ""
    lines += f'<p class="state">{escape(state)}</p>' if state else ""
    running = job is not None and job.is_running
    if job is not None and job.state == "cancelled":
        lines += f'<p class="state">{escape(_REST[job.task])}</p>'
    below = '<div class="progress"></div>' if running else ""
    if job is not None and job.state == "failed":
        below = _trouble(job.trouble)
    whole = f' title="{escape(name)}"' if _shown(name) != name else ""
    return (
        f'<li id="{_row_id(task, name)}"><div><h3{whole}>{escape(label or _shown(name))}{mark}</h3>{lines}</div>'
        f"{_does(name, task, job, wish, busy=busy)}{below}</li>"
    )


def _trouble(line: str) -> str:
    return f'<p class="trouble">{icons.WARNING}<span>{escape(line)}</span></p>'


def _does(name: str, task: Task, job: Job | None, wish: str, *, busy: bool) -> str:
    """Return the row's button; empty for none."""
    if job is not None and job.is_running:
        label = "Cancelling…" if job.state == "cancelling" else "Cancel"
        return _button("cancel", label, name, task=task, off=job.state == "cancelling")
    if job is not None and job.state == "failed":
        wish = "Try again"
    elif job is not None and job.state == "cancelled" and task == "pull":
        wish = "Resume"
    return _button("start", wish, name, task=task, off=busy) if wish else ""


def _button(wish: Literal["start", "cancel"], label: str, name: str, *, task: Task, off: bool) -> str:
    # Not ``disabled``: a button that is switched off so loses the keyboard's place.
    state = ' aria-disabled="true"' if off else ""
    return (
        f'<button type="button" class="small{" stop" if wish == "cancel" else ""}" id="{wish}-{_row_id(task, name)}" '
        f'data-action="stock" data-wish="{wish}" data-task="{task}" data-name="{escape(name)}" '
        f'aria-label="{label}: {escape(_shown(name))}"{state}>{label}</button>'
    )


def _prune(unused_bytes: int, *, busy: bool) -> str:
    if not unused_bytes:
        return ""
    state = ' aria-disabled="true"' if busy else ""
    return (
        '<p class="prune"><button type="button" class="small" id="stock-prune" data-action="stock" data-wish="prune"'
        f"{state}>Delete what is not in use ({size(unused_bytes)})</button> "
        '<span class="facts">The indexes of the other embedders; no article is touched.</span></p>'
    )


def _list(rows: Iterable[str]) -> str:
    return f'<ul class="stock">{"".join(rows)}</ul>'


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


def _row_id(task: Task, name: str) -> str:
    """Return an id for a row that any name fits into."""
    kept = re.sub(r"[^A-Za-z0-9.-]", lambda found: f"_{ord(found[0]):x}_", name)
    return f"row-{task}-{kept}"
