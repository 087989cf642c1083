"""Groups as HTML: the rows of their list, and the same values for the page of one."""

from __future__ import annotations

import functools
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from django.conf import settings
from django.template.defaultfilters import linebreaksbr
from django.urls import get_script_prefix
from django.utils.html import format_html
from django.utils.safestring import SafeString

from keys import machines
from keys.models import ProvisioningKey, ServiceEdgeGroup
from keys.pages import key_rows
from keys.pages.group_rows import EdgeCounts, GroupMay, facts
from keys.pages.key_rows import May
from keys.update_schedule import next_update
from portal import zones
from portal.lists import first_of_each
from portal.lists.columns import Cells
from portal.lists.counting import words
from portal.lists.row_text import escaped, row_text
from portal.long_texts import in_column, text_or_link, title_of
from portal.record_addresses import page
from portal.times import duration, stamp
from portal.tones import Tone

_NO_CELLS = Cells(frozenset(), 0)
_NOT_SET = SafeString('<span class="muted">Not set</span>')


class Members(NamedTuple):
    """The newest keys and edges of a group, each as an item of a list in HTML."""

    keys: Sequence[str] = ()
    edges: Sequence[str] = ()


class GroupState(NamedTuple):
    """What templates branch on; the values are substituted."""

    open: bool
    enabled: bool
    managed: bool
    edit: bool
    delete: bool
    adds_keys: bool
    sees_keys: bool
    sees_edges: bool
    has_keys: bool
    shows_keys: bool
    has_more_keys: bool
    shows_edges: bool
    has_more_edges: bool
    # "" without edges, "capped" or "counted".
    edges: str
    edges_tone: Tone
    is_disconnected: bool
    is_described: bool
    is_changed: bool

    def for_templates(self) -> dict[str, Any]:
        """All of it by name."""
        return {**self._asdict(), "tone": Tone.OK if self.enabled else Tone.OFF}


def state_of(group: Any, may: GroupMay, edges: EdgeCounts, members: Members, *, is_open: bool = False) -> GroupState:
    """The state of a group of `group_rows.read` for a user. Links are for who may follow them."""
    return GroupState(
        is_open,
        group.enabled,
        group.managed,
        edit=may.change and not group.managed,
        delete=may.delete and not group.managed,
        adds_keys=may.keys.add,
        sees_keys=may.view_keys,
        sees_edges=bool(may.edges_in_group),
        has_keys=bool(group.key_count),
        shows_keys=bool(members.keys),
        has_more_keys=group.key_count > len(members.keys),
        shows_edges=bool(members.edges),
        has_more_edges=edges.total > len(members.edges),
        edges="capped" if edges.is_capped else "counted" if edges.total else "",
        edges_tone=edges.tone,
        is_disconnected=bool(edges.disconnected),
        is_described=bool(group.description),
        is_changed=stamp(group.modified_at).text != stamp(group.created_at).text,
    )


def values_of(group: Any, may: GroupMay, now: datetime, edges: EdgeCounts) -> dict[str, str]:
    """The values of a group of `group_rows.read` as text. Those of keys and edges count what there is."""
    created, changed = stamp(group.created_at), stamp(group.modified_at)
    moment = next_update(group, now)
    local, exact = zones.local(moment, None), stamp(moment)
    return {
        "id": str(group.pk),
        "name": group.name,
        "vendor": settings.VENDOR_NAME,
        "key_count": words(group.key_count),
        "keys": f"{words(group.key_count)} {'key' if group.key_count == 1 else 'keys'}",
        "keys_url": f"{page('keys:key-list')}?group={group.pk}" if may.view_keys else "",
        "edges_number": edges.number,
        "edges_total": f"{edges.total:,}",
        "edges_connected": f"{edges.connected:,}",
        "edges_disconnected": f"{edges.disconnected:,}",
        "edges_url": f"{may.edges_in_group}{group.pk}" if may.edges_in_group else "",
        "place": group.place,
        "profile": group.get_version_profile_display(),
        "update": f"{local:%a} {local:%H:%M}",
        # A started minute counts whole, so that nothing is due in "0 s".
        "update_wait": f"in {duration(moment - now + timedelta(seconds=59))}",
        "update_exact": exact.text,
        "update_iso": exact.iso,
        "created": created.text,
        "created_iso": created.iso,
        "changed": changed.text,
        "changed_iso": changed.iso,
    }


def html_of(group: ServiceEdgeGroup, members: Members) -> dict[str, str]:
    """What of a group is HTML already."""
    return {
        "description": text_or_link(linebreaksbr(group.description)) if group.description else "",
        "facts": SafeString("".join(_fact(*each) for each in facts(group))),
        "created_by": text_or_link(group.created_by),
        "changed_by": text_or_link(group.modified_by),
        "newest_keys": SafeString("".join(members.keys)),
        "newest_edges": SafeString("".join(members.edges)),
    }


@functools.lru_cache(maxsize=1_024)
def _fact(label: str, value: str) -> str:
    """Cached, because most groups share most values."""
    return format_html("<div><dt>{}</dt><dd>{}</dd></div>", label, text_or_link(value) if value else _NOT_SET)


def row_of(group: Any, may: GroupMay, now: datetime, edges: EdgeCounts, members: Members) -> dict[str, Any]:
    """State and values in one dictionary, for a template that prints one group."""
    state = state_of(group, may, edges, members)
    return {**state.for_templates(), **values_of(group, may, now, edges), **html_of(group, members)}


def render_rows(
    groups: Iterable[Any],
    may: GroupMay,
    now: datetime,
    most: int,
    members: Mapping[int, Members],
    is_open: Callable[[int], bool],
    cells: Cells,
) -> Iterator[str]:
    """The rows of a page, one after the other. Of each group at most so many edges and one were read."""
    prefix = get_script_prefix()
    for group in groups:
        edges, newest = EdgeCounts.of(group.edge_words, most), members.get(group.pk, Members())
        values = escaped(values_of(group, may, now, edges)) | html_of(group, newest)
        values["name_title"], values["place_title"] = in_column(group.name), title_of(group.place)
        state = state_of(group, may, edges, newest, is_open=is_open(group.pk))
        yield row_text("keys/_group_row.html", state, cells, prefix).with_values(values)


class _KeyState(NamedTuple):
    use: str
    tone: Tone
    word: str

    def for_templates(self) -> dict[str, Any]:
        return self._asdict()


class _EdgeState(NamedTuple):
    tone: str

    def for_templates(self) -> dict[str, Any]:
        return self._asdict()


def newest_members(groups: Collection[int], count: int, may: GroupMay, now: datetime) -> dict[int, Members]:
    """The newest keys and edges of each group that the user may see, at most so many of both."""
    keys = _newest_keys(groups, count, may.keys, now) if groups and may.view_keys else {}
    edges = _newest_edges(groups, count, now) if groups and may.edges_in_group else {}
    return {pk: Members(keys.get(pk, ()), edges.get(pk, ())) for pk in groups}


def _newest_keys(groups: Collection[int], count: int, may: May, now: datetime) -> Mapping[int, list[str]]:
    first = first_of_each.ids(ProvisioningKey.objects.order_by("-id"), "group_id", groups, count)
    found, prefix = defaultdict(list), get_script_prefix()
    for key in key_rows.read(ProvisioningKey.objects.filter(pk__in=first).order_by("-id")):
        row = key_rows.state_of(key, may, now)
        state = _KeyState(row.use, row.tone, row.state.label)
        values = {
            "id": str(key.id),
            "name": key.name,
            "uses": str(key.uses),
            "max_uses": str(key.max_uses),
            "uses_shown": f"{key.uses:,}",
            "max_uses_shown": f"{key.max_uses:,}",
        }
        text = row_text("keys/_group_key.html", state, _NO_CELLS, prefix)
        found[key.group_id].append(text.with_values(escaped(values) | {"name_title": title_of(key.name)}))
    return found


def _newest_edges(groups: Collection[int], count: int, now: datetime) -> Mapping[int, list[str]]:
    port, found, prefix = machines.answers(), defaultdict(list), get_script_prefix()
    edges = port.edges_of_groups(now)
    first = first_of_each.ids(edges.order_by("-id"), "group_id", groups, count)
    for edge in port.described_edges(edges.filter(pk__in=first).order_by("-id"), now):
        text = row_text("keys/_group_edge.html", _EdgeState(edge.state.tone), _NO_CELLS, prefix)
        values = escaped({"url": edge.url, "name": edge.name, "state": str(edge.state)})
        found[edge.group_id].append(text.with_values(values | {"name_title": title_of(edge.name)}))
    return found
