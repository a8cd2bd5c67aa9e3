"""System packages of the tests: ``python -m tests.rig.system`` installs what is missing, or says so in one line."""

from __future__ import annotations

import ctypes.util
import os
import shutil
import subprocess
import sys

from tests.rig.browser import find_chromium

# WeasyPrint sets the certificate with Pango; the browser and the certificate need a Chinese font; Spark runs on Java
PACKAGES = ("chromium", "fonts-noto-cjk", "libpangoft2-1.0-0", "openjdk-17-jre-headless")


def missing_packages() -> list[str]:
    """Return the Debian packages that the tests of pages, certificates and Spark lack."""
    fonts = (
        shutil.which("fc-list")
        and subprocess.run(["fc-list", ":lang=zh-cn"], capture_output=True, text=True, check=False).stdout
    )
    present = (find_chromium(), fonts, ctypes.util.find_library("pangoft2-1.0"), shutil.which("java"))
    return [name for name, found in zip(PACKAGES, present, strict=True) if not found]


def main() -> int:
    """Install what is missing as root on Debian; otherwise say it in one line (the tests that need it will fail)."""
    missing = missing_packages()
    if not missing:
        return 0
    install = ["apt-get", "install", "-y", "-qq", "--no-install-recommends", *missing]
    if os.geteuid() != 0 or shutil.which("apt-get") is None:
        sys.stderr.write(f"huiyi: the tests need {' and '.join(missing)}; install: sudo {' '.join(install)}\n")
        return 0
    quiet = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    for command in (["apt-get", "update", "-qq"], install):
        if subprocess.run(command, env=quiet, check=False).returncode:
            sys.stderr.write(f"huiyi: {' '.join(command)} failed; the tests need {' and '.join(missing)}\n")
            return 0
    return 0


if __name__ == "__main__":
    sys.exit(main())
