"""A TCP relay between a client and a server, which can lose an answer."""

from __future__ import annotations

import socket
import threading
from typing import Any


class Relay:
    """Listens on `port` of 127.0.0.1 and passes bytes on. After `lose_answers` an answer is read and not passed on."""

    def __init__(self, host: str, port: int) -> None:
        self._server = (host, port)
        self._losing = threading.Event()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def lose_answers(self) -> None:
        self._losing.set()

    def pass_answers(self) -> None:
        self._losing.clear()

    def __enter__(self) -> Relay:
        return self

    def __exit__(self, *_: Any) -> None:
        self._listener.close()

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            server = socket.create_connection(self._server)
            threading.Thread(target=self._pass, args=(client, server), daemon=True).start()
            threading.Thread(target=self._answer, args=(server, client), daemon=True).start()

    @staticmethod
    def _pass(source: socket.socket, target: socket.socket) -> None:
        try:
            while data := source.recv(65536):
                target.sendall(data)
        except OSError:
            pass
        finally:
            target.close()

    def _answer(self, source: socket.socket, target: socket.socket) -> None:
        try:
            while (data := source.recv(65536)) and not self._losing.is_set():
                target.sendall(data)
        except OSError:
            pass
        finally:
            # Closed at once: shutdown wakes the thread that waits for the other direction.
            target.shutdown(socket.SHUT_RDWR)
            target.close()
