"""Django project: composition, no behaviour."""

__version__ = "2026.11.0"
