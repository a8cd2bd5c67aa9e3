"""The built-in demonstration: five places, told through the JSON API on a clock of its own, then served."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.console import Console


def tell(path: Path, console: Console, *, serve: bool, port: str) -> None:
    """Tell the story on a fresh database at ``path``, print what happened, and serve the site when asked."""
    from web.demo.telling import tell as tell_story  # the application reads our sign-ins, so it cannot come first

    tell_story(path, console, serve=serve, port=port)
