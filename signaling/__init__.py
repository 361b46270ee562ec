# SPDX-FileCopyrightText: The live_transcription contributors
# SPDX-License-Identifier: AGPL-3.0-or-later

"""What happens inside a call: signaling, audio, speech-to-text, captions."""
