# SPDX-FileCopyrightText: The live_transcription contributors
# SPDX-License-Identifier: AGPL-3.0-or-later

"""Where "was changed successfully" waits for the next page: in no cookie.

One cookie survives Nextcloud's PHP proxy, and that is the token against forged forms.
"""

from collections.abc import Sequence
from typing import Any

from django.contrib.messages.storage.base import BaseStorage, Message
from django.core.cache import cache

KEEP_S = 300


class OperatorNotices(BaseStorage):
    """Per operator, in the memory of the process that serves the pages."""

    @property
    def _key(self) -> str:
        return f"notices-{getattr(self.request, 'user', None)}"

    def _get(self, *args: Any, **kwargs: Any) -> tuple[list[Message], bool]:
        return cache.get(self._key, []), True

    def _store(
        self, messages: Sequence[Message], response: Any, *args: Any, **kwargs: Any
    ) -> list[Message]:
        if messages:
            cache.set(self._key, list(messages), KEEP_S)
        else:
            cache.delete(self._key)
        return []
