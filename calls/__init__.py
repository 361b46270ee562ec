# SPDX-FileCopyrightText: The live_transcription contributors
# SPDX-License-Identifier: AGPL-3.0-or-later

"""What Nextcloud and the operator see: HTTP interface, rows, admin."""
