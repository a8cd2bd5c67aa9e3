"""A file is handed out under its own name, whatever script it is written in."""

from __future__ import annotations

from urllib.parse import unquote

import pytest

from kernel.http import attachment, safe_name


@pytest.mark.parametrize(("name", "plain"), [("a.csv", "a.csv"), ("2026年2月 用药.csv", "2026?2? ??.csv")])
def test_the_name_fits_into_a_header_and_can_be_read_from_it(name: str, plain: str) -> None:
    header = attachment(b"1", name).headers["Content-Disposition"]
    header.encode("latin-1")
    assert header.startswith("attachment")
    assert plain in header
    assert name in unquote(header)


@pytest.mark.parametrize(("name", "safe"), [
    ("a\r\nSet-Cookie: x=1.pdf", "a__Set-Cookie_ x=1.pdf"), ("../../etc/passwd", "passwd"), ("C:\\x\\a.csv", "a.csv"),
    ('a"; filename="b.html', "a__ filename=_b.html"), ("\u202efdp.exe", "_fdp.exe"), ("a\tb\0.csv", "a_b_.csv"),
    ("..", "file"), ("", "file"), ("七月.csv", "七月.csv"),
])  # fmt: skip
def test_no_name_leaves_its_folder_or_ends_the_header(name: str, safe: str) -> None:
    assert safe_name(name) == safe
    header = attachment(b"1", name).headers["Content-Disposition"]
    assert header.count('"') in (0, 2)
    assert safe in unquote(header)


def test_a_file_without_a_name_is_a_download_all_the_same() -> None:
    assert attachment(b"1", None).headers["Content-Disposition"] == "attachment"
