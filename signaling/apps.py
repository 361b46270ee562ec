# SPDX-FileCopyrightText: The live_transcription contributors
# SPDX-License-Identifier: AGPL-3.0-or-later

"""App config."""

from django.apps import AppConfig


class SignalingConfig(AppConfig):
    """What happens inside a call."""

    name = "signaling"
