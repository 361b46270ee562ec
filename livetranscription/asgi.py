# SPDX-FileCopyrightText: The live_transcription contributors
# SPDX-License-Identifier: AGPL-3.0-or-later

"""HTTP entry point; nothing gets in without AppAPI's secret."""

import os

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "livetranscription.settings")

from django.conf import settings
from django.core.asgi import get_asgi_application
from django.utils.module_loading import import_string

django_application = get_asgi_application()  # loads the apps
pages = import_string(settings.OPERATOR_PAGES)(django_application)
application = import_string(settings.AUTHENTICATION)(pages)
