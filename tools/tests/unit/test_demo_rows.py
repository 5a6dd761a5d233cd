"""A file of tickets: good rows go on, bad ones are named."""

from pathlib import Path

import pytest

from deskstream_tools.demo.load import tags
from deskstream_tools.demo.rows import BadFile, own_rows, read_rows


def written(tmp_path: Path, content: bytes) -> Path:
    path = tmp_path / "tickets.csv"
    path.write_bytes(content)
    return path


def test_rows_keep_their_number_text_and_category(tmp_path: Path) -> None:
    rows = read_rows(written(tmp_path, b'text,category\n"Where, please?",card\nHello,\n'))
    assert [(r.number, r.text, r.category) for r in rows.good] == [
        (1, "Where, please?", "card"),
        (2, "Hello", ""),
    ]
    assert rows.good[0].recipient == "row-1@demo.test"
    assert rows.bad == []


def test_a_byte_order_mark_and_other_scripts_are_read(tmp_path: Path) -> None:
    rows = read_rows(written(tmp_path, "\ufefftext\nгде мой заказ?\n".encode()))
    assert [r.text for r in rows.good] == ["где мой заказ?"]


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (b"\xff\xfe broken", "not UTF-8"),
        (b'"  "', "empty"),
        (b"a,b,c", "more fields"),
        (b"x" * (256 * 1024 + 1), "longer than 256 KiB"),
    ],
)
def test_a_bad_row_is_named_and_the_others_go_on(tmp_path: Path, line: bytes, reason: str) -> None:
    rows = read_rows(written(tmp_path, b"text,category\nfirst,\n" + line + b"\nlast,\n"))
    assert [r.number for r in rows.good] == [1, 3]
    assert [number for number, _ in rows.bad] == [2]
    assert reason in rows.bad[0][1]


def test_a_file_without_the_column_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadFile, match="column `text`"):
        read_rows(written(tmp_path, b"question\nhello\n"))


def test_a_missing_file_is_refused_with_the_reason(tmp_path: Path) -> None:
    with pytest.raises(BadFile, match="No such file"):
        read_rows(tmp_path / "absent.csv")


def test_without_a_file_there_are_texts_of_our_own() -> None:
    assert len(own_rows().good) >= 5


@pytest.mark.parametrize(
    ("category", "expected"),
    [
        ("card_arrival", ["card_arrival"]),
        ("reverted_card_payment?", ["reverted_card_payment"]),
        ("Ä ö", []),
        (None, []),
        ("x" * 80, ["x" * 50]),
    ],
)
def test_a_category_becomes_a_tag_that_is_accepted(
    category: str | None, expected: list[str]
) -> None:
    assert tags(category) == expected
