# SPDX-FileCopyrightText: The live_transcription contributors
# SPDX-License-Identifier: AGPL-3.0-or-later

"""`manage.py calls`: the calls that run now, as a table or for programs."""

import argparse
import json
import time
from dataclasses import asdict
from datetime import datetime
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import DatabaseError
from django.utils import timezone
from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.markup import escape
from rich.table import Table

from calls import services
from calls.services import CallLine, SpeakerLine

EVERY_S = 1.0
PAST = 20
STYLES = {
    "joined": "green",
    "listening": "green",
    "silent": "dim",
    "waiting": "yellow",
    "reconnecting": "yellow",
    "failed": "red",
}


class Command(BaseCommand):
    """Reads the rows that workers write; no word of what was said is among them."""

    requires_system_checks = ()
    help = (
        "Show the calls that are captioned now: readers, speakers, cost, last problem."
    )

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        """Once or for ever, running calls or past ones."""
        parser.add_argument(
            "--watch", action="store_true", help="stay, and show changes until Ctrl-C"
        )
        parser.add_argument(
            "--past", action="store_true", help=f"the last {PAST} calls that are over"
        )
        parser.add_argument("--json", action="store_true", help="for programs")

    def handle(self, *args: Any, **options: Any) -> None:
        """Show them."""
        if options["watch"] and options["json"]:
            raise CommandError("--watch is for people, --json for programs: choose one")
        try:
            if options["watch"]:
                self._watch(options["past"])
            elif options["json"]:
                lines = [_plain(call) for call in _calls(options["past"])]
                self.stdout.write(json.dumps(lines, default=datetime.isoformat))
            else:
                _console(self.stdout).print(_page(options["past"]))
        except DatabaseError as error:
            raise CommandError(f"the database does not answer: {error}") from error

    def _watch(self, past: bool) -> None:
        console = _console(self.stdout)
        try:
            with Live(_page(past), console=console, auto_refresh=False) as live:
                while True:
                    time.sleep(EVERY_S)
                    live.update(_page(past), refresh=True)
        except KeyboardInterrupt:
            return


def _console(stdout: Any) -> Console:
    return Console(file=stdout, highlight=False)


def _calls(past: bool) -> list[CallLine]:
    return services.past_calls(PAST) if past else services.running_calls()


def _plain(call: CallLine) -> dict[str, Any]:
    return asdict(call) | {"speech_s": call.speech_s, "stt_s": call.stt_s}


def _page(past: bool) -> RenderableType:
    calls = _calls(past)
    if not calls:
        return "No call is over yet." if past else "No call is captioned now."
    table = Table("Room", "State", "Language", "Since", box=None, pad_edge=False)
    for header in ("Readers", "Words", "Speech", "Billed"):
        table.add_column(header, justify="right")
    table.add_column("Speakers")
    table.add_column("Last problem", overflow="fold")
    for call in calls:
        table.add_row(
            escape(call.room_token),
            _state(call.state),
            call.language,
            _ago(call.since),
            str(call.recipients),
            str(call.words),
            _minutes(call.speech_s),
            _minutes(call.stt_s),
            "\n".join(map(_speaker, call.speakers)) or "-",
            _problem(call),
        )
    return Group(table)


def _state(state: str) -> str:
    style = STYLES.get(state)
    return f"[{style}]{state}[/{style}]" if style else state


def _speaker(speaker: SpeakerLine) -> str:
    return f"{escape(speaker.name)} {_state(speaker.state)} {speaker.words} words"


def _problem(call: CallLine) -> str:
    if call.problem is None:
        return escape(call.end_reason) or "-"
    problem = call.problem
    text = escape(f"{problem.code} {problem.text}".strip())
    return f"{text} ({_ago(problem.at)} ago)"


def _ago(moment: datetime) -> str:
    seconds = max(0, round((timezone.now() - moment).total_seconds()))
    minutes, hours = seconds // 60, seconds // 3600
    if hours >= 48:
        return f"{hours // 24} d"
    return f"{hours} h {minutes % 60} min" if hours else f"{minutes} min"


def _minutes(seconds: float) -> str:
    return f"{seconds / 60:.1f} min"
