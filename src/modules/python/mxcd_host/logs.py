"""Python's logging goes to mxcd's log, tracebacks included."""
import logging

_LONGEST_TEXT = 16 * 1024


class WireHandler(logging.Handler):
    def __init__(self, wire):
        super().__init__()
        self._wire = wire
        self.setFormatter(logging.Formatter("%(name)s: %(message)s"))

    def emit(self, record):
        try:
            text = self.format(record)[:_LONGEST_TEXT]
            self._wire.send({"log": {"level": _level_of(record.levelno), "text": text}})
        except Exception:
            self.handleError(record)


def _level_of(number):
    if number >= logging.ERROR:
        return "error"
    if number >= logging.WARNING:
        return "warn"
    return "info" if number >= logging.INFO else "debug"


def send_logging_to(wire):
    root = logging.getLogger()
    root.handlers[:] = [WireHandler(wire)]
    root.setLevel(logging.INFO)
