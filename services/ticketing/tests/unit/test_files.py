"""Which files are taken."""

import pytest

from ticketing.domain.errors import FileMalformed, FileMismatch, FileTypeRefused, RangeRefused
from ticketing.domain.files import KINDS, clean_name, kind_of
from ticketing.domain.ticket import Attachment
from ticketing.infra.inspect import inspect_file
from ticketing.interface.http.downloads import asked_range, download_headers
from ticketing.testing import START

PNG = b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR" + b"\x00" * 32
PDF = b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n1 0 obj\n"
ZIP = b"PK\x03\x04\x14\x00\x06\x00\x08\x00" + b"\x00" * 20 + b"[Content_Types].xml"
OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\x00" * 504
JPEG = b"\xff\xd8\xff\xe0\x00\x10JFIF\x00\x01\x01" + b"\x00" * 32
WEBP = b"RIFF\x24\x00\x00\x00WEBPVP8 " + b"\x00" * 32
HEADS = {
    "pdf": PDF,
    "png": PNG,
    "jpg": JPEG,
    "jpeg": JPEG,
    "gif": b"GIF89a\x01\x00\x01\x00" + b"\x00" * 32,
    "webp": WEBP,
    "tif": b"II*\x00\x08\x00\x00\x00" + b"\x00" * 32,
    "tiff": b"MM\x00*\x00\x00\x00\x08" + b"\x00" * 32,
    "heic": b"\x00\x00\x00\x18ftypheic\x00\x00\x00\x00mif1heic" + b"\x00" * 32,
    "zip": ZIP,
    "docx": ZIP,
    "xlsx": ZIP,
    "pptx": ZIP,
    "odt": b"PK\x03\x04" + b"\x00" * 26 + b"mimetypeapplication/vnd.oasis.opendocument.text",
    "ods": b"PK\x03\x04" + b"\x00" * 26 + b"mimetypeapplication/vnd.oasis.opendocument.spreadsheet",
    "odp": b"PK\x03\x04"
    + b"\x00" * 26
    + b"mimetypeapplication/vnd.oasis.opendocument.presentation",
    "doc": OLE,
    "xls": OLE,
    "msg": OLE,
    "mp3": b"ID3\x04\x00\x00\x00\x00\x00\x23" + b"\x00" * 32,
    "wav": b"RIFF\x24\x00\x00\x00WAVEfmt " + b"\x00" * 32,
    "mp4": b"\x00\x00\x00\x18ftypmp42\x00\x00\x00\x00mp42isom" + b"\x00" * 32,
    "txt": "Grüße\nzwei".encode(),
    "log": b"2026-03-02 started",
    "csv": b"\xef\xbb\xbfa;b\r\n1;2\r\n",
    "eml": b"From: a@b.test\r\nSubject: x\r\n\r\nHello",
}


@pytest.mark.parametrize("extension", sorted(KINDS))
def test_a_file_that_is_what_it_says_is_taken(extension):
    inspect_file(kind_of(f"a.{extension}"), HEADS[extension])


@pytest.mark.parametrize("extension", sorted(KINDS))
def test_a_program_in_disguise_is_refused(extension):
    for disguise in (b"MZ\x90\x00\x03\x00\x00\x00", b"\x7fELF\x02\x01\x01\x00", b"\x00" * 64):
        with pytest.raises(FileMismatch):
            inspect_file(kind_of(f"a.{extension}"), disguise)


@pytest.mark.parametrize("head", [b"<!DOCTYPE html>", b"  <svg xmlns=''>", b"#!/bin/sh", PDF])
def test_text_that_is_active_content_is_refused(head):
    with pytest.raises(FileMismatch):
        inspect_file(kind_of("a.txt"), head)


@pytest.mark.parametrize("name", ["a.exe", "a.html", "a.svg", "a", "a.png.js", "pdf"])
def test_other_types_are_refused(name):
    with pytest.raises(FileTypeRefused):
        kind_of(name)


@pytest.mark.parametrize(
    ("raw", "kept"),
    [
        ("../../etc/passwd.txt", "passwd.txt"),
        ("C:\\Temp\\a.txt", "a.txt"),
        ("a\r\nb\x00.txt", "ab.txt"),
        ("evil\u202etxt.pdf", "eviltxt.pdf"),
        ("x" * 300 + ".pdf", "x" * 146 + ".pdf"),
    ],
)
def test_a_name_is_never_a_path(raw, kept):
    assert clean_name(raw) == kept


@pytest.mark.parametrize("raw", ["", "..", "/", " . "])
def test_a_name_of_nothing_is_refused(raw):
    with pytest.raises(FileMalformed):
        clean_name(raw)


FILE = Attachment(
    id=None,
    key="k",
    sha256="ab",
    size=100,
    media_type="text/plain",
    file_name='Süß "1".txt',
    uploaded_by="user:1",
    at=START,
)


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        (None, None),
        ("bytes=0-9", range(10)),
        ("bytes=90-", range(90, 100)),
        ("bytes=-5", range(95, 100)),
        ("bytes=-500", range(100)),
        ("bytes=0-500", range(100)),
        ("bytes=0-1,5-6", None),
        ("bytes=9-3", None),
        ("bytes=-", None),
        ("lines=1-2", None),
    ],
)
def test_a_range_is_read_as_the_rfc_says(header, expected):
    assert asked_range(header, None, FILE) == expected


@pytest.mark.parametrize("header", ["bytes=100-", "bytes=200-300", "bytes=-0"])
def test_a_range_outside_the_file_is_refused(header):
    with pytest.raises(RangeRefused):
        asked_range(header, None, FILE)


def test_a_range_of_another_version_gives_the_whole_file():
    assert asked_range("bytes=0-9", '"cd"', FILE) is None
    assert asked_range("bytes=0-9", '"ab"', FILE) == range(10)


def test_a_download_is_an_attachment_that_runs_nowhere():
    headers = download_headers(FILE)
    assert headers["Content-Disposition"] == (
        "attachment; filename=\"S__ _1_.txt\"; filename*=UTF-8''S%C3%BC%C3%9F%20%221%22.txt"
    )
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Content-Security-Policy"].startswith("sandbox")
