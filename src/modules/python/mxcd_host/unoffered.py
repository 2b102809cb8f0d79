"""What a module's callbacks will ask of the module API and not get, found in their source before anybody is asked.

A use counts when the objects behind its names can be looked up: `self.NAME.NAME`, closures, a module's own names. Of
whatever else it may be nothing is said: that fails when it is called.
"""
import ast
import functools
import inspect
import linecache
import types

_UNKNOWN = object()
_CATCHING = {"AttributeError", "NotImplementedError", "Exception", "BaseException"}
_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)


def unoffered_uses(callbacks, api, package):
    """Uses in the callbacks and in what they name of their Python package: those that fail, and those whose failure is caught."""
    search = _Search(api, package)
    for callback in callbacks:
        search.add(callback, False)
    search.run()
    return sorted(search.failing), sorted(search.caught - search.failing)


class _Search:
    def __init__(self, api, package):
        self.api = api
        self.failing = set()
        self.caught = set()
        self._package = package
        self._seen = set()
        self._waiting = []

    def add(self, value, is_caught):
        """Whatever it is: functions of the package will be read."""
        function, owner = _parts_of(value)
        if not isinstance(function, types.FunctionType) or str(function.__module__).partition(".")[0] != self._package:
            return
        key = (function, id(owner), is_caught)
        if key not in self._seen:
            self._seen.add(key)
            self._waiting.append((function, owner, is_caught))

    def run(self):
        while self._waiting:
            function, owner, is_caught = self._waiting.pop()
            file = function.__code__.co_filename
            tree = _tree_of("".join(linecache.getlines(file, function.__globals__)))
            node = _node_of(function.__code__, tree)
            if node is not None:
                _Reader(self, file, _Names(function, owner, node), _texts_in(tree), is_caught).visit(node)


class _Reader(ast.NodeVisitor):
    """Reads one function."""

    def __init__(self, search, file, names, texts, is_caught):
        self._search = search
        self._file = file.rpartition("/")[2]
        self._names = names
        self._texts = texts
        self._is_caught = is_caught

    def visit_Try(self, node):
        outer = self._is_caught
        self._is_caught = outer or any(map(_catches, node.handlers))
        for statement in node.body:
            self.visit(statement)
        self._is_caught = outer
        for rest in (*node.handlers, *node.orelse, *node.finalbody):
            self.visit(rest)

    def visit_Name(self, node):
        self._search.add(self._names.value_of(node), self._is_caught)

    def visit_Attribute(self, node):
        if self._names.value_of(node.value) is not self._search.api:
            self._search.add(self._names.value_of(node), self._is_caught)
        # A name that stands in a text as well is one that the module asks for with hasattr or getattr.
        elif isinstance(node.ctx, ast.Load) and node.attr not in self._texts and not _has(self._search.api, node.attr):
            found = self._search.caught if self._is_caught else self._search.failing
            found.add(f"ModuleApi.{node.attr} ({self._file}, line {node.lineno})")
        self.generic_visit(node)


class _Names:
    """What expressions in a function stand for."""

    def __init__(self, function, owner, node):
        code = function.__code__
        self._values = dict(function.__globals__)
        for name, cell in zip(code.co_freevars, function.__closure__ or ()):
            self._values[name] = _content_of(cell)
        first = code.co_varnames[0] if code.co_argcount else None
        own = [name for each in _codes_in(code) for name in {*each.co_varnames, *each.co_cellvars}]
        for name in own:
            self._values[name] = _UNKNOWN
        is_set = any(isinstance(each, ast.Name) and each.id == first and not isinstance(each.ctx, ast.Load) for each in ast.walk(node))
        if own.count(first) == 1 and not is_set:
            self._values[first] = owner

    def value_of(self, node):
        if isinstance(node, ast.Name):
            return self._values.get(node.id, _UNKNOWN)
        return _attribute_of(self.value_of(node.value), node.attr) if isinstance(node, ast.Attribute) else _UNKNOWN


def _attribute_of(value, name):
    """As it is found without running any code of the module; functions of a class are bound."""
    found = inspect.getattr_static(value, name, _UNKNOWN) if value is not _UNKNOWN else _UNKNOWN
    if isinstance(found, (staticmethod, classmethod)):
        return found.__func__ if isinstance(found, staticmethod) else types.MethodType(found.__func__, _class_of(value))
    if isinstance(found, property) and found.fget:
        return types.MethodType(found.fget, value)  # which runs
    function = _unwrapped(found)
    if isinstance(function, types.FunctionType) and _unwrapped(inspect.getattr_static(type(value), name, None)) is function:
        return types.MethodType(function, value)
    return found


def _has(api, name):
    # http_client is only made when it is used.
    return inspect.getattr_static(api, name, _UNKNOWN) is not _UNKNOWN or hasattr(api, name)


def _class_of(value):
    return value if isinstance(value, type) else type(value)


def _unwrapped(value):
    """The function that decorators wrap, if they say so."""
    for _ in range(20):
        inner = inspect.getattr_static(value, "__wrapped__", None)
        if inner is None:
            break
        value = inner
    return value


def _parts_of(value):
    """A function and the object that it is bound to."""
    owner = _UNKNOWN
    while isinstance(value, (functools.partial, types.MethodType)):
        if isinstance(value, types.MethodType):
            owner = value.__self__
        value = value.func if isinstance(value, functools.partial) else value.__func__
    return _unwrapped(value), owner


def _catches(handler):
    kinds = handler.type.elts if isinstance(handler.type, ast.Tuple) else [handler.type]
    return any(kind is None or isinstance(kind, ast.Name) and kind.id in _CATCHING for kind in kinds)


def _content_of(cell):
    try:
        return cell.cell_contents
    except ValueError:
        return _UNKNOWN  # not set yet


def _codes_in(code):
    yield code
    for each in code.co_consts:
        if isinstance(each, types.CodeType):
            yield from _codes_in(each)


@functools.lru_cache(maxsize=None)
def _tree_of(text):
    try:
        return ast.parse(text)
    except (SyntaxError, ValueError, RecursionError):
        return ast.Module([], [])


@functools.lru_cache(maxsize=None)
def _texts_in(tree):
    return {node.value for node in ast.walk(tree) if isinstance(node, ast.Constant) and isinstance(node.value, str)}


def _node_of(code, tree):
    """The function's own node; None where there is none, or more than one."""
    nodes = [node for node in ast.walk(tree) if isinstance(node, _FUNCTIONS) and getattr(node, "name", "<lambda>") == code.co_name
             and min(each.lineno for each in (node, *getattr(node, "decorator_list", ()))) == code.co_firstlineno]
    return nodes[0] if len(nodes) == 1 else None
