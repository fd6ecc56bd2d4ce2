"""The home folder: found, made, and refused in one line when it cannot be used."""

import stat
import threading
from pathlib import Path

import pytest

from assistant.errors import HomeError
from assistant.home import Home, open_home


def test_the_folder_that_assistant_home_names_is_made_with_its_rooms(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = tmp_path / "deep" / "home"
    monkeypatch.setenv("ASSISTANT_HOME", str(root))
    home = open_home()
    assert home == Home(root)
    rooms = [home.articles, home.conversations, home.index, home.logs, home.models]
    assert (
        sorted(root.iterdir()) == rooms == [root / name for name in "articles conversations index logs models".split()]
    )
    assert all(window.is_dir() and not list(window.iterdir()) for window in rooms)


def test_a_new_home_is_for_its_owner_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ASSISTANT_HOME", str(tmp_path / "home"))
    assert stat.S_IMODE(open_home().root.stat().st_mode) == 0o700


def test_a_home_that_is_there_is_left_as_it_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ASSISTANT_HOME", str(tmp_path / "home"))
    kept = open_home().articles / "kept.json"
    kept.write_text("{}")
    assert open_home().articles / "kept.json" == kept
    assert kept.read_text() == "{}"


def test_without_assistant_home_it_is_the_systems_place_for_user_data(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import platformdirs

    monkeypatch.setenv("ASSISTANT_HOME", "")
    monkeypatch.setattr(platformdirs, "user_data_path", lambda name, *, appauthor: tmp_path / f"{name}-{appauthor}")
    assert open_home() == Home(tmp_path / "article-assistant-False")


def test_a_tilde_is_the_users_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("ASSISTANT_HOME", "~/a")
    assert open_home() == Home(tmp_path / "a")


@pytest.mark.parametrize(
    ("named", "message"),
    [
        (
            "/dev/null/home",
            (
                "the home folder /dev/null/home cannot be used (Not a directory: /dev/null/home). "
                "Set ASSISTANT_HOME to a folder you can write."
            ),
        ),
        (
            "~no-such-user-here/home",
            (
                "ASSISTANT_HOME is '~no-such-user-here/home', which is no place for a folder "
                "(Could not determine home directory.). Set it to a folder you can write."
            ),
        ),
    ],
)
def test_a_home_that_cannot_be_is_refused_in_one_line(
    named: str, message: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ASSISTANT_HOME", named)
    with pytest.raises(HomeError) as error:
        open_home()
    assert str(error.value) == message


def test_links_that_run_in_a_circle_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "a").symlink_to("b")
    (tmp_path / "b").symlink_to("a")
    monkeypatch.setenv("ASSISTANT_HOME", str(tmp_path / "a" / "home"))
    with pytest.raises(HomeError, match=r"Set it to a folder you can write|Set ASSISTANT_HOME to a folder"):
        open_home()


def test_a_file_in_the_place_of_a_room_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "index").write_text("")
    monkeypatch.setenv("ASSISTANT_HOME", str(tmp_path))
    with pytest.raises(HomeError) as error:
        open_home()
    assert str(error.value) == (
        f"the home folder {tmp_path} cannot be used (File exists: {tmp_path}/index). "
        "Set ASSISTANT_HOME to a folder you can write."
    )


def test_several_may_open_the_home_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ASSISTANT_HOME", str(tmp_path))
    opened: list[Home] = []
    openers = [threading.Thread(target=lambda: opened.append(open_home())) for _ in range(16)]
    for opener in openers:
        opener.start()
    for opener in openers:
        opener.join()
    assert opened == [Home(tmp_path)] * 16
