# SPDX-FileCopyrightText: The live_transcription contributors
# SPDX-License-Identifier: AGPL-3.0-or-later

"""Entry point of HTTP and WebSocket; nothing gets in without AppAPI's secret."""

import os

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "livetranscription.settings")

from channels.routing import ProtocolTypeRouter
from django.conf import settings
from django.core.asgi import get_asgi_application
from django.utils.module_loading import import_string

django_application = get_asgi_application()  # loads the apps
router = ProtocolTypeRouter(
    {"http": django_application, "websocket": import_string(settings.SOCKETS)}
)
pages = import_string(settings.OPERATOR_PAGES)(router)
application = import_string(settings.AUTHENTICATION)(pages)
