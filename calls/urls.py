# SPDX-FileCopyrightText: The live_transcription contributors
# SPDX-License-Identifier: AGPL-3.0-or-later

"""Routes of the calls app."""

from django.urls import path

from calls.views import lifecycle, metrics, occ, transcription

urlpatterns = [
    path("heartbeat", lifecycle.heartbeat),
    path("health", lifecycle.health),
    path("ready", lifecycle.ready),
    path("init", lifecycle.init),
    path("enabled", lifecycle.enabled),
    path("capabilities", transcription.capabilities),
    path("api/v1/languages", transcription.languages),
    path("api/v1/call/transcribe", transcription.transcribe),
    path("api/v1/call/set-language", transcription.set_language),
    path("api/v1/call/leave", transcription.leave),
    path("api/v1/status", transcription.status),
    path("metrics", metrics.metrics),
    path("occ/calls", occ.calls),
]
