# SPDX-FileCopyrightText: The live_transcription contributors
# SPDX-License-Identifier: AGPL-3.0-or-later

"""Joins the parts of a call: registry, calls, speakers, captions."""
