"""Django project: composition, no behaviour."""

__version__ = "1.0.0"
