"""Tests of the Django project: settings, logs, URLs."""
