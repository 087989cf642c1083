"""Files that come with a form."""

from __future__ import annotations

from typing import Any

from django.core.files.uploadhandler import MemoryFileUploadHandler

KEPT_BYTES = 256 * 1024


class BeginningInMemory(MemoryFileUploadHandler):
    """Keeps a file in memory, never on the disk, for it may hold a private key.

    Of a larger one than `KEPT_BYTES` the beginning is kept, so that its form can say that it is too large; the handler
    that this one extends would drop it without a word.
    """

    def handle_raw_input(self, *_: Any, **__: Any) -> None:
        self.activated = True

    def receive_data_chunk(self, raw_data: bytes, start: int) -> None:
        self.file.write(raw_data[: max(0, KEPT_BYTES - start)])
