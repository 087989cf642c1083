"""The upload handler of forms."""

from __future__ import annotations

from typing import Any

from django.core.files.uploadhandler import MemoryFileUploadHandler

KEPT_BYTES = 256 * 1024


class BeginningInMemory(MemoryFileUploadHandler):
    """Keeps uploaded files in memory, never on disk, because they may hold private keys.

    Of a file larger than KEPT_BYTES it keeps the beginning, so that the form can report the size. Django's
    MemoryFileUploadHandler would silently drop the file.
    """

    def handle_raw_input(self, *_: Any, **__: Any) -> None:
        self.activated = True

    def receive_data_chunk(self, raw_data: bytes, start: int) -> None:
        self.file.write(raw_data[: max(0, KEPT_BYTES - start)])
