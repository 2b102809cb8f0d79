"""Loads one module and answers mxcd's calls with its callbacks."""
import asyncio
import importlib
import json
import logging
import os
import sys

from mxcd_host.logs import send_logging_to
from mxcd_host.questions import Questions
from mxcd_host.wire import LONGEST_FRAME, Wire

logger = logging.getLogger("mxcd")


def run(load):
    wire = Wire()
    questions = Questions(wire)
    send_logging_to(wire)
    sys.path[:0] = load["path"]
    try:
        callbacks = _load_module(load, questions)
    except BaseException as error:  # SystemExit too: whatever it is, the module cannot be used
        logger.error("the module cannot be loaded", exc_info=True)
        wire.send({"failed": _sentence(error)})
        os._exit(1)
    _serve(wire, callbacks, questions)


def _load_module(load, questions):
    try:
        from twisted.internet import asyncioreactor
    except ImportError as error:
        raise ImportError(f"{error}: Python modules need the package python3-twisted") from error
    asyncioreactor.install(asyncio.new_event_loop())
    from mxcd_host.callbacks import Callbacks
    from synapse.module_api import ModuleApi

    package, _, name = load["module"].rpartition(".")
    if not package:
        raise ImportError(f"{load['module']} has no package: expected package.Class")
    module_class = getattr(importlib.import_module(package), name)
    config = json.loads(load["config"])
    if hasattr(module_class, "parse_config"):
        config = module_class.parse_config(config)
    callbacks = Callbacks()
    # Kept, because a module may hold on to nothing but its own registered methods.
    api = ModuleApi(load, callbacks, questions)
    callbacks.module = module_class(config, api)
    _require_offered(callbacks, api, module_class.__module__.partition(".")[0])
    return callbacks


def _require_offered(callbacks, api, package):
    """What the callbacks will not get is told now, and not to somebody who uploads."""
    from mxcd_host.unoffered import unoffered_uses
    from synapse.module_api import NotOffered

    try:
        failing, caught = unoffered_uses(callbacks.functions, api, package)
    except Exception:  # nothing that is odd in a module's objects keeps it from running
        logger.warning("the callbacks cannot be looked through", exc_info=True)
        return
    if caught:
        logger.warning("not offered by mxcd, and the module catches the error: %s", ", ".join(caught))
    if failing:
        raise NotOffered(f"{', '.join(failing)} {'is' if len(failing) == 1 else 'are'} not offered by mxcd")


def _sentence(error):
    text = f"{type(error).__name__}: {error}"
    path = getattr(error, "path", None)
    if path and not isinstance(path, str):
        text += " at " + ".".join(str(step) for step in path)
    return text[:1000]


def _serve(wire, callbacks, questions):
    from twisted.internet import reactor

    calls = Calls(wire, callbacks, questions)
    asyncio.get_event_loop_policy().set_event_loop(reactor._asyncioEventloop)
    reactor._asyncioEventloop.add_reader(wire.fileno(), calls.take_all)
    wire.send({"ready": {"callbacks": callbacks.names()}})
    reactor.run(installSignalHandlers=False)


class Calls:
    """Takes calls from the wire and answers each when its callback has."""

    def __init__(self, wire, callbacks, questions):
        self._wire = wire
        self._callbacks = callbacks
        self._questions = questions

    def take_all(self):
        for frame, file in self._wire.receive():
            if "ping" in frame:
                self._wire.send({"pong": frame["ping"]})
            elif "answer" in frame:
                self._questions.take(frame)
            elif "call" in frame:
                self._take(frame["call"], frame["callback"], frame["arguments"], file)

    def _take(self, call, callback, arguments, file):
        from twisted.internet.defer import ensureDeferred

        deferred = ensureDeferred(self._callbacks.ask(callback, arguments, file))
        deferred.addCallback(self._answer, call)
        deferred.addErrback(self._fail, call)

    def _answer(self, result, call):
        text = json.dumps(result, separators=(",", ":"))
        if len(text) > LONGEST_FRAME - 100:
            raise ValueError("the answer is longer than 64 KiB")
        self._wire.send_text(b'{"call":%d,"result":%s}' % (call, text.encode()))

    def _fail(self, failure, call):
        from synapse.api.errors import SynapseError

        error = failure.value
        if isinstance(error, SynapseError):
            answer = {"status": error.code, "errcode": str(error.errcode), "error": error.msg}
            self._wire.send({"call": call, "error": answer})
            return
        logger.error("a callback failed\n%s", failure.getTraceback())
        self._wire.send({"call": call, "failure": _sentence(error)})
