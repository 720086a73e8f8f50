"""Find the variants of a folder by their file names, and those of other packages by entry point."""

from __future__ import annotations

import pkgutil
import sys
from collections.abc import Callable
from functools import cache
from importlib import import_module
from importlib.metadata import EntryPoints, entry_points
from inspect import getmembers, isabstract, isclass
from types import ModuleType
from typing import TypeVar

Base = TypeVar("Base")


class UnknownVariant(ValueError):
    """A name stands for no file of its kind."""

    def __init__(self, kind: str, name: str, known: list[str]) -> None:
        super().__init__(f"there is no {name!r} among the {kind}; known are: {', '.join(known) or 'none'}")


class VariantTwice(ImportError):
    """Two files of one kind have one name, so nobody could say which is meant."""

    def __init__(self, kind: str, name: str, modules: list[str]) -> None:
        super().__init__(f"{' and '.join(modules)} are both {kind} named {name!r}; remove one, or give it another name")


class VariantBroken(ImportError):
    """Another package's variant can't be imported."""

    def __init__(self, kind: str, name: str, module: str, error: Exception) -> None:
        super().__init__(
            f"{name!r} of {kind} is brought by the module {module} of another package, which can't be imported "
            f"({type(error).__name__}: {error}); mend that package, or uninstall it"
        )


def own_names(package: ModuleType) -> list[str]:
    """The names of the variants that a package's own folder holds: its files but `base`."""
    return sorted(name.replace("_", "-") for name in _files(package))


def variant_names(package: ModuleType) -> list[str]:
    """The names of a package's variants: its files but `base`, plus entry points in the group `earwitness.<package>`.

    A file `vertical_noise.py` is the variant `vertical-noise`; names use dashes everywhere a person types them.
    One that outgrew a file is a folder of that name, whose file of that name has the class (`prolific/prolific.py`).
    """
    names = [*_files(package), *(point.name for point in _points(package))]
    return sorted({name.replace("_", "-") for name in names})


def load_module(package: ModuleType, name: str) -> ModuleType:
    """The module of the variant `name`; of this package's folder, or another package's entry point.

    Raises:
        UnknownVariant: no file and no entry point has that name.
        VariantTwice: several have it.
        VariantBroken: it is another package's, and can't be imported.
    """
    kind = package.__name__.rpartition(".")[2]
    own = [module for file, module in _files(package).items() if file.replace("_", "-") == name]
    foreign = [point.module for point in _points(package) if point.name.replace("_", "-") == name]
    modules = sorted({*own, *foreign})
    if not modules:
        raise UnknownVariant(kind, name, variant_names(package))
    if len(modules) > 1:
        raise VariantTwice(kind, name, modules)
    if own:
        return import_module(own[0])
    try:
        return import_module(modules[0])
    except Exception as error:
        raise VariantBroken(kind, name, modules[0], error) from error


def _files(package: ModuleType) -> dict[str, str]:
    """By the names of files and folders, the modules that have their classes."""
    found = (module for module in pkgutil.iter_modules(package.__path__) if module.name != "base")
    return {
        module.name: f"{package.__name__}.{module.name}" + (f".{module.name}" if module.ispkg else "")
        for module in found
    }


def _points(package: ModuleType) -> EntryPoints:
    return _points_along(f"earwitness.{package.__name__}", tuple(sys.path))


@cache
def _points_along(group: str, path: tuple[str, ...]) -> EntryPoints:  # noqa: ARG001 - another path, other packages
    """The entry points of a group; every installed package is looked through, so once for each path is enough."""
    return entry_points(group=group)


def load(package: ModuleType, name: str, base: type[Base]) -> Callable[..., Base]:
    """What makes a `base` of the variant `name`.

    Raises:
        UnknownVariant: no such variant.
        TypeError: its file defines no class of that base, or several.
    """
    return load_class(package, name, base)


def load_class(package: ModuleType, name: str, base: type[Base]) -> type[Base]:
    """The one class in the variant `name` that is a `base`.

    Raises:
        UnknownVariant: no such variant.
        TypeError: its file defines no class of that base, or several.
    """
    module = load_module(package, name)
    found = [
        member
        for _, member in getmembers(module, isclass)
        if issubclass(member, base) and not isabstract(member) and member.__module__ == module.__name__
    ]
    if len(found) != 1:
        raise TypeError(f"{module.__name__} defines {len(found)} classes of {base.__name__}; expected one")
    return found[0]
