# SPDX-FileCopyrightText: The live_transcription contributors
# SPDX-License-Identifier: AGPL-3.0-or-later

"""Whole calls, from speech to the reader, on the real HPB and Janus."""
