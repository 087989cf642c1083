"""The page that asks before something is done with many rows, and shows which of them refused."""

from __future__ import annotations

from collections.abc import Sequence
from copy import copy
from dataclasses import dataclass
from typing import Any

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db.models import F, QuerySet, Value
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase, HttpResponseRedirect, QueryDict
from django.shortcuts import render
from django.urls import reverse
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.views.decorators.http import require_http_methods

from portal import actors, success_messages
from portal.error_pages import render_error
from portal.lists import bulk
from portal.lists.bulk import BulkAction, Outcome
from portal.lists.columns_form import named
from portal.lists.exporting import export
from portal.lists.list_filters import ListFilters
from portal.lists.listing import List
from portal.lists.state import ListState
from portal.numbers import numbered
from portal.row_ids import row_id
from portal.success_messages import quoted

EXPORT = "export"
# Names on the page, and in the message afterwards; of more rows only the number is shown.
NAMED, NAMED_AFTERWARDS = 100, 20


@dataclass(frozen=True, slots=True)
class Selection:
    """What was selected: all rows that match the filters of an address, or those with these ids."""

    where: str
    state: ListState
    filters: ListFilters
    everything: bool
    rows: QuerySet[Any]

    @classmethod
    def of(cls, listed: List, given: QueryDict) -> Selection:
        where = given.get("where", "")
        state = listed.state(QueryDict(where))
        filters = listed.filters(state, listed.rows(), everything=True)
        matching = listed.rows() if filters.chosen is None else filters.chosen
        everything = "all" in given
        return cls(where, state, filters, everything, matching if everything else listed.rows())


class ConfirmForm(forms.Form):
    """What an action asks for: a value, and that its words are typed."""

    def __init__(self, action: BulkAction, words: str, data: QueryDict | None = None) -> None:
        super().__init__(data)
        self.words = words
        if action.asks:
            self.fields["value"] = copy(action.asks)
        if action.typed:
            label = format_html("Type <strong>{}</strong> to confirm", words)
            self.fields["typed"] = forms.CharField(label=label)
            self.fields["typed"].widget.attrs = {"autocomplete": "off", "spellcheck": "false"}

    def clean_typed(self) -> str:
        """The words, whatever the case."""
        typed = " ".join(str(self.cleaned_data["typed"]).split())
        if typed.casefold() != self.words.casefold():
            raise forms.ValidationError(f"Type “{self.words}” exactly.")
        return typed


def _ids(values: Sequence[str]) -> list[int]:
    each = (part for value in values for part in value.split(","))
    return sorted({number for part in each if (number := row_id(part)) is not None})[: bulk.MOST + 1]


@require_http_methods(["GET", "HEAD", "POST"])
def bulk_page(request: HttpRequest, name: str) -> HttpResponseBase:
    """Ask (GET) and do (POST) what `do` names with the rows `row`, or with `all` that match the list at `where`."""
    listed = named(name, request)
    given = request.POST if request.method == "POST" else request.GET
    selection, word = Selection.of(listed, given), given.get("do", "")
    back = reverse(listed.address) + selection.state.link
    if selection.filters.mistakes:
        return HttpResponseRedirect(back)
    ids = _ids(given.getlist("row"))
    if word == EXPORT:
        if selection.everything:
            return export(listed, request, selection.state, selection.filters)
        rows, words = selection.rows.filter(pk__in=ids), f"{len(ids)} selected"
        return export(listed, request, selection.state, selection.filters, chosen=rows, words=words)
    allowed = listed.actions(request.user)
    action = next((each for each in listed.bulk if each.word == word), None)
    if action not in allowed if action else not allowed:
        raise PermissionDenied(f"You can't change {listed.nouns} here. Ask an administrator for a role that can.")
    if not word:
        return HttpResponseRedirect(back)
    if action is None:
        raise Http404
    if request.method == "POST":
        return _done(request, listed, action, selection, ids)
    return _asked(request, listed, action, selection, ids)


def _asked(
    request: HttpRequest,
    listed: List,
    action: BulkAction,
    selection: Selection,
    ids: Sequence[int],
    changed: bool = False,
) -> HttpResponse:
    """The page with the rows as they are now; those that nobody may change are left out and named."""
    picked = selection.rows if selection.everything else selection.rows.filter(pk__in=ids)
    kept: Any = F(listed.unselectable) if listed.unselectable else Value(False)
    named_rows = list(picked.order_by("pk").values("pk", "name", kept=kept)[: bulk.MOST + 1])
    if max(len(named_rows), len(ids)) > bulk.MOST:
        sentence = f"At most {bulk.MOST:,} {listed.nouns} are changed at once. Narrow the filters, then select again."
        back = (f"Back to {listed.nouns}", _back(listed, selection))
        return render_error(request, 422, sentence, back, f"Too many {listed.nouns} at once")
    rows = [row for row in named_rows if not row["kept"]]
    form = ConfirmForm(action, listed.counted(len(rows), action.word))
    return _page(request, listed, action, selection, rows, form, kept=len(named_rows) - len(rows), changed=changed)


def _done(
    request: HttpRequest, listed: List, action: BulkAction, selection: Selection, ids: Sequence[int]
) -> HttpResponse:
    """Do it with exactly the rows of the page; if one of them is gone or refuses, nothing is done."""
    form = ConfirmForm(action, listed.counted(len(ids), action.word), request.POST)
    if not ids or len(ids) > bulk.MOST:
        return _asked(request, listed, action, selection, ids)
    if not form.is_valid():
        rows = list(selection.rows.filter(pk__in=ids).order_by("pk").values("pk", "name"))
        if len(rows) != len(ids):
            return _asked(request, listed, action, selection, ids, changed=True)
        return _page(request, listed, action, selection, rows, form)
    try:
        outcome = bulk.run(
            action,
            listed.rows().model._default_manager.all(),
            ids,
            matching=selection.rows,
            value=form.cleaned_data.get("value"),
            actor=actors.from_request(request),
        )
    except bulk.Changed:
        return _asked(request, listed, action, selection, ids, changed=True)
    if outcome.refused:
        rows = [{"pk": record.pk, "name": record.name} for record in outcome.records]
        return _page(request, listed, action, selection, rows, form, outcome=outcome)
    _announce(request, listed, action, outcome)
    return HttpResponseRedirect(_back(listed, selection))


def _announce(request: HttpRequest, listed: List, action: BulkAction, outcome: Outcome) -> None:
    """Show how many were changed and how many needed nothing, each with their names."""
    changed = [record for record in outcome.records if record not in outcome.needless]
    if changed:
        success_messages.add(request, "{}: {}", listed.counted(len(changed), action.done), _names(listed, changed))
    if outcome.needless and action.already:
        count = listed.counted(len(outcome.needless), "")
        was = numbered(f"{{was|were}} {action.already[0]}", len(outcome.needless))
        success_messages.add(request, "{} {}: {}", count, was, _names(listed, outcome.needless))
    for sentence in outcome.late:
        messages.warning(request, sentence)


def _names(listed: List, records: Sequence[Any]) -> SafeString:
    by_name = sorted(records, key=lambda record: record.name.casefold())
    shown, more = by_name[:NAMED_AFTERWARDS], len(records) - NAMED_AFTERWARDS
    # What was deleted may have no page any more.
    exist = listed.rows().model._default_manager.in_bulk([record.pk for record in shown])
    each = [success_messages.named(record) if record.pk in exist else quoted(record.name) for record in shown]
    names = format_html_join(", ", "{}", ((name,) for name in each))
    return format_html("{} and {} more", names, f"{more:,}") if more > 0 else names


def _back(listed: List, selection: Selection) -> str:
    return reverse(listed.address) + selection.state.first_page().link


def _page(
    request: HttpRequest,
    listed: List,
    action: BulkAction,
    selection: Selection,
    rows: Sequence[Any],
    form: ConfirmForm,
    *,
    kept: int = 0,
    changed: bool = False,
    outcome: Outcome | None = None,
) -> HttpResponse:
    refused = {record.pk: reason for record, reason in outcome.refused} if outcome else {}
    others = [row["pk"] for row in rows if row["pk"] not in refused]
    done = action.needless(selection.rows.filter(pk__in=[row["pk"] for row in rows]))
    shown = [{**row, "reason": refused.get(row["pk"], ""), "is_done": row["pk"] in done} for row in rows]
    shown.sort(key=lambda row: (not row["reason"], row["name"].casefold()))
    context = {
        "listed": listed,
        "action": action,
        "effect": action.effect([row["pk"] for row in rows]) if action.effect and rows else "",
        "selection": selection,
        "consequences": [numbered(each, len(rows)) for each in action.consequences],
        "already": action.already[0] if action.already else "",
        "title": listed.counted(len(rows), action.ask),
        "refused_words": listed.counted(len(refused), ""),
        "others_title": listed.counted(len(others), action.ask),
        "rows": shown[: max(NAMED, len(refused))],
        "more": max(0, len(shown) - max(NAMED, len(refused))),
        "ids": ",".join(str(row["pk"]) for row in rows),
        "others": ",".join(map(str, others)),
        "kept": listed.counted(kept, ""),
        "is_kept": kept,
        "kept_reason": listed.unselectable_reason() if kept else "",
        "changed": changed,
        "refused": refused,
        "form": form,
        "back": _back(listed, selection),
    }
    return render(request, "lists/bulk.html", context, status=409 if changed or refused else 200)
