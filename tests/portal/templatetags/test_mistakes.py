"""The error summary: one error is its heading, several are counted and listed with links to their fields."""

from __future__ import annotations

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.template.loader import render_to_string
from django.test import SimpleTestCase

from tests.support.html import links, texts

BOX = "includes/_error_summary.html"
HEADING = "#error-summary-title"


class _Form(forms.Form):
    name = forms.CharField(error_messages={"required": "Enter a name."})
    color = forms.ChoiceField(choices=[("r", "Red")], widget=forms.RadioSelect, error_messages={"required": "Choose."})
    version = forms.IntegerField(widget=forms.HiddenInput, required=False, error_messages={"invalid": "Reload."})

    def clean(self) -> None:
        if self.data.get("name") == "all":
            raise ValidationError("These do not go together.")


class MistakesTests(SimpleTestCase):
    def box(self, **data: str) -> Any:
        return render_to_string(BOX, {"form": _Form(data)})

    def test_nothing_wrong_is_no_box(self) -> None:
        self.assertEqual(texts(self.box(name="x", color="r"), "div"), [])

    def test_one_mistake_is_the_heading_and_leads_to_its_field(self) -> None:
        box = self.box(color="r")
        self.assertEqual((texts(box, HEADING), links(box, f"{HEADING} a")), (["Enter a name."], ["#id_name"]))
        self.assertEqual(texts(box, "li"), [])

    def test_several_are_counted_and_listed(self) -> None:
        box = self.box()
        self.assertEqual(texts(box, HEADING), ["Fix 2 fields"])
        self.assertEqual(
            (texts(box, "li"), links(box, "li a")), (["Enter a name.", "Choose."], ["#id_name", "#id_color"])
        )

    def test_what_belongs_to_no_visible_field_is_a_sentence_without_a_link(self) -> None:
        box = self.box(name="all", color="r")
        self.assertEqual((texts(box, HEADING), links(box, "a")), (["These do not go together."], []))
        self.assertEqual(texts(self.box(color="r", version="x"), HEADING), ["Fix 2 problems"])
        self.assertEqual(texts(self.box(color="r", version="x"), "li"), ["Enter a name.", "Reload."])
