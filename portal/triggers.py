"""Database triggers. They are declared in each app's `triggers` module and created again after every migrate.

Migrations cannot create them: Django rebuilds a SQLite table for most changes and silently drops its triggers.
"""

from __future__ import annotations

import importlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from django.apps import apps
from django.db import connection
from django.utils.module_loading import module_has_submodule


@dataclass(frozen=True, slots=True)
class Trigger:
    """A rule: the database refuses `event` on `table` if `when` is true and `unless` is not.

    Both are SQL for SQLite and PostgreSQL. `when` uses only OLD and NEW; `unless` may read other tables.
    """

    name: str
    table: str
    event: str
    message: str
    when: str = ""
    unless: str = ""


def differs(columns: Iterable[str]) -> str:
    """The SQL of `when` for an UPDATE that changes one of these columns."""
    return " OR ".join(f"OLD.{column} IS DISTINCT FROM NEW.{column}" for column in columns)


_AUDIT, _SEALS = "portal_auditevent", "portal_auditseal"
TRIGGERS = [
    Trigger(f"audit_event_refuses_{event.lower()}", _AUDIT, event, "audit events are never changed or deleted")
    for event in ("UPDATE", "DELETE", "TRUNCATE")
] + [
    Trigger(f"audit_seal_refuses_{event.lower()}", _SEALS, event, "seals of the audit log are never changed or deleted")
    for event in ("UPDATE", "DELETE", "TRUNCATE")
]


def all_triggers() -> list[Trigger]:
    """Every trigger of every installed app."""
    found: list[Trigger] = []
    for config in apps.get_app_configs():
        if module_has_submodule(config.module, "triggers"):
            module = importlib.import_module(f"{config.name}.triggers")
            found.extend(getattr(module, "TRIGGERS", []))
    return found


def _sqlite(trigger: Trigger) -> Iterator[str]:
    conditions = [f"({trigger.when})"] if trigger.when else []
    conditions += [f"NOT ({trigger.unless})"] if trigger.unless else []
    when = f"WHEN {' AND '.join(conditions)}" if conditions else ""
    yield f'DROP TRIGGER IF EXISTS "{trigger.name}"'
    yield (
        f'CREATE TRIGGER "{trigger.name}" BEFORE {trigger.event} ON "{trigger.table}" FOR EACH ROW {when} '
        f"BEGIN SELECT RAISE(ABORT, '{trigger.message}'); END"
    )


def _postgresql(trigger: Trigger) -> Iterator[str]:
    scope = "STATEMENT" if trigger.event == "TRUNCATE" else "ROW"
    result = {"DELETE": "OLD", "TRUNCATE": "NULL"}.get(trigger.event, "NEW")
    # PostgreSQL's WHEN is fast but allows no subquery, so the function tests `unless`.
    when = f"WHEN ({trigger.when})" if trigger.when else ""
    yield (
        f'CREATE OR REPLACE FUNCTION "{trigger.name}"() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN '
        f"IF NOT ({trigger.unless or 'FALSE'}) THEN "
        f"RAISE EXCEPTION '{trigger.message}' USING ERRCODE = 'integrity_constraint_violation'; "
        f"END IF; RETURN {result}; END $$"
    )
    yield f'DROP TRIGGER IF EXISTS "{trigger.name}" ON "{trigger.table}"'
    yield (
        f'CREATE TRIGGER "{trigger.name}" BEFORE {trigger.event} ON "{trigger.table}" '
        f'FOR EACH {scope} {when} EXECUTE FUNCTION "{trigger.name}"()'
    )


def statements(trigger: Trigger) -> Iterator[str]:
    """The SQL that creates or replaces a trigger on this database."""
    return _sqlite(trigger) if connection.vendor == "sqlite" else _postgresql(trigger)


def _supported() -> list[Trigger]:
    is_sqlite = connection.vendor == "sqlite"
    return [trigger for trigger in all_triggers() if not (is_sqlite and trigger.event == "TRUNCATE")]


def create_all(**_: Any) -> None:
    """Create or replace each trigger whose table exists; the post_migrate handler."""
    tables = set(connection.introspection.table_names())
    with connection.cursor() as cursor:
        for trigger in _supported():
            if trigger.table in tables:
                for statement in statements(trigger):
                    cursor.execute(statement)


def drop_before_migrations(plan: Sequence[Any] = (), **_: Any) -> None:
    """Drop the triggers on SQLite before migrations run; the pre_migrate handler. `create_all` creates them again.

    Django rebuilds a SQLite table by renaming it, which SQLite refuses while a trigger of another table names it.
    """
    if plan and connection.vendor == "sqlite":
        drop_all()


def drop_all() -> None:
    """Drop every trigger, before a rebuild and in tests that flush the database."""
    with connection.cursor() as cursor:
        for trigger in _supported():
            on = "" if connection.vendor == "sqlite" else f' ON "{trigger.table}"'
            cursor.execute(f'DROP TRIGGER IF EXISTS "{trigger.name}"{on}')


def missing() -> list[str]:
    """Names of the triggers that do not exist in the database."""
    query = (
        "SELECT name FROM sqlite_master WHERE type = 'trigger'"
        if connection.vendor == "sqlite"
        else "SELECT tgname FROM pg_trigger WHERE NOT tgisinternal AND tgenabled <> 'D'"
    )
    with connection.cursor() as cursor:
        cursor.execute(query)
        present = {name for (name,) in cursor.fetchall()}
    return [trigger.name for trigger in _supported() if trigger.name not in present]
