"""Hundreds of damaged and hostile files of every format: each is a sound article or one clear line, and soon.

Seeded: the same files each time. There are 200 of a format, 2,000 in a campaign, or ``ASSISTANT_TEST_FUZZ`` of them;
``ASSISTANT_TEST_FUZZ_SEED`` sets another seed.
"""

import json
import os
import random
import sys
import time
import unicodedata
import zlib
from pathlib import Path

import pytest
from articles_of_every_format import Line, docx, epub, html, mhtml, pdf, unzipped, zipped
from campaign import tried

from index.errors import LoadError
from index.reading.canonical import clean_block
from index.reading.load import load_batch, load_bytes
from index.reading.sandbox import Parser

COUNT = int(os.environ.get("ASSISTANT_TEST_FUZZ", tried(2000, 200)))
SEED = os.environ.get("ASSISTANT_TEST_FUZZ_SEED", "article")
SLOWEST_S, MEMORY_KB = 10.0, 512 * 1024

SEVEN = "The ferry to the island left every morning at seven, and came back when the tide allowed it to."
SHIP = "島へ渡る船は毎朝七時に港を出て、潮が許せば夕方に戻ってきた。"
BODY = (
    f"<nav><a href='/'>Home</a></nav><article><h1>Ferry</h1><p>{SEVEN}</p><p style='display:none'>x</p><ul><li>a</ul>"
    f"<table><tr><th>Year<td>1931</table><pre>a\n\nb</pre><p>{SHIP}&amp;&#x200b;</p></article><div id=comments>c</div>"
)
DEEP = 10_000
LAUGHS = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10 if n else "ha"}">' for n in range(12))
SPLICES = [
    *(b"<div>" * DEEP, b"<table><tr><td>" * 700, b"<b><i>" * 3_000, b"<p hidden>", b"<!--", b"<![CDATA[", b"&" * 3_000),
    *(b"<script>", b"</article>", b"<style>", b"\x00", b"\xff\xfe", b"\xef\xbb\xbf", b"\x1b$B", b"\xed\xa0\x80", b"\r"),
    *("\u202e\u200d\u0301\U000e0041".encode(), "\u0301".encode() * 2_000, b"\n" * 5_000, b" " * 9_000, b"A" * 9_000),
    *(b"[" * 5_000, b"*_`" * 2_000, b"> " * 2_000, b"- " * 2_000, b"|" * 4_000, b"---\n", b"```\n", b'"', b'","', b";"),
    *(
        b"{" * 4_000,
        b"\\u0000",
        b"\\ud800",
        b"1e999",
        b"null",
        b"charset=utf-16",
        b"charset=x",
        b"<?xml encoding='utf-7'?>",
    ),
    *(
        f"<!DOCTYPE x [{LAUGHS}]><x>&l11;</x>".encode(),
        b"<!ENTITY e SYSTEM 'file:///etc/passwd'>&e;",
        b"\n\n",
        b"%PDF-",
    ),
    *(b"Content-Type: multipart/related; boundary=b\r\n\r\n--b\r\n" * 50, b"=\r\n=ZZ=3D", b"\r\n\r\n", b"------Part--"),
    *(b"style='left:-9999px;font-size:0;color:#fff;background:#fff'", b"PK\x03\x04", b"PK\x01\x02", b"PK\x05\x06"),
]


def damaged(data, chance):
    """Return bytes that were cut, flipped, doubled or grown somewhere, one to four times."""
    data = bytearray(data)
    for _ in range(chance.randint(1, 4)):
        at = chance.randrange(len(data) + 1)
        act = chance.randrange(7)
        if act == 0:
            data = data[:at]
        elif act == 1:
            for _ in range(chance.choice([1, 1, 4, 40])):
                if data:
                    data[chance.randrange(len(data))] = chance.randrange(256)
        elif act == 2:
            data[at:at] = chance.choice(SPLICES)
        elif act == 3:
            del data[at : at + chance.choice([1, 8, 200])]
        elif act == 4:
            data[at:at] = data[at : at + chance.choice([4, 60, 900])] * chance.choice([1, 2, 30])
        elif act == 5:
            other = chance.randrange(len(data) + 1)
            data[at:at] = data[other : other + 100]
        else:
            data[at : at + 4] = chance.randbytes(4)
    return bytes(data)


# --- what only its format can suffer


def change_html(data, chance):
    return chance.choice(
        [
            lambda: b"<div>" * DEEP + data + b"</div>" * chance.choice([0, DEEP]),
            lambda: f"<!DOCTYPE html [{LAUGHS}]>&l11;".encode() + data,
            lambda: data.decode("utf-8").encode(chance.choice(["utf-16", "utf-32", "shift_jis", "utf-7", "gb18030"])),
            lambda: data.replace(b"<p>", chance.choice(SPLICES) + b"<p>"),
            lambda: data * chance.choice([2, 20]),
        ]
    )()


def change_mhtml(data, chance):
    return chance.choice(
        [
            lambda: data.replace(
                b'boundary="----Part"', b"boundary=" + chance.choice([b"", b'"', b"x" * 3_000, b"\xff"])
            ),
            lambda: data.replace(
                b"quoted-printable", chance.choice([b"base64", b"x-uuencode", b"binary", b"7bit", b"\xff"])
            ),
            lambda: data.replace(b"utf-8", chance.choice([b"utf-7", b"rot13", b"zip", b"\xff", b"utf-16", b"x" * 999])),
            lambda: data.replace(b"text/html", chance.choice([b"text/plain", b"message/rfc822", b"multipart/mixed"])),
            lambda: b"X: " + chance.choice(SPLICES).replace(b"\n", b"") + b"\r\n" + data,
            lambda: b"Content-Type: multipart/related; boundary=b\r\n\r\n--b\r\n" * chance.choice([90, 1_500]) + data,
        ]
    )()


def change_pdf(data, chance):
    number = b"%d 0 R" % chance.randint(0, 12)
    return chance.choice(
        [
            lambda: data.replace(b"startxref\n", b"startxref\n%d" % chance.randint(0, 99)),
            lambda: data.replace(b" 00000 n", b" 00001 n", chance.randint(1, 9)),
            lambda: data.replace(b"0 R", b"1 R", chance.randint(1, 9)),
            # Objects that hold themselves: pages of pages, fonts of fonts, a length that is its own stream.
            lambda: data.replace(b"/Kids [", b"/Kids [2 0 R 2 0 R "),
            lambda: data.replace(b"/Parent 2 0 R", b"/Parent " + number),
            lambda: data.replace(b"/DescendantFonts [4 0 R]", b"/DescendantFonts [6 0 R]"),
            lambda: data.replace(b"/ToUnicode 5 0 R", b"/ToUnicode " + number),
            lambda: data.replace(b"/Length ", b"/Length " + chance.choice([b"-", b"99999999", b"5 0 R %", b"1e9 "])),
            lambda: data.replace(b"/Count ", b"/Count " + chance.choice([b"-", b"9", b"999999999"])),
            lambda: data.replace(b"/MediaBox [0 0 595 842]", b"/MediaBox [0 0 1e30 -5]"),
            lambda: data.replace(b"<<", b"<< /Length 9 /Filter [/FlateDecode /FlateDecode]", chance.randint(1, 5)),
            lambda: with_stream(data, zlib.compress(zlib.compress(bytes(chance.choice([10_000, 3_000_000]))))),
            lambda: with_stream(data, b"q " * 30_000 + b"BT /F 9 Tf " + b"(x) Tj " * 3_000),
            lambda: data.replace(b"trailer", b"trailer << /Prev %d >>" % data.rindex(b"xref")),
            lambda: data.replace(b"Tf 0 Tr", b"Tf %d Tr" % chance.randint(-9, 99)),
            lambda: data.replace(b"[", b"[" * chance.choice([1, 900]), 1),
        ]
    )()


def with_stream(data, content):
    """Return a PDF with this Flate stream, or bare operators, as a new first object in front of the table."""
    packed = b"/Filter [/FlateDecode /FlateDecode]" if content[:1] == b"x" else b""
    body = b"8 0 obj\n<< /Length %d %s >>\nstream\n%s\nendstream\nendobj\n" % (len(content), packed, content)
    return data.replace(b"xref\n", body + b"xref\n", 1)


def change_zip(data, chance):
    """Return a ZIP file with its members damaged, exchanged, left out, doubled, renamed, or grown without end."""
    parts = change_members(unzipped(data), chance)
    made = bytearray(zipped(parts))
    if chance.random() < 0.3:  # what the list of members says about one of them
        at = made.rfind(b"PK\x01\x02", 0, chance.randrange(len(made)) + 1)
        for offset in chance.sample(range(8, 46), 2):
            if at >= 0 and at + offset < len(made):
                made[at + offset] = chance.choice([0, 1, 255, chance.randrange(256)])
    return bytes(made)


def change_members(parts, chance):
    name, other = chance.choice(list(parts)), chance.choice(list(parts))
    xml = f'<?xml version="1.0"?><!DOCTYPE x [{LAUGHS}]>'.encode()
    act = chance.randrange(11)
    if act <= 3:
        parts[name] = damaged(parts[name], chance)
    elif act == 4:
        parts[name], parts[other] = parts[other], parts[name]
    elif act == 5:
        del parts[name]
    elif act == 6:
        parts[name] = xml + parts[name].replace(b">", b">&l11;", 3)
    elif act == 7:
        parts[name] = parts[name].replace(b">", b">" + b"<x>" * chance.choice([200, DEEP]), 2)
    elif act == 8:
        parts[name] = bytes(chance.choice([2_000_000, 30_000_000 if chance.random() < 0.05 else 100]))
    elif act == 9:
        parts |= {f"more/{number}": b"" for number in range(chance.choice([10, 2_100 if chance.random() < 0.1 else 9]))}
    else:
        parts["../" * chance.randint(1, 9) + name] = parts.pop(name)
    return parts


def change_nothing(data, _chance):
    return data


PAGES = [html(BODY), html(f"<div>{BODY}</div>", head="<meta name=author content=A>")]
MARKDOWN = f"---\ntitle: Ferry\ndate: 1931-05-04\n---\n# Ferry\n\n{SEVEN}\n\n| a | b |\n|--|--|\n| 1 | *2* |\n\n{BODY}"
PDFS = [
    pdf([[Line("Ferry", 18), SEVEN[:60], SEVEN[60:]], [SHIP]], title="Ferry"),
    pdf([["x"]] * 5, author="A"),
    pdf([[SHIP]], password="key"),
]
DRAWN = [*PDFS[:2], pdf([[SEVEN[:60]], [], [SHIP]], pictures=True)]
ROWS = [json.dumps({"id": n, "title": "T", "text": f"{SEVEN}{SHIP}", "date": "1931"}).encode() for n in range(4)]
TABLE = f'id,title,text,date\n1,"T, or ""T""",{SHIP},1931\n2,,"{SEVEN}\n\n{SHIP}",\n'
FORMATS = {
    "html": ([page.encode() for page in PAGES], change_html),
    "mhtml": ([mhtml(PAGES[0]), mhtml(PAGES[0], charset="utf-16")], change_mhtml),
    "pdf": (PDFS, change_pdf),
    "docx": ([docx([(0, "Ferry"), SEVEN, [["a", "b"], ["1", "2"]], (1, SHIP), SEVEN], author="A")], change_zip),
    "epub": ([epub([f"<h1>One</h1><p>{SEVEN}</p>", BODY, f"<p>{SHIP}</p>"], author="A", date="1931")], change_zip),
    "md": ([MARKDOWN.encode()], change_nothing),
    "txt": (
        [f"Ferry\nBy Ann Lee\n\n{SEVEN}\n\n- {SHIP}\n".encode(), SHIP.encode("shift_jis"), SEVEN.encode("utf-16")],
        change_nothing,
    ),
    "jsonl": ([b"\n".join(ROWS)], change_nothing),
    "csv": ([TABLE.encode()], change_nothing),
}
IN_PROCESS = {"md", "txt", "jsonl", "csv"}


def files(kind, seeds=None, count=COUNT):
    """Yield the damaged files of a format; a third suffer what only its format can, some of them both."""
    known, change = FORMATS[kind]
    seeds = seeds or known
    chance = random.Random(f"{SEED} {kind}")  # noqa: S311  no secret
    for _ in range(count):
        data = chance.choice(seeds)
        fate = chance.random()
        if fate < 0.45:
            data = change(data, chance)
        if fate > 0.35 or change is change_nothing:
            data = damaged(data, chance)
        yield data


def assert_sound(found):
    """Fail unless this is an article that holds its promises, or one line."""
    if isinstance(found, LoadError):
        assert str(found).strip()
        assert "\n" not in str(found)
        return
    text = found.text
    assert text == unicodedata.normalize("NFC", text)
    text.encode("utf-8")
    assert found.id
    assert "\n" not in found.title
    end = 0
    for block in found.blocks:
        part = text[block.start : block.end]
        assert part == part.strip() != ""
        assert "\n\n" not in part
        assert text[end : block.start] == ("\n\n" if end else "")
        assert (block.kind == "heading") == (1 <= block.level <= 6)
        end = block.end
    assert end == len(text) > 0
    assert clean_block(text.replace("\n\n", "\n")) == text.replace("\n\n", "\n")
    assert list(found.pages) == sorted(found.pages)
    assert all(0 <= page <= len(text) for page in found.pages)
    assert found.page_at(0) in ({None} if not found.pages else range(1, len(found.pages) + 1))


def peak_kb(process_id):
    """Return the most memory a process has held, in kB; 0 where that cannot be told."""
    if sys.platform != "linux":
        return 0
    status = Path(f"/proc/{process_id}/status").read_text(encoding="ascii")
    return int(status.split("VmHWM:")[1].split()[0])


@pytest.mark.timeout(900)
@pytest.mark.parametrize("kind", [kind for kind in FORMATS if kind not in IN_PROCESS])
def test_a_damaged_file_is_an_article_or_a_line_from_the_child(kind):
    peak, slowest, articles, deaths = 0, 0.0, 0, 0
    with Parser() as parser:
        parser.open()
        for number, data in enumerate(files(kind)):
            child, started = parser.process_id, time.perf_counter()
            found = parser.parse(data, name=f"{number}.{kind}")
            slowest = max(slowest, time.perf_counter() - started)
            for article in found:
                assert_sound(article)
                articles += not isinstance(article, LoadError)
                # The child is there for a file that would take the app down; these are files it need not die for.
                deaths += any(word in str(article) for word in ("crashed", "ended (", "gave no article", "took more"))
            if child is not None:
                peak = max(peak, alive_peak(child))
    print(f"{kind}: {COUNT} files, {articles} articles, slowest {slowest:.2f} s, {peak / 1024:.0f} MB")  # noqa: T201  shown by `pytest -rP`
    assert slowest <= SLOWEST_S + 1  # the child's own start, where another takes its place, is not the file's
    assert peak <= MEMORY_KB
    assert articles >= COUNT * 0.05
    assert deaths == 0


@pytest.mark.timeout(900)
def test_a_page_of_a_damaged_pdf_is_a_picture_or_a_line_from_the_child():
    count, peak, slowest, pictures, deaths = COUNT // 5, 0, 0.0, 0, 0
    with Parser(pictures_only=True) as parser:
        for number, data in enumerate(files("pdf", DRAWN, count)):
            parser.open()
            child, started = parser.process_id, time.perf_counter()
            try:
                pictures += parser.picture(data, number % 3 + 1).startswith(b"\x89PNG")
            except LoadError as error:
                assert_sound(error)
                deaths += "cannot be shown" in str(error)
            slowest = max(slowest, time.perf_counter() - started)
            peak = max(peak, alive_peak(child))
    print(f"pages: {count} files, {pictures} pictures, slowest {slowest:.2f} s, {peak / 1024:.0f} MB")  # noqa: T201  likewise
    assert slowest <= SLOWEST_S
    assert peak <= MEMORY_KB
    assert pictures >= count * 0.2
    assert deaths == 0


def alive_peak(process_id):
    try:
        return peak_kb(process_id)
    except (OSError, IndexError):  # gone, or a zombie
        return 0


@pytest.mark.timeout(900)
@pytest.mark.parametrize("kind", sorted(IN_PROCESS))
def test_a_damaged_text_is_an_article_or_a_line(kind):
    slowest, articles = 0.0, 0
    for number, data in enumerate(files(kind)):
        started = time.perf_counter()
        name = f"{number}.{kind}"
        if kind in {"jsonl", "csv"}:
            found = list(load_batch(data, name=name))
        else:
            try:
                found = [load_bytes(data, name=name)]
            except LoadError as error:
                found = [error]
        slowest = max(slowest, time.perf_counter() - started)
        for article in found:
            assert_sound(article)
            articles += not isinstance(article, LoadError)
    print(f"{kind}: {COUNT} files, {articles} articles, slowest {slowest:.2f} s")  # noqa: T201  shown by `pytest -rP`
    assert slowest <= SLOWEST_S
    assert articles >= COUNT * 0.05
