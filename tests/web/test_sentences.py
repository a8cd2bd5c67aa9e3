"""Sentences with values in them that lower floors build are said in the reader's language."""

from __future__ import annotations

import pytest
from flask import Flask

from web.sentences import LONGEST, said
from web.spoken import tongue


def said_to(app: Flask, language: str, text: str) -> str:
    with app.test_request_context(headers={"Accept-Language": language}):
        return said(text)


@pytest.mark.parametrize(
    ("chinese", "english"),
    [
        ("第 3 版，审查 REV-1 已通过", "Version 3, review REV-1 passed"),
        ("第 2 步：按比例", "Step 2: Percentage"),  # a value is said in its turn
        ("签署：某公司", "Signed: 某公司"),  # and stays as it is when it is a name
        ("某公司（已注销）", "某公司（已注销）"),
        ("某" * LONGEST + "，最大余额法", "某" * LONGEST + "，最大余额法"),
    ],
)
def test_a_sentence_is_said_with_its_values(app: Flask, chinese: str, english: str) -> None:
    assert said_to(app, "en", chinese) == english
    assert said_to(app, "zh", chinese) == chinese


def test_only_words_with_chinese_are_marked_as_chinese() -> None:
    assert tongue("27号 第十四条") == ' lang="zh-Hans"'
    assert tongue("GB/T 37932") == tongue(None) == ""
