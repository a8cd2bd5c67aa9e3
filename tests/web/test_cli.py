"""The terminal: every command explains itself, says what it did, and ends with 0 (done), 1 (refused) or 2 (usage)."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import click
import pytest
import sqlalchemy as sa
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from click.testing import CliRunner

from kernel.db import make_engine
from tests.rig import databases as rig
from web import cli

OVERLAY = rig.ROOT / "policies" / "overlays" / "demonstration.yaml"
SPLIT = b'{"amount": "10.00", "weights": {"a": "70", "b": "30"}}'
CATALOGUE = """exchange,title,company,price_text_as_listed,url
guiyang,企业用电查询,某公司,9.90元/次,https://www.gzdex.com.cn/p/1
guiyang,价格面议的产品,某公司,面议,https://www.gzdex.com.cn/p/2
guiyang,[/red]没有价格的产品,某公司,,https://www.gzdex.com.cn/p/3
nowhere,[bold]别处的产品,某公司,1.00元/次,https://www.gzdex.com.cn/p/4
"""


@dataclass(frozen=True)
class Ended:
    """How one run of ``huiyi`` ended."""

    code: int
    out: str
    err: str


Run = Callable[..., Ended]


@pytest.fixture
def environment(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """The environment of a person at a terminal: nothing of the test run in it."""
    for name in [name for name in os.environ if name.startswith("HUIYI_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("HUIYI_ENV", "test")
    monkeypatch.setenv("HUIYI_POLICY_OVERLAYS", str(OVERLAY))
    return monkeypatch


@pytest.fixture
def huiyi(environment: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """Run ``huiyi`` as the installed program does."""

    def run(*arguments: str, stdin: bytes = b"") -> Ended:
        environment.setattr(sys, "argv", ["huiyi", *arguments])
        environment.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(stdin)))
        with pytest.raises(SystemExit) as ended:
            cli.main()
        shown = capsys.readouterr()
        return Ended(int(ended.value.code or 0), shown.out, shown.err)

    return run


@pytest.fixture
def on_database(environment: pytest.MonkeyPatch, database_url: str) -> str:
    """A migrated database, named in the environment."""
    environment.setenv("HUIYI_DATABASE_URL", database_url)
    return database_url


def commands(group: click.Group = cli.huiyi, names: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """Yield the words of every command below a group."""
    for name, command in group.commands.items():
        if isinstance(command, click.Group):
            yield from commands(command, (*names, name))
        else:
            yield (*names, name)


@pytest.mark.parametrize("words", list(commands()), ids=" ".join)
def test_every_command_explains_itself_with_an_example(words: tuple[str, ...]) -> None:
    answer = CliRunner().invoke(cli.huiyi, [*words, "--help"])
    assert answer.exit_code == 0
    assert "例：" in answer.output
    assert f"huiyi {' '.join(words)}" in answer.output.partition("例：")[2].replace("\n ", "")


def test_the_commands_of_the_interface_exist() -> None:
    named = {" ".join(words) for words in commands()}
    assert {"config", "serve", "work", "migrate", "admin create", "import listings", "import usage", "settle", "verify",
            "calc", "policy show", "openapi", "demo"} <= named  # fmt: skip


@pytest.mark.parametrize(
    "wrong",
    [["no-such-command"], ["calc"], ["policy", "show", "futian", "--on", "2026-02-30"], ["verify", "--fast"],
     ["import", "listings"], ["import", "listings", "/nowhere.csv", "--place", "futian"], ["settle", "--place", "x"]],
    ids=" ".join,
)  # fmt: skip
def test_wrong_usage_ends_with_two(huiyi: Run, wrong: list[str]) -> None:
    ended = huiyi(*wrong)
    assert ended.code == 2
    assert "Usage" in ended.err


def test_a_wrong_setting_ends_with_one_and_says_which(huiyi: Run, environment: pytest.MonkeyPatch) -> None:
    environment.setenv("HUIYI_ENV", "production")
    environment.setenv("HUIYI_COLOUR", "red")
    ended = huiyi("config")
    assert ended.code == 1
    assert "HUIYI_COLOUR：没有这一设置" in ended.err
    assert "HUIYI_TRUSTED_HOSTS：生产环境必须设置" in ended.err


def test_config_shows_every_setting_and_no_secret(huiyi: Run, environment: pytest.MonkeyPatch) -> None:
    environment.setenv("HUIYI_SECRET_KEY", "only-for-the-eyes-of-the-program")
    environment.setenv("HUIYI_DATABASE_URL", "postgresql+psycopg://huiyi:hunter2@db.example/huiyi")
    ended = huiyi("config")
    assert ended.code == 0
    assert "HUIYI_BODY_BYTES_MAX" in ended.out
    assert "db.example" in ended.out
    assert "only-for-the-eyes" not in ended.out
    assert "hunter2" not in ended.out


def test_calc_answers_on_standard_output(huiyi: Run) -> None:
    ended = huiyi("calc", "split", stdin=SPLIT)
    assert ended.code == 0
    assert json.loads(ended.out) == {"shares": {"a": "7.00", "b": "3.00"}}


@pytest.mark.parametrize(
    ("name", "stdin", "code"),
    [
        ("split", b'{"amount": 10, "weights": {"a": "1"}}', "input.unreadable"),
        ("split", b"{", "request.malformed"),
        ("split", b"\xff", "request.malformed"),
        ("split", b'{"amount": "1.00", "amount": "2.00", "weights": {"a": "1"}}', "request.malformed"),
        ("split", b"[" * 100_000, "request.malformed"),
        ("split", b"[]", "input.unreadable"),
        ("splat", SPLIT, "calc.unknown"),
    ],
    ids=["number", "cut off", "not UTF-8", "twice", "deep", "list", "unknown"],
)
def test_calc_refuses_bad_input_with_a_problem_document(huiyi: Run, name: str, stdin: bytes, code: str) -> None:
    ended = huiyi("calc", name, stdin=stdin)
    assert (ended.code, ended.out) == (1, "")
    assert json.loads(ended.err)["code"] == code


def test_policy_show_lists_the_rules_of_a_day_with_their_articles(huiyi: Run) -> None:
    ended = huiyi("policy", "show", "xinchang", "--on", "2026-07-01")
    assert ended.code == 0
    assert "2026-07-01" in ended.out
    assert "发改价格〔2025〕65号" in ended.out


def test_policy_show_of_an_unknown_place_names_the_known_ones(huiyi: Run) -> None:
    ended = huiyi("policy", "show", "atlantis")
    assert ended.code == 1
    assert "xinchang" in json.loads(ended.err)["detail"]


@pytest.mark.usefixtures("on_database")
def test_openapi_prints_the_document(huiyi: Run) -> None:
    ended = huiyi("openapi")
    assert ended.code == 0
    assert json.loads(ended.out)["openapi"].startswith("3.1")


@pytest.mark.both_databases
def test_migrate_brings_a_fresh_database_to_the_newest_schema_and_may_be_repeated(
    huiyi: Run, environment: pytest.MonkeyPatch, empty_database_url: str
) -> None:
    environment.setenv("HUIYI_DATABASE_URL", empty_database_url)
    ended = [huiyi("migrate"), huiyi("migrate")]
    assert [(one.code, one.out) for one in ended] == [(0, "数据库结构已是最新。\n")] * 2
    engine = make_engine(empty_database_url)
    with engine.connect() as connection:
        found = MigrationContext.configure(connection).get_current_revision()
    engine.dispose()
    assert found == ScriptDirectory.from_config(rig.alembic_config(empty_database_url)).get_current_head()


@pytest.mark.usefixtures("on_database")
@pytest.mark.both_databases
def test_verify_finds_nothing_on_a_fresh_database(huiyi: Run) -> None:
    ended = huiyi("verify")
    assert (ended.code, ended.out) == (0, "核对完毕：0 处问题。\n")


@pytest.mark.both_databases
def test_verify_ends_with_one_when_a_guard_of_the_database_is_gone(
    huiyi: Run, on_database: str, database_kind: str
) -> None:
    engine = make_engine(on_database)
    table = " ON audit_line" if database_kind == "postgresql" else ""
    with engine.begin() as connection:
        connection.execute(sa.text(f"DROP TRIGGER audit_line_no_delete{table}"))
    engine.dispose()
    ended = huiyi("verify")
    assert ended.code == 1
    assert "audit_line_no_delete" in ended.out
    assert "1 处问题" in ended.out


def test_verify_looks_into_the_file_that_it_is_given(huiyi: Run, database_url: str) -> None:
    ended = huiyi("verify", "--from", database_url.removeprefix("sqlite:///"))
    assert ended.code == 0


@pytest.mark.both_databases
def test_a_database_without_tables_ends_with_one_line_and_not_with_a_traceback(
    huiyi: Run, environment: pytest.MonkeyPatch, empty_database_url: str
) -> None:
    environment.setenv("HUIYI_DATABASE_URL", empty_database_url)
    ended = huiyi("verify")
    assert ended.code == 1
    assert "huiyi migrate" in ended.err
    assert ended.err.count("\n") == 1


@pytest.mark.usefixtures("on_database")
def test_the_first_administrator_is_created_once(huiyi: Run) -> None:
    words = ["admin", "create", "--name", "张三", "--password", "correct horse battery"]
    first, second = huiyi(*words, "--login", "root"), huiyi(*words, "--login", "toor")
    assert (first.code, first.out) == (0, "已建立管理员 root。\n")
    assert second.code == 1
    assert json.loads(second.err)["code"] == "account.not_the_first"


@pytest.mark.usefixtures("on_database")
def test_a_weak_password_of_the_administrator_is_refused(huiyi: Run) -> None:
    ended = huiyi("admin", "create", "--login", "root", "--name", "张三", "--password", "short")
    assert ended.code == 1
    assert json.loads(ended.err)["code"] == "account.password_too_weak"


@pytest.mark.usefixtures("on_database")
def test_an_import_reports_each_refused_row_with_its_field_and_reason(huiyi: Run, tmp_path: Path) -> None:
    file, report = tmp_path / "catalogue.csv", tmp_path / "report.csv"
    file.write_text(CATALOGUE, encoding="utf-8")
    shown = huiyi("import", "listings", str(file), "--place", "futian")
    assert shown.code == 0
    assert "共 4 行，接受 2 行（草稿，不上架），拒绝 2 行" in shown.out
    assert "第 4 行 price_text_as_listed" in shown.out
    assert "第 5 行 exchange" in shown.out
    again = huiyi("import", "listings", str(file), "--place", "futian", "--report", str(report))
    assert again.code == 1
    assert json.loads(again.err)["status"] == 409
    assert not report.exists()


@pytest.mark.usefixtures("on_database")
def test_an_import_writes_the_report_file_that_was_asked_for(huiyi: Run, tmp_path: Path) -> None:
    file, report = tmp_path / "catalogue.csv", tmp_path / "report.csv"
    file.write_text(CATALOGUE, encoding="utf-8")
    assert huiyi("import", "listings", str(file), "--place", "futian", "--report", str(report)).code == 0
    lines = report.read_text(encoding="utf-8-sig").splitlines()
    assert any(line.startswith("5,") and "exchange" in line for line in lines)


@pytest.mark.usefixtures("on_database")
def test_a_settlement_is_tried_without_a_trace_then_prepared_under_one_number(huiyi: Run) -> None:
    words = ["settle", "--place", "xinchang", "--period", "2026-07"]
    tried, *prepared = huiyi(*words, "--dry-run"), huiyi(*words), huiyi(*words)
    assert [one.code for one in (tried, *prepared)] == [0, 0, 0]
    assert "未写入" in tried.out
    assert "SET-" not in tried.out
    assert all("SET-xinchang-2026-000001 已编制，待他人复核" in one.out for one in prepared)


@pytest.mark.parametrize(("place", "period"), [("xinchang", "2026-13"), ("xinchang", "July"), ("atlantis", "2026-07")])
@pytest.mark.usefixtures("on_database")
def test_a_settlement_of_no_place_or_no_month_is_refused(huiyi: Run, place: str, period: str) -> None:
    ended = huiyi("settle", "--place", place, "--period", period)
    assert ended.code == 1
    assert json.loads(ended.err)["code"] in ("calendar.not_a_period", "policy.no_such_place")


def test_a_refusal_reaches_the_shell(environment: pytest.MonkeyPatch) -> None:
    words = [sys.executable, "-W", "error", "-m", "web.cli", "calc", "split"]
    ended = subprocess.run(words, input=b"{", env=dict(os.environ), cwd=rig.ROOT, capture_output=True, check=False)
    assert (ended.returncode, ended.stdout) == (1, b"")
    assert json.loads(ended.stderr)["code"] == "request.malformed"


def test_export_writes_a_whole_parquet_file_and_says_how_many_rows(
    huiyi: Run, on_database: str, tmp_path: Path
) -> None:
    target = tmp_path / "revenue.parquet"
    ended = huiyi("export", "revenue", "--from", "2026-01", "--to", "2026-12", "-o", str(target))
    assert (ended.code, ended.out) == (0, f"已导出 0 行到 {target}。\n")
    assert target.read_bytes()[:4] == target.read_bytes()[-4:] == b"PAR1"
    for wrong in (["export", "secrets", "--from", "2026-01", "--to", "2026-02"], ["export", "revenue"]):
        assert huiyi(*wrong, "-o", str(target)).code == 2
    refused = huiyi("export", "revenue", "--from", "2026-12", "--to", "2026-01", "-o", str(tmp_path / "none.parquet"))
    assert refused.code == 1
    assert not (tmp_path / "none.parquet").exists()
