"""A reader of stores, written from docs/format.md alone. It checks everything that the document says can be checked.

Needs numpy, zstandard, msgpack and lz4.
"""

import json
import math
import re
import struct
from pathlib import Path

import lz4.block
import msgpack
import numpy as np
import zstandard

NUMPY = {
    "bool": "|b1", "i8": "|i1", "i16": "<i2", "i32": "<i4", "i64": "<i8",
    "u8": "|u1", "u16": "<u2", "u32": "<u4", "u64": "<u8",
    "f16": "<f2", "f32": "<f4", "f64": "<f8", "c64": "<c8", "c128": "<c16", "timestamp_ns": "<i8",
}
SIGNED = {"i8", "i16", "i32", "i64", "timestamp_ns"}
UNSIGNED = {"bool", "u8", "u16", "u32", "u64"}
FLOATS = {"f16": "e", "f32": "f", "f64": "d", "c64": "f", "c128": "d"}
QUIET_NAN = {"e": 0x7E00, "f": 0x7FC00000, "d": 0x7FF8000000000000}
CODECS = {1: "zstd", 2: "lz4", 3: "none"}
# By what is done to the elements (0 shuffled, 1 differences that are shuffled, 2 differences): the bytes they may have.
ELEMENTS = {0: (1, 2, 4, 8, 16), 1: (2, 4, 8), 2: (1, 2, 4, 8)}
MANTISSA = {"f16": 10, "f32": 23, "c64": 23, "f64": 52, "c128": 52}
VERSION = 1


class Damage(Exception):
    """Something that is not as the document says."""


def expect(condition, message):
    if not condition:
        raise Damage(message)


# 1 Conventions

def _crc_table():
    table = []
    for byte in range(256):
        for _ in range(8):
            byte = byte >> 1 ^ (0x82F63B78 if byte & 1 else 0)
        table.append(byte)
    return table


_CRC_TABLE = _crc_table()


def crc32c(data):
    crc = 0xFFFFFFFF
    for byte in data:
        crc = crc >> 8 ^ _CRC_TABLE[(crc ^ byte) & 0xFF]
    return crc ^ 0xFFFFFFFF


class Cursor:
    """Bytes read from front to back."""

    def __init__(self, data):
        self.data, self.at = data, 0

    def bytes(self, length):
        expect(self.at + length <= len(self.data), "cut short")
        self.at += length
        return self.data[self.at - length:self.at]

    def u8(self):
        return self.bytes(1)[0]

    def u32(self):
        return int.from_bytes(self.bytes(4), "little")

    def u64(self):
        return int.from_bytes(self.bytes(8), "little")

    def uvarint(self):
        value = 0
        for i in range(10):
            byte = self.u8()
            value |= (byte & 0x7F) << 7 * i
            if byte < 0x80:
                expect(value < 1 << 64, "a number of more than 64 bits")
                return value
        raise Damage("a number of more than 10 bytes")

    def svarint(self):
        value = self.uvarint()
        return value >> 1 if value & 1 == 0 else -(value + 1 >> 1)

    def end(self):
        expect(self.at == len(self.data), f"{len(self.data) - self.at} bytes too many")


def unzstd(data):
    """The content of one zstd frame that says its size."""
    try:
        frame = zstandard.get_frame_parameters(data)
        expect(frame.content_size not in (zstandard.CONTENTSIZE_UNKNOWN, zstandard.CONTENTSIZE_ERROR), "no content size")
        expect(frame.dict_id == 0, "a zstd dictionary")
        decompressor = zstandard.ZstdDecompressor().decompressobj()
        content = decompressor.decompress(data)
        expect(decompressor.eof and decompressor.unused_data == b"", "more or less than one zstd frame")
    except zstandard.ZstdError as error:
        raise Damage(f"zstd: {error}") from error
    return content


# 3 The root file

def _unique(pairs):
    names = [name for name, _ in pairs]
    expect(len(set(names)) == len(names), "a name twice")
    return dict(pairs)


def parse_json_root(data):
    body, trailer = data[:-31], data[-31:]
    expect(trailer == b',"checksum":"crc32c:%08x"}\n' % crc32c(body), "the root's checksum")
    root = json.loads(data, object_pairs_hook=_unique)
    expect(list(root) == ["atlas", "datasets", "checksum"], "the root's keys")
    return root["atlas"], root["datasets"]


def parse_msgpack_root(data):
    body, trailer = data[:-14], data[-14:]
    expect(trailer == b"\xa8checksum\xce" + crc32c(body).to_bytes(4, "big"), "the root's checksum")
    def unpack(part):
        return msgpack.unpackb(part, object_pairs_hook=_unique)
    root = unpack(data)
    expect(list(root) == ["atlas", "datasets", "checksum"], "the root's keys")
    expect(all(type(part) is bytes for part in root["datasets"].values()), "a dataset that is not a byte string")
    return root["atlas"], {name: unpack(part) for name, part in root["datasets"].items()}


def parse_record(data, human):
    """What a catalogue file says of a dataset."""
    try:
        if human:
            return json.loads(data, object_pairs_hook=_unique)
        return msgpack.unpackb(data, object_pairs_hook=_unique)
    except (ValueError, msgpack.UnpackException) as error:
        raise Damage(f"a record: {error}") from error


def uncompress_root(data):
    frame, trailer = data[:-12], data[-12:]
    expect(trailer == bytes.fromhex("5a2a4d1804000000") + crc32c(frame).to_bytes(4, "little"), "the root's checksum")
    return unzstd(frame)


ROOTS = {
    "atlas.json": parse_json_root,
    "atlas.msgpack": parse_msgpack_root,
    "atlas.json.zst": lambda data: parse_json_root(uncompress_root(data)),
    "atlas.msgpack.zst": lambda data: parse_msgpack_root(uncompress_root(data)),
}


def parse_root(name, data):
    try:
        atlas, datasets = ROOTS[name](data)
    except (ValueError, msgpack.UnpackException) as error:
        raise Damage(f"{name}: {error}") from error
    expect(atlas["format_version"] <= VERSION, f"format version {atlas['format_version']}")
    expect(not atlas["required_features"], f"needs the features {atlas['required_features']}")
    return atlas, datasets


# 5 Values

def _float(kind, value, human):
    """The bytes of a float in the root."""
    size = struct.calcsize(kind)
    if type(value) is str:
        if human and value == "NaN":
            return QUIET_NAN[kind].to_bytes(size, "little")
        if human and value in ("Infinity", "-Infinity"):
            return struct.pack("<" + kind, math.inf if value == "Infinity" else -math.inf)
        bits = int(value, 16)
        expect(re.fullmatch("0x[0-9a-f]+", value) and bits != QUIET_NAN[kind], f"the float {value}")
        expect(np.isnan(np.frombuffer(bits.to_bytes(size, "little"), "<f%d" % size)[0]), f"{value} is not a NaN")
        return bits.to_bytes(size, "little")
    expect(type(value) in (float, int), f"the float {value!r}")
    if math.isnan(value):
        expect(not human, "a NaN in JSON")
        return QUIET_NAN[kind].to_bytes(size, "little")
    return np.array([value], "<f8").astype("<f%d" % size).tobytes()


def parse_value(value, human):
    """A value as (dtype, bytes), or ("string", texts)."""
    expect(type(value) is dict and len(value) == 1, f"the value {value!r}")
    (dtype, items), = value.items()
    if dtype == "string":
        expect(all(type(item) is str for item in items), "a text")
        return dtype, items
    if dtype in FLOATS:
        expect(dtype[0] == "f" or len(items) % 2 == 0, "half a complex number")
        return dtype, b"".join(_float(FLOATS[dtype], item, human) for item in items)
    expect(all(type(item) is (bool if dtype == "bool" else int) for item in items), f"the values {items!r}")
    return dtype, np.array(items, NUMPY[dtype]).tobytes()


# 6 Segments

class Row:
    """A chunk: array_id, chunk, offset, stored_len, raw_len, at, len, codec, shuffle, delta, pieces, crc, nulls, low, high."""

    def block(self):
        return self.offset, self.stored_len, self.raw_len, self.codec, self.shuffle, self.delta, self.pieces, self.crc

    def own(self):
        return self.at == 0 and self.len == self.raw_len

    def share(self):
        return ((self.at + self.len) * self.stored_len // self.raw_len
                - self.at * self.stored_len // self.raw_len)


def parse_page(data, count, blocks_end, parts):
    cursor = Cursor(unzstd(data))
    rows = [Row() for _ in range(count)]
    array_id = chunk = end = 0
    for row in rows:
        step, c = cursor.uvarint(), cursor.uvarint()
        array_id, chunk = array_id + step, c + (chunk if step == 0 else 0)
        row.array_id, row.chunk = array_id, chunk
    for row in rows:
        row.part = cursor.uvarint() if parts else 0
        expect(row.part <= len(parts), "a part that is not there")
    for row in rows:
        row.offset = (end + cursor.svarint()) % 2**64
        row.stored_len = cursor.uvarint()
        end = row.offset + row.stored_len
        expect(row.offset >= 32 and end <= (parts[row.part - 1].blocks_end if row.part else blocks_end), "a block outside the blocks")
    behind = (None, 0)
    for row in rows:
        row.raw_len, step, row.len = cursor.uvarint(), cursor.svarint(), cursor.uvarint()
        row.at = step + (behind[1] if behind[0] == (row.part, row.offset) else 0)
        behind = ((row.part, row.offset), row.at + row.len)
        expect(row.at >= 0, "a chunk before its block")
        expect(max(row.raw_len, row.stored_len) < 2**32 and row.at + row.len <= row.raw_len, "a chunk outside its block")
    for row in rows:
        row.codec, (filter_, item) = cursor.u8(), divmod(cursor.u8(), 32)
        row.pieces, row.codec = divmod(row.codec, 128)
        expect(row.codec in CODECS and filter_ in ELEMENTS and item in ELEMENTS[filter_], "an unknown codec or filter")
        expect(row.raw_len % item == 0, "half an element in a block")
        row.shuffle, row.delta = (1 if filter_ == 2 else item), (item if filter_ else 0)
    for row in rows:
        if row.pieces:
            row.pieces = cursor.uvarint()
            expect(row.pieces >= 2 and row.raw_len % (row.pieces * row.shuffle) == 0 and row.own(), "a block in pieces")
    for row in rows:
        row.crc = cursor.u32()
    for row in rows:
        row.nulls, ranged = divmod(cursor.uvarint(), 2)
        row.low = row.high = 0 if ranged else None
    for row in rows:
        row.low = None if row.low is None else cursor.bytes(8)
    for row in rows:
        row.high = None if row.high is None else cursor.bytes(8)
    cursor.end()
    return rows


def check_ends(data, magic, record, store_id):
    """Checks header, trailer and directory of a file; returns the directory and its place."""
    expect(len(data) == record["length"], "the length of the file")
    expect(data[:32] == magic + (1).to_bytes(4, "little") + bytes(4) + bytes.fromhex(store_id), "the header")
    trailer = Cursor(data[-32:])
    offset, length, crc = trailer.u64(), trailer.u64(), trailer.u32()
    expect(trailer.u32() == crc32c(data[-32:-12]), "the trailer's checksum")
    expect(trailer.bytes(8) == b"ATLASEND", "the trailer's end")
    expect(offset + length + 32 == len(data), "the place of the directory")
    directory = data[offset:offset + length]
    expect(crc32c(directory) == crc == record["directory_crc32c"], "the directory's checksum")
    return directory, offset


def bundled(data, record, store_id):
    """The bytes of a segment in a bundle, all of whose segments follow each other."""
    expect(data[:32] == b"ATLASBDL" + (1).to_bytes(4, "little") + bytes(4) + bytes.fromhex(store_id), "the bundle")
    at, places = 32, {}
    while at < len(data):
        length = int.from_bytes(data[at:at + 8], "little")
        places[at + 8] = length
        at += 8 + length
    expect(at == len(data), "the end of the bundle")
    expect(places.get(record["at"]) == record["length"], "the place of a segment in its bundle")
    return data[record["at"]:record["at"] + record["length"]]


class Segment:
    """All of a segment, checked."""

    def __init__(self, path, record, store_id, folder, is_part=False):
        self.path, self.record, self.store_id, self.folder = path, record, store_id, folder
        self.start = record.get("at", 0)
        data = path.read_bytes()
        if "at" in record:
            data = bundled(data, record, store_id)
        self.data = data
        directory, offset = check_ends(data, b"ATLASSEG", record, store_id)
        self._parse(Cursor(directory), offset)
        ids = [row.array_id for row in self.rows]
        expect(is_part or record["array_ids"] == [min(ids), max(ids)], "the array ids")
        self.blocks = self._check_blocks()
        for row in self.rows:
            source = self.source(row)
            expect(source is self or row.block() in {own.block() for own in source.rows}, "a block that its part has not")

    def _parse(self, directory, offset):
        self.rows, self.pages = [], 0
        self.blocks_end = at = directory.uvarint()
        last = directory.uvarint(), directory.uvarint()
        array_id = 0
        pages = []
        for _ in range(directory.uvarint()):
            array_id += directory.uvarint()
            first = array_id, directory.uvarint()
            pages.append((first, directory.uvarint(), directory.uvarint(), directory.u32()))
        definitions = directory.uvarint(), directory.u32()
        self.parts = []
        if directory.at < len(directory.data):
            length, crc = directory.uvarint(), directory.u32()
            self.parts = self._parse_parts(self.data[offset - length:offset], crc)
            offset -= length
        directory.end()
        expect(("parts" in self.record) == bool(self.parts), "whether there are parts")
        for first, count, length, crc in pages:
            expect(1 <= count <= 2048, "rows of a page")
            expect(at + length <= offset, "a page behind the pages")
            page = self.data[at:at + length]
            expect(crc32c(page) == crc, "a page's checksum")
            rows = parse_page(page, count, self.blocks_end, self.parts)
            expect((rows[0].array_id, rows[0].chunk) == first, "the first row of a page")
            self.rows += rows
            self.pages += 1
            at += length
        length, crc = definitions
        expect(at + length == offset, "the definitions end where the parts or the directory begin")
        self.definitions = self._parse_definitions(self.data[at:offset], crc)
        keys = [(row.array_id, row.chunk) for row in self.rows]
        expect(keys and keys[-1] == last, "the last row")
        expect(all(a < b for a, b in zip(keys, keys[1:])), "the order of the rows")

    def _parse_parts(self, stored, crc):
        """The parts, read whole."""
        expect(crc32c(stored) == crc, "the checksum of the list of parts")
        try:
            records = msgpack.unpackb(unzstd(stored))
        except (ValueError, msgpack.UnpackException) as error:
            raise Damage(f"the list of parts: {error}") from error
        places = [(file.encode(), -1 if at is None else at) for file, at, _, _, _ in records]
        expect(records and all(a < b for a, b in zip(places, places[1:])), "the order of the parts")
        expect(sum(length for _, _, length, _, _ in records) == self.record.get("parts"), "the bytes of the parts")
        parts = []
        for file, at, length, crc, blocks_end in records:
            kind = "seg" if at is None else "bundle"
            expect(re.fullmatch(r"[0-9]{8,}-[0-9a-f]{16}-[0-9a-f]{8}-[0-9a-f]{16}\." + kind, file), f"the part {file!r}")
            record = {"length": length, "directory_crc32c": crc} | ({} if at is None else {"at": at})
            path = self.folder / file if at is None else self.folder.parent / "atlas.bundles" / file
            try:
                parts.append(Segment(path, record, self.store_id, self.folder, is_part=True))
            except Damage as damage:
                raise Damage(f"{path}: {damage}") from damage
            expect(parts[-1].blocks_end == blocks_end, "where the blocks of a part end")
        return parts

    def source(self, row):
        """The segment that has the block of a row."""
        return self.parts[row.part - 1] if row.part else self

    def _parse_definitions(self, stored, crc):
        """Array name and the definitions by array id: dataset, schema, shape."""
        expect(crc32c(stored) == crc, "the checksum of the definitions")
        try:
            found = msgpack.unpackb(unzstd(stored), object_pairs_hook=_unique)
        except (ValueError, msgpack.UnpackException) as error:
            raise Damage(f"the definitions: {error}") from error
        arrays = {array_id: (dataset, found["schemas"][schema], shape)
                  for array_id, dataset, schema, shape in found["arrays"]}
        ids = [array_id for array_id, _, _, _ in found["arrays"]]
        expect(ids == sorted({row.array_id for row in self.rows} - {0}), "the array ids of the definitions")
        return found["array"], arrays

    def _check_blocks(self):
        """Decodes every block: offset to bytes."""
        rows = {}
        for row in self.rows:
            if not row.part:
                rows.setdefault(row.offset, []).append(row)
        blocks, end = {}, 32
        for offset in sorted(rows):
            row = rows[offset][0]
            expect(offset == end, "a gap between blocks")
            end += row.stored_len
            expect(len({row.block() for row in rows[offset]}) == 1, "rows that disagree on their block")
            at = 0
            for part in sorted(rows[offset], key=lambda row: row.at):
                expect(part.at == at, "a gap between the chunks of a block")
                at += part.len
            expect(at == row.raw_len, "a gap behind the chunks of a block")
            blocks[offset] = decode(row, self.data)
        expect(end == self.blocks_end, "a gap behind the blocks")
        return blocks

    def stored(self, row):
        return self.data[row.offset:row.offset + row.stored_len]

    def chunk(self, row):
        return self.blocks[row.offset][row.at:row.at + row.len]


# 16 Catalogue files

class CatalogueFile:
    """All of a catalogue file, checked: by name, the kind, place and record of each dataset."""

    def __init__(self, path, record, store_id, human):
        data = path.read_bytes()
        directory, offset = check_ends(data, b"ATLASCAT", record, store_id)
        cursor = Cursor(directory)
        pages = []
        for _ in range(cursor.uvarint()):
            first = str(cursor.bytes(cursor.uvarint()), "utf-8")
            count = cursor.uvarint()
            expect(1 <= count <= 4096, "entries of a page")
            pages.append((first, count, *[(cursor.uvarint(), cursor.u32()) for _ in range(2)]))
        cursor.end()
        at = 32
        frames = []
        for length, crc in [page[2] for page in pages] + [page[3] for page in pages]:
            frame = data[at:at + length]
            expect(crc32c(frame) == crc, "a page's checksum")
            frames.append(unzstd(frame))
            at += length
        expect(at == offset, "the pages end where the directory begins")
        self.entries = {}
        for (first, count, _, _), records, names in zip(pages, frames, frames[len(pages):]):
            self._parse_page(first, count, Cursor(names), Cursor(records), human)
        order = [name.encode() for name in self.entries]
        expect(all(a < b for a, b in zip(order, order[1:])), "the order of names")
        expect(len(order) == record["entries"], "the number of entries")

    def _parse_page(self, first, count, names, records, human):
        for at in range(count):
            name = str(names.bytes(names.uvarint()), "utf-8")
            expect(at > 0 or name == first, "the first name of a page")
            kind, place, length = names.u8(), names.uvarint(), names.uvarint()
            expect(kind in (0, 1, 2), "the kind of an entry")
            expect(kind != 2 or place == length == 0, "an entry of what is gone")
            record = None if kind == 2 else parse_record(records.bytes(length), human)
            expect(kind == 2 or record.get("over", False) == (kind == 1), "the kind of a record")
            self.entries[name] = kind, place, record
        names.end()
        records.end()


def apply_change(dataset, change):
    """A dataset as a record with `over` has it."""
    arrays = {**dataset.get("arrays", {}), **change.get("arrays", {})}
    arrays = {name: array for name, array in arrays.items() if array is not None}
    order = sorted(arrays, key=lambda name: arrays[name].get("place", arrays[name]["id"]))
    return {"arrays": {name: arrays[name] for name in order}, "attributes": change.get("attributes", {})}


def fold(layers):
    """The dataset of what layers, the last first, say of it; None where there is none."""
    changes = []
    for kind, record in layers:
        if kind == 1:
            changes.append(record)
            continue
        expect(kind == 0 or not changes, "a change of what is gone")
        for change in reversed(changes):
            record = apply_change(record, change)
        return record
    expect(not changes, "a change of what was never made")
    return None


def all_datasets(catalogue, files, layer):
    """Every dataset, in order."""
    kinds = {name: 2 if record is None else int(record.get("over", False)) for name, record in layer.items()}
    placed = {}
    for file in files:
        for name, (kind, place, _) in file.entries.items():
            expect(place < catalogue["next_place"] or kind == 2, "a place beyond the next")
            placed[name] = None if kind == 2 else place
    old = [name for name, place in placed.items() if place is not None and kinds.get(name, 1) == 1]
    names = sorted(old, key=placed.get) + [name for name in layer if kinds[name] == 0]
    expect(len({placed[name] for name in old}) == len(old), "a place twice")
    expect(len(names) == catalogue["datasets"], "the number of datasets")
    datasets = {}
    for name in names:
        layers = [(kinds[name], layer[name])] if name in layer else []
        layers += [file.entries[name][::2] for file in reversed(files) if name in file.entries]
        datasets[name] = fold(layers)
        expect(datasets[name] is not None, f"dataset '{name}' is listed and gone")
    return datasets


# 7 Blocks

def decode(row, data):
    stored = data[row.offset:row.offset + row.stored_len]
    if not row.pieces:
        expect(crc32c(stored) == row.crc, "a block's checksum")
        return decode_stream(row, stored, row.raw_len)
    raw = b"".join(decode_stream(row, stored[at:at + length], row.raw_len // row.pieces)
                   for at, length in places_of_pieces(row, stored))
    expect(len(raw) == row.raw_len, "the length of a block")
    return raw


def places_of_pieces(row, stored):
    """Where the streams of a block in pieces begin in it, and their lengths."""
    index = stored[-16 * row.pieces - 4:]
    expect(len(index) == 16 * row.pieces + 4, "room for the index of pieces")
    expect(crc32c(index[:-4]) == row.crc == int.from_bytes(index[-4:], "little"), "the checksum of the index of pieces")
    cursor, end, places = Cursor(index[:-4]), 0, []
    for _ in range(row.pieces):
        at, length = cursor.u64(), cursor.u64()
        expect(at == end and length >= 4, "the place of a piece")
        end += length
        places.append((at, length - 4))
        checksum = stored[end - 4:end]
        expect(crc32c(stored[at:end - 4]) == int.from_bytes(checksum, "little"), "a piece's checksum")
    cursor.end()
    expect(end == len(stored) - len(index), "the end of the pieces")
    return places


def decode_stream(row, stored, raw_len):
    codec = CODECS[row.codec]
    if codec == "zstd":
        raw = unzstd(stored)
    elif codec == "lz4":
        expect(int.from_bytes(stored[:4], "little") == raw_len, "the length of an lz4 block")
        try:
            raw = lz4.block.decompress(stored[4:], uncompressed_size=raw_len)
        except lz4.block.LZ4BlockError as error:
            raise Damage(f"lz4: {error}") from error
    else:
        raw = stored
    expect(len(raw) == raw_len, "the length of a block")
    if row.shuffle > 1:
        raw = np.frombuffer(raw, "u1").reshape(row.shuffle, -1).T.tobytes()
    if row.delta:
        dtype = f"<u{row.delta}"
        raw = np.cumsum(np.frombuffer(raw, dtype), dtype=dtype).tobytes()
    return raw


def parse_filters(compression, dtype):
    """Whether elements are stored as differences, and how many bits of their mantissas are kept, or None."""
    filters = list(compression.get("filters", []))
    keep_bits = None
    if filters and filters[0]["name"] == "bitround":
        keep_bits = filters.pop(0)["keep_bits"]
        expect(1 <= keep_bits <= MANTISSA.get(dtype, 0), "the bits that are kept")
    delta = filters and filters[0]["name"] == "delta"
    expect(len(filters) == bool(delta), "an unknown filter")
    expect(not delta or dtype not in ("bool", "c128", "string"), "the filter of a type that has none")
    return bool(delta), keep_bits


def is_rounded(cells, keep_bits):
    """Whether floats have so many bits of their mantissas only, or are not finite."""
    parts = cells.view("<f%d" % (cells.itemsize // (2 if cells.dtype.kind == "c" else 1))).ravel()
    bits = parts.view(f"<u{parts.itemsize}")
    dropped = MANTISSA[f"f{8 * parts.itemsize}"] - keep_bits
    return (bits & ((1 << dropped) - 1) == 0) | ~np.isfinite(parts)


# 8 Chunks

def parse_texts(data, cells):
    cursor = Cursor(data)
    expect(cursor.u32() == cells, "the number of texts in a chunk")
    texts = [str(cursor.bytes(cursor.u32()), "utf-8") for _ in range(cells)]
    cursor.end()
    return texts


class Array:
    """An array of a dataset, read whole."""

    def __init__(self, store, name, record):
        schema = store.atlas["schemas"][record["schema"]]
        self.id, self.shape = record["id"], tuple(record["shape"])
        self.dtype, self.dims, self.chunk_shape = schema["dtype"], schema["dims"], tuple(schema["chunk_shape"])
        self.compression = schema["compression"]
        self.is_delta, self.keep_bits = parse_filters(self.compression, self.dtype)
        self.rechunk_on_append = schema.get("rechunk_on_append", False)
        self.unlimited = schema.get("unlimited", False)
        expect(not self.unlimited or self.shape, "an unlimited dimension of a scalar")
        expect(len(self.shape) == len(self.dims) == len(self.chunk_shape), "the rank")
        expect(all(extent >= 1 for extent in self.chunk_shape), "a chunk extent of 0")
        self.piece_shape = self._parse_piece_shape(schema.get("piece_shape", schema["chunk_shape"]))
        self.fill = None
        if "fill_value" in schema:
            dtype, self.fill = parse_value(schema["fill_value"], store.human)
            expect(dtype == self.dtype, "the type of the fill value")
        self.attributes = {key: parse_value(value, store.human) for key, value in record.get("attributes", {}).items()}
        self.stored = record.get("stored", {"chunks": 0, "cells": 0, "nulls": 0})
        self.range = parse_value(self.stored["range"], store.human) if "range" in self.stored else None
        self.grid = tuple(-(-s // c) for s, c in zip(self.shape, self.chunk_shape))
        self.rows = {}
        for segment in reversed(store.segments.get(name, [])):
            for row in segment.rows:
                if row.array_id == self.id and row.chunk < math.prod(self.grid):
                    self.rows.setdefault(row.chunk, (segment.source(row), row))
        self._read()
        self._check_stats()

    def _parse_piece_shape(self, piece_shape):
        expect(len(piece_shape) == len(self.shape) and min(piece_shape, default=1) >= 1, "the extents of pieces")
        expect(not any(c % p for c, p in zip(self.chunk_shape, piece_shape)), "pieces that do not divide a chunk")
        cut = [d for d, (c, p) in enumerate(zip(self.chunk_shape, piece_shape)) if c != p]
        expect(not cut or all(extent == 1 for extent in piece_shape[:cut[-1]]), "pieces that are no runs")
        expect(not cut or self.dtype != "string", "pieces of texts")
        return tuple(piece_shape)

    def _blank(self, shape):
        """Cells that were never written."""
        if self.dtype == "string":
            blank = np.empty(shape, object)
            blank[...] = self.fill[0] if self.fill is not None else ""
            return blank
        fill = self.fill if self.fill is not None else bytes(np.dtype(NUMPY[self.dtype]).itemsize)
        return np.frombuffer(fill * math.prod(shape), NUMPY[self.dtype]).reshape(shape).copy()

    def coords(self, number):
        coords = []
        for extent in reversed(self.grid[1:]):
            number, coord = divmod(number, extent)
            coords.insert(0, coord)
        if self.grid:
            expect(number < self.grid[0], "a chunk outside the grid")
            coords.insert(0, number)
        else:
            expect(number == 0, "a chunk outside the grid")
        return tuple(coords)

    def cells_of(self, number):
        """The slices of the array and of the chunk that are the same cells."""
        corners = [k * c for k, c in zip(self.coords(number), self.chunk_shape)]
        ends = [min(corner + c, s) for corner, c, s in zip(corners, self.chunk_shape, self.shape)]
        return (tuple(slice(a, b) for a, b in zip(corners, ends)),
                tuple(slice(0, b - a) for a, b in zip(corners, ends)) + (...,))

    def parse_chunk(self, data):
        if self.dtype == "string":
            texts = parse_texts(data, math.prod(self.chunk_shape))
            chunk = np.empty(len(texts), object)
            chunk[:] = texts
            return chunk.reshape(self.chunk_shape)
        expect(len(data) == math.prod(self.chunk_shape) * np.dtype(NUMPY[self.dtype]).itemsize, "the length of a chunk")
        return np.frombuffer(data, NUMPY[self.dtype]).reshape(self.chunk_shape)

    def same(self, a, b):
        return a.tolist() == b.tolist() if self.dtype == "string" else a.tobytes() == b.tobytes()

    def _read(self):
        self.values = self._blank(self.shape)
        self.chunk_stats = {}
        item = 0 if self.dtype == "string" else np.dtype(NUMPY[self.dtype]).itemsize
        shuffled = self.compression["shuffle"] and self.compression["codec"] != "none" and item > 1
        for number, (segment, row) in self.rows.items():
            chunk = self.parse_chunk(segment.chunk(row))
            expect(CODECS[row.codec] == self.compression["codec"], "the codec of a block")
            expect(row.shuffle == (item if shuffled else 1), "the shuffle of a block")
            filtered = self.is_delta and self.compression["codec"] != "none"
            expect(row.delta == (item if filtered else 0), "the filter of a block")
            expect((row.pieces or 1) == math.prod(self.chunk_shape) // math.prod(self.piece_shape), "the number of pieces")
            expect(item == 0 or row.len < 16384 or row.own(), "a large chunk in a pack")
            in_array, in_chunk = self.cells_of(number)
            self.values[in_array] = chunk[in_chunk]
            padded = self._blank(self.chunk_shape)
            padded[in_chunk] = chunk[in_chunk]
            expect(self.same(padded, chunk), "the padding of a chunk")
            stats = self.stats(chunk[in_chunk])
            low_high = None if row.low is None else self._ends(row.low + row.high)
            expect(stats == (row.nulls, low_high), "the statistics of a chunk")
            self.chunk_stats[number] = chunk[in_chunk].size, row.nulls, low_high

    # 10 Statistics

    def _ends(self, data):
        """Minimum and maximum in 64 bits each."""
        if self.dtype in SIGNED:
            return struct.unpack("<2q", data)
        if self.dtype in UNSIGNED:
            return struct.unpack("<2Q", data)
        expect(self.dtype in ("f16", "f32", "f64"), "a range of values that have no order")
        return struct.unpack("<2d", data)

    def stats(self, cells):
        """Nulls and range of some cells, from the cells themselves."""
        null = np.zeros(cells.shape, bool)
        with np.errstate(invalid="ignore"):
            if self.fill is not None and self.dtype == "string":
                null = cells == self.fill[0]
            elif self.fill is not None:
                fill = np.frombuffer(self.fill, NUMPY[self.dtype])[0]
                same = lambda a, b: (a == b) | (np.isnan(a) & np.isnan(b))
                if self.dtype in ("c64", "c128"):
                    null = same(cells.real, fill.real) & same(cells.imag, fill.imag)
                else:
                    null = same(cells, fill) if self.dtype in FLOATS else cells == fill
            if self.dtype in ("c64", "c128", "string"):
                return int(null.sum()), None
            valid = cells[~null]
            if self.dtype in FLOATS:
                valid = valid[~np.isnan(valid)].astype("<f8")
        if valid.size == 0:
            return int(null.sum()), None
        kind = float if self.dtype in FLOATS else int
        return int(null.sum()), (kind(valid.min()), kind(valid.max()))

    def array_stats(self):
        """Cells, nulls and range, from what is persisted; None where that says that it is not all."""
        if self.stored.get("incomplete", False):
            return None
        row_count = math.prod(self.shape)
        unwritten = row_count - self.stored["cells"]
        ends = None
        if self.range is not None:
            dtype, data = self.range
            wide = {**dict.fromkeys(SIGNED, "i64"), **dict.fromkeys(UNSIGNED, "u64"), "f16": "f32", "f32": "f32", "f64": "f64"}
            expect(wide.get(self.dtype) == dtype, "the type of a range")
            ends = tuple(np.frombuffer(data, NUMPY[dtype]).tolist())
        if self.fill is not None:
            return row_count, self.stored["nulls"] + unwritten, ends
        if unwritten and self.dtype not in ("c64", "c128", "string"):
            ends = (min(ends[0], 0), max(ends[1], 0)) if ends else (0, 0)
        return row_count, 0, ends

    def _check_stats(self):
        if self.array_stats() is None:
            return
        stored = self.chunk_stats.values()
        expect(self.stored["chunks"] == len(stored), "stored.chunks")
        expect(self.stored["cells"] == sum(cells for cells, _, _ in stored), "stored.cells")
        expect(self.stored["nulls"] == sum(nulls for _, nulls, _ in stored), "stored.nulls")
        row_count, null_count, ends = self.array_stats()
        expect((null_count, ends) == self.stats(self.values), "the statistics of an array")


class Store:
    """A store, read whole and checked."""

    def __init__(self, path):
        path = Path(path)
        self.path = path
        roots = [name for name in ROOTS if (path / name).exists()]
        expect(len(roots) == 1, f"the roots {roots}")
        self.notation = roots[0]
        self.human = "json" in self.notation
        self.atlas, datasets = parse_root(self.notation, (path / self.notation).read_bytes())
        expect(re.fullmatch("[0-9a-f]{32}", self.atlas["store_id"]), "the store id")
        if "catalogue" in self.atlas:
            datasets = all_datasets(self.atlas["catalogue"], self._read_catalogue(), datasets)
        self.segments = {name: self._read_file(record) for name, record in self.atlas["array_files"].items()}
        own = self.atlas.get("attributes", {})
        self.store_attributes = {key: parse_value(value, self.human) for key, value in own.items()}
        expect(0 <= self.atlas.get("renamed", 0) <= self.atlas["next_array_id"], "renamed")
        features = [feature for feature in ("pins", "renamed") if self.atlas.get(feature)]
        features += ["pieces"] * any("piece_shape" in schema for schema in self.atlas["schemas"])
        named = [segment for record in self.atlas["array_files"].values() for segment in record["segments"]]
        features += ["parts"] * any("parts" in segment for segment in named)
        expect(self.atlas["writer_features"] == features, "the features that a writer must know")
        self.datasets, self.attributes, ids = {}, {}, []
        for name, record in datasets.items():
            arrays = {}
            for array, array_record in record.get("arrays", {}).items():
                try:
                    arrays[array] = Array(self, array, array_record)
                except Damage as damage:
                    raise Damage(f"array '{array}' of dataset '{name}': {damage}") from damage
                ids.append(arrays[array].id)
            self.datasets[name] = arrays
            attributes = record.get("attributes", {})
            self.attributes[name] = {key: parse_value(value, self.human) for key, value in attributes.items()}
        expect(len(set(ids)) == len(ids) and all(0 < i < self.atlas["next_array_id"] for i in ids), "array ids")
        self._check_bytes()

    def _read_catalogue(self):
        files = []
        for record in self.atlas["catalogue"]["files"]:
            expect(re.fullmatch(r"[0-9]{8,}-[0-9a-f]{16}\.cat", record["file"]), f"the file {record['file']!r}")
            path = self.path / "atlas.catalogue" / record["file"]
            try:
                files.append(CatalogueFile(path, record, self.atlas["store_id"], self.human))
            except Damage as damage:
                raise Damage(f"{path}: {damage}") from damage
        return files

    def _read_file(self, record):
        folder = record["folder"]
        expect(re.fullmatch(r"[A-Za-z0-9_%-][A-Za-z0-9_%.-]{0,254}", folder), f"the folder {folder!r}")
        segments = []
        for segment in record["segments"]:
            file = segment["file"]
            kind = "bundle" if "at" in segment else "seg"
            expect(re.fullmatch(r"[0-9]{8,}-[0-9a-f]{16}\." + kind, file), f"the segment {file!r}")
            path = self.path / ("atlas.bundles" if "at" in segment else folder) / file
            try:
                segments.append(Segment(path, segment, self.atlas["store_id"], self.path / folder))
            except Damage as damage:
                raise Damage(f"{path}: {damage}") from damage
        return segments

    def _check_bytes(self):
        """Live and dead bytes of each array file."""
        live = {}
        for arrays in self.datasets.values():
            for name, array in arrays.items():
                live[name] = live.get(name, 0) + sum(row.share() for _, row in array.rows.values())
        for name, record in self.atlas["array_files"].items():
            total = sum(of.blocks_end - 32 for segment in self.segments[name] for of in [segment, *segment.parts])
            expect(record["live_bytes"] == live.get(name, 0), f"live bytes of '{name}'")
            expect(record["live_bytes"] + record["dead_bytes"] == total, f"dead bytes of '{name}'")


def folder_name(array):
    """The folder that a writer chooses for an array name."""
    folder = re.sub(r"^\.|(?<=^atlas)\.|[^A-Za-z0-9._-]", "\0", array, flags=re.ASCII | re.IGNORECASE)
    folder = re.sub("\0+", "_", folder)
    return folder if folder == array and len(folder) <= 200 else f"{folder[:191]}-{crc32c(array.encode()):08x}"
