"""The import contracts of pyproject.toml hold, and each one notices what it forbids.

A small tree with the shape of the project is generated, checked with the project's own contracts, and spoilt in
one place per contract. A contract without a planted violation fails here, so none can be added untested.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
SETTINGS = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["importlinter"]
CONTRACTS = [contract["name"] for contract in SETTINGS["contracts"]]

# A concept of every package with each file name in use, importing only what it may.
CLEAN = {
    "kernel/__init__.py": "",
    "kernel/errors.py": "",
    "kernel/identity.py": "import kernel.errors",
    "kernel/money.py": "import kernel.errors",
    "kernel/calendar.py": "import kernel.errors",
    "kernel/policy.py": "import kernel.errors",
    "kernel/clock.py": "",
    "kernel/db.py": "import flask, sqlalchemy\nimport kernel.money",
    "kernel/http.py": "import flask\nimport kernel.errors",
    "web/__init__.py": "import web.jobs",
    "web/jobs.py": "import kernel.db\nimport registry.reviews.commands, settlement.runs.commands",
    "registry/parties/__init__.py": "",
    "registry/parties/model.py": "import kernel.db",
    "registry/parties/queries.py": "import registry.parties.model",
    "registry/reviews/checks.py": "import registry.reviews.queries, registry.parties.queries",
    "market/payments/__init__.py": "",
    "market/payments/gateway.py": "import stripe",
    "settlement/runs/sheets.py": "import pandas",
}
for _package, _concept, _below in (
    ("registry", "reviews", "kernel.identity"),
    ("pricing", "tariffs", "registry.reviews.queries"),
    ("market", "orders", "pricing.tariffs.queries"),
    ("settlement", "runs", "market.orders.queries"),
):
    _here = f"{_package}.{_concept}"
    CLEAN = {
        f"{_package}/__init__.py": "",
        f"{_package}/policy.py": "import kernel.policy",
        f"{_package}/{_concept}/__init__.py": "",
        f"{_package}/{_concept}/rules.py": "import kernel.money, kernel.calendar",
        f"{_package}/{_concept}/model.py": f"import kernel.db\nimport {_here}.rules",
        f"{_package}/{_concept}/queries.py": f"import sqlalchemy\nimport {_here}.model\nimport {_below}",
        f"{_package}/{_concept}/checks.py": f"import {_here}.queries",
        f"{_package}/{_concept}/commands.py": f"import {_here}.checks, {_package}.policy",
        f"{_package}/{_concept}/schemas.py": f"import marshmallow\nimport {_here}.rules",
        f"{_package}/{_concept}/api.py": f"import flask, kernel.http\nimport {_here}.commands, {_here}.schemas",
        f"{_package}/{_concept}/pages.py": f"import flask\nimport {_here}.commands, {_here}.schemas",
        **CLEAN,
    }

# contract -> the files, each with a line too many, that it must object to
PLANTED = {
    "Floors": [
        ("registry/reviews/queries.py", "import market.orders.model"),
        ("pricing/policy.py", "import web.jobs"),
    ],
    "The kernel knows nobody": [
        ("kernel/http.py", "import registry.reviews.rules"),
        ("kernel/money.py", "def late():\n    import pricing.tariffs.rules"),
    ],
    "Inside a concept": [
        ("registry/reviews/model.py", "import registry.reviews.queries"),
        ("registry/reviews/api.py", "import registry.reviews.pages"),
        ("registry/reviews/checks.py", "import registry.reviews.commands"),
        ("market/orders/helpers.py", ""),
    ],
    "Rules are pure": [
        ("registry/reviews/rules.py", "from sqlalchemy import select"),
        ("pricing/tariffs/rules.py", "import kernel.clock"),
        ("settlement/runs/rules.py", "import registry.reviews.model"),
        ("market/orders/rules.py", "import marshmallow"),
        ("kernel/policy.py", "import kernel.db"),
    ],
    "Below the edge there is no HTTP": [
        ("market/orders/commands.py", "from flask import request"),
        ("registry/reviews/queries.py", "import kernel.http"),
    ],
    "The registry's tables are written only from inside the registry": [
        ("settlement/runs/commands.py", "import registry.reviews.commands"),
    ],
    "Prices are written only from inside pricing": [("market/orders/commands.py", "import pricing.tariffs.commands")],
    "Sales are written only from inside the market": [("settlement/runs/commands.py", "import market.orders.commands")],
    "The books are written only from inside settlement": [
        ("kernel/http.py", "import settlement.runs.commands"),
    ],
    "pandas only in sheets": [
        ("settlement/runs/queries.py", "import pandas as pd"),
        ("web/jobs.py", "from pandas import DataFrame"),
        ("kernel/db.py", "import pandas"),
    ],
    "Stripe only behind its gateway": [
        ("market/payments/commands.py", "import stripe"),
        ("market/orders/gateway.py", "import stripe"),
        ("web/jobs.py", "from stripe import StripeClient"),
    ],
    "WeasyPrint only behind its gateway": [
        ("registry/parties/gateway.py", "import weasyprint"),
        ("web/jobs.py", "from weasyprint import HTML"),
    ],
    "Spark only behind its gateway": [
        ("registry/parties/gateway.py", "from pyspark.sql import SparkSession"),
        ("web/jobs.py", "import pyspark"),
    ],
    "No circles, down to the last folder": [
        ("registry/parties/queries.py", "import registry.reviews.model"),
        ("kernel/errors.py", "import kernel.money"),
    ],
}
SAMPLES = [(name, path, line) for name, samples in PLANTED.items() for path, line in samples]


def broken_contracts(tree: Path) -> set[str]:
    """Run the project's contracts over ``tree``; return the names of the broken ones."""
    command = [sys.executable, "-c", "from importlinter.cli import lint_imports_command as run; run()", "--no-cache"]
    environment = {**os.environ, "PYTHONPATH": str(tree), "NO_COLOR": "1", "COLUMNS": "200"}
    answer = subprocess.run(
        [*command, "--config", str(tree / "pyproject.toml")],
        cwd=tree,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    said = answer.stdout + answer.stderr
    states = dict(re.findall(r"^(.+?) (KEPT|BROKEN)\b", said, flags=re.MULTILINE))
    assert set(states) == set(CONTRACTS), said
    assert answer.returncode == (1 if "BROKEN" in states.values() else 0), said
    return {name for name, state in states.items() if state == "BROKEN"}


def write(tree: Path, files: dict[str, str]) -> None:
    """Write the files and the project's contracts into ``tree``."""
    for path, source in files.items():
        target = tree / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(source + "\n", encoding="utf-8")
    settings = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    (tree / "pyproject.toml").write_text(settings[settings.index("[tool.importlinter]") :], encoding="utf-8")


def test_every_contract_has_a_planted_violation() -> None:
    assert sorted(PLANTED) == sorted(CONTRACTS)


def test_the_project_keeps_every_contract(tmp_path: Path) -> None:
    for package in SETTINGS["root_packages"]:
        (tmp_path / package).symlink_to(ROOT / package, target_is_directory=True)
    write(tmp_path, {})
    assert broken_contracts(tmp_path) == set()


def test_a_tree_built_as_the_architecture_says_keeps_every_contract(tmp_path: Path) -> None:
    write(tmp_path, CLEAN)
    assert broken_contracts(tmp_path) == set()


@pytest.mark.parametrize(("name", "path", "line"), SAMPLES, ids=[f"{n}: {p}" for n, p, _ in SAMPLES])
def test_a_planted_violation_breaks_the_contract(tmp_path: Path, name: str, path: str, line: str) -> None:
    write(tmp_path, {**CLEAN, path: f"{CLEAN.get(path, '')}\n{line}"})
    assert name in broken_contracts(tmp_path)
