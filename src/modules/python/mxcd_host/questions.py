"""Questions to mxcd, from threads that wait for the answers."""
import concurrent.futures
import itertools
import threading

_PATIENCE = 10


class Questions:
    def __init__(self, wire):
        self._wire = wire
        self._numbers = itertools.count(1)
        self._waiting = {}
        # mxcd takes 16 at once and answers one after the other.
        self._room = threading.Semaphore(8)

    def ask(self, **question):
        """Blocks; not for the reactor's thread, which hears the answers."""
        number = next(self._numbers)
        answer = self._waiting[number] = concurrent.futures.Future()
        try:
            with self._room:
                self._wire.send({"ask": number, **question})
                frame = answer.result(_PATIENCE)
        finally:
            del self._waiting[number]
        if "failure" in frame:
            raise RuntimeError(f"mxcd cannot answer: {frame['failure']}")
        return frame

    def take(self, frame):
        answer = self._waiting.get(frame["answer"])
        if answer is not None:
            answer.set_result(frame)
