# SPDX-FileCopyrightText: The live_transcription contributors
# SPDX-License-Identifier: AGPL-3.0-or-later

"""Addresses of the dashboard below those of the admin."""

from django.urls import path

from calls.dashboard import views

app_name = "dashboard"
urlpatterns = [
    path("live.json", views.live, name="live"),
    path("calls/<int:call_id>/preview", views.preview, name="preview"),
]
