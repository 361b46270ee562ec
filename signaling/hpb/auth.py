# SPDX-FileCopyrightText: The live_transcription contributors
# SPDX-License-Identifier: AGPL-3.0-or-later

"""HMAC parameters of the internal client's hello."""

import hashlib
import hmac

from signaling.hpb.messages import Hello


def hello_parameters(secret: str, random: str, backend: str) -> Hello:
    """Hello of an internal client; `random` has at least 32 characters, never reused.

    Source: HPB `docs/standalone-signaling-api-v1.md`, "Internal clients".
    """
    token = hmac.new(secret.encode(), random.encode(), hashlib.sha256).hexdigest()
    return Hello(random, token, backend)
