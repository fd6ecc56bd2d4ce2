"""How well the search did, counted on characters: worked by hand, by property, and against ir-measures."""

import itertools
import math

import ir_measures
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evals.scorers.retrieval import (
    Span,
    answer_in_evidence,
    full_set_at,
    gold_regions,
    hit_at,
    iou,
    merged,
    ndcg_at,
    passages,
    recall_at,
    reciprocal_rank,
    retrieval_scores,
    retrieved,
    stands_on,
)
from evals.types import EvalCase, GoldSpan, Score
from index.types import Block, Document

LENGTH = 100  # of a paragraph; two line ends stand between two


def document(paragraphs: int, id: str = "a") -> Document:
    starts = [n * (LENGTH + 2) for n in range(paragraphs)]
    return Document(
        id=id,
        title=id,
        text="\n\n".join(chr(ord("a") + n % 26) * LENGTH for n in range(paragraphs)),
        blocks=tuple(Block("paragraph", start, start + LENGTH) for start in starts),
    )


def part(paragraph: int, start: int = 0, end: int = LENGTH, id: str = "a") -> Span:
    """Return characters of a paragraph, counted from its start."""
    offset = paragraph * (LENGTH + 2)
    return Span(id, offset + start, offset + end)


DOCUMENTS = {"a": document(12), "b": document(3, "b")}
# Up to six regions revealed over up to twelve passages.
RANKINGS = st.lists(st.integers(0, 2), max_size=12)


def test_two_spans_meet_when_half_of_the_shorter_is_shared():
    gold = Span("a", 100, 200)
    assert stands_on(Span("a", 150, 260), gold)  # 50 of 100
    assert not stands_on(Span("a", 151, 260), gold)  # 49 of 100
    assert stands_on(Span("a", 190, 210), gold)  # 10 of 20
    assert not stands_on(Span("a", 191, 211), gold)  # 9 of 20
    assert not stands_on(Span("b", 100, 200), gold)
    assert not stands_on(Span("a", 200, 300), gold)


def test_overlapping_gold_spans_are_one_region_and_touching_ones_two():
    spans = [Span("b", 0, 5), Span("a", 8, 12), Span("a", 0, 10), Span("a", 12, 20), Span("a", 0, 10), Span("a", 3, 3)]
    assert merged(spans) == (Span("a", 0, 12), Span("a", 12, 20), Span("b", 0, 5))


def test_gold_evidence_is_read_from_the_case():
    evidence = (GoldSpan("a", 5, 9, "quot"), GoldSpan("a", 2, 6, "equo"))
    case = EvalCase("set", "1", "Why?", True, ("a",), evidence=evidence)
    assert gold_regions(case) == (Span("a", 2, 9),)


def test_retrieved_spans_keep_their_order():
    result = {
        "evidence": [{"document": "b", "start": 7, "end": 9, "score": 1}, {"document": "a", "start": 0, "end": 3}]
    }
    assert retrieved(result) == (Span("b", 7, 9), Span("a", 0, 3))
    assert retrieved({}) == ()


def test_pieces_of_one_paragraph_are_one_passage():
    spans = [part(0, 0, 50), part(0, 50, 100), part(2, 0, 30), part(1), part(0)]
    assert passages(spans, [part(1)], DOCUMENTS) == (0, 0, 1)


def test_a_span_over_several_gold_regions_reveals_them_all_at_one_rank():
    gold = [part(1, 0, 20), part(1, 40, 60), part(3)]
    assert passages([part(0), part(1), part(3), part(1, 0, 20)], gold, DOCUMENTS) == (0, 2, 1)


def test_a_gold_sentence_counts_where_it_is_found_not_where_its_paragraph_is_first_met():
    spans = [part(0, 0, 50), part(0, 50, 100)]
    assert passages(spans, [part(0, 60, 90)], DOCUMENTS) == (0, 1)


def test_the_rest_of_a_paragraph_whose_gold_sentence_was_found_is_no_passage():
    spans = [part(0, 50, 100), part(0, 0, 50), part(1)]
    assert passages(spans, [part(0, 60, 90), part(1)], DOCUMENTS) == (1, 1)


def test_a_gold_paragraph_that_a_wide_span_mostly_missed_can_still_be_found():
    # 34 characters of paragraph 2, 33 of each neighbour, 4 between: no half of anything.
    wide = Span("a", part(1).end - 33, part(3).start + 33)
    narrow = part(2, 0, 34)
    assert passages([wide], [Span("a", wide.start - 60, wide.start + 20)], DOCUMENTS) == (0,)
    assert passages([part(2, 0, 10), narrow], [part(2, 10, 40)], DOCUMENTS) == (0, 1)


def test_spans_outside_every_block_or_document_are_passages_of_their_own():
    nowhere = [Span("a", 100, 102), Span("zzz", 0, 5), Span("zzz", 0, 5), Span("a", 9000, 9010)]
    assert passages(nowhere, [part(0)], DOCUMENTS) == (0, 0, 0)


def test_numbers_of_one_ranking_worked_by_hand():
    """Three gold regions: two in the second passage, one in the fourth."""
    ranking = (0, 2, 0, 1)
    assert [hit_at(ranking, k) for k in (1, 2, 9)] == [0, 1, 1]
    assert [recall_at(ranking, k, total=3) for k in (1, 2, 3, 4, 9)] == [0, 2 / 3, 2 / 3, 1, 1]
    assert [full_set_at(ranking, k, total=3) for k in (3, 4, 9)] == [0, 1, 1]
    assert [reciprocal_rank(ranking, k) for k in (1, 2, 10)] == [0, 1 / 2, 1 / 2]
    # Places: the passage at rank 2 holds the first and the second region, both at place 2 (no better than their order,
    # no better than their rank); rank 4 holds the third. Best: places 1, 2, 3.
    # A place counts 1 / log2(1 + place): 1 at 1, 0.63093 at 2, 0.5 at 3, 0.43068 at 4.
    # nDCG = (0.63093 + 0.63093 + 0.43068) / (1 + 0.63093 + 0.5) = 1.69254 / 2.13093 = 0.79427
    assert ndcg_at(ranking, 10, total=3) == pytest.approx(0.79427, abs=1e-5)
    # One region never found: (0.63093 + 0.63093 + 0.43068) / (2.13093 + 0.43068) = 0.66073
    assert ndcg_at(ranking, 10, total=4) == pytest.approx(0.66073, abs=1e-5)


def test_the_cut_off_cuts():
    late = (0,) * 10 + (1,)
    assert reciprocal_rank(late, 10) == 0
    assert ndcg_at(late, 10, total=1) == 0
    assert hit_at(late, 10) == 0
    # Twelve regions in the first passage: places 1 to 12, of which ten count, out of ten that could.
    assert ndcg_at((12,), 10, total=12) == pytest.approx(1)


def test_iou_worked_by_hand():
    # Retrieved 0-60 and 40-100 of a: 100 characters. Gold 80-120 of a and 0-10 of b: 50. Shared 20, either 130.
    ours = [Span("a", 0, 60), Span("a", 40, 100)]
    gold = [Span("a", 80, 120), Span("b", 0, 10)]
    assert iou(ours, gold) == pytest.approx(20 / 130)
    assert iou(gold, gold) == 1
    assert iou([], []) == 0
    assert iou(ours, []) == 0


def test_nothing_retrieved_scores_nothing():
    scores = retrieval_scores((), (), [part(0)])
    assert {name: score.value for name, score in scores.items()} == dict.fromkeys(scores, 0.0)


def test_without_gold_evidence_nothing_is_scored():
    scores = retrieval_scores((0, 0), (part(0), part(1)), [])
    assert set(scores.values()) == {Score(None, "no gold evidence")}


def test_iou_looks_at_the_first_five_spans():
    spans = [part(n) for n in (1, 2, 3, 4, 5, 0)]
    assert retrieval_scores((0, 0, 0, 0, 0, 1), spans, [part(0)])["iou"] == Score(0.0)
    # Five paragraphs of 100 characters retrieved, one of them gold.
    assert retrieval_scores((1, 0, 0, 0, 0), spans[:5], [part(1)])["iou"] == Score(pytest.approx(0.2))


def test_an_answer_may_reach_over_two_overlapping_spans():
    documents = {"a": Document("a", "A", "The bridge opened in May 1931.", (Block("paragraph", 0, 30),))}
    case = EvalCase("set", "1", "When?", True, ("a",), answers=("opened in May 1931",))
    overlapping = (Span("a", 18, 30), Span("a", 0, 24))
    assert answer_in_evidence(case.answers, case, overlapping, documents) == Score(1.0)
    assert answer_in_evidence(case.answers, case, overlapping[:1], documents) == Score(0.0)
    assert answer_in_evidence(case.answers, case, (), documents) == Score(0.0)
    assert answer_in_evidence(case.answers, case, (Span("gone", 0, 9),), documents) == Score(0.0)
    assert answer_in_evidence((), case, overlapping, documents) == Score(None, "no short answer known")
    unanswerable = EvalCase("set", "2", "When?", False, ("a",), answers=("May",))
    assert answer_in_evidence(("May",), unanswerable, overlapping, documents) == Score(None, "not answerable")


@given(total=st.integers(1, 12), k=st.integers(1, 12))
def test_a_perfect_ranking_scores_one(total, k):
    ranking = (1,) * total + (0, 0)
    assert hit_at(ranking, k) == reciprocal_rank(ranking, k) == 1
    assert ndcg_at(ranking, k, total=total) == pytest.approx(1)
    assert recall_at(ranking, max(k, total), total=total) == full_set_at(ranking, max(k, total), total=total) == 1


@given(ranking=RANKINGS, unfound=st.integers(0, 3), k=st.integers(1, 15))
def test_every_score_stays_between_zero_and_one(ranking, unfound, k):
    total = sum(ranking) + unfound
    for score in (
        hit_at(ranking, k),
        recall_at(ranking, k, total=total),
        full_set_at(ranking, k, total=total),
        reciprocal_rank(ranking, k),
        ndcg_at(ranking, k, total=total),
    ):
        assert 0 <= score <= 1 + 1e-12


@given(ranking=RANKINGS, place=st.integers(0, 10))
def test_moving_gold_one_passage_up_never_lowers_a_score(ranking, place):
    total = sum(ranking)
    if place + 1 >= len(ranking) or ranking[place] >= ranking[place + 1]:
        return
    better = list(ranking)
    better[place], better[place + 1] = ranking[place + 1], ranking[place]
    for k in (1, 3, 5, 10):
        assert hit_at(better, k) >= hit_at(ranking, k)
        assert recall_at(better, k, total=total) >= recall_at(ranking, k, total=total)
        assert reciprocal_rank(better, k) >= reciprocal_rank(ranking, k)
        assert ndcg_at(better, k, total=total) >= ndcg_at(ranking, k, total=total) - 1e-12


@given(
    order=st.permutations(range(8)),
    gold=st.sets(st.integers(0, 7), min_size=1, max_size=3),
    cuts=st.lists(st.lists(st.integers(1, LENGTH - 1), max_size=4), min_size=8, max_size=8),
)
def test_how_a_paragraph_is_cut_changes_no_rank(order, gold, cuts):
    regions = [part(n) for n in sorted(gold)]
    pieces = [
        part(n, start, end) for n in order for start, end in itertools.pairwise([0, *sorted(set(cuts[n])), LENGTH])
    ]
    assert passages(pieces, regions, DOCUMENTS) == passages([part(n) for n in order], regions, DOCUMENTS)


@given(
    order=st.permutations(range(6)),
    gold=st.sets(st.integers(0, 5), min_size=1, max_size=2),
    length=st.integers(5, LENGTH),
    step=st.integers(3, 40),
)
def test_windows_that_overlap_rank_as_whole_paragraphs_when_the_gold_sentence_comes_first(order, gold, length, step):
    regions = [part(n, 0, length) for n in sorted(gold)]
    windows = [part(n, start, min(LENGTH, start + 60)) for n in order for start in range(0, LENGTH, step)]
    assert passages(windows, regions, DOCUMENTS) == passages([part(n) for n in order], regions, DOCUMENTS)


@given(
    spans=st.lists(st.tuples(st.integers(0, 300), st.integers(1, 80)), max_size=6),
    gold=st.lists(st.tuples(st.integers(0, 300), st.integers(1, 80)), max_size=4),
)
def test_iou_counts_characters(spans, gold):
    ours = {at for start, length in spans for at in range(start, start + length)}
    theirs = {at for start, length in gold for at in range(start, start + length)}
    expected = len(ours & theirs) / len(ours | theirs) if ours | theirs else 0
    as_spans = [[Span("a", start, start + length) for start, length in side] for side in (spans, gold)]
    assert iou(*as_spans) == pytest.approx(expected)
    assert iou(*as_spans) == iou(*reversed(as_spans))


@settings(deadline=None)  # its first call loads a C extension
@given(ranking=st.lists(st.integers(0, 1), max_size=14), unfound=st.integers(0, 3))
def test_ir_measures_agrees_where_each_region_has_a_rank_of_its_own(ranking, unfound):
    total = sum(ranking) + unfound
    if not total or not ranking:
        return
    run = [ir_measures.ScoredDoc("q", f"p{rank}", -float(rank)) for rank in range(len(ranking))]
    relevant = [f"p{rank}" for rank, new in enumerate(ranking) if new] + [f"unfound{n}" for n in range(unfound)]
    judged = [ir_measures.Qrel("q", name, 1) for name in relevant]
    measures = [
        ir_measures.parse_measure(name) for name in ("Success@1", "Success@3", "Success@5", "R@5", "RR@10", "nDCG@10")
    ]
    theirs = ir_measures.calc_aggregate(measures, judged, run)
    ours = [
        *(hit_at(ranking, k) for k in (1, 3, 5)),
        recall_at(ranking, 5, total=total),
        reciprocal_rank(ranking, 10),
        ndcg_at(ranking, 10, total=total),
    ]
    assert ours == pytest.approx([theirs[measure] for measure in measures])


def test_the_discount_is_the_usual_one():
    assert ndcg_at((0, 1), 10, total=1) == pytest.approx(1 / math.log2(3))
