# SPDX-FileCopyrightText: The live_transcription contributors
# SPDX-License-Identifier: AGPL-3.0-or-later

"""What the demo shows in the terminal: steps, live captions, the summary."""

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn
from rich.table import Table
from rich.text import Text

from devkit.measure import SpeakerResult, percentile

COLOURS = ("cyan", "magenta", "yellow", "green", "blue", "red")
NAME_WIDTH = 10
PICTURE_WIDTH = 88
FONTS = re.compile(r"@font-face \{.*?\}\s*", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Usage:
    """What the app process took while it captioned."""

    cpu_s: float
    wall_s: float
    speaker_s: float
    memory_mib: float


class Screen:
    """Prints to the terminal; colours and bars only where there is one."""

    def __init__(self, names: Sequence[str], console: Console | None = None) -> None:
        self._console = console or Console(highlight=False)
        self._colours = {
            name: COLOURS[i % len(COLOURS)] for i, name in enumerate(names)
        }

    @contextmanager
    def starting(self, steps: int) -> Iterator["Steps"]:
        """A progress bar over the given number of steps."""
        columns = (
            SpinnerColumn(),
            BarColumn(bar_width=24),
            TextColumn("{task.description}"),
        )
        with Progress(*columns, console=self._console, transient=True) as progress:
            yield Steps(self, progress, steps)

    def save_picture(self, path: Path) -> None:
        """All that was shown, as an SVG; the console has to record."""
        picture = self._console.export_svg(title="make demo")
        # Without the fonts of another host: the reader's own will do.
        path.write_text(FONTS.sub("", picture), encoding="utf-8")

    def say(self, text: str) -> None:
        """One plain line."""
        self._console.print(text)

    def caption(self, at_s: float, name: str, text: str, delay_s: float | None) -> None:
        """One caption as a reader gets it."""
        delay = "" if delay_s is None else f"+{delay_s:.1f} s"
        line = Text()
        line.append(f"{at_s:6.1f} s ", style="dim")
        line.append(f"{name:<{NAME_WIDTH}} ", style=f"bold {self._colours[name]}")
        line.append(f"{delay:>7}  ", style="dim")
        line.append(text)
        self._console.print(line)

    def summary(self, results: Sequence[SpeakerResult], usage: Usage) -> None:
        """The table at the end."""
        table = Table(title="What came of it", title_justify="left")
        table.add_column("Speaker")
        headers = ("words", "lost", "repeated", "delay p50", "delay p95")
        for header in headers:
            table.add_column(header, justify="right")
        for result in results:
            table.add_row(
                Text(result.name, style=self._colours[result.name]),
                str(result.read),
                str(result.lost),
                str(result.repeated),
                _seconds(percentile(result.delays_s, 0.5)),
                _seconds(percentile(result.delays_s, 0.95)),
            )
        self._console.print(table)
        self._console.print(
            f"The app took {usage.cpu_s:.1f} s of CPU in {usage.wall_s:.0f} s "
            f"({usage.cpu_s / max(usage.speaker_s, 0.001):.3f} s per second of one "
            f"speaker) and {usage.memory_mib:.0f} MiB of memory."
        )


def recording_console() -> Console:
    """A console whose content can be saved as a picture."""
    return Console(highlight=False, record=True, width=PICTURE_WIDTH)


class Steps:
    """Steps of the start; each is named when it begins and ticked off when done."""

    def __init__(self, screen: Screen, progress: Progress, steps: int) -> None:
        self._screen = screen
        self._progress = progress
        self._task = progress.add_task("", total=steps)

    def begin(self, what: str) -> None:
        """Name what happens now."""
        self._progress.update(self._task, description=what)

    def done(self, what: str) -> None:
        """Tick off a step with what came of it."""
        self._progress.advance(self._task)
        self._screen.say(f"[green]✓[/green] {what}")


def _seconds(value: float | None) -> str:
    return "-" if value is None else f"{value:.2f} s"
