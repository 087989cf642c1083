"""How every form of the portal looks: label, hint, field, error, in one template."""

from __future__ import annotations

from django.forms.renderers import TemplatesSetting


class PortalFormRenderer(TemplatesSetting):
    """Renders `{{ field.as_field_group }}` with the portal's own template."""

    field_template_name = "includes/_form_field.html"
