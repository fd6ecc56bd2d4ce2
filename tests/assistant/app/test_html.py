"""HTML is built of parts, and only what is HTML already goes in unescaped."""

import html
import re

from hypothesis import given
from hypothesis import strategies as st

from assistant.app.html import Html, button, element, join

TEXT = st.text(st.characters(exclude_categories=["Cs", "Cc", "Cn"]))


@given(TEXT, TEXT)
def test_any_text_comes_back_and_opens_no_element(child: str, value: str) -> None:
    built = element("p", child, title=value)
    found = re.fullmatch(r'<p title="([^"<>]*)">([^<>]*)</p>', built)
    assert found
    assert (html.unescape(found[1]), html.unescape(found[2])) == (value, child)


def test_an_attribute_of_true_is_its_name_and_one_of_none_or_false_is_left_out() -> None:
    assert element("input", hidden=True, disabled=False, title=None, data_place=0) == '<input hidden data-place="0"/>'
    assert button("Go", class_="small") == '<button type="button" class="small">Go</button>'


def test_parts_are_joined_but_for_the_empty_ones() -> None:
    assert join("a", "", Html("<b>c</b>"), by=" < ") == "a &lt; <b>c</b>"
