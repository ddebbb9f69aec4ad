"""Choices that are words in Python and numbers in C."""

from __future__ import annotations

from ._c import lib
from ._errors import InvalidArgument, Unsupported

_CODECS = {
    "zstd": lib.ATLAS_CODEC_ZSTD,
    "lz4": lib.ATLAS_CODEC_LZ4,
    "none": lib.ATLAS_CODEC_NONE,
    "uncompressed": lib.ATLAS_CODEC_NONE,
}
_FILTERS = {"none": lib.ATLAS_FILTER_NONE, "delta": lib.ATLAS_FILTER_DELTA}
_META_FORMATS = {
    # The default, which a store that is begun anew need not have.
    "json": lib.ATLAS_META_FORMAT_DEFAULT,
    "msgpack": lib.ATLAS_META_FORMAT_MSGPACK,
    "mp": lib.ATLAS_META_FORMAT_MSGPACK,
}
_COMPRESSIONS = {
    "none": lib.ATLAS_COMPRESSION_NONE,
    "uncompressed": lib.ATLAS_COMPRESSION_NONE,
    "zstd": lib.ATLAS_COMPRESSION_ZSTD,
}

_OVERFLOWS = {"error": lib.ATLAS_OVERFLOW_ERROR, "infinity": lib.ATLAS_OVERFLOW_INFINITY}

_SWITCHES: dict[bool | None, int] = {
    None: lib.ATLAS_SWITCH_DEFAULT,
    True: lib.ATLAS_SWITCH_ON,
    False: lib.ATLAS_SWITCH_OFF,
}


def _choice(word: str, choices: dict[str, int], what: str) -> int:
    if word not in choices:
        raise InvalidArgument(f"{what} is one of {', '.join(choices)}, not {word!r}")
    return choices[word]


def codec_of(word: str | None) -> int:
    return int(lib.ATLAS_CODEC_DEFAULT) if word is None else _choice(word, _CODECS, "codec")


def filter_of(word: str | None) -> int:
    return int(lib.ATLAS_FILTER_DEFAULT) if word is None else _choice(word, _FILTERS, "filter")


def bits_of(keep_bits: int | None) -> int:
    if keep_bits is None:
        return 0
    if not 0 < keep_bits < 1 << 31:
        raise InvalidArgument(f"keep_bits is {keep_bits}, not a number of bits")
    return keep_bits


def meta_format_of(word: str) -> int:
    return _choice(word, _META_FORMATS, "meta_format")


def if_exists_of(overwrite: bool, exist_ok: bool) -> int:
    if overwrite and exist_ok:
        raise InvalidArgument("a store that is there is opened (exist_ok) or begun anew (overwrite), not both")
    if overwrite:
        return int(lib.ATLAS_IF_EXISTS_REPLACE)
    return int(lib.ATLAS_IF_EXISTS_OPEN if exist_ok else lib.ATLAS_IF_EXISTS_FAIL)


def compression_of(word: str) -> int:
    if word == "lz4":
        raise Unsupported("meta_compression is zstd or none; a root compressed with LZ4 is not written")
    return _choice(word, _COMPRESSIONS, "meta_compression")


def overflow_of(word: str) -> int:
    return _choice(word, _OVERFLOWS, "float_overflow")


def level_of(level: int | None) -> int:
    if level is None:
        return 0
    if not -(1 << 31) <= level < 1 << 31 or level == 0:
        raise InvalidArgument(f"a codec has no level {level}")
    return level


def switch(on: bool | None) -> int:
    return _SWITCHES[on]


def check_type_policy(policy: str) -> None:
    """`on_type_mismatch` of the predecessor, whose arrays of one name had to have one type."""
    if policy == "error":
        raise Unsupported("on_type_mismatch='error': arrays of one name may differ in type here; see merged_schema")
    if policy != "warn":
        raise InvalidArgument(f"on_type_mismatch is warn or error, not {policy!r}")
