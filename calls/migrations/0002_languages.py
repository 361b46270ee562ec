"""The languages of the model."""

from typing import Any

from django.db import migrations

LANGUAGES = (("en", "English"), ("fr", "Français"))


def add_languages(apps: Any, schema_editor: Any) -> None:
    """Seed what the model speaks; none is the default as long as nobody chooses."""
    Language = apps.get_model("calls", "Language")
    for code, name in LANGUAGES:
        Language.objects.get_or_create(code=code, defaults={"name": name})


class Migration(migrations.Migration):
    dependencies = [("calls", "0001_initial")]
    operations = [migrations.RunPython(add_languages, migrations.RunPython.noop)]
