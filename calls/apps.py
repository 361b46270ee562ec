"""App config."""

from django.apps import AppConfig


class CallsConfig(AppConfig):
    """What Nextcloud and the operator see."""

    name = "calls"
