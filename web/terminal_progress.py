"""Long runs at the terminal: a bar for each while a person looks on, a line at the end where only a log is kept."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from uuid import UUID

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeElapsedColumn

from kernel import progress
from kernel.progress import ProgressState

TITLES = {
    "settlement.run": "收益结算", "settlement.prepare": "编制结算", "settlement.seal": "封存结算",
    "reconciliation.run": "对账", "usage.archive": "用量归档",
}  # fmt: skip


@contextmanager
def shown(console: Console) -> Iterator[None]:
    """Show every run that the block follows with :func:`kernel.progress.track`."""
    if not console.is_terminal:
        with progress.watched_by(lambda run: _log(console, run)):
            yield
        return
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(),
               TextColumn("[dim]{task.fields[message]}[/]", markup=True))  # fmt: skip
    tasks: dict[UUID, TaskID] = {}
    with Progress(*columns, console=console, transient=True) as bars, progress.watched_by(
        lambda run: _draw(bars, tasks, run)
    ):  # fmt: skip
        yield


def title(run: progress.Progress) -> str:
    """Return the words for a run: what it does, and of what; the terminal speaks Chinese."""
    return f"{TITLES.get(run.name, run.name)} {run.about}".strip()


def _log(console: Console, run: progress.Progress) -> None:
    if run.state is not ProgressState.RUNNING:
        ended = "完成" if run.state is ProgressState.DONE else "未成"
        seconds = (run.seen_at - run.started_at).total_seconds()
        console.print(f"{title(run)}：{ended}，{run.done} 步，{seconds:.1f} 秒", markup=False, highlight=False)


def _draw(bars: Progress, tasks: dict[UUID, TaskID], run: progress.Progress) -> None:
    if run.id not in tasks:
        tasks[run.id] = bars.add_task(title(run), total=run.total, message=run.message)
    bars.update(tasks[run.id], completed=run.done, total=run.total, message=run.message)
    if run.state is not ProgressState.RUNNING:
        bars.remove_task(tasks.pop(run.id))
