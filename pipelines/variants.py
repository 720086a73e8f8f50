"""Find the variants of a folder by their file names, and those of other packages by entry point."""

from __future__ import annotations

import pkgutil
from collections.abc import Callable
from importlib import import_module
from importlib.metadata import entry_points
from inspect import getmembers, isabstract, isclass
from types import ModuleType
from typing import TypeVar

Base = TypeVar("Base")


class UnknownVariant(ValueError):
    """A name stands for no file of its kind."""

    def __init__(self, kind: str, name: str, known: list[str]) -> None:
        super().__init__(f"there is no {kind} named {name!r}; known are: {', '.join(known) or 'none'}")


def variant_names(package: ModuleType) -> list[str]:
    """The names of a package's variants: its files but `base`, plus entry points in the group `earwitness.<package>`.

    A file `vertical_noise.py` is the variant `vertical-noise`; names use dashes everywhere a person types them.
    """
    own = [module.name for module in pkgutil.iter_modules(package.__path__) if module.name != "base"]
    foreign = [point.name for point in entry_points(group=f"earwitness.{package.__name__}")]
    return sorted({name.replace("_", "-") for name in [*own, *foreign]})


def load_module(package: ModuleType, name: str) -> ModuleType:
    """The module of the variant `name`; of this package's folder, or another package's entry point.

    Raises:
        UnknownVariant: no file and no entry point has that name.
    """
    if name not in variant_names(package):
        raise UnknownVariant(package.__name__.replace(".", " "), name, variant_names(package))
    for point in entry_points(group=f"earwitness.{package.__name__}"):
        if point.name.replace("_", "-") == name:
            return import_module(point.module)
    return import_module(f"{package.__name__}.{name.replace('-', '_')}")


def load(package: ModuleType, name: str, base: type[Base]) -> Callable[..., Base]:
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
