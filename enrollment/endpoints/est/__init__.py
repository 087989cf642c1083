"""Enrollment over Secure Transport, RFC 7030 and RFC 8951: the second door to the same operation."""
