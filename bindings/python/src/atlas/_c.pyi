"""The compiled part: the functions and constants of atlas.h (`lib`), and cffi's memory (`ffi`)."""

from collections.abc import Callable
from typing import Any, TypeVar

_F = TypeVar("_F", bound=Callable[..., Any])

class _Ffi:
    def def_extern(self, *, name: str, error: int = ..., onerror: Callable[..., None]) -> Callable[[_F], _F]: ...
    def __getattr__(self, name: str) -> Any: ...

ffi: _Ffi
lib: Any
