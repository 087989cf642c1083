"""Content-Security-Policy, written as Django 6's SECURE_CSP setting, so that an upgrade makes this module needless."""

from __future__ import annotations

POLICY: dict[str, list[str]] = {
    "default-src": ["'none'"],
    "script-src": ["'self'"],
    "style-src": ["'self'"],
    "img-src": ["'self'"],
    "font-src": ["'self'"],
    "connect-src": ["'self'"],
    "form-action": ["'self'"],
    "frame-ancestors": ["'none'"],
    "base-uri": ["'none'"],
    "object-src": ["'none'"],
    "require-trusted-types-for": ["'script'"],
    # The one policy, by which lists show the portal's own answers in place (static/js/live-list.js).
    "trusted-types": ["portal-pages"],
}


def header(policy: dict[str, list[str]]) -> str:
    """The policy as a header value."""
    return "; ".join(" ".join([directive, *sources]) for directive, sources in policy.items())
