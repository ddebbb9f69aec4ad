"""
    Atlas.chunk_places(a)

Where the stored chunks of an array lie, as of the last commit that its store sees, so that other programs read them in
place. What was written since has no place yet; a chunk that is not there is not stored. A named tuple of

- `generation`  the commit whose chunks these are
- `files`       paths from the store's folder on
- `places`      one for each piece of a chunk, see [`Atlas.pieces`](@ref), by number: a named tuple of
    - `number`      the piece's indices in the store's grid of pieces, counted in C order from 0
    - `file`        its place in `files`
    - `offset`      the bytes in the file before the block
    - `stored_len`  the block's bytes in the file
    - `raw_len`     the block's bytes when decoded
    - `at`, `len`   the bytes of the decoded block before the piece, and those of the piece
    - `checksum`    CRC-32C of the block in the file; `nothing` where it stands behind the block, as a little-endian `UInt32`
    - `codec`       `:zstd`, `:lz4` or `:none`
    - `shuffle`     bytes of the elements whose bytes were shuffled; 1 where they were not
    - `delta`       bytes of the elements that are differences to the one before them in the block; 0 where they are
                    themselves
"""
function chunk_places(a::AtlasArray)
    generation = Ref{UInt64}(0)
    needed = Ref{Csize_t}(0)
    names = UInt8[]
    found = fetched(LibAtlas.atlas_chunk_place, 64) do places, capacity, count
        while true
            code = LibAtlas.atlas_chunk_places(
                a.handle, a.dataset, a.name, capacity, places, count, names, length(names), needed, generation
            )
            too_small = code == LibAtlas.ATLAS_STATUS_BUFFER_TOO_SMALL && needed[] > length(names)
            too_small || return code
            resize!(names, needed[])
        end
    end
    return (
        generation=Int(generation[]),
        files=[String(part) for part in split(String(names[1:needed[]]), '\0'; keepempty=false)],
        places=[place_of(p) for p in found],
    )
end

function place_of(p::LibAtlas.atlas_chunk_place)
    return (
        number=Int(p.number),
        file=Int(p.file) + 1,
        offset=Int(p.offset),
        stored_len=Int(p.stored_len),
        raw_len=Int(p.raw_len),
        at=Int(p.at),
        len=Int(p.len),
        checksum=p.checksum == typemax(UInt64) ? nothing : UInt32(p.checksum),
        codec=name_of(p.codec, CODECS),
        shuffle=Int(p.shuffle),
        delta=Int(p.delta),
    )
end
