"""The house rules hold in the whole project, and each of them notices what it forbids.

A sample under ``planted/<rule>/`` has the path that its code would have in the project. A line that the rule must
object to ends with ``# planted``, once per objection; every other line must pass.
"""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.rig.house import HEAD, RULES, violations

ROOT = Path(__file__).resolve().parent.parent
PLANTED = ROOT / "tests" / "planted"
WATCHED = ("kernel", "registry", "pricing", "market", "settlement", "web", "tests", "bench", "migrations/env.py")
TOO_LONG_TO_STORE = {"files_fit_a_head"}
AGAINST_FLOATS = ("money_never_meets_a_float", "division_is_exact")
FLOATS_PLANTED = 12


def sources() -> list[Path]:
    """Return every file of the project that the house rules watch."""
    found = [
        file for name in WATCHED for file in ([ROOT / name] if name.endswith(".py") else (ROOT / name).rglob("*.py"))
    ]
    return sorted(file for file in found if not file.is_relative_to(PLANTED))


def samples() -> list[tuple[str, Path]]:
    """Return each planted file with the rule that it is to break."""
    return [(file.relative_to(PLANTED).parts[0], file) for file in sorted(PLANTED.rglob("*.py"))]


def objections(rule: str, source: str, path: str) -> list[int]:
    """Return the lines that the rule objects to."""
    found = [re.fullmatch(rf"{re.escape(path)}:(\d+): (\w+): .+", line) for line in violations(source, path)]
    assert None not in found
    return sorted(int(match[1]) for match in found if match and match[2] == rule)


def test_the_project_keeps_the_house_rules() -> None:
    broken = [
        line
        for file in sources()
        for line in violations(file.read_text(encoding="utf-8"), file.relative_to(ROOT).as_posix())
    ]
    assert not broken, "\n" + "\n".join(broken)


def test_the_rules_watch_the_code_and_not_an_empty_folder() -> None:
    watched = {file.relative_to(ROOT).parts[0] for file in sources()}
    assert {"kernel", "registry", "pricing", "market", "settlement", "web", "tests"} <= watched


def test_a_binary_fraction_is_refused_where_money_passes_by_whatever_way_it_comes_in() -> None:
    """Twelve samples and more, each of them found; that the project has none is seen with all the rules (A6)."""
    planted = [(rule, file) for rule, file in samples() if rule in AGAINST_FLOATS]
    found = [
        line
        for rule, file in planted
        for line in objections(rule, file.read_text(encoding="utf-8"), file.relative_to(PLANTED / rule).as_posix())
    ]
    assert {rule for rule, _ in planted} == set(AGAINST_FLOATS)
    assert len(found) == sum(file.read_text(encoding="utf-8").count("# planted") for _, file in planted)
    assert len(found) >= FLOATS_PLANTED


def test_every_rule_has_a_planted_sample() -> None:
    assert {rule for rule, _ in samples()} == (RULES.keys() - TOO_LONG_TO_STORE) | {"clean"}


@pytest.mark.parametrize(
    ("rule", "file"), [sample for sample in samples() if sample[0] != "clean"], ids=lambda part: str(part)[-60:]
)
def test_a_rule_objects_to_the_planted_lines_and_to_no_other(rule: str, file: Path) -> None:
    source, path = file.read_text(encoding="utf-8"), file.relative_to(PLANTED / rule).as_posix()
    planted = [
        number for number, line in enumerate(source.splitlines(), start=1) for _ in range(line.count("# planted"))
    ]
    assert planted
    assert objections(rule, source, path) == planted


@pytest.mark.parametrize("file", [file for rule, file in samples() if rule == "clean"], ids=lambda file: file.name)
def test_no_rule_objects_to_a_clean_sample(file: Path) -> None:
    assert violations(file.read_text(encoding="utf-8"), file.relative_to(PLANTED / "clean").as_posix()) == []


def test_a_file_longer_than_a_head_is_refused_and_one_just_as_long_passes() -> None:
    assert objections("files_fit_a_head", "step()\n" * (HEAD + 1), "web/home.py") == [1]
    assert objections("files_fit_a_head", "step()\n" * HEAD, "web/home.py") == []
