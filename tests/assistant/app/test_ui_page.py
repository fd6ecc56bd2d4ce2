"""A page that stays open for long costs no more than one that was just opened."""

from __future__ import annotations

import asyncio

import gradio as gr
from gradio.state_holder import SessionState

from assistant.app.ui_page import Page


async def kept_after_six_answers() -> tuple[set[int], set[int]]:
    """Return the components of a page, and those that are kept of it, after listeners that changed one part each."""
    with Page(analytics_enabled=False) as page:
        history, status = gr.HTML(), gr.HTML()
        page.load(lambda: None, None, [history, status])
    [listener] = page.fns.values()
    state = SessionState(page)
    for number in range(3):
        for shown in (history, status):
            assert f"answer {number}" in await page.postprocess_data(listener, {shown: f"answer {number}"}, state)
    return set(page.blocks), {*state.config_values, *state.blocks_config.blocks}


def test_nothing_is_kept_of_what_a_page_showed_before() -> None:
    there, kept = asyncio.run(kept_after_six_answers())
    assert kept == there
