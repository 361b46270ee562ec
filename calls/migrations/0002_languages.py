"""The languages of the model."""

from typing import Any

from django.db import migrations

LANGUAGES = (("en", "English", True), ("fr", "Français", False))


def add_languages(apps: Any, schema_editor: Any) -> None:
    """Seed what the model speaks."""
    Language = apps.get_model("calls", "Language")
    for code, name, is_default in LANGUAGES:
        Language.objects.get_or_create(
            code=code, defaults={"name": name, "is_default": is_default}
        )


class Migration(migrations.Migration):
    dependencies = [("calls", "0001_initial")]
    operations = [migrations.RunPython(add_languages, migrations.RunPython.noop)]
