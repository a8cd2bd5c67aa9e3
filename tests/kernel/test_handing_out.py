"""A file is handed out under its own name, whatever script it is written in."""

from __future__ import annotations

from urllib.parse import unquote

import pytest

from kernel.http import attachment


@pytest.mark.parametrize(("name", "plain"), [("a.csv", "a.csv"), ("2026年2月 用药.csv", "2026?2? ??.csv")])
def test_the_name_fits_into_a_header_and_can_be_read_from_it(name: str, plain: str) -> None:
    header = attachment(b"1", name).headers["Content-Disposition"]
    header.encode("latin-1")
    assert header.startswith("attachment")
    assert plain in header
    assert name in unquote(header)


def test_a_file_without_a_name_is_a_download_all_the_same() -> None:
    assert attachment(b"1", None).headers["Content-Disposition"] == "attachment"
