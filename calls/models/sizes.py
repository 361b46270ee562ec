# SPDX-FileCopyrightText: The live_transcription contributors
# SPDX-License-Identifier: AGPL-3.0-or-later

"""How long tokens and ids may be."""

ROOM_TOKEN_CHARS = 64
SESSION_ID_CHARS = 255
"Nextcloud's session ids have up to 255 characters."
HPB_SESSION_ID_CHARS = 1024
"Those of the HPB are opaque; version 1.2.4 makes them 350 characters long."
