# SPDX-FileCopyrightText: The live_transcription contributors
# SPDX-License-Identifier: AGPL-3.0-or-later

"""Routes: the calls app at the root, Django's admin below /admin/."""

from django.contrib import admin
from django.urls import include, path

urlpatterns = [
    path("", include("calls.urls")),
    path("admin/", admin.site.urls),
]

handler400 = "calls.views.answers.bad_request"
handler404 = "calls.views.answers.not_found"
handler500 = "calls.views.answers.server_error"
