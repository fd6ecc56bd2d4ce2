"""Whatever a file does to its parser, the app gets one line, and the next file is read."""

import io
import json
import os
import signal
import subprocess
import sys
import threading
import time
import zlib
from pathlib import Path

import pytest
from articles_of_every_format import docx, epub, html, mhtml, pdf, unzipped, zipped
from PIL import Image

from index.errors import LoadError
from index.reading.load import load_bytes
from index.reading.picture import MAX_BYTES, MAX_HEIGHT, MAX_PIXELS, WIDTH, png
from index.reading.sandbox import FILES_A_CHILD, MEMORY, Parser
from index.types import Document

SEVEN = "The ferry to the island left every morning at seven, and came back when the tide allowed it to."
EVERY_FORMAT = {
    "a.txt": SEVEN.encode(),
    "a.md": f"# Ferry\n\n{SEVEN}".encode(),
    "a.html": html(f"<h1>Ferry</h1><p>{SEVEN}</p>").encode(),
    "a.mhtml": mhtml(html(f"<p>{SEVEN}</p>")),
    "a.pdf": pdf([[SEVEN[:70]], ["Second page."]], title="橋"),
    "a.docx": docx([(1, "Ferry"), SEVEN]),
    "a.epub": epub([f"<p>{SEVEN}</p>"]),
}
# More XML than the child's memory holds as a tree, in a small file.
GREEDY = zipped(
    unzipped(docx([]))
    | {"word/document.xml": b"<x>" + b"".join(b"<w a='%07d'/>" % n for n in range(2_500_000)) + b"</x>"}
)


@pytest.fixture(scope="module")
def parser():
    with Parser() as parser:
        yield parser


def lines(found):
    return [str(article) for article in found if isinstance(article, LoadError)]


@pytest.mark.parametrize("name", EVERY_FORMAT)
def test_a_file_gives_the_article_it_gives_in_process(parser, name):
    data, url = EVERY_FORMAT[name], "https://example.org/ferry"
    assert parser.parse(data, name=name, id="mine", url=url) == (load_bytes(data, name=name, id="mine", url=url),)
    assert parser.parse(data, name=f"folder/{name}") == (load_bytes(data, name=f"folder/{name}"),)


def test_a_file_without_a_name_is_read_by_its_media_type(parser):
    [document] = parser.parse(b"# Ferry\n\nIt left.", name="ferry", media_type="text/markdown; charset=utf-8")
    assert (document.title, document.text) == ("Ferry", "It left.")


def test_what_is_no_article_is_the_line_it_is_in_process(parser):
    for name, data in {"a.txt": b"", "a.pdf": b"%PDF-1.7", "a.docx": b"PK\x03\x04", "b\udce9.txt": b"\x00"}.items():
        with pytest.raises(LoadError) as caught:
            load_bytes(data, name=name)
        assert lines(parser.parse(data, name=name)) == [str(caught.value)]


def test_a_batch_gives_its_articles_and_its_bad_rows_in_order(parser):
    found = parser.parse(b'{"text": "One.", "id": "x"}\nnonsense\n{"text": "Two."}\n', name="news.jsonl")
    assert [article.id if isinstance(article, Document) else "error" for article in found] == ["x", "error", "news-3"]


def test_one_child_reads_many_files_and_another_takes_its_place_after_so_many():
    with Parser() as parser:
        parser.open()
        seen = set()
        for _ in range(FILES_A_CHILD + 2):
            seen.add(parser.process_id)
            [document] = parser.parse(b"Hello.", name="a.txt")
            assert document.text == "Hello."
        assert len(seen) == 2
    assert parser.process_id is None


def test_a_file_that_takes_too_much_work_is_one_line_and_the_next_is_read():
    with Parser(work_s=0.2) as parser:
        [line] = lines(parser.parse(b"*[" * 200_000, name="slow.md"))
        expected = "slow.md took more than 0.2 s of processor time to read; expected less. Split it, or save it as "
        assert line == f"{expected}plain text."
        assert parser.parse(b"Hello.", name="a.txt")[0].text == "Hello."


def test_time_in_which_others_work_is_not_the_files():
    with Parser(work_s=0.5) as parser:
        parser.open()
        child = parser.process_id
        os.kill(child, signal.SIGSTOP)  # as on a machine that has no processor to spare
        timer = threading.Timer(1.0, os.kill, (child, signal.SIGCONT))
        timer.start()
        assert parser.parse(b"Hello.", name="a.txt")[0].text == "Hello."
        timer.join()
        assert parser.process_id == child


def during(parser, name, act):
    """Read a file while its child stands still, and do ``act`` to the child's process meanwhile."""
    parser.open()
    child = parser.process_id
    os.kill(child, signal.SIGSTOP)
    timer = threading.Timer(0.3, act, (child,))
    timer.start()
    started = time.monotonic()
    found = parser.parse(b"Hello.", name=name)
    timer.join()
    return lines(found), time.monotonic() - started


def test_a_child_that_hangs_is_one_line_and_the_next_file_is_read():
    with Parser(wait_s=1.0) as parser:
        [line], seconds = during(parser, "slow.txt", lambda _child: None)
        expected = (
            "slow.txt took more than 1 s on the clock to read; expected less. Split it, or save it as plain text."
        )
        assert line == expected
        assert seconds < 3
        assert parser.parse(b"Hello.", name="a.txt")[0].text == "Hello."


CRASHED = (
    "could not be read: the program that reads it crashed (signal {}). "
    "It may be damaged: save it again, or as plain text."
)


@pytest.mark.parametrize(
    ("number", "line"),
    [
        (signal.SIGSEGV, CRASHED.format(11)),
        (signal.SIGABRT, CRASHED.format(6)),
        (
            signal.SIGKILL,
            "was not read to its end: the program that reads it was ended, most likely because memory ran out.",
        ),
        (
            signal.SIGPROF,
            "took more than 20 s of processor time to read; expected less. Split it, or save it as plain text.",
        ),
    ],
)
def test_a_child_that_dies_is_one_line_and_the_next_file_is_read(parser, number, line):
    def die(child):
        os.kill(child, number)
        os.kill(child, signal.SIGCONT)

    assert during(parser, "a.txt", die)[0] == [f"a.txt {line}"]
    assert parser.parse(b"Hello.", name="a.txt")[0].text == "Hello."


def test_a_file_that_needs_too_much_memory_is_one_line_and_the_next_is_read(parser):
    [line] = lines(parser.parse(GREEDY, name="greedy.docx"))
    assert line == "greedy.docx needs more than 512 MB of memory to read; expected less. Split it."
    assert parser.parse(b"Hello.", name="a.txt")[0].text == "Hello."


def test_a_file_over_the_limit_is_refused_before_it_is_sent(parser):
    [line] = lines(parser.parse(b"x" * 20_000_001, name="a.txt"))
    assert line == "a.txt has 20.0 MB; expected at most 20 MB."


def test_closing_ends_a_reading_at_once_and_refuses_later_files():
    parser = Parser()
    [line], seconds = during(parser, "a.txt", lambda _child: parser.close())
    assert line == "a.txt was not read to its end: reading was stopped."
    assert seconds < 3
    assert lines(parser.parse(b"Hello.", name="a.txt")) == ["Reading was stopped."]
    assert parser.process_id is None


def test_many_threads_may_ask_at_once(parser):
    found = {}

    def ask(number):
        found[number] = parser.parse(f"Number {number}.".encode(), name=f"{number}.txt")[0].text

    threads = [threading.Thread(target=ask, args=(number,)) for number in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == {number: f"Number {number}." for number in range(20)}


@pytest.mark.skipif(sys.platform != "linux", reason="/proc is Linux's")
def test_a_child_has_little_memory_few_files_and_none_of_the_apps_secrets(monkeypatch):
    monkeypatch.setenv("OPENAI_API_KEY", "sk-canary")
    with Parser() as parser:
        parser.open()
        process = Path(f"/proc/{parser.process_id}")
        limits = (process / "limits").read_text()
        assert b"sk-canary" not in (process / "environ").read_bytes()
    held = {line[:26].strip(): line[26:].split()[:2] for line in limits.splitlines()}
    assert held["Max address space"] == [str(MEMORY)] * 2
    assert held["Max file size"] == ["0", "0"]
    assert held["Max core file size"] == ["0", "0"]
    assert held["Max open files"] == ["64", "64"]


@pytest.mark.parametrize(
    "attempt",
    [
        "import socket; socket.create_connection(('127.0.0.1', 9))",
        "import socket; socket.getaddrinfo('example.org', 80)",
        "import subprocess; subprocess.run(['true'])",
        "import os; os.system('true')",
        "import os; os.execv('/bin/true', ['true'])",
        "import os; os.fork()",
        "import os; os.posix_spawn('/bin/true', ['true'], {})",
        "open(path, 'w')",
        "open(path, 'ab')",
        "import os; os.open(path, os.O_WRONLY | os.O_CREAT)",
        "import os; os.remove(__file__)",
        "import os; os.rename(__file__, path)",
        "import os; os.mkdir(path)",
        "import urllib.request; urllib.request.urlopen('http://127.0.0.1:9/')",
        "import ctypes; ctypes.CDLL('libc.so.6')",
    ],
)
def test_code_that_a_file_brings_to_run_reaches_nothing(tmp_path, attempt):
    script = tmp_path / "attempt.py"
    script.write_text(
        "import sys\nfrom index.reading.sandbox_child import _refuse\nsys.addaudithook(_refuse)\n"
        f"path = {str(tmp_path / 'made')!r}\n"
        f"try:\n    {attempt}\nexcept PermissionError as error:\n    print(error)\n",
        encoding="utf-8",
    )
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[3])}
    done = subprocess.run([sys.executable, "-B", script], env=environment, capture_output=True, text=True, check=False)
    assert done.stdout.startswith("a file being read asked for "), done.stderr
    assert not (tmp_path / "made").exists()


GOOD = {"id": "a", "title": "T", "author": None, "published": None, "language": "en", "url": None, "site": None}
GOOD |= {"questions": [], "left_out": "", "text": 5, "blocks": 12, "pages": 0}
BODY = b"Hello" + bytes(8) + b"\x05\x00\x00\x00"


@pytest.mark.parametrize(
    ("head", "body"),
    [
        (GOOD | {"blocks": 13}, BODY),
        (GOOD, b"Hello" + bytes(8) + b"\x06\x00\x00\x00"),
        (GOOD, b"Hello" + b"\x07" + bytes(7) + b"\x05\x00\x00\x00"),
        (GOOD, b"Hello" + bytes(4) + b"\x05\x00\x00\x00" * 2),
        (GOOD | {"blocks": 24}, BODY + BODY[5:]),
        (GOOD | {"pages": 4}, BODY + b"\x06\x00\x00\x00"),
        (GOOD | {"pages": 8}, BODY + b"\x02\x00\x00\x00\x01\x00\x00\x00"),
        (GOOD, b"Hell\xff" + BODY[5:]),
        (GOOD | {"text": 10**12}, BODY),
        (GOOD | {"text": -1}, BODY),
        (GOOD | {"text": "5"}, BODY),
        (GOOD | {"title": ["T"]}, BODY),
        (GOOD | {"author": "\ud800"}, BODY),
        (GOOD | {"questions": 5}, BODY),
        ({"id": "a"}, b""),
        ([], b""),
        ("x" * 2_000_000, b""),
    ],
)
def test_a_child_that_was_taken_over_is_not_believed(tmp_path, monkeypatch, head, body):
    monkeypatch.setattr("index.child.sys.executable", str(impostor(tmp_path, head, body)))
    with Parser() as parser:
        assert lines(parser.parse(b"x", name="a.txt")) == [
            "a.txt could not be read: the program that reads it gave no article."
        ]


def test_a_child_that_was_taken_over_cannot_put_its_article_in_anothers_place(tmp_path, monkeypatch):
    head = GOOD | {"id": "another", "url": "javascript:alert(1)"}
    monkeypatch.setattr("index.child.sys.executable", str(impostor(tmp_path, head, BODY)))
    with Parser() as parser:
        [document] = parser.parse(b"x", name="a.txt")
    assert (document.id, document.url, document.text) == ("a", None, "Hello")


def test_a_child_that_cannot_start_is_one_line(tmp_path, monkeypatch):
    broken = tmp_path / "python"
    broken.write_text("#!/bin/sh\nexit 3\n")
    broken.chmod(0o755)
    monkeypatch.setattr("index.child.sys.executable", str(broken))
    with (
        Parser() as parser,
        pytest.raises(LoadError, match=r"^The program that reads files does not start \(it ended with status 3\)\."),
    ):
        parser.open()


def impostor(folder, head, body):
    """Return a program that answers like a child and says ``head`` and ``body`` for every file."""
    program = folder / "impostor"
    frames = b'{"ready": true}\n' + json.dumps(head).encode() + b"\n" + body + b'{"end": true, "spent": false}\n'
    code = f"import sys\nsys.stdout.buffer.write({frames!r})\nsys.stdout.flush()\nsys.stdin.buffer.read()\n"
    program.write_text(f"#!{sys.executable}\n{code}", encoding="utf-8")
    program.chmod(0o755)
    return program


# --- pages as pictures

PAGES = pdf([["The ferry left at seven."], [], ["The ferry came back when the tide allowed it to."]])  # [] is a photo
WHITE = (255, 255, 255)


@pytest.fixture(scope="module")
def artist():
    with Parser(pictures_only=True) as parser:
        yield parser


def drawn(parser, data, page):
    """Return a picture as another library reads it."""
    made = parser.picture(data, page)
    assert len(made) <= MAX_BYTES
    image = Image.open(io.BytesIO(made), formats=["PNG"])
    image.load()
    return image


def ink(image):
    """Return the share of pixels that are not white."""
    counts = {colour: count for count, colour in image.getcolors(image.width * image.height)}
    return 1 - counts.get(WHITE, 0) / image.width / image.height


def test_a_page_is_drawn_as_it_looks(artist):
    first, photo, last = (drawn(artist, PAGES, page) for page in (1, 2, 3))
    assert {image.size for image in (first, photo, last)} == {(1200, 1698)}
    assert {image.mode for image in (first, photo, last)} == {"RGB"}
    assert 0 < ink(first) < ink(last) < 0.02 < 0.9 < ink(photo)
    box = first.point(lambda level: 255 - level).getbbox()  # where its one line stands: near the head of the page
    assert 130 < box[0] < box[2] < 700
    assert 80 < box[1] < box[3] < 180


def test_a_parser_of_files_draws_too_and_reads_on(parser):
    assert parser.picture(PAGES, 1).startswith(b"\x89PNG")
    assert parser.parse(b"Hello.", name="a.txt")[0].text == "Hello."


def sized(width, height, more=b""):
    return PAGES.replace(b"/MediaBox [0 0 595 842]", b"/MediaBox [0 0 %s %s] %s" % (width, height, more))


@pytest.mark.parametrize(
    ("width", "height", "size"),
    [
        (b"14400", b"14400", (1200, 1200)),
        (b"1", b"14400", (1, MAX_HEIGHT)),
        (b"200", b"14400", (111, MAX_HEIGHT)),
        (b"14400", b"1", (1200, 1)),
        (b"300", b"1500", (894, 4472)),
        (b"1", b"1", (1200, 1200)),
        (b"0.001", b"0.001", (1200, 1200)),
        (b"0", b"0", (1200, 1552)),  # of no size: the library takes it for a sheet of paper
        (b"0", b"842", (1200, 1552)),
        (b"1e30", b"-5", (1200, 1552)),
        (b"1e39", b"1e39", (1200, 1552)),
    ],
)
def test_a_page_of_any_size_is_a_picture_within_bounds(artist, width, height, size):
    image = drawn(artist, sized(width, height), 1)
    assert image.size == size
    assert image.width <= WIDTH
    assert image.width * image.height <= MAX_PIXELS


def test_a_page_lies_as_its_reader_turns_it(artist):
    assert drawn(artist, sized(b"595", b"842", b"/Rotate 90"), 1).size == (1200, 847)


def test_notes_laid_over_a_page_are_not_drawn(artist):
    note = b"/Annots [<< /Type /Annot /Subtype /Square /Rect [0 0 595 842] /IC [1 0 0] /C [1 0 0] /F 4 >>]"
    assert drawn(artist, sized(b"595", b"842", note), 1).tobytes() == drawn(artist, PAGES, 1).tobytes()


@pytest.mark.parametrize(
    "data", [b"", b"%PDF-1.7", b"\x00" * 100, PAGES[:700], pdf([["x"]], password="key"), b"<p>A page.</p>"]
)
def test_what_cannot_be_drawn_is_one_line(artist, data):
    with pytest.raises(LoadError) as caught:
        artist.picture(data, 1)
    assert str(caught.value).startswith("Found a PDF ")
    assert "\n" not in str(caught.value)
    for page in (0, -1, 4, 10**12):
        with pytest.raises(LoadError, match=r"^Found a PDF that is damaged"):
            artist.picture(PAGES, page)


def with_content(content, *objects):
    """Return a PDF of one page with this content; the first of these objects is its resources, and is number 5."""
    bodies = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Count 1 /Kids [3 0 R] >>",
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 100 100] /Contents 4 0 R /Resources 5 0 R >>",
        stream(b"", content),
        *objects,
    ]
    numbered = b"".join(b"%d 0 obj\n%s\nendobj\n" % (number, body) for number, body in enumerate(bodies, start=1))
    return b"%PDF-1.7\n" + numbered + b"trailer\n<< /Root 1 0 R >>\n%%EOF\n"


def stream(entries, content):
    return b"<< %s /Length %d >>\nstream\n%s\nendstream" % (entries, len(content), content)


def forms(depth):
    """Yield forms each of which draws the next one twenty times, and the resources before them."""
    resources = b"<< /XObject << /F %d 0 R >> >>"
    yield resources % 6
    for number in range(7, 7 + depth):
        entries = b"/Subtype /Form /BBox [0 0 100 100] /Resources " + resources % number
        yield stream(entries, b"/F Do " * 20 if number < 6 + depth else b"0 0 100 100 re f " * 20)


def test_a_page_that_takes_too_long_is_one_line_and_the_next_is_drawn():
    with Parser(work_s=0.5, pictures_only=True) as artist:
        with pytest.raises(LoadError) as caught:
            artist.picture(with_content(b"/F Do", *forms(12)), 1)
        assert str(caught.value) == (
            "Page 1 cannot be shown: it takes more than 0.5 s of processor time to draw. "
            "Open the file itself to see it."
        )
        assert drawn(artist, PAGES, 2).width == 1200


def test_a_photo_that_is_larger_than_the_memory_is_drawn(artist):
    side, packer = 24_000, zlib.compressobj()
    packed = b"".join([*(packer.compress(bytes(side)) for _ in range(side)), packer.flush()])
    entries = b"/Subtype /Image /Width %d /Height %d /ColorSpace /DeviceGray /BitsPerComponent 8" % (side, side)
    photo = stream(entries + b" /Filter /FlateDecode", packed)
    page = with_content(b"100 0 0 100 0 0 cm /F Do", b"<< /XObject << /F 6 0 R >> >>", photo)
    image = drawn(artist, page, 1)
    assert (image.size, ink(image)) == ((1200, 1200), 1.0)


def test_a_child_that_dies_over_a_page_is_one_line_and_the_next_is_drawn(artist):
    artist.open()
    child = artist.process_id
    os.kill(child, signal.SIGSTOP)
    timer = threading.Timer(0.3, lambda: (os.kill(child, signal.SIGSEGV), os.kill(child, signal.SIGCONT)))
    timer.start()
    with pytest.raises(LoadError, match=r"^Page 3 cannot be shown: it needs too much memory, or is damaged\."):
        artist.picture(PAGES, 3)
    timer.join()
    assert drawn(artist, PAGES, 3).width == 1200


def test_no_page_is_drawn_once_reading_was_stopped():
    with Parser(pictures_only=True) as artist:
        pass
    with pytest.raises(LoadError, match=r"^Reading was stopped\.$"):
        artist.picture(PAGES, 1)


PIXEL = png(b"\x01\x02\x03", 1, 1, 3)


def with_header(width, height, *rest):
    header = b"IHDR" + width.to_bytes(4, "big") + height.to_bytes(4, "big") + bytes(rest or (8, 2, 0, 0, 0))
    return PIXEL[:12] + header + zlib.crc32(header).to_bytes(4, "big") + PIXEL[33:]


@pytest.mark.parametrize(
    ("head", "body"),
    [
        ({"picture": 20}, b"<svg onload=alert()>"),
        ({"picture": 8}, PIXEL[:8]),
        ({"picture": 30}, PIXEL[:30][:20] + bytes(9)),
        ({"picture": MAX_BYTES + 1}, PIXEL),
        ({"picture": -1}, PIXEL),
        ({"picture": len(PIXEL)}, with_header(100_000, 100_000)),
        ({"picture": len(PIXEL)}, with_header(0, 1)),
        ({"picture": len(PIXEL)}, with_header(1, 1, 8, 6, 0, 0, 0)),
        ({"picture": len(PIXEL)}, PIXEL.replace(b"IHDR", b"tEXt")),
        (GOOD, BODY),
        ({"end": True, "spent": False}, b""),
        ([], b""),
    ],
)
def test_a_picture_of_a_child_that_was_taken_over_is_not_believed(tmp_path, monkeypatch, head, body):
    monkeypatch.setattr("index.child.sys.executable", str(impostor(tmp_path, head, body)))
    with Parser() as parser, pytest.raises(LoadError, match=r"^Page 1 cannot be shown: it needs too much memory"):
        parser.picture(b"x", 1)


def test_of_two_pictures_for_one_page_neither_is_believed(tmp_path, monkeypatch):
    head = {"picture": len(PIXEL)}
    monkeypatch.setattr(
        "index.child.sys.executable",
        str(impostor(tmp_path, head, PIXEL + json.dumps(head).encode() + b"\n" + PIXEL)),
    )
    with Parser() as parser, pytest.raises(LoadError, match=r"^Page 1 cannot be shown"):
        parser.picture(b"x", 1)


def test_a_picture_that_is_ours_is_believed(tmp_path, monkeypatch):
    monkeypatch.setattr("index.child.sys.executable", str(impostor(tmp_path, {"picture": len(PIXEL)}, PIXEL)))
    with Parser() as parser:
        image = drawn(parser, b"x", 1)
    assert (image.size, image.getpixel((0, 0))) == ((1, 1), (1, 2, 3))
