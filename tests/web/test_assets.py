"""What the browser loads: vendored, unchanged, small, and nothing that the content security policy would block."""

from __future__ import annotations

import gzip
import hashlib
import re
from pathlib import Path

import pytest
from flask.testing import FlaskClient

ROOT = Path(__file__).parents[2]
STATIC = ROOT / "web/static"
VENDOR = STATIC / "vendor"
FIRST_PAGE_BYTES_MAX = 100_000
BLOCKED = re.compile(
    r"""<style|\sstyle=|\son[a-z]+=["']|javascript:|<script(?![^>]*\ssrc=)|(?:src|href)=["'](?:https?:)?//"""
)
TEMPLATES = sorted(ROOT.glob("*/templates/**/*.html"))


def test_the_vendored_files_are_those_of_the_build() -> None:
    lines = (VENDOR / "SHA256SUMS").read_text().splitlines()
    listed = {name: digest for digest, name in (line.split(maxsplit=1) for line in lines)}
    present = {
        f"./{path.relative_to(VENDOR)}": hashlib.sha256(path.read_bytes()).hexdigest()
        for path in VENDOR.rglob("*")
        if path.is_file() and path.name != "SHA256SUMS"
    }
    assert listed == present, "run frontend/build.sh and commit what it writes"


def test_the_assets_of_a_first_page_are_small() -> None:
    loaded = [*VENDOR.glob("*.css"), *VENDOR.glob("*.js"), *(path for path in STATIC.glob("*") if path.is_file())]
    assert sum(len(gzip.compress(path.read_bytes())) for path in loaded) < FIRST_PAGE_BYTES_MAX


def test_style_sheets_load_nothing_from_elsewhere() -> None:
    for sheet in STATIC.rglob("*.css"):
        for target in re.findall(r"url\(([^)]*)\)", sheet.read_text(encoding="utf-8")):
            assert (sheet.parent / target.strip("\"'")).is_file(), f"{sheet.name}: {target}"


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: str(path.relative_to(ROOT)))
def test_a_template_holds_nothing_that_the_security_policy_blocks(path: Path) -> None:
    assert BLOCKED.findall(path.read_text(encoding="utf-8")) == []


def test_browsers_keep_a_file_that_is_named_with_what_is_in_it_and_ask_again_for_others(client: FlaskClient) -> None:
    named = dict(re.findall(r'(/static/[^"?]+)\?v=([0-9a-f]{12})"', client.get("/").text))
    assert "/static/huiyi.css" in named
    for url, version in named.items():
        assert version == hashlib.sha256((STATIC.parent / url[1:]).read_bytes()).hexdigest()[:12]
        for asked, kept in ((f"?v={version}", True), ("?v=000000000000", False), ("", False)):
            with client.get(url + asked) as answer:
                assert ("immutable" in answer.headers["Cache-Control"]) is kept, url + asked
                assert ("no-cache" in answer.headers["Cache-Control"]) is not kept, url + asked
    with client.get("/static/none.css?v=") as answer:
        assert "immutable" not in answer.headers.get("Cache-Control", "")
