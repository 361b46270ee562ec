# SPDX-FileCopyrightText: The live_transcription contributors
# SPDX-License-Identifier: AGPL-3.0-or-later

"""The self-test: every link of the chain from Nextcloud to a word, one check each."""
