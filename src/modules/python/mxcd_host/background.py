"""Running functions beside each other, in Twisted's way."""
import inspect
import logging

from twisted.internet import defer

logger = logging.getLogger("mxcd")


def run_in_background(function, *args, **kwargs):
    """Starts `function`, and gives a Deferred of its result, whatever it returns."""
    try:
        result = function(*args, **kwargs)
    except Exception:
        return defer.fail()
    if inspect.iscoroutine(result):
        return defer.ensureDeferred(result)
    if isinstance(result, defer.Deferred):
        return result
    return defer.ensureDeferred(_await(result)) if inspect.isawaitable(result) else defer.succeed(result)


async def _await(awaitable):
    return await awaitable


def make_deferred_yieldable(deferred):
    """There are no log contexts here, so every Deferred is fit to be awaited."""
    return deferred


def run_as_background_process(desc, func, *args, **kwargs):
    """The same as run_in_background, for what nobody waits for: failures go to the log."""
    kwargs.pop("bg_start_span", None)
    return run_in_background(func, *args, **kwargs).addErrback(_log_failure, desc)


def _log_failure(failure, description):
    logger.error("the background process %s failed\n%s", description, failure.getTraceback())
