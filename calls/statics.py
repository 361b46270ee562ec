# SPDX-FileCopyrightText: The live_transcription contributors
# SPDX-License-Identifier: AGPL-3.0-or-later

"""Addresses of static files below the prefix of the proxy a request came through."""

from typing import Any

from django.contrib.staticfiles.storage import (
    ManifestStaticFilesStorage,
    StaticFilesStorage,
)
from django.urls import get_script_prefix


class BelowPrefix:
    """`STATIC_URL` by itself knows no prefix, as it is the same for all requests."""

    def url(self, *args: Any, **kwargs: Any) -> str:
        """Address for the browser."""
        url: str = super().url(*args, **kwargs)  # type: ignore[misc]
        return get_script_prefix().rstrip("/") + url


class PrefixedStatic(BelowPrefix, StaticFilesStorage):
    """Straight from the source."""


class HashedStatic(BelowPrefix, ManifestStaticFilesStorage):
    """Collected, with a hash of the content in each name, to be kept for ever."""

    support_js_module_import_aggregation = True
