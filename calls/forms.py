# SPDX-FileCopyrightText: The live_transcription contributors
# SPDX-License-Identifier: AGPL-3.0-or-later

"""What operators may fill in, and what is refused."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from calls.models import Language, RoomSettings
from calls.schemas import SchemaError, check_room_token
from calls.services import offered_languages


class LanguageForm(forms.ModelForm):  # type: ignore[type-arg]
    """Whether rooms may have a language, and whether it is the default."""

    class Meta:
        model = Language
        fields = ("enabled", "is_default")

    def clean(self) -> dict[str, Any]:
        """The default, and at least one language, must be there to be chosen."""
        fields: dict[str, Any] = super().clean() or self.cleaned_data
        if fields.get("enabled"):
            return fields
        if fields.get("is_default"):
            self.add_error("is_default", _("The default has to be enabled."))
        others = Language.objects.filter(enabled=True).exclude(pk=self.instance.pk)
        if not others.exists():
            self.add_error("enabled", _("One language has to be enabled."))
        return fields

    def _post_clean(self) -> None:
        """Leave the constraint of one default to the service that moves it."""
        self.instance.enabled = self.cleaned_data.get("enabled", False)
        self.instance.is_default = self.cleaned_data.get("is_default", False)


class RoomSettingsForm(forms.ModelForm):  # type: ignore[type-arg]
    """The language of a room."""

    language = forms.ChoiceField(
        label=_("Language"),
        choices=lambda: [(one.code, one.name) for one in offered_languages()],
    )

    class Meta:
        model = RoomSettings
        fields = ("room_token", "language")

    def clean_room_token(self) -> str:
        """As Talk writes it."""
        try:
            return check_room_token(self.cleaned_data["room_token"])
        except SchemaError as error:
            raise forms.ValidationError(str(error)) from error
