"""``python -m bench [name …]``: run the bench programs, all or the named ones."""

from __future__ import annotations

import sys

from bench.harness import main

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
