"""Archives, office files and pictures are looked into, with caps."""

import io
import struct
import zipfile
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ticketing.domain.errors import FileMismatch, FileRefused
from ticketing.domain.file_errors import (
    ActiveContent,
    ArchiveTooLarge,
    ArchiveUnreadable,
    PictureTooLarge,
)
from ticketing.domain.files import kind_of
from ticketing.domain.opening import DEPTH, ENTRIES, RATIO, UNPACKED, Budget
from ticketing.infra.inspect import open_file
from ticketing.infra.pictures import picture_size
from ticketing.testing import zipped

DOCX = {"[Content_Types].xml": b"<Types/>", "word/document.xml": b"<w:document/>"}
ODT = {"mimetype": b"application/vnd.oasis.opendocument.text", "content.xml": b"<office/>"}
GOOD = {
    "zip": {"photos/one.png": b"\x89PNG", "read me.txt": b"hello"},
    "docx": DOCX,
    "xlsx": {"[Content_Types].xml": b"<Types/>", "xl/workbook.xml": b"<workbook/>"},
    "pptx": {"[Content_Types].xml": b"<Types/>", "ppt/presentation.xml": b"<p/>"},
    "odt": ODT,
    "ods": ODT,
    "odp": ODT,
}


def look(extension: str, content: bytes) -> None:
    open_file(kind_of(f"a.{extension}"), io.BytesIO(content))


@pytest.mark.parametrize("extension", sorted(GOOD))
def test_a_good_one_is_taken(extension):
    look(extension, zipped(GOOD[extension]))
    look(extension, zipped(GOOD[extension], stored=True))


def test_an_empty_archive_is_taken_but_is_no_office_file():
    look("zip", zipped({}))
    for extension in GOOD.keys() - {"zip"}:
        with pytest.raises(FileMismatch):
            look(extension, zipped(GOOD["zip"]))


@pytest.mark.parametrize(
    ("entries", "cap"),
    [
        ({f"{n}.txt": b"" for n in range(ENTRIES + 1)}, "entries"),
        ({"zeros.bin": bytes(RATIO * 100_000)}, "ratio"),
    ],
    ids=["entries", "ratio"],
)
def test_an_archive_that_holds_too_much_is_refused_with_the_cap(entries, cap):
    with pytest.raises(ArchiveTooLarge) as refused:
        look("zip", zipped(entries))
    assert refused.value.extra["cap"] == cap


def test_all_entries_together_have_a_cap():
    budget = Budget()
    budget.spend(UNPACKED, UNPACKED, UNPACKED)
    with pytest.raises(ArchiveTooLarge):
        budget.spend(1, 1, 1)


def test_an_archive_within_others_has_a_cap_on_depth_and_its_entries_count():
    content = zipped({"a.txt": b"hello"})
    for _ in range(DEPTH - 1):
        content = zipped({"inner.bin": content})
    look("zip", content)
    with pytest.raises(ArchiveTooLarge) as refused:
        look("zip", zipped({"inner.bin": content}))
    assert refused.value.extra["cap"] == "depth"
    half = zipped({f"{n}": b"" for n in range(ENTRIES // 2)})
    with pytest.raises(ArchiveTooLarge) as refused:
        look("zip", zipped({"a.zip": half, "b.zip": half}))
    assert refused.value.extra["cap"] == "entries"


@pytest.mark.parametrize("name", ["../a.txt", "/etc/a.txt", "C:\\a.txt", "x/..\\..\\a.txt"])
def test_an_entry_that_leads_outside_is_refused(name):
    with pytest.raises(ArchiveUnreadable):
        look("zip", zipped({name: b"x"}))


@pytest.mark.parametrize(
    ("extension", "entries"),
    [
        ("docx", DOCX | {"word/vbaProject.bin": b"x"}),
        ("odt", ODT | {"Basic/Standard/script-lb.xml": b"<x/>"}),
        ("zip", {"invoice.pdf.exe": b"x"}),
        ("zip", {"invoice.JS": b"x"}),
        ("zip", {"invoice.pdf": b"MZ\x90\x00\x03"}),
        ("zip", {"run": b"\x7fELF\x02"}),
        ("zip", {"inner.zip": zipped({"a.vbs": b"x"})}),
        ("zip", {"inner.docm": zipped(DOCX | {"word/vbaProject.bin": b"x"})}),
    ],
)
def test_macros_and_programs_are_refused(extension, entries):
    with pytest.raises(ActiveContent):
        look(extension, zipped(entries))


@pytest.mark.parametrize("extension", ["doc", "xls"])
def test_macros_of_old_office_files_are_refused_wherever_they_lie(extension):
    plain = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(1024 * 1024 - 20)
    look(extension, plain)
    with pytest.raises(ActiveContent):
        look(extension, plain + "_VBA_PROJECT".encode("utf-16-le"))


def lying(content: bytes, **over: int) -> bytes:
    """With other values in the only entry's directory record."""
    at = content.rindex(b"PK\x01\x02")
    places = {"flags": (8, "<H"), "method": (10, "<H"), "crc": (16, "<I"), "size": (24, "<I")}
    changed = bytearray(content)
    for name, value in over.items():
        offset, form = places[name]
        struct.pack_into(form, changed, at + offset, value)
    return bytes(changed)


@pytest.mark.parametrize(
    "over", [{"size": 3, "crc": zlib.crc32(b"hel")}, {"crc": 1}, {"flags": 1}, {"method": 12}]
)
def test_an_archive_that_lies_about_an_entry_or_hides_it_is_refused(over):
    with pytest.raises(ArchiveUnreadable):
        look("zip", lying(zipped({"a.txt": b"hello" * 100}), **over))


def test_a_directory_is_not_read_where_it_is_larger_than_it_may_be():
    content = bytearray(zipped({"a.txt": b"hello"}))
    struct.pack_into("<I", content, len(content) - 10, 1 << 30)
    with pytest.raises(ArchiveTooLarge):
        look("zip", bytes(content))


@given(
    cut=st.integers(0, 300),
    flips=st.lists(st.tuples(st.integers(0, 300), st.integers(0, 255)), max_size=4),
)
def test_whatever_is_broken_is_refused_or_taken_but_never_an_error_of_ours(cut, flips):
    content = bytearray(zipped(DOCX)[: -cut or None])
    for at, value in flips:
        if at < len(content):
            content[at] = value
    try:
        look("docx", bytes(content))
    except FileRefused:
        return
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        assert archive.testzip() is None


WIDE, HIGH = 4000, 3000
JPEG = b"\xff\xd8\xff\xe1\xff\xff" + bytes(0xFFFD) + b"\xff\xff\xc2\x00\x11\x08"
PICTURES = {
    "png": lambda w, h: b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR" + struct.pack(">II", w, h),
    "gif": lambda w, h: b"GIF89a" + struct.pack("<HH", w, h),
    "jpg": lambda w, h: JPEG + struct.pack(">HH", h, w) + b"\x03",
    "webp": lambda w, h: (
        b"RIFF\x00\x00\x00\x00WEBPVP8X\x0a\x00\x00\x00\x00\x00\x00\x00"
        + (w - 1).to_bytes(3, "little")
        + (h - 1).to_bytes(3, "little")
    ),
    "tif": lambda w, h: (
        b"II*\x00\x08\x00\x00\x00\x02\x00"
        + struct.pack("<HHII", 256, 4, 1, w)
        + struct.pack("<HHIHH", 257, 3, 1, h, 0)
    ),
    "heic": lambda w, h: (
        b"\x00\x00\x00\x18ftypheic....ispe\x00\x00\x00\x00"
        + struct.pack(">II", 512, 512)
        + b"..ispe\x00\x00\x00\x00"
        + struct.pack(">II", w, h)
    ),
}


@pytest.mark.parametrize("extension", sorted(PICTURES))
def test_a_pictures_size_is_read_from_its_header_and_has_a_cap(extension):
    kind = kind_of(f"a.{extension}")
    picture = PICTURES[extension](WIDE, HIGH)
    assert picture_size(kind.media_type, io.BytesIO(picture)) == (WIDE, HIGH)
    look(extension, picture)
    with pytest.raises(PictureTooLarge):
        look(extension, PICTURES[extension](60_000, 60_000))


@pytest.mark.parametrize(
    ("head", "size"),
    [
        (b"RIFF....WEBPVP8L\x00\x00\x00\x00/" + struct.pack("<I", 99 | 49 << 14), (100, 50)),
        (b"RIFF....WEBPVP8 " + bytes(7) + b"\x9d\x01\x2a" + struct.pack("<HH", 100, 50), (100, 50)),
    ],
)
def test_the_other_forms_of_webp_are_read(head, size):
    assert picture_size("image/webp", io.BytesIO(head)) == size


@given(content=st.binary(max_size=80), extension=st.sampled_from(sorted(PICTURES)))
def test_any_bytes_after_a_pictures_head_are_no_error_of_ours(content, extension):
    head = PICTURES[extension](WIDE, HIGH)[:12]
    try:
        look(extension, head + content)
    except PictureTooLarge:
        return
