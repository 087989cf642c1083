"""Every change machines cause, and what staff may change on edges. Nothing else writes these tables."""

from enrollment.operations.edges import delete_edge, edit_edge
from enrollment.operations.enrolling import enroll
from enrollment.operations.refusing import sample_refusal

__all__ = ["delete_edge", "edit_edge", "enroll", "sample_refusal"]
