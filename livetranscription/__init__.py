# SPDX-FileCopyrightText: The live_transcription contributors
# SPDX-License-Identifier: AGPL-3.0-or-later

"""Django project: composition, no behaviour."""

__version__ = "2026.11.0"
