"""Chunks are whole sentences of one section, fit the embedder, and together are the article."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from index.reading.load import document_from_text, load_bytes
from index.text.split import split


def count_words(text):
    """A tokenizer one can check by eye: [CLS], every word by started four letters, [SEP]."""
    return 2 + sum((len(word) + 3) // 4 for word in text.split())


def cut(markdown, chunk_tokens, count_tokens=count_words):
    document = load_bytes(markdown.encode(), name="a.md")
    return document, split(document, count_tokens=count_tokens, chunk_tokens=chunk_tokens)


ARTICLE = """# Ferry

One two six. Red big sea.

Old man ran.

## Crew

Ann Lee was. Bo Ek too.
"""


def test_a_chunk_takes_sentences_across_paragraphs_but_never_across_a_heading():
    _, chunks = cut(ARTICLE, 40)
    assert [(c.heading, c.text) for c in chunks] == [
        ("Ferry", "One two six. Red big sea.\n\nOld man ran."),
        ("Crew", "Ann Lee was. Bo Ek too."),
    ]
    assert chunks[0].search_text == "Ferry\nOne two six. Red big sea.\n\nOld man ran."


def test_a_chunk_ends_before_the_sentence_that_would_not_fit():
    # "Ferry" takes 2 tokens, a sentence 3, [CLS] and [SEP] 2: two sentences take 10.
    _, chunks = cut(ARTICLE, 10)
    assert [c.text for c in chunks] == ["One two six. Red big sea.", "Old man ran.", "Ann Lee was. Bo Ek too."]


def test_a_sentence_too_long_for_a_chunk_is_cut_at_a_clause_then_at_a_space():
    _, chunks = cut("Aaa bbb ccc ddd, eee fff ggg hhh iii jjj kkk lll.", 8)
    assert [c.text for c in chunks] == ["Aaa bbb ccc ddd,", "eee fff ggg hhh iii", "jjj kkk lll."]


def test_a_japanese_sentence_too_long_for_a_chunk_is_cut_after_a_comma_or_anywhere():
    document = document_from_text("橋は長く、川は広く、町は小さくて静かで美しい。", id="a", title="", language="ja")
    chunks = split(document, count_tokens=len, chunk_tokens=10)
    assert [c.text for c in chunks] == ["橋は長く、川は広く、", "町は小さくて静かで美", "しい。"]


def test_a_cut_word_keeps_its_accents():
    document = document_from_text("ŗ̈" * 40, id="a", title="", language="en")
    chunks = split(document, count_tokens=len, chunk_tokens=17)
    assert all(c.text[0] == "ŗ" and len(c.text) <= 17 for c in chunks)


def test_a_heading_that_takes_most_of_the_room_is_shortened_and_the_chunk_still_fits():
    heading = "A very long heading about a great many things " * 4
    _, chunks = cut(f"# T\n\n## {heading}\n\nOne two six. Red big sea.\n", 20)
    # A heading may take half of the 20 tokens: these words take 1 + 1 + 1 + 2, and [CLS] and [SEP] two.
    assert [(c.heading, c.text) for c in chunks] == [("A very long heading", "One two six. Red big sea.")]


def test_an_article_of_one_word_is_one_chunk():
    document, chunks = cut("Hello", 16)
    assert [(c.text, c.heading, c.document) for c in chunks] == [("Hello", "A", document.id)]


def test_headings_are_chunks_only_where_nothing_else_is():
    _, chunks = cut("# A\n\n## One\n\n## Two\n", 32)
    assert [(c.heading, c.text) for c in chunks] == [("A", "One\n\nTwo")]


def test_a_document_without_a_title_gives_chunks_without_a_heading():
    document = document_from_text("One two six.", id="a", title="", language="en")
    assert [c.search_text for c in split(document, count_tokens=count_words, chunk_tokens=16)] == ["One two six."]


def test_two_splits_of_one_article_give_equal_ids():
    assert [c.id for c in cut(ARTICLE, 10)[1]] == [c.id for c in cut(ARTICLE, 10)[1]]


def test_a_tokenizer_that_counts_more_together_than_apart_still_gets_chunks_that_fit():
    def superadditive(text):
        return len(text.split()) + len(text.split()) ** 2 // 8

    _, chunks = cut("One two. " * 40, 16, superadditive)
    assert all(superadditive(c.search_text) <= 16 for c in chunks)
    assert "".join(c.text for c in chunks).replace(" ", "") == "Onetwo." * 40


def test_tokens_are_counted_in_time_linear_in_the_text():
    counted = []

    def counting(text):
        counted.append(len(text))
        return count_words(text)

    markdown = "Some words of a sentence stand here. " * 20_000
    cut(markdown, 160, counting)
    assert sum(counted) < 4 * len(markdown)
    assert max(counted) < 16 * 160 + 1


FRAGMENTS = [
    *("# Title words", "## Head", "## " + "long heading words " * 12, "One two six. Red big sea. ", "- item", "", ""),
    *(
        "word " * 60,
        "x" * 300,
        "橋は長く、川は広い。",
        "「行く。」と言った。" * 12,
        "Mr. Lee came (so.) at 5 p.m. sharp.",
    ),
    *("a\u0301" * 50, "👨\u200d👩" * 30),
]
MARKDOWN = st.lists(st.sampled_from(FRAGMENTS)).map("\n".join)


@settings(max_examples=150, deadline=None)
@given(markdown=MARKDOWN, chunk_tokens=st.integers(16, 60), tokenizer=st.sampled_from([count_words, len]))
def test_chunks_are_in_order_exact_fitting_and_together_the_article(markdown, chunk_tokens, tokenizer):
    document, chunks = cut(markdown + "\n\nEnd.", chunk_tokens, tokenizer)
    position = 0
    for chunk in chunks:
        assert position <= chunk.start < chunk.end
        assert document.text[chunk.start : chunk.end] == chunk.text == chunk.text.strip()
        assert tokenizer(chunk.search_text) <= chunk_tokens
        heading = document.heading_before(chunk.start) or document.title
        assert heading.startswith(chunk.heading)
        between = [b for b in document.blocks if b.kind == "heading" and chunk.start <= b.start < chunk.end]
        assert not between
        position = chunk.end
    paragraphs = "".join(document.text[b.start : b.end] for b in document.blocks if b.kind == "paragraph")
    assert "".join("".join(c.text for c in chunks).split()) == "".join(paragraphs.split())


@pytest.mark.parametrize("chunk_tokens", [16, 40, 160])
def test_the_real_tokenizers_kind_of_count_is_respected_for_every_size(chunk_tokens):
    document, chunks = cut(ARTICLE * 5, chunk_tokens)
    assert all(count_words(c.search_text) <= chunk_tokens for c in chunks)
    assert len(chunks) >= 2
    assert document.text.count("Ann Lee was.") == sum("Ann Lee was." in c.text for c in chunks)
