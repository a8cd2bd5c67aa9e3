"""What the documents say is so: paths, commands, links, settings, addresses, terms, jobs, accounts and rules exist."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from fractions import Fraction
from pathlib import Path

import click
import pytest
from flask import Flask

from kernel.calendar import Period
from kernel.money import ZERO, Money, decimal_text, total
from kernel.policy import PolicyBook
from pricing.rating.rules import TariffModel
from pricing.tariffs.rules import split_tax
from settlement.contributions.rules import contribution
from settlement.ledger.rules import CHART, Entry, Side, capture_entry, earning_entry
from settlement.revenue.rules import earned_by_use
from settlement.splits.rules import Schedule, payee_for, waterfall
from tests.rig.house import RULES
from web.cli import huiyi
from web.config import Config
from web.demo.places import PLACES
from web.timetable import JOBS

ROOT = Path(__file__).resolve().parent.parent
DOCS = sorted((ROOT / "docs").glob("*.md"))
PAGES = [ROOT / "README.md", *DOCS]
PACKAGES = ("registry", "pricing", "market", "settlement")
PICTURES = {"README.md": ["docs/pictures/site.png", "docs/pictures/floors.svg"], "architecture.md": ["request.svg"]}
STATED_ON = date(2026, 11, 22)
PRICE = TariffModel.from_dict({"model": "per_unit", "unit_price": "5.30"})

CODE_BLOCK = re.compile(r"^```(\w*)\n(.*?)^```", re.MULTILINE | re.DOTALL)
INLINE = re.compile(r"(?<!`)`([^`\n]+)`(?!`)")
LINK = re.compile(r"!?\[[^\]]*\]\(([^)\s]+)\)")
PATH = re.compile(r"[A-Za-z0-9_.-]+(/[A-Za-z0-9_.-]+)*/?")
SUFFIXES = {".py", ".md", ".yaml", ".toml", ".lock", ".svg", ".png", ".html", ".sh", ".css", ".txt", ".ini"}
# names of a file that every concept has, or that only a deployment has
ANYWHERE = {f"{name}.py" for name in "rules model queries checks commands schemas api pages".split()}
ANYWHERE |= {"gateway.py", "sheets.py", "policy.py", "layout.html", "helpers.py", "copy.sqlite", "huiyi.sqlite"}


def text_of(page: Path) -> str:
    return page.read_text(encoding="utf-8")


def prose_of(page: Path) -> str:
    """Return the page without its blocks of code."""
    return CODE_BLOCK.sub("", text_of(page))


def section_of(page: str, heading: str) -> str:
    """Return the text between a heading of a document and the next one."""
    found = re.search(rf"^#+ {re.escape(heading)}[^\n]*\n(.*?)(?=^#+ |\Z)", text_of(ROOT / page), re.M | re.S)
    assert found is not None, f"{page} has no section {heading}"
    return found[1]


def rows_of(text: str) -> list[list[str]]:
    """Return the cells of the tables in a text, without headings and rules."""
    lines = [line.strip().strip("|") for line in text.splitlines() if line.startswith("|")]
    cells = [[cell.strip() for cell in line.split("|")] for line in lines]
    rules = [index for index, row in enumerate(cells) if set("".join(row)) <= set("-: ")]
    return [row for index, row in enumerate(cells) if index not in rules and index + 1 not in rules]


def slug(heading: str) -> str:
    """Return the anchor that a heading gets."""
    plain = re.sub(r"[`*\[\]()]", "", heading).strip().lower()
    return re.sub(r"\s", "-", re.sub(r"[^\w\s-]", "", plain))


def anchors_of(page: Path) -> set[str]:
    return {slug(heading) for heading in re.findall(r"^#+ (.+)$", prose_of(page), flags=re.MULTILINE)}


def inline_of(page: Path) -> list[str]:
    """Return every piece of inline code, and every line of shell code."""
    shell = [line for kind, body in CODE_BLOCK.findall(text_of(page)) if kind == "sh" for line in body.splitlines()]
    return [*INLINE.findall(prose_of(page)), *shell]


def is_path(code: str) -> bool:
    """Say whether a piece of code names a file or folder of the project."""
    if PATH.fullmatch(code) is None or code in ANYWHERE:
        return False
    first, is_nested = code.split("/")[0], "/" in code
    return Path(code).suffix in SUFFIXES or (is_nested and (ROOT / first).is_dir())


def named_paths() -> Iterator[tuple[Path, str]]:
    for page in PAGES:
        yield from ((page, code.removesuffix(":")) for code in INLINE.findall(prose_of(page)) if is_path(code))


@pytest.mark.parametrize(("page", "path"), sorted(set(named_paths())), ids=lambda part: str(part)[-50:])
def test_a_path_that_a_document_names_exists(page: Path, path: str) -> None:
    assert (ROOT / path).exists() or (page.parent / path).exists(), f"{page.name} names {path}"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_relative_link_leads_somewhere(page: Path) -> None:
    dead = []
    for link in LINK.findall(prose_of(page)):
        target, _, anchor = link.partition("#")
        if "://" in link:
            continue
        file = (page.parent / target).resolve() if target else page
        if not file.exists() or (anchor and anchor not in anchors_of(file)):
            dead.append(link)
    assert dead == []


def test_the_pictures_that_the_documents_promise_are_shown() -> None:
    for name, pictures in PICTURES.items():
        page = next(page for page in PAGES if page.name == name)
        assert [
            picture for picture in pictures if not any(picture in link for link in LINK.findall(text_of(page)))
        ] == []


def test_the_site_is_shown_by_a_real_picture() -> None:
    picture = ROOT / "docs" / "pictures" / "site.png"
    assert picture.is_file(), "take it from the running demonstration"
    assert picture.read_bytes().startswith(b"\x89PNG\r\n")


def test_the_readme_can_be_read_at_one_sitting() -> None:
    assert len(text_of(ROOT / "README.md").splitlines()) <= 120


def test_the_people_named_in_the_readme_can_sign_in_to_the_demonstration() -> None:
    known = {f"{place.key}.{person.key}" for place in PLACES for person in place.people}
    cells = [row[0] for row in rows_of(section_of("README.md", "The demonstration"))]
    named = {login for cell in cells for login in INLINE.findall(cell)}
    assert named
    assert named <= known


# ---- commands, settings, addresses ----


def uses_of_the_command_line(page: Path) -> Iterator[str]:
    for code in inline_of(page):
        yield from re.findall(r"(?<![\w./@])huiyi( [^|&#()]*)?(?=$|[|&#()·])", code)


def fault_of(words: list[str]) -> str:
    """Return what is wrong with the words after ``huiyi``, or an empty text."""
    command: click.Command = huiyi
    for word in words:
        if word.startswith("--"):
            known = {option for parameter in command.params for option in (*parameter.opts, *parameter.secondary_opts)}
            if word.split("=")[0] not in known | {"--help"}:
                return f"{command.name} has no option {word}"
        elif isinstance(command, click.Group):
            if word not in command.commands:
                return f"{command.name} has no command {word}"
            command = command.commands[word]
    return ""


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_command_that_a_document_names_exists(page: Path) -> None:
    uses = [use.split() for use in uses_of_the_command_line(page)]
    assert [fault for use in uses if (fault := fault_of(use))] == []


def test_a_command_that_does_not_exist_would_be_noticed() -> None:
    assert fault_of(["settle", "--place", "futian"]) == ""
    assert fault_of(["sttle"]) != ""
    assert fault_of(["admin", "remove"]) != ""
    assert fault_of(["settle", "--plaice", "futian"]) != ""


def test_the_readme_lists_every_command() -> None:
    listed = "\n".join(row[0] for row in rows_of(section_of("README.md", "Command line")))
    leaves = {name for name, command in huiyi.commands.items() if not isinstance(command, click.Group)}
    leaves |= {
        f"{name} {below}"
        for name, group in huiyi.commands.items()
        if isinstance(group, click.Group)
        for below in group.commands
    }
    assert [name for name in sorted(leaves) if f"`huiyi {name}`" not in listed] == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_a_make_target_that_a_document_names_exists(page: Path) -> None:
    targets = set(re.findall(r"^([a-z]+):", text_of(ROOT / "Makefile"), flags=re.MULTILINE))
    named = {word for code in inline_of(page) for word in re.findall(r"(?:^|\s)make ([a-z]+)", code)}
    assert named <= targets


def test_documents_and_configuration_know_the_same_settings() -> None:
    known = {name for name, _value, _meaning in Config().rows()}
    mentioned = {name for page in PAGES for name in re.findall(r"\bHUIYI_[A-Z_]+\b", text_of(page))}
    listed = {
        name for row in rows_of(section_of("docs/operations.md", "3 Settings")) for name in INLINE.findall(row[0])
    }
    assert mentioned == known
    assert listed == known


def test_every_address_that_a_document_names_is_served(app: Flask) -> None:
    rules = [re.sub(r"<[^>]+>", "<>", rule.rule).rstrip("/") for rule in app.url_map.iter_rules()]
    unknown = []
    for page in PAGES:
        for code in INLINE.findall(prose_of(page)):
            address = code.removeprefix("GET ").removeprefix("POST ")
            if re.fullmatch(r"/[a-z0-9/<>_.…-]+", address) and not address.startswith(("/problems", "/new", "/etc")):
                wanted = re.sub(r"<[^>]+>", "<>", address).rstrip("/…")
                unknown += (
                    [] if any(f"{rule}/".startswith(f"{wanted}/") for rule in rules) else [f"{page.name}: {code}"]
                )
    assert unknown == []


def test_the_timetable_is_the_one_in_the_manual() -> None:
    listed = {row[0].strip("`"): row[1] for row in rows_of(section_of("docs/operations.md", "6 The scheduler"))}
    assert listed == {job.name: job.cadence.words for job in JOBS}


# ---- the tree, the rules ----


def concepts_of(package: str) -> set[str]:
    return {folder.parent.name for folder in (ROOT / package).glob("*/__init__.py")}


@pytest.mark.parametrize("package", PACKAGES)
def test_the_picture_and_the_table_of_the_floors_name_every_concept(package: str) -> None:
    table = {row[0]: row[2] for row in rows_of(section_of("docs/architecture.md", "1 Floors"))}
    assert set(INLINE.findall(table[f"`{package}/`"])) == concepts_of(package)
    drawn = set(re.findall(r">([a-z_]+)</text>", text_of(ROOT / "docs" / "pictures" / "floors.svg")))
    assert concepts_of(package) <= drawn


def test_the_house_rules_are_listed_as_they_are_enforced() -> None:
    section = section_of("docs/architecture.md", "3 Contracts")
    assert {name for row in rows_of(section) for name in INLINE.findall(row[0])} == set(RULES)


def test_the_version_in_the_changelog_is_the_one_that_is_built() -> None:
    version = tomllib.loads(text_of(ROOT / "pyproject.toml"))["project"]["version"]
    assert re.findall(r"^## ([0-9.]+)", text_of(ROOT / "docs" / "changelog.md"), flags=re.MULTILINE)[0] == version


# ---- terms ----


def code_words() -> set[str]:
    """Return every identifier in the programs (the cast of the demonstration aside) and in the register of values."""
    files = [file for name in ("kernel", *PACKAGES) for file in (ROOT / name).rglob("*.py")]
    files.append(ROOT / "policies" / "register.yaml")
    return {word for file in files for word in re.findall(r"[A-Za-z_]+", text_of(file))}


def test_every_identifier_of_the_glossary_occurs_in_the_code() -> None:
    rows = [row for row in rows_of(text_of(ROOT / "docs" / "glossary.md")) if len(row) == 5]
    assert len(rows) > 70
    words = code_words()
    unknown = [name for row in rows for name in INLINE.findall(row[2]) if not set(name.split(".")) <= words]
    assert unknown == []
    assert [row[0] for row in rows if not INLINE.findall(row[2])] == []


# ---- policies ----


@pytest.fixture(scope="module")
def law() -> PolicyBook:
    return PolicyBook.load(ROOT / "policies")


def told(cell: str) -> str:
    return cell.replace(", ", ",")


def name_in(cell: str) -> str:
    return INLINE.findall(cell)[0]


def test_the_table_of_differences_says_what_the_files_say(law: PolicyBook) -> None:
    rows = rows_of(section_of("docs/policies.md", "5 What differs"))
    assert rows
    for row in rows:
        found = [law.get(place, name_in(row[0]), on=STATED_ON) for place in law.places()]
        assert [told(cell) for cell in row[1:]] == [cited.value if cited else "–" for cited in found], row[0]


def test_the_table_of_national_values_says_what_the_file_says(law: PolicyBook) -> None:
    rows = rows_of(section_of("docs/policies.md", "4 What is the same"))
    assert rows
    for row in rows:
        cited = law.find(law.places()[0], name_in(row[0]), on=STATED_ON)
        assert told(row[1]).split(" ")[0] == cited.value, row[0]
        assert row[2].endswith(cited.source.article), row[0]
        assert (row[3], row[4], cited.level) == (cited.source.evidence, cited.source.rule, "national"), row[0]


def test_the_list_of_open_values_is_complete(law: PolicyBook) -> None:
    listed = set()
    for row in rows_of(section_of("docs/policies.md", "6 What is open")):
        places = law.places() if row[2] == "all five" else row[2].split(", ")
        listed |= {(place, name_in(row[0])) for place in places}
    assert listed == {(place, absent.name) for place in law.places() for absent in law.absent(place, STATED_ON)}


def test_the_counts_of_evidence_are_right(law: PolicyBook) -> None:
    for row in rows_of(section_of("docs/policies.md", "3 Evidence classes"))[6:]:
        classes = [cited.source.evidence for cited in law.in_force(row[0], STATED_ON)]
        counts = [len(classes), *(classes.count(name) for name in ("V", "VS", "VP", "S", "I"))]
        assert [int(cell) for cell in row[1:]] == [*counts, len(law.absent(row[0], STATED_ON))]


def test_the_overlay_in_the_manual_can_be_loaded(tmp_path: Path) -> None:
    blocks = [body for kind, body in CODE_BLOCK.findall(text_of(ROOT / "docs" / "policies.md")) if kind == "yaml"]
    overlay = tmp_path / "overlay.yaml"
    overlay.write_text(blocks[-1], encoding="utf-8")
    book = PolicyBook.load(ROOT / "policies", [overlay])
    assert book.find("quzhou", "review.stage_working_days", on=date(2026, 12, 1)).is_overlay


# ---- accounts ----


def test_the_chart_of_accounts_is_the_one_that_is_enforced() -> None:
    rows = rows_of(section_of("docs/accounts.md", "1 The chart"))
    listed = {":".join(name_in(row[0]).split(":")[:2]): Side(row[1]) for row in rows}
    assert listed == CHART


def legs_in(heading: str) -> dict[str, int]:
    """Return account and fen of one table of the page on accounts."""
    rows = rows_of(section_of("docs/accounts.md", heading))
    return {name_in(row[0]): int(row[1].replace("−", "-").replace(" ", "")) for row in rows}


def legs_of(entry: Entry) -> dict[str, int]:
    return {leg.account: leg.amount.fen for leg in entry.legs}


def earned_in(month: Period, billable: int, before: Money, figures: dict[str, dict[str, Fraction]]) -> Entry:
    """Settle the worked example for a month with the functions that settle."""
    earned = earned_by_use(PRICE, billable, limit=Money.yuan("1590.00"), before=before, bought=300)
    net, tax = split_tax(earned.amount, Decimal("0.06"))
    weights = contribution({"usage": Fraction("0.5"), "quality": Fraction("0.3"), "input": Fraction("0.2")}, figures)
    pool = {"kind": "pool", "value": "0.3", "weights": {who: decimal_text(part) for who, part in weights.items()}}
    operator = {"kind": "rate", "party": "operator", "value": "0.6"}
    schedule = Schedule.from_list([operator, pool, {"kind": "rest", "party": "platform"}])
    kinds = {"bureau": "administrative_unit", "hospital": "public_institution"}
    shares = waterfall(schedule, earned.amount, tax=tax).shares
    parts = [(payee_for(kinds.get(who, "enterprise"), None).kind, who, part) for who, part in shares.items()]
    assert total(shares.values()) == net
    return earning_entry(
        place="quzhou", cause_id=month.text(), order_number="ORD-2026-000001", gross=earned.amount, tax=tax,
        parts=parts, entry_date=month.last_day,
    )  # fmt: skip


def test_the_worked_example_is_what_the_functions_give() -> None:
    departments = {
        "bureau": {"usage": Fraction(60), "quality": Fraction("0.90"), "input": Fraction(4)},
        "hospital": {"usage": Fraction(40), "quality": Fraction("0.70"), "input": Fraction(6)},
    }
    entries = {
        "Entry 1": capture_entry(
            place="quzhou", payment_id="payment", order_number="ORD-2026-000001", amount=Money.yuan("1590.00"),
            entry_date=date(2026, 7, 20),
        ),
        "Entry 2": earned_in(Period.month("2026-08"), 200, ZERO, departments),
        "Entry 3": earned_in(Period.month("2026-09"), 300, Money.yuan("1060.00"), departments),
    }  # fmt: skip
    assert {heading: legs_in(heading) for heading in entries} == {
        heading: legs_of(entry) for heading, entry in entries.items()
    }
    balances: dict[str, int] = {}
    for entry in entries.values():
        for account, fen in legs_of(entry).items():
            balances[account] = balances.get(account, 0) + fen
    assert legs_in("5 The books afterwards") == balances
