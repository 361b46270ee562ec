# SPDX-FileCopyrightText: The live_transcription contributors
# SPDX-License-Identifier: AGPL-3.0-or-later

"""`manage.py transcribe FILE`: speech-to-text tried out with a file, without a call."""

import argparse
import asyncio
import sys
from dataclasses import replace
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from rich.console import Console
from rich.progress import Progress, TextColumn, TimeElapsedColumn

from calls.services import missing_stt_settings
from signaling.audio.file import AudioFile, AudioFileError
from signaling.captions.documents import FORMATS, TimedWord
from signaling.config import stt_config
from signaling.errors import SttError
from signaling.filetranscription import FileTranscription
from signaling.stt.wires import WIRES
from signaling.supervisor.environment import audio_path


class Command(BaseCommand):
    """Exit code 1 with a sentence for whatever an operator can get wrong."""

    requires_system_checks = ()
    help = (
        "Send an audio file to speech-to-text by the very path a call uses, and print "
        "the words as they come. FILE is anything FFmpeg reads; - is standard input."
    )

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        """Which file, how, and as what."""
        parser.add_argument("file", metavar="FILE")
        parser.add_argument(
            "--realtime", action="store_true", help="as fast as it was spoken"
        )
        parser.add_argument(
            "--wire", choices=sorted(WIRES), help="instead of that of LT_STT_WIRE"
        )
        parser.add_argument(
            "--out", choices=sorted(FORMATS), help="print a document of this kind"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Read, send, print."""
        missing = missing_stt_settings()
        if missing:
            raise CommandError(f"not set: {', '.join(missing)}; or set LT_STT_URL")
        name: str = options["file"]
        try:
            with AudioFile(sys.stdin.buffer if name == "-" else name) as file:
                words = asyncio.run(self._transcribe(file, options))
        except AudioFileError as error:
            raise CommandError(f"{name} {error}") from error
        except SttError as error:
            raise CommandError(f"speech-to-text: {error}") from error
        if options["out"]:
            self.stdout.write(FORMATS[options["out"]](words), ending="")
        elif not words:
            raise CommandError("not one word came")

    async def _transcribe(
        self, file: AudioFile, options: dict[str, Any]
    ) -> list[TimedWord]:
        config = stt_config()
        if options["wire"]:
            config = replace(config, wire=options["wire"])
        words: list[TimedWord] = []
        console = Console(stderr=True, highlight=False)
        columns = (*Progress.get_default_columns()[:3], TextColumn("{task.fields[s]}"))
        with Progress(*columns, TimeElapsedColumn(), console=console) as progress:
            task = progress.add_task("Sent", total=file.duration_s, s="")

            def on_word(word: TimedWord) -> None:
                words.append(word)
                if not options["out"]:
                    self.stdout.write(f"{word.start_s:8.2f}  {word.text}")

            await FileTranscription(
                file,
                audio_path(config),
                realtime=options["realtime"],
                on_word=on_word,
                on_progress=lambda s: progress.update(
                    task, completed=s, s=f"{s:.0f} s, {len(words)} words"
                ),
                on_problem=lambda why: console.print(f"[yellow]{why}; trying again"),
            ).run()
        return words
