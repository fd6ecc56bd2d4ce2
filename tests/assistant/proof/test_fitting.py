"""What is proven is shown as it answers the question: as written, as the article's own sentences, or not at all."""

from assistant.proof.context import number_sentences
from assistant.proof.fitting import Fitting
from assistant.types import Citation, Statement
from index.reading.load import load_bytes
from index.types import Chunk, Document, ScoredChunk

ARTICLE = """
## The harbor

The council met in March 2030. At that meeting it decided to turn the harbor office into a secretariat. \
The secretariat will have a staff and a seal.

Norland, Karst, Ostia and Velden signed the charter in 2019. Exports fell by a third. \
The river rose above the quay. That is why the ferry was moved.

Tomas Lind chaired the council. The old charter was revised in 1994.
"""


def fitting(question: str) -> tuple[Fitting, Document]:
    document = load_bytes(ARTICLE.encode(), name="harbor.md")
    documents = {document.id: document}
    chunk = Chunk(document.id, 0, len(document.text), document.text)
    numbered = number_sentences([ScoredChunk(chunk, 1.0)], documents, budget=10_000, count=len)
    return Fitting(question, numbered, documents), document


def proven(document: Document, text: str, quote: str) -> Statement:
    start = document.text.index(quote)
    citation = Citation(document.id, document.title, start, start + len(quote), quote, 1.0)
    return Statement(text, "supported", (citation,))


DECIDED = "At that meeting it decided to turn the harbor office into a secretariat."
SIGNED = "Norland, Karst, Ostia and Velden signed the charter in 2019."


def test_a_time_that_stands_in_the_sentence_before_is_quoted_and_cited_with_it() -> None:
    fit, document = fitting("When was the harbor office turned into a secretariat?")
    shown = fit.fitted(proven(document, "The harbor office was turned into a secretariat.", DECIDED))
    assert (shown.verdict, shown.text) == ("supported", f"The council met in March 2030. {DECIDED}")
    assert [document.text[c.start : c.end] for c in shown.citations] == ["The council met in March 2030.", DECIDED]


def test_what_the_writer_left_out_of_the_cited_sentence_is_quoted() -> None:
    fit, document = fitting("When was the charter signed?")
    assert fit.fitted(proven(document, "The charter was signed by Norland.", SIGNED)).text == SIGNED


def test_what_says_nothing_of_the_kind_anywhere_is_not_supported_and_says_why() -> None:
    fit, document = fitting("When did exports fall?")
    shown = fit.fitted(proven(document, "Exports fell by a third.", "Exports fell by a third."))
    assert (shown.verdict, shown.citations, shown.why) == ("not supported", (), "it does not say when")


def test_a_list_told_in_part_is_quoted_whole() -> None:
    fit, document = fitting("Which countries signed the charter?")
    assert fit.fitted(proven(document, "Norland and Karst signed the charter.", SIGNED)).text == SIGNED


def test_a_consequence_is_quoted_after_its_reason() -> None:
    fit, document = fitting("Why was the ferry moved?")
    shown = fit.fitted(proven(document, "That is why the ferry was moved.", "That is why the ferry was moved."))
    assert shown.text == "The river rose above the quay. That is why the ferry was moved."


def test_a_yes_that_cannot_be_shown_to_follow_is_taken_off_and_a_wrong_one_turned_away() -> None:
    fit, document = fitting("Have imports ever fallen?")
    kept = fit.fitted(proven(document, "Yes, exports fell by a third.", "Exports fell by a third."))
    assert (kept.verdict, kept.text) == ("supported", "Exports fell by a third.")
    fit, document = fitting("Did exports increase?")
    wrong = fit.fitted(proven(document, "Yes, exports fell by a third.", "Exports fell by a third."))
    assert (wrong.verdict, wrong.why) == ("not supported", "what it cites says the opposite")
    right = fit.fitted(proven(document, "No, exports fell by a third.", "Exports fell by a third."))
    assert right.text == "No, exports fell by a third."


def test_a_sentence_without_the_kind_bears_no_answer() -> None:
    fit, _ = fitting("When was the old charter revised?")
    found = fit.bearing([0.5] * 9)
    assert found[8] == 0.5
    assert found[4] == 0.0


def test_the_part_of_a_question_that_nothing_shown_answers_is_looked_for() -> None:
    fit, document = fitting("When was the old charter revised and who chaired the council?")
    revised = "The old charter was revised in 1994."
    shown = [proven(document, "It was revised in 1994.", revised)]
    missing = [segment.text for segment in fit.missing(shown, [0.1] * 9)]
    assert missing == ["Tomas Lind chaired the council."]
    assert list(fit.missing([*shown, proven(document, missing[0], missing[0])], [0.1] * 9)) == []


def test_beside_an_answer_another_sentence_need_not_answer_again() -> None:
    fit, document = fitting("When was the harbor office turned into a secretariat?")
    beside = proven(document, "The harbor office was turned into a secretariat.", DECIDED)
    assert fit.fitted(beside, answered=True) == beside != fit.fitted(beside)
