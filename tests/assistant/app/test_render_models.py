"""Rows of models and embedders as the reader sees them; the text of a page is compared whole."""

from __future__ import annotations

import re
from html import unescape
from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant.app import render_models, render_rows
from assistant.jobs import Job
from assistant.library.stock import BuiltIndex, EmbedderChoice
from assistant.models.roster import ModelChoice

SMALL = ModelChoice(
    "local:small", "small", ready=False, reason="not downloaded", origin="catalogue", pullable=True,
    size_bytes=98_362_432, licence="Apache-2.0", languages="English",
)  # fmt: skip
MINILM = EmbedderChoice(
    "minilm", "English", 91_568_000, "Apache-2.0", here=True, in_use=True, index=BuiltIndex(1_204, 3_100_000)
)
E5 = EmbedderChoice("e5", "a hundred", 253_000_000, "MIT", here=False, in_use=False, index=None)
HOSTILE = "<script>alert(1)</script>\"' ${7*7}"


def rows(html: str) -> list[str]:
    """Return the text of each row, its parts separated by a bar."""
    found = (re.split(r"<[^>]+>", row) for row in re.findall(r"<li.*?</li>", html))
    return [" | ".join(unescape(part).strip() for part in parts if part.strip()) for parts in found]


def doing(*jobs: Job) -> render_models.Doing:
    return {(job.task, job.name): job for job in jobs}


def pull(job: Job | None) -> str:
    return rows(render_models.models([SMALL], "extractive", doing(*[job] if job else [])))[0]


def test_a_model_says_what_it_is_and_what_can_be_done() -> None:
    extractive = ModelChoice("extractive", "Quote the article", ready=True, origin="built in")
    here = ModelChoice(
        "local:mid", "mid", ready=True, origin="catalogue", size_bytes=1_117_320_768, licence="Apache-2.0"
    )
    big = ModelChoice("openai:big", "big", ready=False, reason="OPENAI_API_KEY is not set.")
    server = ModelChoice("openai:server", "My server", ready=True)
    loading = ModelChoice("local:slow", "slow", ready=False, reason="is loading", origin="catalogue")
    assert rows(render_models.models([here, extractive, server, SMALL, loading, big], "local:mid", {})) == [
        "mid | Default | 1.1 GB · Apache-2.0 | Installed",
        "Quote the article | Built in",
        "slow | Cannot answer now: is loading",
        "small | 98 MB · Apache-2.0 · English | Not downloaded | Download",
        "big | Configured; cannot answer now: OPENAI_API_KEY is not set.",
        "My server | Configured",
    ]


def test_no_row_moves_when_a_model_becomes_ready() -> None:
    other = ModelChoice("local:other", "other", ready=False, origin="catalogue", pullable=True)
    ready = ModelChoice("local:small", "small", ready=True, origin="catalogue")
    before, after = ([other, SMALL], [ready, other])
    names = [[row.partition(" ")[0] for row in rows(render_models.models(one, "", {}))] for one in (before, after)]
    assert names == [["other", "small"]] * 2


def test_a_configured_model_that_cannot_be_read_says_why_below_the_list() -> None:
    html = render_models.models([], "extractive", {}, left_out=["models.toml: [mine] has no <provider>."])
    assert html.endswith("<span>models.toml: [mine] has no &lt;provider&gt;.</span></p>")


def test_a_download_has_a_state_for_everything_that_can_happen_to_it() -> None:
    facts = "small | 98 MB · Apache-2.0 · English"
    assert pull(None) == f"{facts} | Not downloaded | Download"
    assert pull(Job("pull", "small")) == f"{facts} | Cancel"
    assert pull(Job("pull", "small", "cancelling")) == f"{facts} | Cancelling…"
    assert pull(Job("pull", "small", "cancelled")) == (
        f"{facts} | Cancelled. The next download goes on from there. | Resume"
    )
    assert pull(Job("pull", "small", "failed", trouble="No network.")) == f"{facts} | Try again | No network."
    # Done, and deleted since.
    assert pull(Job("pull", "small", "done")) == f"{facts} | Not downloaded | Download"


def test_old_trouble_is_not_shown_beside_what_is_here() -> None:
    here = ModelChoice("local:small", "small", ready=True, origin="catalogue")
    failed = Job("pull", "small", "failed", trouble="No network.")
    assert rows(render_models.models([here], "extractive", doing(failed))) == ["small | Installed"]


def test_an_embedder_says_whether_it_is_in_use_and_built() -> None:
    built = EmbedderChoice("old", "English", None, "", here=True, in_use=False, index=BuiltIndex(1, 400_000))
    html = render_models.embedders([MINILM, built, E5], {}, unused_bytes=400_000)
    assert rows(html) == [
        "minilm | In use | 92 MB · Apache-2.0 · English | Index: 1,204 passages, 3.1 MB on disk",
        "old | English | Built before: 1 passage, 0.4 MB on disk | Use this one",
        "e5 | 253 MB · MIT · a hundred · not downloaded | No index yet | Use this one",
    ]
    assert "Delete what is not in use (0.4 MB)" in html
    assert "Delete" not in render_models.embedders([MINILM], {}, unused_bytes=0)


def test_the_embedder_in_use_that_is_not_here_can_be_downloaded() -> None:
    missing = EmbedderChoice("minilm", "English", 91_568_000, "", here=False, in_use=True, index=None)
    assert rows(render_models.embedders([missing], {}, unused_bytes=0)) == [
        "minilm | In use | 92 MB · English · not downloaded | No index yet | Download"
    ]


def test_a_folder_that_is_tried_for_the_first_time_has_a_row() -> None:
    job = Job("use", "/models/mine", "failed", trouble="embedder '/models/mine': found no model.")
    html = render_models.embedders([MINILM], doing(job), unused_bytes=0)
    assert rows(html)[1] == "mine | Try again | embedder '/models/mine': found no model."
    assert 'title="/models/mine"' in html


def test_while_one_job_runs_the_other_buttons_wait() -> None:
    html = render_models.embedders([MINILM, E5], doing(Job("pull", "small")), unused_bytes=5)
    assert html.count('aria-disabled="true"') == html.count("<button") == 2


@pytest.mark.parametrize(
    ("job", "words", "share"),
    [
        (Job("pull", "small"), "Starting…", None),
        (Job("pull", "small", phase="waiting", total=9), "Waiting: another program is downloading the same…", None),
        (
            Job("pull", "small", phase="downloading", done=23_090_000, total=98_362_432),
            "Downloading 23.1 of 98.4 MB · 23%",
            23,
        ),
        (Job("pull", "small", phase="verifying", done=98_362_432, total=98_362_432),
         "Verifying 98.4 of 98.4 MB · 100%", 100),
        (Job("use", "e5", phase="indexing", done=512, total=2_000), "Embedding 512 of 2,000 passages · 25%", 25),
        (Job("use", "e5", "cancelling", phase="indexing", done=512, total=2_000), "Cancelling…", None),
    ],
)  # fmt: skip
def test_how_far_a_job_is_is_said_in_words_and_drawn(job: Job, words: str, share: int | None) -> None:
    html = render_models.progress(job)
    assert f'<p class="facts">{words}</p>' in html
    assert f'aria-valuetext="{words}"' in html
    assert f'data-row="row-{job.task}-{job.name}"' in html
    assert ("aria-valuenow" in html) == (share is not None)
    assert share is None or (f'aria-valuenow="{share}"' in html and f"width: {share}%" in html)


def test_nothing_is_drawn_of_a_job_that_has_ended() -> None:
    assert render_models.progress(None) == render_models.progress(Job("pull", "small", "done")) == ""


def test_how_a_job_ended_is_a_short_line() -> None:
    assert [
        render_models.ended(Job(task, "/models/mine", state, trouble="A long story."))
        for task, state in (
            ("pull", "done"), ("pull", "failed"), ("use", "done"), ("use", "failed"), ("use", "cancelled"),
        )
    ] == [
        "mine is downloaded; the model picker offers it.",
        "mine could not be downloaded; its line below says why.",
        "mine searches the library now.",
        "mine could not be taken into use; its line below says why.",
        "mine: cancelled.",
    ]  # fmt: skip
    assert render_models.freed(1, 700_000, 0) == "Deleted 1 index: 0.7 MB freed."
    assert render_models.freed(2, 7_000_000_000, 1) == (
        "Deleted 2 indexes: 7.0 GB freed. 1 in use by another program stayed."
    )


class Shape(HTMLParser):
    """Reads the elements and ids of a page."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.names: list[str] = []
        self.ids: list[str] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.names.append(tag)
        assert not any(name.startswith("on") for name, _ in attrs)
        self.ids += [value for name, value in attrs if name == "id" and value]


@given(st.lists(st.text(min_size=1, max_size=30), min_size=1, max_size=3, unique=True), st.text(max_size=30))
def test_no_name_or_trouble_becomes_part_of_the_page(names: list[str], trouble: str) -> None:
    def page(names: list[str], trouble: str) -> Shape:
        choices = [EmbedderChoice(n, n, None, n, here=True, in_use=False, index=None) for n in names]
        jobs = doing(*(Job("use", n, "failed", trouble=trouble) for n in names))
        running = Job("use", names[0], "running", "indexing", 1, 2)
        return Shape(
            render_models.embedders(choices, jobs, unused_bytes=1)
            + render_models.progress(running)
            + render_rows.said(trouble or "x")
        )

    shape = page(names, trouble)
    assert shape.names == page([f"m{number}" for number in range(len(names))], "x").names
    assert len(set(shape.ids)) == len(shape.ids)
    assert page([HOSTILE], HOSTILE).names == page(["m"], "x").names
