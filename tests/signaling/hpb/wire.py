# SPDX-FileCopyrightText: The live_transcription contributors
# SPDX-License-Identifier: AGPL-3.0-or-later

"""Recorded messages of the HPB, as text and as the names of their files."""

import json
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).resolve().parents[2] / "data" / "hpb"
NAMES = sorted(path.stem for path in FOLDER.glob("*.json"))
ME = "MEf6T1yLh9uXo4e"
NEW = "NEWv2Bn7jKs0cGa"
SPEAKER = "SPKcAI7xq0mVb5s"
VIEWER = "VIEWk3zP8dQw2rt"


def recorded(name: str) -> str:
    """A message as the HPB sends it."""
    return (FOLDER / f"{name}.json").read_text(encoding="utf-8")


def recorded_body(name: str) -> dict[str, Any]:
    """The same, decoded."""
    body: dict[str, Any] = json.loads(recorded(name))
    return body


def with_id(name: str, request_id: str) -> str:
    """A recorded answer to the request with this id."""
    return json.dumps({**recorded_body(name), "id": request_id})
