"""Holiday tables of a deployment: read exactly, refused in words, and used by the calendar."""

from datetime import date
from pathlib import Path

import pytest

from kernel.calendar import WorkingCalendar
from kernel.holidays import load_holiday_names, load_holidays
from kernel.policy import PolicyBroken

ROOT = Path(__file__).parents[2]
SOUND = """\
title: 某年部分节假日安排的通知
number: 国办发明电〔2026〕1号
read_on: 2026-11-22
rest:
  - {from: 2031-01-01, to: 2031-01-03, name: 元旦}
work:
  - {date: 2031-01-04, name: 元旦调休}
"""


def folder_with(folder: Path, content: str, name: str = "2031.yaml") -> Path:
    (folder / name).write_text(content, encoding="utf-8")
    return folder


def test_rest_spans_and_swapped_working_days_are_read(tmp_path: Path):
    table = load_holidays(folder_with(tmp_path, SOUND))
    assert table == {
        2031: {
            date(2031, 1, 1): False,
            date(2031, 1, 2): False,
            date(2031, 1, 3): False,
            date(2031, 1, 4): True,
        }
    }
    assert load_holiday_names(tmp_path)[date(2031, 1, 4)] == "元旦调休"


def test_the_calendar_counts_with_the_table(tmp_path: Path):
    calendar = WorkingCalendar(load_holidays(folder_with(tmp_path, SOUND)))
    assert not calendar.is_working_day(date(2031, 1, 3))
    assert calendar.is_working_day(date(2031, 1, 4))
    assert not calendar.is_working_day(date(2031, 1, 5))


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("number: 国办发明电〔2026〕1号\n", "", "2031.yaml：缺少 number"),
        ("read_on: 2026-11-22\n", "", "2031.yaml：缺少 read_on"),
        ("rest:", "free:", "2031.yaml：不认识的键 free"),
        ("to: 2031-01-03", "to: 2031-01-04", "2031-01-04 出现两次"),
        ("date: 2031-01-04", "date: 2031-01-06", "2031-01-06 不是周六或周日"),
        ("from: 2031-01-01", "from: 2030-12-31", "不是一年之内先后两日"),
        ("date: 2031-01-04", "date: 2032-01-04", "2032-01-04 不在 2031 年"),
        ("to: 2031-01-03", "to: 三日", "to 应当是日期"),
        (", name: 元旦}", "}", "rest：缺少 name"),
        ("- {date: 2031-01-04, name: 元旦调休}", "date: 2031-01-04", "work：应当是列表"),
    ],
)
def test_a_faulty_table_is_refused_with_the_right_words(tmp_path: Path, old: str, new: str, words: str):
    assert old in SOUND
    with pytest.raises(PolicyBroken) as refusal:
        load_holidays(folder_with(tmp_path, SOUND.replace(old, new)))
    assert words in str(refusal.value)


def test_a_file_that_is_not_named_for_a_year_is_refused(tmp_path: Path):
    with pytest.raises(PolicyBroken, match="文件名应当是年度"):
        load_holidays(folder_with(tmp_path, SOUND, "next.yaml"))


def test_the_shipped_folder_loads_and_its_example_is_sound(tmp_path: Path):
    assert load_holidays(ROOT / "policies" / "holidays") == {}
    readme = (ROOT / "policies" / "holidays" / "README.md").read_text(encoding="utf-8")
    example = readme.split("```yaml\n")[1].split("```")[0]
    table = load_holidays(folder_with(tmp_path, example, "2027.yaml"))
    assert table[2027][date(2027, 1, 1)] is False
