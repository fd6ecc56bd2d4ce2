"""What is given becomes articles of the library, once; and no failure stops the next."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from articles_of_every_format import docx, epub, pdf, unzipped, zipped

from assistant.library import intake as intake_module
from assistant.library.intake import Intake, Source, Taken, expanded, named
from index.errors import FetchError
from index.library import Library
from index.reading.sandbox import Parser
from index.web.fetch import Fetched

BRIDGE = "# The bridge\n\nThe bridge opened in 1931.\n\nIt replaced a ferry.\n"
TOWER = "# The tower\n\nThe tower was built of oak in 1888.\n"
WORD = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
ASIDE = {
    "word/header1.xml": f"<w:hdr xmlns:w='{WORD}'><w:p><w:r><w:t>The lock, 1820</w:t></w:r></w:p></w:hdr>",
    "word/footer1.xml": f"<w:ftr xmlns:w='{WORD}'><w:p/></w:ftr>",
    "word/comments.xml": f"<w:comments xmlns:w='{WORD}'><w:comment/><w:comment/></w:comments>",
}
REPORT = pdf([["The lock was dug in 1820."], ["It was closed in 1931."]], title="The lock")


def without(archive: bytes, name: str) -> bytes:
    return zipped({each: data for each, data in unzipped(archive).items() if each != name})


@pytest.fixture(scope="module")
def parser() -> Iterator[Parser]:
    with closing(Parser()) as made:
        yield made


@pytest.fixture
def library(tmp_path: Path) -> Library:
    return Library(tmp_path / "articles")


@pytest.fixture
def intake(library: Library, parser: Parser) -> Intake:
    return Intake(library, parser)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "given"
    (made / "deep" / "deeper").mkdir(parents=True)
    (made / "bridge.md").write_text(BRIDGE, encoding="utf-8")
    (made / "deep" / "deeper" / "tower.md").write_text(TOWER, encoding="utf-8")
    return made


def outcomes(taken: Iterator[Taken]) -> list[tuple[str, str]]:
    return [(one.change, one.id) for one in taken]


def test_a_folder_goes_in_with_all_below_it_and_a_second_time_nothing_happens(
    intake: Intake, library: Library, folder: Path
) -> None:
    sources = expanded([named(str(folder))])
    assert outcomes(intake.take(sources)) == [("added", "bridge"), ("added", "tower")]
    before = library.stamp()
    assert outcomes(intake.take(sources)) == [("unchanged", "bridge"), ("unchanged", "tower")]
    assert library.stamp() == before


def test_hidden_files_links_and_other_kinds_are_passed_over_in_a_folder(folder: Path) -> None:
    (folder / ".hidden.md").write_text(BRIDGE, encoding="utf-8")
    (folder / ".git").mkdir()
    (folder / ".git" / "notes.md").write_text(BRIDGE, encoding="utf-8")
    (folder / "link.md").symlink_to(folder / "bridge.md")
    (folder / "loop").symlink_to(folder)
    (folder / "photo.jpg").write_bytes(b"\xff\xd8\xff")
    found = [Path(source.name).name for source in expanded([named(str(folder))])]
    assert found == ["bridge.md", "tower.md"]


def test_what_programs_leave_in_a_folder_is_passed_over(folder: Path) -> None:
    for name in ("~$tower.docx", "deep/~$tower.docx", "__MACOSX/deep/a.md", "@eaDir/a.md", "$RECYCLE.BIN/b.md"):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(b"\x05Ann")
    for name in ("Thumbs.db", "desktop.ini", ".DS_Store", "._bridge.md", ".~lock.bridge.md#"):
        (folder / name).write_bytes(b"\x00")
    (folder / "~ferry.md").write_text(BRIDGE, encoding="utf-8")
    found = [Path(source.name).name for source in expanded([named(str(folder))])]
    assert found == ["bridge.md", "~ferry.md", "tower.md"]


def test_a_changed_file_is_updated_under_its_id(intake: Intake, library: Library, folder: Path) -> None:
    file = folder / "bridge.md"
    list(intake.take([named(str(file))]))
    file.write_text(BRIDGE.replace("1931", "1932"), encoding="utf-8")
    assert outcomes(intake.take([named(str(file))])) == [("updated", "bridge")]
    assert "1932" in library.get("bridge").text


def test_other_bytes_of_the_same_words_are_no_change_and_are_known_the_next_time(
    intake: Intake, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = folder / "bridge.md"
    list(intake.take([named(str(file))]))
    file.write_text(f"{BRIDGE}\n\n", encoding="utf-8")
    assert outcomes(intake.take([named(str(file))])) == [("unchanged", "bridge")]
    monkeypatch.setattr(Parser, "parse", None)  # it is not read again
    assert outcomes(intake.take([named(str(file))])) == [("unchanged", "bridge")]


def test_what_another_program_adds_or_renames_meanwhile_is_not_overwritten(
    intake: Intake, library: Library, parser: Parser
) -> None:
    def upload(name: str, text: str) -> Source:
        return Source("upload", name, text.encode())

    list(intake.take([upload("bridge.md", BRIDGE)]))
    mine = intake.take(
        [upload("tower.md", TOWER), upload("a/news.md", "# A\n\nRed."), upload("bridge.md", "# B\n\nNew.")]
    )
    assert next(mine).id == "tower"  # it has looked through the library
    library.rename("bridge", "Our bridge")
    others = Intake(Library(library.folder), parser)
    assert outcomes(others.take([upload("b/news.md", "# A\n\nBlue.")])) == [("added", "news")]
    assert outcomes(mine) == [("added", "news-2"), ("updated", "bridge")]
    assert {document.text for document in library.documents()} >= {"Red.", "Blue.", "New."}
    assert library.get("bridge").title == "Our bridge"


def test_a_title_of_the_readers_own_stays_when_the_article_is_updated(
    intake: Intake, library: Library, folder: Path
) -> None:
    file = folder / "bridge.md"
    list(intake.take([named(str(file))]))
    library.rename("bridge", "Our bridge")
    file.write_text(BRIDGE.replace("1931", "1932"), encoding="utf-8")
    (taken,) = intake.take([named(str(file))])
    assert (taken.change, taken.title) == ("updated", "Our bridge")
    assert library.get("bridge").title == "Our bridge"


def test_the_same_text_from_another_place_is_there_already(intake: Intake, folder: Path) -> None:
    copy = folder / "copy.md"
    copy.write_text(BRIDGE, encoding="utf-8")
    taken = list(intake.take([named(str(folder / "bridge.md")), named(str(copy))]))
    assert [(one.change, one.id, one.why) for one in taken] == [
        ("added", "bridge", ""),
        ("unchanged", "bridge", "the library has it as 'bridge'"),
    ]


def test_two_files_of_one_name_are_two_articles(intake: Intake, folder: Path) -> None:
    other = folder / "deep" / "bridge.md"
    other.write_text(TOWER, encoding="utf-8")
    sources = [named(str(folder / "bridge.md")), named(str(other))]
    assert outcomes(intake.take(sources)) == [("added", "bridge"), ("added", "bridge-2")]
    assert outcomes(intake.take(sources)) == [("unchanged", "bridge"), ("unchanged", "bridge-2")]


def test_one_failure_stops_nothing_and_says_why(intake: Intake, folder: Path) -> None:
    (folder / "broken.pdf").write_bytes(b"%PDF-1.7\nnothing more")
    (folder / "empty.txt").write_bytes(b"")
    taken = list(intake.take([named(str(folder / "missing.md")), *expanded([named(str(folder))])]))
    assert [(Path(one.source).name, one.change) for one in taken] == [
        ("missing.md", "failed"),
        ("bridge.md", "added"),
        ("broken.pdf", "failed"),
        ("empty.txt", "failed"),
        ("tower.md", "added"),
    ]
    assert all(bool(one.why) == (one.change == "failed") and "\n" not in one.why for one in taken)


def test_the_rows_of_a_batch_are_articles_each_and_a_bad_row_fails_alone(
    intake: Intake, library: Library, folder: Path
) -> None:
    batch = folder / "news.jsonl"
    rows = [{"id": "a", "title": "One", "text": "The first opened in 1901."}, {"id": "b"}, {"id": "c", "text": "Last."}]
    batch.write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")
    assert outcomes(intake.take([named(str(batch))])) == [("added", "a"), ("failed", ""), ("added", "c")]
    rows[0]["text"] = "The first opened in 1902."
    batch.write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")
    assert outcomes(intake.take([named(str(batch))])) == [("updated", "a"), ("failed", ""), ("unchanged", "c")]
    assert library.get("a").source == f"{batch.resolve()}#a"


def test_an_upload_again_under_its_name_updates_it_and_its_name_is_no_path(
    intake: Intake, library: Library, folder: Path
) -> None:
    name = str(folder / "bridge.md").removeprefix("/")  # a file that is there, were it a path
    first = Source("upload", name, TOWER.encode())
    assert outcomes(intake.take([first])) == [("added", "bridge")]
    assert outcomes(intake.take([first])) == [("unchanged", "bridge")]
    again = Source("upload", name, TOWER.replace("1888", "1889").encode())
    assert outcomes(intake.take([again])) == [("updated", "bridge")]
    assert library.get("bridge").source == f"upload:{name}"
    assert "1889" in library.get("bridge").text


def test_uploads_of_one_name_from_two_folders_are_two_articles(intake: Intake, library: Library) -> None:
    batch = b'{"id": "a", "text": "The %s opened in 1901."}'
    given = {"a/notes.md": BRIDGE.encode(), "b/notes.md": TOWER.encode(), "a/n.jsonl": batch % b"lock"}
    given["b/n.jsonl"] = batch % b"weir"
    sources = [Source("upload", name, data) for name, data in given.items()]
    ids = ["notes", "notes-2", "a", "a-2"]
    assert outcomes(intake.take(sources)) == [("added", id) for id in ids]
    assert outcomes(intake.take(sources)) == [("unchanged", id) for id in ids]
    assert [library.get(id).source for id in ids] == [
        "upload:a/notes.md",
        "upload:b/notes.md",
        "upload:a/n.jsonl#a",
        "upload:b/n.jsonl#a",
    ]


def test_a_pasted_text_has_the_title_it_was_given(intake: Intake, library: Library) -> None:
    pasted = Source("text", "A note", b"The bridge opened in 1931. It replaced a ferry.")
    (taken,) = intake.take([pasted])
    assert (taken.change, taken.title) == ("added", "A note")
    assert library.get(taken.id).text == "The bridge opened in 1931. It replaced a ferry."
    assert outcomes(intake.take([pasted])) == [("unchanged", taken.id)]


def test_a_page_is_fetched_read_and_known_by_its_address(
    intake: Intake, library: Library, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = (
        b"<html lang=en><title>The bridge</title><article><h1>The bridge</h1><p>It opened in 1931.</p></article></html>"
    )
    fetched = Fetched(
        url="https://news.example/bridge", media_type="text/html", content_type="text/html", data=page, name="bridge"
    )
    monkeypatch.setattr(intake_module, "fetch", lambda *_, **__: fetched)
    (taken,) = intake.take([named("https://news.example/b?utm=1")])
    assert taken.change == "added"
    document = library.get(taken.id)
    assert (document.title, document.url, document.source) == (
        "The bridge",
        "https://news.example/bridge",
        "https://news.example/bridge",
    )
    assert outcomes(intake.take([named("https://news.example/b")])) == [("unchanged", taken.id)]


def test_a_page_that_may_not_be_fetched_is_a_failure_in_one_line(intake: Intake) -> None:
    (taken,) = intake.take([named("http://169.254.169.254/latest/meta-data")])
    assert taken.change == "failed"
    assert taken.why
    with pytest.raises(FetchError):
        intake.one(named("http://127.0.0.1/"))


def test_the_pdf_that_an_article_was_made_of_is_kept_and_no_other_file(
    intake: Intake, library: Library, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (folder / "report.pdf").write_bytes(REPORT)
    fetched = Fetched(
        url="https://news.example/lock",
        media_type="application/pdf",
        content_type="application/pdf",
        data=pdf([["The weir was built in 1750."]]),
        name="lock",
    )
    monkeypatch.setattr(intake_module, "fetch", lambda *_, **__: fetched)
    sources = [*expanded([named(str(folder))]), named("https://news.example/lock")]
    assert outcomes(intake.take([*sources, Source("upload", "a.pdf", pdf([["Uploaded."]]))])) == [
        ("added", "bridge"),
        ("added", "report"),
        ("added", "tower"),
        ("added", "lock"),
        ("added", "a"),
    ]
    kept = {document.id: library.original_of(document) for document in library.documents()}
    assert kept == {
        "bridge": None,
        "tower": None,
        "report": REPORT,
        "lock": fetched.data,
        "a": pdf([["Uploaded."]]),
    }


def test_a_changed_pdf_takes_the_place_of_the_one_that_was_kept_and_another_format_drops_it(
    intake: Intake, library: Library, folder: Path
) -> None:
    file = folder / "report.pdf"
    file.write_bytes(REPORT)
    list(intake.take([named(str(file))]))
    changed = pdf([["The lock was dug in 1821."]])
    file.write_bytes(changed)
    assert outcomes(intake.take([named(str(file))])) == [("updated", "report")]
    assert library.original_of(library.get("report")) == changed
    file.write_text("<!doctype html><p>The report was moved to another place.</p>")
    assert outcomes(intake.take([named(str(file))])) == [("updated", "report")]
    assert list(library.folder.glob("*.pdf")) == []


def test_an_article_of_before_gets_its_pdf_when_that_is_added_again(
    intake: Intake, library: Library, folder: Path
) -> None:
    file = folder / "report.pdf"
    file.write_bytes(REPORT)
    copy = Source("upload", "copy.pdf", REPORT)
    for again in (named(str(file)), copy):
        list(intake.take([named(str(file))]))
        for kept in library.folder.glob("*.pdf"):
            kept.unlink()
        assert outcomes(intake.take([again])) == [("unchanged", "report")]
        assert library.original_of(library.get("report")) == REPORT


@pytest.mark.parametrize(
    ("name", "data", "why"),
    [
        (
            "a.html",
            b"<p>The bridge.</p><img src=a.png><img width=1 src=b.png><iframe src=c></iframe>",
            "1 picture, 1 fr",
        ),
        ("a.md", b"The bridge.\n\n![a](b.png) and ![c](d.png)", "2 pictures"),
        ("a.pdf", pdf([["The lock was dug in 1820."], []]), "1 picture, 1 page without text"),
        ("a.epub", without(epub(["<p>The lock.</p>", "<p>Lost.</p>"]), "OEBPS/chapter-2.xhtml"), "1 chapter"),
        ("a.docx", zipped(unzipped(docx(["The lock was dug."])) | ASIDE), "1 header, 2 comments"),
        ("a.csv", b"text,price,day\nThe lock was dug.,2,\n", "1 field"),
        ("a.txt", b"The lock was dug.", ""),
    ],
)
def test_what_is_not_in_the_text_is_counted_and_said(intake: Intake, name: str, data: bytes, why: str) -> None:
    for _ in range(2):
        (taken,) = intake.take([Source("upload", name, data)])
        assert taken.why.startswith(why)
        assert taken.why.endswith(" not read" if why else "")


def test_what_progress_raises_stops_it_and_what_was_taken_stays(intake: Intake, library: Library, folder: Path) -> None:
    class StopError(Exception):
        pass

    def progress(done: int, total: int) -> None:
        assert total == 2
        if done:
            raise StopError

    taken = []
    with pytest.raises(StopError):
        taken.extend(intake.take(expanded([named(str(folder))]), progress=progress))
    assert [document.id for document in library.documents()] == ["bridge"]
    assert outcomes(intake.take(expanded([named(str(folder))]))) == [("unchanged", "bridge"), ("added", "tower")]
