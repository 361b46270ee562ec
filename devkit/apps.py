"""App config; makes `manage.py demo` known where the devkit is present."""

from django.apps import AppConfig


class DevkitConfig(AppConfig):
    """A Talk call on one machine."""

    name = "devkit"
