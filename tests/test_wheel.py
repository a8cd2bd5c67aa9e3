"""The wheel carries everything that an installed Huiyi reads: pages, styles, policies, migrations."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
SHIPPED = ("kernel", "registry", "pricing", "market", "settlement", "web", "policies", "migrations")


def test_the_wheel_carries_every_file_of_the_packages_and_nothing_of_the_tests(tmp_path: Path) -> None:
    build = [sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory", str(tmp_path)]
    subprocess.run(build, cwd=ROOT, check=True, capture_output=True)
    with zipfile.ZipFile(next(tmp_path.glob("*.whl"))) as wheel:
        carried = {name for name in wheel.namelist() if ".dist-info/" not in name}
    listed = subprocess.run(
        ["git", "ls-files", "-z", *SHIPPED], cwd=ROOT, check=True, capture_output=True, text=True
    ).stdout
    tracked = {name for name in listed.split("\0") if name and not name.endswith(".gitkeep")}
    assert tracked - carried == set()
    assert {name.partition("/")[0] for name in carried} <= set(SHIPPED)
