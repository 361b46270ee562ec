"""App config."""

from django.apps import AppConfig


class CallsConfig(AppConfig):
    """What Nextcloud and the operator see."""

    name = "calls"

    def ready(self) -> None:
        """Register the system checks."""
        from calls import checks  # noqa: F401
