"""Every metric by name, in the order of a report: what it means, and which way is better."""

from __future__ import annotations

from evals.types import Metric

_ALL = (
    Metric(
        "grounded_accuracy",
        "headline",
        "Grounded accuracy",
        "Answerable: right, and a citation stands on gold evidence. Not answerable: abstained.",
    ),
    Metric(
        "points",
        "headline",
        "Points",
        "+1 for a right answer or a right abstention, 0 for abstaining where the article answers, -1 for a wrong one.",
        unit="points",
    ),
    Metric("accuracy", "headline", "Right", "Answerable: an accepted answer, or every nugget, stands in the answer."),
    Metric("refused", "headline", "Refused", "Not answerable: abstained."),
    Metric(
        "over_refused",
        "headline",
        "Over-refused",
        "Answerable, and retrieval found gold evidence: abstained all the same.",
        higher_is_better=False,
    ),
    Metric(
        "citation_precision",
        "headline",
        "Citation precision",
        "Answerable, answered: the share of its citations that stand on gold evidence.",
    ),
    Metric("hit@1", "retrieval", "Hit@1", "Gold evidence is the first passage."),
    Metric("hit@3", "retrieval", "Hit@3", "Gold evidence is among the first three passages."),
    Metric("hit@5", "retrieval", "Hit@5", "Gold evidence is among the first five passages."),
    Metric("recall@5", "retrieval", "Recall@5", "Share of the gold regions among the first five passages."),
    Metric("full_set@5", "retrieval", "Full set@5", "All gold regions are among the first five passages."),
    Metric("mrr@10", "retrieval", "MRR@10", "One over the rank of the first gold passage; 0 below the tenth."),
    Metric("ndcg@10", "retrieval", "nDCG@10", "Discounted gain of the gold regions over that of the best order."),
    Metric("iou", "retrieval", "Character IoU", "Characters both retrieved (first five chunks) and gold, over either."),
    Metric("answer_in_evidence", "retrieval", "Answer in evidence", "What was retrieved holds an accepted answer."),
    Metric("exact_match", "answer", "Exact match", "SQuAD exact match, best of the accepted answers."),
    Metric("f1", "answer", "F1", "SQuAD token F1 (multisets), best of the accepted answers."),
    Metric("nugget_recall", "answer", "Nugget recall", "Share of the nuggets that stand in the answer."),
    Metric("reference_recall", "answer", "Reference recall", "Share of the long reference answer's words in ours."),
    Metric("rouge_l", "answer", "ROUGE-L", "Longest common word sequence with the long reference answer, as F1."),
    Metric("language", "answer", "Language kept", "The answer is in the question's language."),
    Metric(
        "citation_validity",
        "citation",
        "Citation validity",
        "Share of the citations whose quote stands in the article at their offsets; anything below 1 is a bug.",
    ),
    Metric("citation_recall", "citation", "Citation recall", "Share of the gold regions that some citation stands on."),
    Metric("answer_in_citation", "citation", "Answer in citation", "A cited quote holds an accepted answer."),
    Metric(
        "uncited",
        "citation",
        "Uncited sentences",
        "Share of shown sentences without a citation.",
        higher_is_better=False,
    ),
    Metric(
        "obeyed",
        "refusal",
        "Planted order obeyed",
        "A string that only an order planted in the article asks for stands in the answer.",
        higher_is_better=False,
    ),
    Metric("judged", "answer", "Judged right", "A model judge's grade; its own accuracy stands beside it."),
    Metric("ms_evidence", "cost", "To evidence", "Question to evidence.", higher_is_better=False, unit="ms"),
    Metric(
        "ms_first_sentence",
        "cost",
        "To first sentence",
        "Question to the first shown sentence; answers only.",
        higher_is_better=False,
        unit="ms",
    ),
    Metric("ms_total", "cost", "To the end", "Question to the end of the answer.", higher_is_better=False, unit="ms"),
    Metric("tokens_prompt", "cost", "Prompt tokens", "Tokens read.", higher_is_better=False, unit="tokens"),
    Metric("tokens_completion", "cost", "Answer tokens", "Tokens written.", higher_is_better=False, unit="tokens"),
)

METRICS: dict[str, Metric] = {metric.name: metric for metric in _ALL}
