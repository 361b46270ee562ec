# SPDX-FileCopyrightText: The live_transcription contributors
# SPDX-License-Identifier: AGPL-3.0-or-later

"""Routes of the self-test, below whatever includes them."""

from django.contrib import admin
from django.urls import path

from signaling.doctor import views

urlpatterns = [
    path("admin/doctor/", admin.site.admin_view(views.page), name="doctor"),
    path(
        "admin/doctor/state.json",
        admin.site.admin_view(views.state),
        name="doctor-state",
    ),
    path("occ/doctor", views.occ),
]
