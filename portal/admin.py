"""The support pages of users."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin
from django.contrib.admin.utils import unquote
from django.contrib.auth import logout
from django.contrib.auth.admin import UserAdmin
from django.contrib.auth.forms import AdminPasswordChangeForm, UserChangeForm, UserCreationForm
from django.contrib.auth.models import Group, User
from django.core.exceptions import NON_FIELD_ERRORS, ValidationError
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.decorators import method_decorator
from django.views.decorators.debug import sensitive_post_parameters

from portal import accounts, actors, audit, refusal_pages
from portal.admin_base import SupportAdmin
from portal.attempts import record_refusal
from portal.audit import Subject
from portal.roles import ADMINISTRATOR, MEANINGS
from portal.secret_texts import HOLDS_KEY, holds_key

admin.site.unregister(Group)
admin.site.unregister(User)


class _WithoutKeys(forms.BaseForm):
    """A form that stores what is typed as it is, but no part of a key."""

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        for name, value in list(cleaned.items()):
            if isinstance(value, str) and "password" not in name and holds_key(value):
                self.add_error(name, ValidationError(HOLDS_KEY, code="secret"))
        return cleaned


class NewAccountForm(_WithoutKeys, UserCreationForm):
    """An account and its password. Without Django's choice of no password, which is for other ways to sign in."""


class AccountForm(_WithoutKeys, UserChangeForm):
    """An account and its roles. The last account that can manage users must keep that right."""

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean()
        was, roles = self.instance, {role.name for role in cleaned.get("groups", ())}
        is_superuser = cleaned.get("is_superuser", was.is_superuser)
        manages = is_superuser or (ADMINISTRATOR in roles and not was.is_superuser)
        if not (cleaned.get("is_active", was.is_active) and manages):
            _require_another_administrator(self, was, NON_FIELD_ERRORS)
        return cleaned


class RolesField(forms.ModelMultipleChoiceField):
    """Roles, each with what its holder may do."""

    def label_from_instance(self, obj: Group) -> str:
        return f"{obj.name}: {MEANINGS[obj.name]}" if obj.name in MEANINGS else obj.name


class AccountPasswordForm(AdminPasswordChangeForm):
    """A new password. The last account that can manage users must keep a usable one."""

    usable_password_help_text = "Without one the user cannot sign in until a new one is set."  # noqa: S105  # a sentence

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        if cleaned.get("set_usable_password") is False:
            _require_another_administrator(self, self.user, "usable_password")
        return cleaned


def _require_another_administrator(form: Any, user: User, field: str) -> None:
    try:
        accounts.require_another_administrator(user)
    except accounts.LastAdministrator as refused:
        form.refused = accounts.subject(user), refused.code
        raise ValidationError({field: str(refused)}) from None


@admin.register(User)
class AccountAdmin(SupportAdmin, UserAdmin):
    """Users and their roles. Staff rights follow from the roles; only a superuser may change a superuser."""

    form = AccountForm
    add_form = NewAccountForm
    add_fieldsets = [(None, {"fields": ["username", "password1", "password2"]})]
    change_password_form = AccountPasswordForm
    list_display = ["username", "email", "is_active", "is_staff", "last_login"]
    list_filter = ["is_active", "groups"]
    search_help_text = "A part of the user name, the first or last name, or the e-mail address."
    filter_horizontal = []
    readonly_fields = ["is_staff", "last_login", "date_joined"]
    fieldsets = [
        (None, {"fields": ["username", "password"]}),
        ("Person", {"fields": ["first_name", "last_name", "email"]}),
        ("Roles", {"fields": ["is_active", "groups", "is_superuser", "is_staff"]}),
        ("Dates", {"fields": ["last_login", "date_joined"]}),
    ]

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> list[str]:
        fields = list(self.readonly_fields)
        return fields if request.user.is_superuser else [*fields, "is_superuser"]

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return super().has_change_permission(request, obj) and self._may_touch(request, obj)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return super().has_delete_permission(request, obj) and self._may_touch(request, obj)

    def audit_subject(self, record: User) -> Subject:
        return accounts.subject(record)

    def formfield_for_manytomany(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        options = {"form_class": RolesField, "label": "Roles", "help_text": "Several add up."}
        # Checkboxes work with a keyboard, on a phone and without JavaScript, unlike Django's two lists.
        options["widget"] = forms.CheckboxSelectMultiple
        return super().formfield_for_manytomany(db_field, request, **kwargs, **options)

    @method_decorator(sensitive_post_parameters())
    def user_change_password(self, request: HttpRequest, id: str, form_url: str = "") -> HttpResponse:  # noqa: A002  # Django's name
        # The address names a user in many ways, such as 01. This form does not ask for the current password.
        if self.get_object(request, unquote(id)) == request.user:
            return redirect("own-password")
        # The form saves the password itself; this keeps the audit event in the same transaction.
        with transaction.atomic():
            return self._recorded(request, super().user_change_password(request, id, form_url))

    def changeform_view(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        return self._recorded(request, super().changeform_view(request, *args, **kwargs))

    @staticmethod
    def _recorded(request: HttpRequest, response: HttpResponse) -> HttpResponse:
        """The page of a form, after an event if the form refused to take the last administrator away."""
        context = getattr(response, "context_data", None) or {}
        form = context.get("form") or getattr(context.get("adminform"), "form", None)
        if refused := getattr(form, "refused", None):
            subject, code = refused
            audit.record(audit.Action.USER_EDITED, actors.from_request(request), subject, reason=code)
        return response

    @staticmethod
    def _may_touch(request: HttpRequest, user: User | None) -> bool:
        # Otherwise an administrator could set a superuser's password and sign in as that superuser.
        return user is None or not user.is_superuser or bool(request.user.is_superuser)

    def save_form(self, request: HttpRequest, form: Any, change: bool) -> Any:
        # The row is still as it was, while the form has its new values already.
        form.before = accounts.described(User.objects.get(pk=form.instance.pk)) if change else None
        return super().save_form(request, form, change)

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:
        super().save_related(request, form, formsets, change)
        accounts.apply_roles(
            form.instance,
            actor=actors.from_request(request),
            before=form.before,
            password=any("password" in name for name in form.changed_data),
        )

    def response_change(self, request: HttpRequest, obj: User) -> HttpResponse:
        self._sign_out_without_session(request)
        return super().response_change(request, obj)

    def response_delete(self, request: HttpRequest, obj_display: str, obj_id: int) -> HttpResponse:
        self._sign_out_without_session(request)
        return super().response_delete(request, obj_display, obj_id)

    @staticmethod
    def _sign_out_without_session(request: HttpRequest) -> None:
        # Users who give up a role of their own, or delete their own account, lose their session.
        if not request.session.exists(request.session.session_key or ""):
            logout(request)

    def log_change(self, request: HttpRequest, obj: User, message: Any) -> Any:
        # The password page calls no save_model; this is its only hook.
        if "password" in str(message):
            accounts.record_new_password(obj, actor=actors.from_request(request))
        return super().log_change(request, obj, message)

    def delete_view(self, request: HttpRequest, object_id: str, extra_context: Any = None) -> HttpResponse:
        try:
            return super().delete_view(request, object_id, extra_context)
        except accounts.LastAdministrator as refused:
            record_refusal(refused)
            return refusal_pages.answer(request, refused, ("Users", reverse("admin:auth_user_changelist")))

    def delete_queryset(self, request: HttpRequest, queryset: Any) -> None:
        for user in queryset:
            self.delete_model(request, user)

    def delete_model(self, request: HttpRequest, obj: User) -> None:
        accounts.delete_user(obj, actor=actors.from_request(request))
