"""The report as a file: what it embeds, what it counts, and that nothing in it can act."""

from __future__ import annotations

import base64
import hashlib
import json
import re
import time
from collections.abc import Iterable, Sequence
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant.app.html import element, escaped
from assistant.errors import UsageError
from evals.numbers.metrics import METRICS
from evals.numbers.summary import summarise, to_json
from evals.report.chart import Point, interval, scatter, stacked
from evals.report.data import page_data, script_json, select
from evals.report.page import MEANINGS, ReportRun, write_report
from evals.report.tables import best, shown
from evals.types import CaseResult, EvalCase, GoldSpan
from index.types import Block, Document

HOSTILE = '</script><script>alert(1)</script><img src=x onerror="alert(2)">\u2028 & ${7*7} <!--'
TEXT = "The lamp 🏮 was lit in 1871. It is of 𠮷 brick.\n\nA cable brings the power."
CUT = TEXT.index("\n\n")
LAMP = Document(
    "lamp", f"The lamp {HOSTILE}", TEXT, (Block("paragraph", 0, CUT), Block("paragraph", CUT + 2, len(TEXT)))
)
OTHER = Document("other", "Not touched", "Nobody asks about this.", (Block("paragraph", 0, 23),))
DOCUMENTS = {"lamp": LAMP, "other": OTHER}


def case(number: int, *, answerable: bool = True, quote: str = "It is of 𠮷 brick.") -> EvalCase:
    start = TEXT.index(quote)
    gold = (GoldSpan("lamp", start, start + len(quote), quote),) if answerable else ()
    answers = ("brick",) if answerable else ()
    return EvalCase("mine", f"c{number}", f"Question {number}? {HOSTILE}", answerable, ("lamp",), (), answers, (), gold)


def result(*, quote: str = "A cable brings the power.", shift: int = 0, abstained: bool = False) -> dict[str, Any]:
    start = TEXT.index(quote) + shift
    place = {"document": "lamp", "start": start, "end": start + len(quote)}
    cited = {**place, "title": "The lamp", "quote": quote, "support": 0.9}
    return {
        "question": "?",
        "searched": "?",
        "answer": "Not said." if abstained else f"It is. {HOSTILE}",
        "abstained": abstained,
        "statements": [] if abstained else [{"text": "It is.", "verdict": "supported", "citations": [cited]}],
        "evidence": [{"document": "lamp", "start": 0, "end": CUT, "score": 0.5}],
        "timings_ms": {"evidence": 40, "first_token": None, "total": 1200},
        "tokens": {"prompt": 400, "completion": None},
    }


def right(one: EvalCase) -> CaseResult:
    scores = {"grounded_accuracy": 1.0, "points": 1.0, "ms_total": 1200.0}
    judged = {"accuracy": 1.0, "hit@5": 1.0} if one.answerable else {"refused": 1.0, "hit@5": None}
    return CaseResult(one.set, one.id, result(abstained=not one.answerable), scores | judged)


def wrong(one: EvalCase) -> CaseResult:
    scores = {"grounded_accuracy": 0.0, "points": -1.0, "accuracy": 0.0, "hit@5": 0.0, "ms_total": 900.0}
    return CaseResult(one.set, one.id, result(), scores, "retrieval missed")


def failed(one: EvalCase) -> CaseResult:
    return CaseResult(one.set, one.id, None, {}, error=f"ModelError: it broke off {HOSTILE}")


def retrieved(one: EvalCase) -> CaseResult:
    only = {**result(), "answer": "", "statements": []}
    return CaseResult(one.set, one.id, only, {"hit@5": 1.0 if one.answerable else None, "ms_evidence": 40.0})


def run(name: str, cases: Sequence[EvalCase], rows: Sequence[CaseResult], **changes: Any) -> ReportRun:
    known = {one.key: one for one in cases}
    fields = {
        "info": {"machine": "2 cores", "started": "2026-11-22T20:12:09+00:00", "command": "evals run mine"},
        "summary": to_json(summarise(rows, known)),
        "rows": rows,
        "cases": known,
        "documents": DOCUMENTS,
    }
    return ReportRun(name, f"local:{name}", "minilm", **{**fields, **changes})


def written(tmp_path: Path, *runs: ReportRun) -> str:
    write_report(runs, tmp_path / "report.html")
    return (tmp_path / "report.html").read_text(encoding="utf-8")


def data_of(page: str) -> dict[str, Any]:
    found = re.search(r'<script type="application/json" id="data">(.*?)</script>', page, re.DOTALL)
    assert found
    return dict(json.loads(found[1]))


def embedded(*runs: ReportRun, **limits: int) -> dict[str, Any]:
    rows = [run.rows for run in runs]
    return page_data(runs, rows, select(runs, rows, **limits))


def units(text: str, start: int, end: int) -> str:
    """Cut as JavaScript does."""
    return text.encode("utf-16-le", "surrogatepass")[2 * start : 2 * end].decode("utf-16-le", "surrogatepass")


class Tags(HTMLParser):
    def __init__(self, page: str) -> None:
        super().__init__()
        self.seen: list[tuple[str, dict[str, str | None]]] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.append((tag, dict(attrs)))


CASES = tuple(case(n, answerable=n % 3 != 2) for n in range(9))


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
        lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    )
)
def test_what_the_page_embeds_comes_back_as_it_was(value):
    assert json.loads(script_json(value)) == value


@given(st.text(alphabet=st.characters() | st.sampled_from("<>&!-/script\u2028\u2029\ud800\udfff")))
def test_no_text_can_end_the_script_it_is_embedded_in(text):
    embedded_text = script_json([text])
    assert not set("<>&\u2028\u2029") & set(embedded_text)
    assert json.loads(embedded_text.encode().decode()) == [text]


@given(st.text(), st.text())
def test_an_element_shows_its_text_and_attributes_and_nothing_more(text, title):
    made = element("p", text, title=title)
    tags = Tags(made)
    assert [tag for tag, _ in tags.seen] == ["p"]
    assert made.count("<") == 2
    made.encode()


def test_html_is_not_escaped_twice():
    assert element("p", element("b", "a < b"), "<") == "<p><b>a &lt; b</b>&lt;</p>"
    assert escaped(escaped("&")) == "&amp;"


def test_the_policy_allows_the_one_script_and_the_one_style_sheet_and_nothing_else(tmp_path):
    page = written(tmp_path, run("small", CASES, [right(one) for one in CASES]))
    policy = re.search(r'Content-Security-Policy" content="([^"]*)"', page)
    script = re.search(r"<script>(.*?)</script>", page, re.DOTALL)
    style = re.search(r"<style>(.*?)</style>", page, re.DOTALL)
    assert policy
    assert script
    assert style
    hashes = [base64.b64encode(hashlib.sha256(m[1].encode()).digest()).decode() for m in (style, script)]
    assert policy[1] == (
        f"default-src 'none'; style-src 'sha256-{hashes[0]}'; script-src 'sha256-{hashes[1]}'; img-src data:; "
        "base-uri 'none'; form-action 'none'"
    )


def test_hostile_text_adds_no_element_and_no_address(tmp_path):
    rows = [*(right(one) for one in CASES[:-1]), failed(CASES[-1])]
    notes = [HOSTILE]
    info = {"machine": HOSTILE, "command": HOSTILE, "started": HOSTILE, "settings": {HOSTILE: HOSTILE}}
    page = written(tmp_path, run(HOSTILE, CASES, rows, notes=notes, info=info))
    tags = Tags(page).seen
    assert [tag for tag, _ in tags].count("script") == 2
    assert "img" not in {tag for tag, _ in tags}
    assert not [name for _, attributes in tags for name in attributes if name.startswith("on") or name == "style"]
    assert {attributes.get("href") for _, attributes in tags} <= {None, "data:,", "#cases"}


def test_offsets_count_as_the_script_counts_so_that_the_quote_stands_there():
    data = embedded(run("small", CASES, [right(one) for one in CASES]))
    for item in data["cases"]:
        for article, start, end in item["gold"]:
            assert units(data["articles"][article]["text"], start, end) == "It is of 𠮷 brick."
    citation = data["answers"][0][0]["statements"][0][2][0]
    article, start, end = citation["at"]
    assert units(data["articles"][article]["text"], start, end) == "A cable brings the power."
    blocks = data["articles"][article]["blocks"]
    assert units(TEXT, blocks[3], blocks[4]) == "A cable brings the power."


@given(st.text(alphabet="a𠮷🏮 \n", min_size=1), st.data())
def test_any_place_of_any_text_is_the_same_place_for_the_script(text, data):
    start = data.draw(st.integers(0, len(text)))
    end = data.draw(st.integers(start, len(text)))
    document = Document("d", "D", text, (Block("paragraph", 0, len(text)),))
    one = EvalCase("s", "1", "Q?", True, ("d",), evidence=(GoldSpan("d", start, end, text[start:end]),))
    shown_data = embedded(run("m", [one], [retrieved_nothing(one)], documents={"d": document}))
    article, first, last = shown_data["cases"][0]["gold"][0]
    assert units(shown_data["articles"][article]["text"], first, last) == text[start:end]


def retrieved_nothing(one: EvalCase) -> CaseResult:
    return CaseResult(one.set, one.id, {"evidence": []}, {"hit@5": 0.0})


def test_a_quote_that_does_not_stand_there_is_named_and_not_highlighted():
    rows = [CaseResult("mine", "c0", result(shift=1), {"grounded_accuracy": 0.0}, "citation wrong")]
    data = embedded(run("small", CASES, rows))
    (citation,) = data["answers"][0][0]["statements"][0][2]
    assert citation == {"quote": "A cable brings the power.", "title": "The lamp", "support": 0.9}


def test_only_articles_that_a_case_touches_are_embedded_and_each_once():
    data = embedded(
        run("small", CASES, [right(one) for one in CASES]), run("big", CASES, [wrong(one) for one in CASES])
    )
    assert [article["id"] for article in data["articles"]] == ["lamp"]


def test_the_verdicts_of_a_run_add_up_to_its_rows_and_the_failures_to_its_summary():
    rows = [*(right(one) for one in CASES[:5]), *(wrong(one) for one in CASES[5:8]), failed(CASES[8])]
    one = run("small", CASES, rows)
    counts = select([one], [rows]).counts(0)
    assert counts == {"right": 5, "retrieval missed": 3, "error": 1}
    assert {kind: counts[kind] for kind in one.summary["failures"]} == one.summary["failures"]
    assert set(counts) <= set(MEANINGS)


def test_a_large_run_lists_failed_cases_and_a_sample_always_the_same_and_says_so(tmp_path, monkeypatch):
    cases = [case(n) for n in range(40)]
    rows = [wrong(one) if n % 4 == 0 else right(one) for n, one in enumerate(cases)]
    one = run("small", cases, rows)
    limits = {"embed_all": 20, "failed_at_most": 6, "sample": 5}
    selection = select([one], [rows], **limits)
    assert (len(selection.cases), selection.failed, selection.failed_shown, len(selection.shown)) == (40, 10, 6, 11)
    assert select([one], [list(reversed(rows))], **limits).shown == selection.shown
    monkeypatch.setattr("evals.report.page.select", lambda runs, rows: select(runs, rows, **limits))
    page = written(tmp_path, one)
    assert "Of 40 cases this page lists 11: 6 of the 10 that went wrong in some run, and 5 of the others" in page
    assert len(data_of(page)["cases"]) == 11


def test_rows_that_can_be_read_only_once_are_reported_like_others(tmp_path):
    rows = [right(one) for one in CASES]
    assert written(tmp_path, run("small", CASES, rows)) == written(
        tmp_path, replace(run("small", CASES, rows), rows=iter(rows))
    )


def test_rows_are_read_twice_at_most(tmp_path):
    class Counted(Iterable[CaseResult]):
        times = 0

        def __iter__(self):
            self.times += 1
            return iter(right(one) for one in CASES)

    rows = Counted()
    written(tmp_path, replace(run("small", CASES, list(rows)), rows=rows))
    assert rows.times == 2 + 1  # the summary was made of them, too


def test_a_run_that_only_retrieved_has_no_chart_no_refusals_and_no_empty_table(tmp_path):
    page = written(tmp_path, run("bm25", CASES, [retrieved(one) for one in CASES]))
    sections = [a["id"] for tag, a in Tags(page).seen if tag == "section" and "id" in a]
    assert sections == ["models", "failures", "slices", "details", "about", "cases"]
    assert "finds the proof among its first five passages for 100% of the questions" in page
    assert {item["verdict"] for item in data_of(page)["answers"][0]} == {"found", "not scored"}
    assert "Grounded accuracy" not in page.split('id="data"')[0]


def test_a_run_of_nothing_but_errors_is_still_a_report(tmp_path):
    page = written(tmp_path, run("broken", CASES, [failed(one) for one in CASES]))
    assert {item["verdict"] for item in data_of(page)["answers"][0]} == {"error"}


def test_no_run_is_an_error_that_says_what_to_do(tmp_path):
    with pytest.raises(UsageError, match="found no run to report"):
        write_report([], tmp_path / "report.html")


def test_a_failure_while_writing_leaves_the_old_report(tmp_path):
    page = written(tmp_path, run("small", CASES, [right(one) for one in CASES]))
    with pytest.raises(TypeError):
        write_report([run("small", CASES, [right(one) for one in CASES], notes=None)], tmp_path / "report.html")
    assert (tmp_path / "report.html").read_text(encoding="utf-8") == page
    assert [file.name for file in tmp_path.iterdir()] == ["report.html"]


def test_notes_stand_before_the_numbers(tmp_path):
    page = written(tmp_path, run("small", CASES, [right(one) for one in CASES], notes=["The judge graded itself."]))
    assert page.index("The judge graded itself.") < page.index("<table")


ACCURACY, POINTS, OVER = METRICS["accuracy"], METRICS["points"], METRICS["over_refused"]


@pytest.mark.parametrize(
    ("metric", "estimates", "winner"),
    [
        (ACCURACY, [(0.8, 0.75, 0.85), (0.6, 0.55, 0.65)], 0),
        (ACCURACY, [(0.62, 0.55, 0.69), (0.6, 0.55, 0.65)], None),
        (ACCURACY, [(0.7, 0.62, 0.78), (0.6, 0.52, 0.66)], 0),  # they overlap, but neither holds the other's value
        (ACCURACY, [(0.7, 0.5, 0.9), (0.6, 0.58, 0.62)], None),  # the first one's interval holds 0.6
        (OVER, [(0.3, 0.25, 0.35), (0.1, 0.05, 0.15)], 1),
        (ACCURACY, [(0.8, 0.75, 0.85)], None),
        (ACCURACY, [(0.8, None, None), (0.6, 0.55, 0.65)], None),
        (ACCURACY, [(0.8, 0.8, 0.8), (0.8, 0.8, 0.8)], None),
        (ACCURACY, [None, (0.6, 0.55, 0.65)], None),
    ],
)
def test_a_winner_is_named_only_where_it_is_clear(metric, estimates, winner):
    made = [one and {"value": one[0], "low": one[1], "high": one[2]} for one in estimates]
    assert best(metric, made) == winner


@pytest.mark.parametrize(
    ("metric", "value", "words"),
    [
        (ACCURACY, 0.625, "62%"),
        (ACCURACY, 0.999, "99.9%"),  # only a whole 1 may read 100%
        (ACCURACY, 1.0, "100%"),
        (POINTS, -0.5, "−0.50"),
        (POINTS, 0.25, "+0.25"),
        (METRICS["ms_total"], 41, "41 ms"),
        (METRICS["ms_total"], 5230, "5.2 s"),
        (METRICS["tokens_prompt"], 1412.4, "1,412"),
    ],
)
def test_numbers_are_written_for_a_reader(metric, value, words):
    assert shown(metric, value) == words


def rects(svg: str) -> list[tuple[float, float]]:
    found = re.findall(r'<rect x="([\d.]+)%" (?:y="20%" )?width="([\d.]+)%"', svg)
    return [(float(x), float(width)) for x, width in found]


@given(st.lists(st.integers(0, 5000), min_size=1, max_size=9).filter(any))
def test_the_parts_of_a_bar_follow_one_another_and_fill_it(counts):
    parts = rects(stacked([("k-right", count, f"kind: {count}") for count in counts]))
    assert len(parts) == sum(map(bool, counts))
    end = 0.0
    for start, width in parts:
        assert start == pytest.approx(end, abs=0.002)
        end = start + width
    assert end == pytest.approx(100, abs=0.01)


def test_an_interval_is_drawn_where_its_numbers_are():
    assert rects(interval(0.5, 0.4, 0.7, colour=0))[0] == (40.0, 30.0)
    assert rects(interval(0.0, -0.5, 0.5, least=-1, colour=0))[0] == (25.0, 50.0)


@given(
    st.lists(
        st.tuples(st.floats(0.0005, 500), st.floats(0, 1), st.floats(0, 0.4), st.floats(1, 5)), min_size=1, max_size=6
    ),
    st.sampled_from([(1160, 430), (360, 320)]),
)
def test_every_mark_and_error_bar_of_the_chart_lies_inside_it(models, size):
    points = [
        Point("m", n, seconds, seconds * slower, value, max(0, value - spread), min(1, value + spread))
        for n, (seconds, value, spread, slower) in enumerate(models)
    ]
    width, height = size
    svg = scatter(points, width=width, height=height, labels=True, name="Quality", size="roomy")
    marks = re.findall(r"translate\(([-\d.]+) ([-\d.]+)\)", svg)
    assert len(marks) == len(points)
    ends = [(x, y) for x, y in re.findall(r"M([-\d.]+) ([-\d.]+)h10", svg)]
    slow = re.findall(r'x2="([-\d.]+)" y1="([-\d.]+)" y2="[-\d.]+" class="slow"', svg)
    for x, y in [*marks, *ends, *slow]:
        assert 46 - 6 <= float(x) <= width
        assert 14 - 1 <= float(y) <= height - 44 + 1


def test_ten_thousand_cases_are_written_in_seconds_and_stay_small(tmp_path):
    cases = [case(n) for n in range(10_000)]
    rows = [wrong(one) if n % 2 else right(one) for n, one in enumerate(cases)]
    one = run("small", cases, rows)
    started = time.perf_counter()
    written(tmp_path, one)
    assert time.perf_counter() - started < 10
    assert (tmp_path / "report.html").stat().st_size < 10_000_000
