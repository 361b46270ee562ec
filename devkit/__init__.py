# SPDX-FileCopyrightText: The live_transcription contributors
# SPDX-License-Identifier: AGPL-3.0-or-later

"""A Talk call on one machine: demo, tests, benchmarks, drills; never in the image."""
