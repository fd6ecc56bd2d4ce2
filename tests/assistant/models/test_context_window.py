"""Tokens are estimated from above, whatever the tokenizer."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assistant.models.context_window import estimate
from assistant.models.llm import parse_model_name
from assistant.models.local import LocalServers
from assistant.models.writer import writer_of
from assistant.settings import Settings
from prompts import load


@settings(deadline=None)
@given(st.text(st.characters(codec="utf-8")), st.text(st.characters(codec="utf-8")))
def test_more_text_is_never_fewer_tokens(one: str, other: str) -> None:
    assert estimate(one + " " + other) >= max(estimate(one), estimate(other))


@pytest.mark.slow
def test_the_estimate_is_never_below_what_a_real_tokenizer_counts(smollm2: Path, tmp_path: Path) -> None:
    texts = [
        "The bridge was designed by Elena Ruiz and opened in 1931.",
        "THE BRIDGE WAS DESIGNED BY ELENA RUIZ AND OPENED IN 1931",
        "Zbigniew Brzezinski Szczecin Ouagadougou Kyrgyzstan Nagatacho Kasumigaseki Komeito",
        "Die Brücke wurde 1931 eröffnet und ersetzte eine Fähre, die Kohle und Holz über den Fluß befördert hatte.",
        "Мост был построен в 1931 году и заменил паром, который перевозил уголь и древесину.",
        "橋は1931年に開通し、六十年にわたり石炭と木材を運んだ渡し船に代わった。橋の長さは何メートルですか。",
        "다리는 1931년에 개통되었으며 60년 동안 석탄과 목재를 운반하던 나룻배를 대체했다.",
        "🙂🙂🎉 ok ☕ “quotes” — dashes…",
        "cc324af070c2ecbfd324a30884d2f951a7ff756aba85cb811a6ec436933bb046",
        load("answer").messages[0].content,
    ]
    with LocalServers(tmp_path / "log") as servers:
        said = writer_of(parse_model_name(f"local:{smollm2}"), weights_path=Path, servers=servers, settings=Settings())
        assert said is not None
        asking = said.window()
        try:
            while True:
                next(asking)
        except StopIteration as finished:
            window = finished.value
        assert window.context == 4096
        assert [text for text in texts if estimate(text) < window.count(text)] == []
