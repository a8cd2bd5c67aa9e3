"""Each file in ``broken/`` has one fault, and the refusal names the file, the entry and what is wrong.

A file says in its first lines which file of the sound folder it replaces and which words must be reported.
"""

import shutil
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kernel.policy import PolicyBook, PolicyBroken, describe

HERE = Path(__file__).parent
SOUND = HERE / "sound"
BROKEN = sorted((HERE / "broken").glob("*.yaml"))
REPLACES, EXPECT = "# 替换：", "# 应报："


def heading(path: Path, mark: str) -> list[str]:
    return [line.removeprefix(mark) for line in path.read_text(encoding="utf-8").splitlines() if line.startswith(mark)]


def load_with(broken: Path, folder: Path) -> PolicyBook:
    """Load a copy of the sound folder in which the broken file stands where it says."""
    shutil.copytree(SOUND, folder / "policies")
    (name,) = heading(broken, REPLACES)
    overlays = [folder / name] if name == "overlay.yaml" else []
    target = overlays[0] if overlays else folder / "policies" / name
    shutil.copy(broken, target)
    return PolicyBook.load(folder / "policies", overlays)


def test_the_sound_folder_and_its_overlay_load():
    assert PolicyBook.load(SOUND, [HERE / "sound_overlay.yaml"]).places() == ("town", "village")


@pytest.mark.parametrize("broken", BROKEN, ids=lambda path: path.stem)
def test_a_broken_file_is_refused_with_the_right_words(broken: Path, tmp_path: Path):
    expected = heading(broken, EXPECT)
    assert expected, "a broken file must say what is to be reported"
    with pytest.raises(PolicyBroken) as refusal:
        load_with(broken, tmp_path)
    for words in expected:
        assert any(words in fault for fault in refusal.value.faults), refusal.value.faults
        assert words in str(refusal.value)


def test_all_faults_of_all_files_come_in_one_refusal(tmp_path: Path):
    folder = tmp_path / "policies"
    shutil.copytree(SOUND, folder)
    for name in ("nation.yaml", "town.yaml"):
        path = folder / name
        path.write_text(path.read_text(encoding="utf-8").replace("evidence: V", "evidence: Q"), encoding="utf-8")
    with pytest.raises(PolicyBroken) as refusal:
        PolicyBook.load(folder)
    files = {fault.split("：")[0] for fault in refusal.value.faults}
    assert files == {"nation.yaml", "town.yaml"}
    assert f"有 {len(refusal.value.faults)} 处错误" in str(refusal.value)


def test_two_overlays_may_not_fill_the_same_gap(tmp_path: Path):
    second = tmp_path / "second.yaml"
    shutil.copy(HERE / "sound_overlay.yaml", second)
    with pytest.raises(PolicyBroken, match=r"sound_overlay\.yaml 已有自 2024-01-01 起的取值“5”"):
        PolicyBook.load(SOUND, [HERE / "sound_overlay.yaml", second])


def test_an_overlay_may_fill_the_days_before_the_law_speaks_and_not_one_more(tmp_path: Path):
    overlay = tmp_path / "earlier.yaml"
    content = (HERE / "sound_overlay.yaml").read_text(encoding="utf-8")
    head, entry = content.replace("days.review", "report.due").replace('"5"', '"04-30"').split("report.due:\n")
    overlay.write_text(f"{head}report.due:\n{entry}", encoding="utf-8")
    with pytest.raises(PolicyBroken, match=r"nation\.yaml 已有自 2025-03-01 起的取值“03-31”"):
        PolicyBook.load(SOUND, [overlay])
    ending = entry.replace("        value", "        until: 2025-02-28\n        value")
    overlay.write_text(f"{head}report.due:\n{ending}", encoding="utf-8")
    book = PolicyBook.load(SOUND, [overlay])
    before = book.find("town", "report.due", on=date(2025, 2, 28))
    after = book.find("town", "report.due", on=date(2025, 3, 1))
    assert (before.value, before.is_overlay) == ("04-30", True)
    assert (after.value, after.is_overlay) == ("03-31", False)


def test_a_missing_folder_is_refused(tmp_path: Path):
    with pytest.raises(PolicyBroken, match=r"register\.yaml：无法读取"):
        PolicyBook.load(tmp_path / "nowhere")


SCALARS = (
    st.none() | st.booleans() | st.integers(-9, 9) | st.sampled_from(["", "x", "nation", "2025-01-01", "R", "0.5"])
)
ANYTHING = SCALARS | st.lists(SCALARS, max_size=2) | st.dictionaries(st.sampled_from(["a", "town", "from"]), SCALARS)


def spots(node: object, path: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    """Every place in a file where something could be written wrongly."""
    children = node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ()
    for key, child in children:
        yield (*path, key)
        yield from spots(child, (*path, key))


@settings(max_examples=150, suppress_health_check=[HealthCheck.too_slow])
@given(st.data())
def test_whatever_is_written_anywhere_the_files_load_or_are_refused_in_words(data: st.DataObject):
    name = data.draw(st.sampled_from(["register.yaml", "nation.yaml", "town.yaml"]))
    content = yaml.safe_load((SOUND / name).read_text(encoding="utf-8"))
    *way, last = data.draw(st.sampled_from(list(spots(content))))
    node = content
    for key in way:
        node = node[key]
    node[last] = data.draw(ANYTHING)
    with TemporaryDirectory() as folder:
        shutil.copytree(SOUND, folder, dirs_exist_ok=True)
        Path(folder, name).write_text(yaml.safe_dump(content, allow_unicode=True, default_style='"'), encoding="utf-8")
        outcome = loaded_or_refused(Path(folder))
    if isinstance(outcome, PolicyBroken):
        assert outcome.faults
        return
    for place in outcome.places():
        assert describe(outcome, place, date(2026, 6, 1))


def loaded_or_refused(folder: Path) -> PolicyBook | PolicyBroken:
    try:
        return PolicyBook.load(folder)
    except PolicyBroken as refusal:
        return refusal
