"""Enrollment over Secure Transport (RFC 7030, RFC 8951): the same operations for clients that speak EST."""
