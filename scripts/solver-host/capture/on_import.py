"""Replaces a module's functions when it is imported, be that before the first fork or in a program's own process."""

import sys

_hooks = {}


def on_import(name, install):
    """Calls install(module) once `name` was imported; the module must not be imported yet."""
    if not _hooks:
        sys.meta_path.insert(0, _Finder)
    _hooks[name] = install


class _Finder:
    """Finds nothing itself: lets the other finders find the module, and adds the hook to its loader."""

    @staticmethod
    def find_spec(name, path=None, target=None):
        install = _hooks.get(name)
        if install is None:
            return None
        finders = (finder for finder in sys.meta_path if finder is not _Finder)
        spec = next((spec for finder in finders if (spec := finder.find_spec(name, path, target))), None)
        if spec is not None and spec.loader is not None:
            load = spec.loader.exec_module

            def exec_module(module):
                load(module)
                install(module)

            spec.loader.exec_module = exec_module
        return spec
