"""A batch gives an article a row; a row that is none is one error with its line, and the others go in."""

import csv
import io
import json

import pytest

from index.errors import LoadError
from index.reading.batch import MAX_ROWS
from index.reading.load import is_batch, load_batch, load_bytes
from index.types import Document

SEVEN = "The ferry to the island left every morning at seven."


def lines(*rows):
    return "\n".join(row if isinstance(row, str) else json.dumps(row, ensure_ascii=False) for row in rows).encode()


def load(data, name="news.jsonl"):
    return [str(found) if isinstance(found, LoadError) else found for found in load_batch(data, name=name)]


def test_every_field_is_taken_by_its_name_in_any_case():
    [document] = load(
        lines(
            {"ID": "f 1", "Title": "The Ferry", "TEXT": f"{SEVEN}\n\nIt was old.", "Author": ["Ann Lee", "Bo Ek"]}
            | {"Date": "May 6, 2024", "Lang": "en-GB", "URL": "https://example.org/f", "site": "The Daily", "other": 1}
        )
    )
    assert (document.id, document.title, document.text) == ("f-1", "The Ferry", f"{SEVEN}\n\nIt was old.")
    assert (document.author, document.published, document.language) == ("Ann Lee, Bo Ek", "2024-05-06", "en")
    assert (document.url, document.site) == ("https://example.org/f", "The Daily")


def test_what_a_row_does_not_give_is_found_in_its_text_or_named_after_the_file():
    [document] = load(lines({"text": f"The Ferry\n\nBy Ann Lee\n\n{SEVEN}"}))
    assert (document.id, document.title, document.author, document.language) == ("news-1", "The Ferry", "Ann Lee", "en")
    [document] = load(lines("", {"text": "島へ渡る船は毎朝七時に港を出た。", "title": ""}))
    assert (document.id, document.title, document.language) == ("news-2", "News 2", "ja")


def test_a_bad_row_fails_by_itself_with_its_line():
    found = load(
        lines(
            {"text": "One."},
            "{broken",
            "[1]",
            "",
            {"title": "no text"},
            {"text": 5},
            {"text": " \u200b "},
            {"id": "x", "text": "Two."},
            {"id": "x", "text": "Three."},
            "[" * 100_000,
            {
                "text": "Four.",
                "url": "javascript:alert(1)",
                "date": "soon",
                "author": {},
                "lang": "English",
                "id": None,
            },
        )
    )
    assert [document.text for document in found if isinstance(document, Document)] == ["One.", "Two.", "Four."]
    assert [error.partition(";")[0] for error in found if isinstance(error, str)] == [
        "news.jsonl, line 2: Found no JSON (Expecting property name enclosed in double quotes)",
        "news.jsonl, line 3: Found JSON that is not an object",
        "news.jsonl, line 5: Found no text",
        "news.jsonl, line 6: Found a text that is not a string",
        "news.jsonl, line 7: Found no text in news-7",
        "news.jsonl, line 9: Found the id x again, as in line 8",
        "news.jsonl, line 10: Found no JSON (nested too deep)",
    ]
    four = found[-1]
    assert (four.url, four.published, four.author, four.language, four.id) == (None, None, None, "en", "news-11")


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_rows_of_a_table_are_read_with_its_own_delimiter_and_line_ends(delimiter, end):
    made = io.StringIO()
    writer = csv.writer(made, delimiter=delimiter, lineterminator=end)
    writer.writerows(
        [
            ["Title", "Text", "Published"],
            ["The Ferry", f'{SEVEN}{end}{end}"Never late", they said; or early.', "2024-05-06"],
            ["", "", ""],
            ["Empty", "", ""],
            ["The Inn", "It had a cellar."],
        ]
    )
    ferry, error, inn = load(made.getvalue().encode("utf-8-sig"), name="news.csv")
    assert (ferry.title, ferry.published, ferry.id) == ("The Ferry", "2024-05-06", "news-2")
    assert ferry.text == f'{SEVEN}\n\n"Never late", they said; or early.'
    assert error.startswith("news.csv, line 6: Found no text; expected the fields text (required), title,")
    assert (inn.title, inn.text, inn.id) == ("The Inn", "It had a cellar.", "news-7")


@pytest.mark.parametrize("first", ["sep=;", "SEP=|", "Sep=\t", '"sep=,"', "sep=;;;", "\n sep=^"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_excels_line_that_names_the_delimiter_is_no_header(first, encoding):
    delimiter = first.lstrip().lstrip('"')[4]
    rows = [first, f"title{delimiter}text", f'The Ferry{delimiter}"Never; said, they | and ^ late."', "Empty"]
    ferry, error = load("\r\n".join(rows).encode(encoding), name="news.csv")
    line = 3 + first.count("\n")
    assert (ferry.title, ferry.text, ferry.id) == ("The Ferry", "Never; said, they | and ^ late.", f"news-{line}")
    assert error.startswith(f"news.csv, line {line + 1}: Found no text;")


def test_a_header_that_begins_like_excels_line_is_a_header():
    [document] = load(b"sep=;text\na;b\n", name="news.csv")
    assert document.text == "b"


def test_a_table_in_an_old_japanese_encoding_and_a_cell_of_a_million_characters_are_read():
    [document] = load("題,text\n船,島へ渡る船は毎朝七時に港を出た。\n".encode("shift_jis"), name="船.csv")
    assert (document.text, document.id) == ("島へ渡る船は毎朝七時に港を出た。", "船-2")
    long = "word " * 200_000
    [document] = load(f"text\n{long}\n".encode(), name="a.csv")
    assert document.text == long.strip()


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "Found news.csv empty; expected"),
        (b"\x00\x01\x02" * 9, "Found a binary file at news.csv; expected"),
        (b"title,body\na,b\n", "news.csv: Found the header 'title, body'; expected the fields text (required), title,"),
        (b'text\n"never closed\n', "news.csv, line 2: Found a row that is not CSV (unexpected end of data); expected"),
    ],
)
def test_a_table_that_is_none_is_one_error(data, message):
    [error] = load(data, name="news.csv")
    assert error.startswith(message)
    assert "\n" not in error


def test_a_row_with_a_broken_quote_fails_by_itself():
    found = load(b'title,text\na,One.\nb,"Two" x\nc,Three.\n', name="news.csv")
    assert [f if isinstance(f, str) else f.text for f in found][::2] == ["One.", "Three."]
    assert found[1].startswith("news.csv, line 3: Found a row that is not CSV (")


def test_an_article_that_is_too_long_fails_by_itself_in_a_batch_that_is_longer():
    found = load(lines({"text": "One."}, {"text": "x" * 5_000_001}, {"text": "Last."}))
    assert [found[0].text, found[2].text] == ["One.", "Last."]
    assert found[1] == ("news.jsonl, line 2: Found more than 5,000,000 characters in news-2; expected fewer. Split it.")


def test_a_batch_of_too_many_rows_is_read_up_to_the_limit(monkeypatch):
    monkeypatch.setattr("index.reading.load.MAX_ROWS", 3)
    *documents, error = load(lines(*({"text": f"Number {n}."} for n in range(9))))
    assert [document.text for document in documents] == ["Number 0.", "Number 1.", "Number 2."]
    assert error == "Found more than 3 rows in news.jsonl; the rest is left out. Split the file."
    assert MAX_ROWS >= 10_000


def test_ids_of_rows_name_no_file_outside():
    ids = ["../../etc/passwd", "a/b\\c", "\x00", "..", "CON", "x" * 500, "a\nb", "名 前", 7, "squad2:Normans", "v1.2"]
    found = load(lines(*({"id": id, "text": "Words."} for id in ids)))
    assert [document.id for document in found[:5]] == ["etc-passwd", "a-b-c", "news-3", "news-4", "CON-article"]
    assert len(found[5].id) == 100
    assert [document.id for document in found[6:]] == ["a-b", "名-前", "7", "squad2:Normans", "v1.2"]


def test_a_batch_is_known_by_its_name_and_is_no_single_article():
    assert [is_batch(name) for name in ("a.jsonl", "A.CSV", "a.json", "a.txt", "csv")] == [
        True,
        True,
        False,
        False,
        False,
    ]
    with pytest.raises(LoadError, match=r"^Found a batch of articles at a\.csv; expected one article\."):
        load_bytes(b"text\nx\n", name="a.csv")
