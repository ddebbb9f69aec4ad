"""The library itself: its version, and its messages."""

from __future__ import annotations

import logging
import os
import re

from ._c import ffi, lib
from ._errors import InvalidArgument
from ._handle import logger

if lib.atlas_version() // 1000 != lib.ATLAS_VERSION // 1000:
    raise ImportError(
        f"this package is for version {lib.ATLAS_VERSION_MAJOR}.{lib.ATLAS_VERSION_MINOR} of the library, "
        f"not {ffi.string(lib.atlas_version_string()).decode()}"
    )

_LEVELS = {
    "off": logging.CRITICAL + 1,
    "error": logging.ERROR,
    "warn": logging.WARNING,
    "info": logging.INFO,
    "debug": logging.DEBUG,
    "trace": logging.DEBUG,
}
_stderr: logging.Handler | None = None


def library_version() -> str:
    """The version of the library in use."""
    return str(ffi.string(lib.atlas_version_string()).decode())


def init_tracing(filter: str | None = None) -> None:
    """Write the library's messages to stderr: those of the logger "atlas". Only the first call does something.

    Parameters
    ----------
    filter : str, optional
        "off", "error", "warn", "info", "debug" or "trace", alone or as "atlas=debug"; by default what the environment
        variables ATLAS_LOG or RUST_LOG say, else "info".

    Raises
    ------
    InvalidArgument
        `filter` is none of these.
    """
    global _stderr
    wanted = filter or os.environ.get("ATLAS_LOG") or os.environ.get("RUST_LOG") or "info"
    found = re.fullmatch(r"(?:atlas=)?(\w+)", wanted)
    level = _LEVELS.get(found[1].lower()) if found else None
    if level is None:
        raise InvalidArgument(f"filter is one of {', '.join(_LEVELS)}, alone or after 'atlas=', not {wanted!r}")
    if _stderr is None:
        _stderr = logging.StreamHandler()
        _stderr.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s: %(message)s"))
        logger.addHandler(_stderr)
        logger.setLevel(level)
