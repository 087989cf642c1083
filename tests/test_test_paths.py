"""The test of a module has its path with `test_` before the name; other tests open with "Across modules:" and say why.

A module without a test at its path, or at that of its package, is in `TESTED_IN`.
"""

from __future__ import annotations

import ast
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
APPS = ("portal", "keys", "enrollment")
TESTS = sorted(path for app in APPS for path in (ROOT / "tests" / app).rglob("test_*.py"))
MODULES = sorted(
    path.relative_to(ROOT)
    for app in APPS
    for path in (ROOT / app).rglob("*.py")
    if path.name != "__init__.py" and "migrations" not in path.parts
)
OPENING = "Across modules: "
# Modules, and packages with a slash behind, whose tests are elsewhere under tests/.
TESTED_IN = {
    "enrollment/apps.py": "portal/test_checks.py",
    "enrollment/demo.py": "portal/test_quickstart.py",
    "enrollment/downloads.py": "enrollment/management/commands/test_build_downloads.py",
    "enrollment/edge/__main__.py": "deploy/test_edge_archive.py",
    "enrollment/edge/key_pair.py": "enrollment/edge/test_directory_state.py",
    "enrollment/edge/outcomes.py": "enrollment/edge/test_advice.py",
    "enrollment/edge/pem.py": "enrollment/edge/test_answer.py",
    "enrollment/edge/placing.py": "enrollment/edge/test_enrolling.py",
    "enrollment/edge/printable.py": "enrollment/edge/test_hostile.py",
    "enrollment/edge/retries.py": "enrollment/edge/test_enrolling.py",
    "enrollment/edge/watching.py": "enrollment/edge/test_renewing.py",
    "enrollment/endpoints/calls.py": "enrollment/endpoints/test_refusals.py",
    "enrollment/endpoints/est/": "enrollment/endpoints/est/test_refusals.py",
    "enrollment/endpoints/presented_certificate.py": "enrollment/endpoints/est/test_simplereenroll.py",
    "enrollment/endpoints/rate_limit.py": "enrollment/endpoints/test_refusals.py",
    "enrollment/endpoints/representations.py": "enrollment/endpoints/test_json.py",
    "enrollment/endpoints/requests.py": "enrollment/endpoints/test_json.py",
    "enrollment/errors.py": "enrollment/endpoints/test_refusals.py",
    "enrollment/machines.py": "keys/pages/test_key_list.py",
    "enrollment/management/commands/enroll_edge.py": "enrollment/edge/test_cli.py",
    "enrollment/management/commands/seed_demo.py": "portal/test_quickstart.py",
    "enrollment/models.py": "enrollment/test_triggers.py",
    "enrollment/operations/answer.py": "enrollment/operations/test_enrolling.py",
    "enrollment/operations/issuers.py": "enrollment/operations/test_renewal_roots.py",
    "enrollment/other_organizations.py": "enrollment/operations/test_renewal_roots.py",
    "enrollment/pages/attention.py": "enrollment/pages/test_dashboard.py",
    "enrollment/pages/enrollment_days.py": "enrollment/pages/test_dashboard.py",
    "enrollment/pages/recent_activity.py": "enrollment/pages/test_dashboard.py",
    "enrollment/pages/urls.py": "enrollment/pages/test_dashboard.py",
    "portal/audit_detail.py": "enrollment/test_forged_events.py",
    "portal/object_ids.py": "enrollment/test_forged_events.py",
    "portal/bulk_insert.py": "keys/management/commands/test_seed_keys.py",
    "portal/lists/numbers.py": "enrollment/pages/test_dashboard.py",
    "enrollment/pages/audit_row_html.py": "enrollment/pages/test_audit_log.py",
    "enrollment/pages/edge_row_html.py": "enrollment/pages/test_edge_list.py",
    "enrollment/pages/edge_access.py": "enrollment/pages/test_edge_edit.py",
    "enrollment/pages/edge_forms.py": "enrollment/pages/test_edge_edit.py",
    "enrollment/pages/edge_rows.py": "enrollment/pages/test_edge_list.py",
    "enrollment/pages/revoke_form.py": "enrollment/pages/test_revoke.py",
    "enrollment/pages/revoke_preview.py": "enrollment/pages/test_revoke.py",
    "enrollment/pki/csr_parts.py": "enrollment/pki/test_csr_openssl.py",
    "enrollment/pki/der.py": "enrollment/pki/test_csr_openssl.py",
    "enrollment/pki/key_policy.py": "enrollment/pki/test_csr.py",
    "enrollment/pki/proof.py": "enrollment/operations/test_renewing.py",
    "enrollment/revocation_reasons.py": "enrollment/pki/test_revocation_list.py",
    "enrollment/search.py": "portal/test_support_search.py",
    "enrollment/trial_certificate.py": "keys/crypto/test_openssl_verification.py",
    "enrollment/urls.py": "enrollment/endpoints/test_json.py",
    "enrollment/verifying/": "enrollment/management/commands/test_verify_issued.py",
    "portal/drafts.py": "enrollment/pages/test_wizard.py",
    "keys/admin_base.py": "keys/test_admin.py",
    "keys/apps.py": "portal/test_checks.py",
    "keys/pages/save_edit.py": "keys/pages/test_key_edit.py",
    "keys/certificate_use.py": "keys/pages/test_certificate_list.py",
    "keys/checks.py": "portal/test_checks.py",
    "keys/choices.py": "keys/pages/test_suggestions.py",
    "keys/crypto/authority_rules.py": "keys/operations/test_ca_uploading.py",
    "keys/crypto/pasted_keys.py": "keys/crypto/test_tokens.py",
    "keys/errors.py": "portal/test_refusal_pages.py",
    "keys/machines.py": "keys/pages/test_row_html.py",
    "keys/field_words.py": "enrollment/pages/test_audit_log.py",
    "keys/managed_rows.py": "keys/operations/test_vendor_manifest.py",
    "keys/management/commands/apply_vendor_manifest.py": "keys/operations/test_vendor_manifest.py",
    "keys/models/": "keys/models/test_constraints.py",
    "keys/openssl_acceptance.py": "keys/pages/test_certificate_detail.py",
    "keys/operations/editing.py": "keys/operations/test_provisioning_keys.py",
    "keys/operations/key_minting.py": "keys/operations/test_provisioning_keys.py",
    "keys/pages/activity.py": "keys/pages/test_key_detail.py",
    "keys/pages/certificate_access.py": "keys/pages/test_certificate_edit.py",
    "keys/pages/certificate_complete.py": "keys/pages/test_certificate_add.py",
    "keys/pages/certificate_download.py": "keys/pages/test_certificate_list.py",
    "keys/pages/certificate_rows.py": "keys/pages/test_certificate_list.py",
    "keys/pages/common_filters.py": "keys/pages/test_key_filters.py",
    "keys/pages/expiry_badge.py": "keys/pages/test_presentation.py",
    "keys/group_use.py": "keys/pages/test_group_delete.py",
    "keys/pages/group_access.py": "keys/pages/test_group_edit.py",
    "keys/pages/group_add.py": "keys/pages/test_group_edit.py",
    "keys/pages/group_forms.py": "keys/pages/test_group_edit.py",
    "keys/pages/group_map.py": "keys/pages/test_group_list.py",
    "keys/pages/group_row_html.py": "keys/pages/test_group_list.py",
    "keys/pages/group_rows.py": "keys/pages/test_group_list.py",
    "keys/pages/key_access.py": "keys/pages/test_key_detail.py",
    "keys/pages/key_forms.py": "keys/pages/test_key_add.py",
    "keys/pages/key_messages.py": "portal/test_success_messages.py",
    "keys/pages/key_rows.py": "keys/pages/test_row_html.py",
    "keys/pages/root_warning.py": "keys/pages/test_key_edit.py",
    "keys/state_filter.py": "keys/models/test_key_state.py",
    "portal/templatetags/times.py": "keys/pages/test_times.py",
    "portal/times.py": "keys/pages/test_presentation.py",
    "keys/triggers.py": "enrollment/test_managed_key.py",
    "keys/trust_anchors.py": "enrollment/operations/test_renewal_roots.py",
    "keys/urls.py": "portal/test_role_matrix.py",
    "portal/access.py": "portal/test_role_matrix.py",
    "portal/actors.py": "keys/pages/test_key_reveal.py",
    "portal/admin_base.py": "keys/test_admin_bad_values.py",
    "portal/admin_site.py": "portal/test_admin.py",
    "portal/apps.py": "portal/test_checks.py",
    "enrollment/audit_search.py": "enrollment/pages/test_audit_log.py",
    "enrollment/pages/audit_rows.py": "enrollment/pages/test_audit_log.py",
    "portal/lists/moment_filters.py": "enrollment/pages/test_audit_log.py",
    "portal/management/commands/verify_audit.py": "portal/test_audit_seals.py",
    "portal/audit_tallies.py": "portal/test_audit.py",
    "portal/context_processors.py": "portal/test_preferences.py",
    "portal/csp.py": "portal/test_middleware.py",
    "portal/lists/urls.py": "portal/test_role_matrix.py",
    "portal/lists/bulk_page.py": "portal/lists/test_bulk.py",
    "keys/pages/key_bulk.py": "portal/lists/test_bulk.py",
    "portal/lists/views_page.py": "portal/lists/test_view_operations.py",
    "portal/lists/pages.py": "portal/lists/test_exporting.py",
    "portal/formats/": "keys/pages/test_times.py",
    "portal/header_pairs.py": "portal/test_client_certificate.py",
    "portal/first_names.py": "portal/lists/test_name_search.py",
    "portal/identifiers.py": "portal/test_support_search.py",
    "portal/index_conditions.py": "portal/test_support_search.py",
    "portal/lists/": "portal/lists/test_listing.py",
    "portal/logs.py": "enrollment/endpoints/test_json.py",
    "portal/management/built_files.py": "portal/templatetags/test_icons.py",
    "portal/management/commands/build_icons.py": "portal/templatetags/test_icons.py",
    "portal/management/commands/housekeeping.py": "portal/test_housekeeping.py",
    "portal/management/commands/runserver.py": "portal/test_startup.py",
    "portal/models.py": "portal/test_audit.py",
    "portal/password_checks.py": "portal/test_own_password.py",
    "portal/preloading.py": "portal/test_startup.py",
    "portal/problems.py": "portal/test_unavailable.py",
    "portal/refusals.py": "portal/test_refusal_pages.py",
    "portal/row_ids.py": "enrollment/pages/test_edge_detail.py",
    "portal/sort_names.py": "keys/test_names.py",
    "portal/templatetags/counts.py": "keys/pages/test_key_filters.py",
    "portal/templatetags/kept.py": "portal/test_kept_forms.py",
    "portal/triggers.py": "enrollment/test_triggers.py",
    "portal/upload_handler.py": "keys/pages/test_certificate_add.py",
    "portal/urls.py": "portal/test_role_matrix.py",
    "portal/ended_sessions.py": "portal/test_sessions.py",
    "portal/field_validation.py": "keys/operations/test_validity.py",
    "portal/views.py": "portal/test_role_matrix.py",
}


def name_of(path: Path) -> str:
    return str(path.relative_to(ROOT)) if path.is_absolute() else str(path)


def path_of_test(path: Path) -> Path:
    """The test of a module or a package, both without `.py`."""
    return ROOT / "tests" / path.parent / f"test_{path.name}.py"


def test_each_test_has_the_path_of_its_module_or_says_why_not() -> None:
    elsewhere = {}
    for path in TESTS:
        tested = ROOT / path.relative_to(ROOT / "tests").with_name(path.stem.removeprefix("test_"))
        if not (tested.with_suffix(".py").exists() or (tested / "__init__.py").exists()):
            elsewhere[name_of(path)] = ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or ""
    misplaced = [name for name, docstring in elsewhere.items() if not docstring.startswith(OPENING)]
    assert not misplaced, (
        f"No module has their path: move them, or open their docstrings with {OPENING!r} and the reason."
    )


def test_each_module_has_a_test() -> None:
    untested = []
    for module in MODULES:
        packages = [parent for parent in module.parents if len(parent.parts) > 1]
        elsewhere = {str(module), *(f"{package}/" for package in packages)} & TESTED_IN.keys()
        if not (elsewhere or any(path_of_test(path).exists() for path in (module.with_suffix(""), *packages))):
            untested.append(name_of(path_of_test(module.with_suffix(""))))
    assert not untested, "Add these, or lines to TESTED_IN."


def test_what_is_tested_elsewhere_is_there() -> None:
    named = {ROOT / module for module in TESTED_IN} | {ROOT / "tests" / test for test in TESTED_IN.values()}
    assert not [name_of(path) for path in named if not path.exists()]
    at_their_paths = [module for module in TESTED_IN if path_of_test(Path(module).with_suffix("")).exists()]
    assert not at_their_paths, "They have tests at their paths."
