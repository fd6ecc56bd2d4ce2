"""Footnotes, and what Obsidian and Jekyll write for themselves, are read as who reads the page sees them."""

import time

import pytest

from index.reading.load import load_bytes


def read(text):
    return load_bytes(text.encode(), name="a.md").text


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("The inn burned.[^1] It was old.\n\n[^1]: Ek.\n", "The inn burned. It was old.\n\nEk."),
        ("The inn [^a] burned [^b].\n\n[^a]: Ek\n[^b]: Lee, *page* 2", "The inn burned.\n\nEk\n\nLee, page 2"),
        (
            "It burned.[^long]\n\n[^long]:\n    In spring.\n\n    - At night.\n\nEnd.",
            "It burned.\n\nIn spring.\n\nAt night.\n\nEnd.",
        ),
        ("# Inn[^1]\n\nText.\n[^1]: Ek", "Text.\n\nEk"),
        ("> It burned.[^1]\n>\n> [^1]: Ek", "It burned.\n\nEk"),
        ("| A[^1] |\n|---|\n| 7[^1] |\n\n[^1]: Ek", "A\n\n7\n\nEk"),
        ("It burned^[Ek, page *2*].", "It burned (Ek, page 2)."),
        ("It burned.[^3]", "It burned."),
        ("The class [^abc] and the code `x[^1]` stay.\n\n[^1]: Ek", "The class [^abc] and the code x[^1] stay.\n\nEk"),
    ],
)
def test_a_footnote_is_read_where_it_is_defined_and_its_number_is_not(text, words):
    assert read(text) == words


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("Oil %%check this%% burns.", "Oil burns."),
        ("Oil %%check\nthis%% burns.", "Oil burns."),
        ("Oil burns.\n\n%%\nfirst\n\n- second\n%%\n\nIt smokes.", "Oil burns.\n\nIt smokes."),
        ("- Oil\n\n  %% first\n\n  second %%\n\n- Coal", "Oil\n\nCoal"),
        ("From 5%% to 7%% a year, and 100 %% more.", "From 5%% to 7%% a year, and 100 %% more."),
        ("```\n%%\nkept\n\n[[a|b]] ==c== {{ d }}\n%%\n```", "%%\nkept\n[[a|b]] ==c== {{ d }}\n%%"),
        ("`%%kept%%` and ``[[a|b]] ` ==c==`` and `{% d %}`", "%%kept%% and [[a|b]] ` ==c== and {% d %}"),
        ("See [[Lamps|the lamp]], [[Oil]], [[Oil#Price]], [[#Price]].", "See the lamp, Oil, Oil, Price."),
        ("| Of |\n|---|\n| [[Lamps\\|the lamp]] |", "Of\n\nthe lamp"),
        ("A lamp. ![[lamp.png]] ![[Oil#Price]]", "A lamp."),
        ("Said by Ek [[1]](https://x.example) and \\[[Lee]].", "Said by Ek [1] and [[Lee]]."),
        ("==Oil **burns**==, x==y or y==z, a == b == c.", "Oil burns, x==y or y==z, a == b == c."),
        ("油は==よく[[燃焼|燃える]]==と言う。", "油はよく燃えると言う。"),
    ],
)
def test_what_obsidian_adds_is_read_as_its_page_shows_it_and_not_in_code(text, words):
    assert read(text) == words


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("{% include head.html %}\n\nOil {{ site.word | upcase }} burns.\n{: .lead #top}", "Oil burns."),
        ("## Price {#price}\n{:.no_toc}\n\nIt rose.", "Price\n\nIt rose."),
        ("See [the list]({{ site.baseurl }}/list) and [it]({% link a.md %}).", "See the list and it."),
        ("Oil.\n\n{% comment %}\nnot yet\n\nwritten\n{% endcomment %}\n\nCoal.", "Oil.\n\nCoal."),
        ("It is $\\frac{{a}}{{b}}$ of {x}, {.5} and {a: b}.", "It is $\\frac{{a}}{{b}}$ of {x}, {.5} and {a: b}."),
    ],
)
def test_what_jekyll_fills_in_leaves_nothing(text, words):
    assert read(text) == words


@pytest.mark.parametrize(
    "text",
    [
        "{% comment %}\n\n" * 2_000,
        "%%a\n\n" * 9_999,
        "{{ a" * 10_000,
        "==a b" * 30_000,
        "$a" * 50_001,
        "[^a]: " * 30_000,
        "[^a]: b\n" * 3_000,
        "[[a" * 300,
        " " * 100_000 + "[^a]",
    ],
)
def test_marks_that_are_never_closed_are_read_in_seconds(text):
    started = time.process_time()
    assert read(f"Hello\n\n{text}").startswith("Hello")
    assert time.process_time() - started < 10


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("> [!warning]- The steps\n> They are slippery.", "The steps They are slippery."),
        ("> [!NOTE]\n> They are slippery.", "They are slippery."),
        (":::tip The steps\nThey are slippery.\n:::", "The steps They are slippery."),
        ("::: {.note #a}\n\nThey are slippery.\n\n:::", "They are slippery."),
        ("See [!important] there, and a::b.", "See [!important] there, and a::b."),
    ],
)
def test_a_callout_leaves_its_words(text, words):
    assert read(text) == words
