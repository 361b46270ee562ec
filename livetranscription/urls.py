# SPDX-FileCopyrightText: The live_transcription contributors
# SPDX-License-Identifier: AGPL-3.0-or-later

"""Routes: the calls app at the root, Django's admin below /admin/."""

from django.conf import settings
from django.contrib import admin
from django.contrib.auth.models import Group, User
from django.urls import include, path

if not settings.DEBUG:
    # Who is an administrator is Nextcloud's to say; our rows of them open nothing.
    admin.site.unregister((Group, User))

urlpatterns = [
    path("", include("calls.urls")),
    path("admin/", include("calls.dashboard.urls")),
    path("", include("signaling.doctor.urls")),  # before the admin, part of which it is
    path("admin/", admin.site.urls),
]

handler400 = "calls.views.answers.bad_request"
handler404 = "calls.views.answers.not_found"
handler500 = "calls.views.answers.server_error"
