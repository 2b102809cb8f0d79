"""The `cached` decorator of the module API: what an async method answered, by its arguments."""
import collections
import functools
import inspect

from twisted.internet import defer


def cached(*, max_entries=1000, num_args=None, uncached_args=None):
    """Failures are not remembered; calls with the same arguments share one answer that is under way."""

    def decorate(function):
        names = list(inspect.signature(function).parameters)[1:]
        keys = [name for name in names if name not in (uncached_args or ())][:num_args]
        return _CachedMethod(function, keys, max_entries)

    return decorate


class _CachedMethod:
    def __init__(self, function, keys, max_entries):
        self._function = function
        self._keys = keys
        self._max_entries = max_entries
        functools.update_wrapper(self, function)

    def __set_name__(self, owner, name):
        self._name = name

    def __get__(self, instance, owner=None):
        if instance is None:
            return self
        bound = _Cache(functools.partial(self._function, instance), self._function, instance, self._keys, self._max_entries)
        instance.__dict__[self._name] = bound
        return bound


class _Cache:
    def __init__(self, call, function, instance, keys, max_entries):
        self._call = call
        self._signature = inspect.signature(function)
        self._instance = instance
        self._keys = keys
        self._max_entries = max_entries
        self._answers = collections.OrderedDict()
        functools.update_wrapper(self, function)

    def __call__(self, *args, **kwargs):
        bound = self._signature.bind(self._instance, *args, **kwargs)
        bound.apply_defaults()
        return defer.ensureDeferred(self._ask(tuple(bound.arguments[key] for key in self._keys), args, kwargs))

    async def _ask(self, key, args, kwargs):
        if key not in self._answers:
            self._answers[key] = _Shared(defer.ensureDeferred(self._call(*args, **kwargs)))
            while len(self._answers) > self._max_entries:
                self._answers.popitem(last=False)
        self._answers.move_to_end(key)
        answer = self._answers[key]
        try:
            return await answer.wait()
        except BaseException:
            if self._answers.get(key) is answer:
                del self._answers[key]
            raise

    def invalidate(self, key):
        self._answers.pop(tuple(key), None)

    def invalidate_all(self):
        self._answers.clear()


class _Shared:
    """One answer for all who wait for it, and for those who come later."""

    def __init__(self, deferred):
        self._waiting = []
        self._outcome = None
        deferred.addBoth(self._arrive)

    def _arrive(self, outcome):
        self._outcome = (outcome,)
        waiting, self._waiting = self._waiting, []
        for each in waiting:
            each.callback(outcome)  # a Failure becomes an errback

    def wait(self):
        deferred = defer.Deferred()
        if self._outcome is None:
            self._waiting.append(deferred)
        else:
            deferred.callback(self._outcome[0])
        return deferred
