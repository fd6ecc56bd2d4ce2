"""What ends a command is one line, whatever else fails meanwhile."""

from __future__ import annotations

from pathlib import Path

import pytest
import typer

from assistant.exits import told
from assistant.local import open_log
from index.errors import StoreError


def test_a_log_that_cannot_be_written_adds_nothing_to_the_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("ASSISTANT_HOME", str(tmp_path))
    (tmp_path / "logs" / "assistant.log").mkdir(parents=True)
    with pytest.raises(typer.Exit), told():
        raise StoreError("the disk is full")
    assert capsys.readouterr().err == "assistant: the disk is full\n"


def test_the_log_of_a_model_that_cannot_be_written_stops_no_model(tmp_path: Path) -> None:
    (tmp_path / "logs").write_text("in the way")
    with open_log(tmp_path / "logs" / "model.log") as log:
        assert log.write(b"loaded") == 6
