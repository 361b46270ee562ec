"""App config."""

from django.apps import AppConfig


class SignalingConfig(AppConfig):
    """What happens inside a call."""

    name = "signaling"
