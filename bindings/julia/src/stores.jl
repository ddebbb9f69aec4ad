"""
    Dataset

A dictionary of [`AtlasArray`](@ref)s by name, in the order in which they were defined: `store["january"]`.

    dataset["temperature"]                  an array
    dataset["temperature"] = values         defines it and writes, or writes all of one that is there
    define!(dataset, "temperature", Float32, (nx, ny))
    attributes(dataset)["title"] = "..."
    delete!(dataset, "temperature")
    keys(dataset), haskey(dataset, name), length(dataset), for (name, array) in dataset

It names a dataset of an open store, and holds nothing of it.
"""
struct Dataset <: AbstractDict{String,AtlasArray}
    handle::Handle
    name::String
end

"""
    Store

An open store, from [`Atlas.create`](@ref) or [`Atlas.open`](@ref): a dictionary of [`Atlas.Dataset`](@ref)s by name, in
the order in which they were created.

    store["january"]                        a dataset
    create!(store, "january")               a new one
    attributes(store)["title"] = "..."
    Atlas.rename_dataset(store, "january", "jan"), Atlas.copy_dataset(store["jan"], other_store)
    delete!(store, "january")
    keys(store), haskey(store, name), length(store), for (name, dataset) in store
    flush(store), close(store), isopen(store), Atlas.flush_begin(store), Atlas.flush_wait(store), Atlas.flush_test(store)
    Atlas.discard(store), Atlas.compact(store), Atlas.refresh(store), Atlas.verify(store), Atlas.info(store)
    Atlas.wait_for_commit(store)
    Atlas.generations(store), Atlas.rollback(store, generation), Atlas.set_keep_generations(store, count)
    Atlas.pin(store, name), Atlas.unpin(store, name), Atlas.pins(store)
    Atlas.session_begin(store), Atlas.session_missing(store), Atlas.import_changes(store, exports), Atlas.session_end(store)
    Atlas.open_worker(ticket, number), Atlas.export_changes(worker), Atlas.renew(worker, ticket)
"""
struct Store <: AbstractDict{String,Dataset}
    handle::Handle
end

# Two are equal when they name the same thing, whatever is in it.
Base.:(==)(a::Store, b::Store) = a === b
Base.hash(a::Store, seed::UInt) = hash(objectid(a), seed)
Base.:(==)(a::Dataset, b::Dataset) = a.handle === b.handle && a.name == b.name
Base.hash(a::Dataset, seed::UInt) = hash(objectid(a.handle), hash(a.name, seed))

# ---- Opening and closing ---------------------------------------------------------------------------------------------

choice(::Nothing, choices) = Int32(0)
function choice(value::Symbol, choices::NamedTuple)
    haskey(choices, value) || throw(ArgumentError("$(repr(value)) is none of $(join(map(repr, keys(choices)), ", "))"))
    return choices[value]
end

const META_FORMATS = (json=LibAtlas.ATLAS_META_FORMAT_JSON, msgpack=LibAtlas.ATLAS_META_FORMAT_MSGPACK)
const COMPRESSIONS = (none=LibAtlas.ATLAS_COMPRESSION_NONE, zstd=LibAtlas.ATLAS_COMPRESSION_ZSTD)
const IF_EXISTS = (fail=LibAtlas.ATLAS_IF_EXISTS_FAIL, open=LibAtlas.ATLAS_IF_EXISTS_OPEN, replace=LibAtlas.ATLAS_IF_EXISTS_REPLACE)
const OVERFLOWS = (error=LibAtlas.ATLAS_OVERFLOW_ERROR, infinity=LibAtlas.ATLAS_OVERFLOW_INFINITY)
const CODECS = (zstd=LibAtlas.ATLAS_CODEC_ZSTD, lz4=LibAtlas.ATLAS_CODEC_LZ4, none=LibAtlas.ATLAS_CODEC_NONE)
const FILTERS = (none=LibAtlas.ATLAS_FILTER_NONE, delta=LibAtlas.ATLAS_FILTER_DELTA)

number(::Nothing) = 0
number(value::Integer) = value
count_or(none, ::Nothing) = 0
count_or(none, count::Integer) = count == 0 ? none : count
switch(::Nothing) = LibAtlas.ATLAS_SWITCH_DEFAULT
switch(on::Bool) = on ? LibAtlas.ATLAS_SWITCH_ON : LibAtlas.ATLAS_SWITCH_OFF

"The store that `call(fields, id)` opens. `fields` are those that the two structs of options share."
function open_store(
    call,
    path::AbstractString;
    sync=nothing,
    threads=nothing,
    cache_bytes=nothing,
    log=nothing,
    progress=nothing,
    write_buffer_bytes=nothing,
    lock_timeout=0,
    float_overflow=nothing,
)
    lock_timeout >= 0 || throw(ArgumentError("a time to wait is not $lock_timeout seconds"))
    hooks = Hooks(log, progress)
    # The library would keep this thread waiting, and with it the task that has the store, or the garbage collector.
    waiting(lock_timeout) do is_last
        try
            handle = new_handle(String(path), hooks) do id, data
                fields = (
                    sync=switch(sync),
                    num_threads=count_or(LibAtlas.ATLAS_THREADS_INLINE, threads),
                    cache_bytes=number(cache_bytes),
                    log=log_function(),
                    log_data=data,
                    progress=progress === nothing ? C_NULL : progress_function(),
                    progress_data=data,
                    write_buffer_bytes=number(write_buffer_bytes),
                    float_overflow=choice(float_overflow, OVERFLOWS),
                )
                return call(fields, id)
            end
            return Store(handle)
        catch e
            is_last || !(e isa AtlasError && e.status === :LOCKED) ? rethrow() : nothing
        end
    end
end

"Calls `f(is_last)` until it returns something or `seconds` are over, and lets other tasks run in between."
function waiting(f, seconds)
    stop = time() + seconds
    pause = 0.001
    while true
        left = stop - time()
        found = f(left <= 0)
        (found !== nothing || left <= 0) && return found
        sleep(max(0.001, min(pause, left)))
        pause = min(2 * pause, 0.05)
    end
end

"""
    Atlas.create(path; options...) -> Store
    Atlas.create(f, path; options...)

Create a store in the directory `path`, which may exist if it is empty, and open it for reading and writing.

With a function, usually a `do` block, call it with the store, close the store, and return what the function returned.
When an exception leaves the function the store is discarded, and the exception arrives as it was.

- `if_exists`         what to do where there is a store: `:fail` (default), `:open` it as it is, or `:replace` it by an empty
                      one, which the first flush does: until then the old one stays, for readers too
- `meta_format`       the notation of the root, `:json` (default) or `:msgpack`
- `meta_compression`  its compression, `:none` (default) or `:zstd`
- `codec`             of arrays that do not choose their own: `:zstd` (default), `:lz4` or `:none`
- `level`             of that codec
- `shuffle`           whether to shuffle the bytes of elements before compressing; by default `true`
- `filter`            what to do to elements before that, `:none` (default) or `:delta`
- `pack`              whether to compress chunks below 16 KiB together with others, likewise; by default `true`
- `keep_generations`  how many earlier commits can be gone back to, also after a compaction, 0 for none; by default the
                      one before the last, until a compaction. Belongs to the store from then on
- and those of [`Atlas.open`](@ref) but `generation`
"""
function create(
    path::AbstractString;
    if_exists=nothing,
    meta_format=nothing,
    meta_compression=nothing,
    codec=nothing,
    level=nothing,
    shuffle=nothing,
    filter=nothing,
    pack=nothing,
    keep_generations=nothing,
    runtime...,
)
    return open_store(path; runtime...) do fields, id
        options = LibAtlas.options(
            LibAtlas.atlas_create_options;
            if_exists=choice(if_exists, IF_EXISTS),
            meta_format=choice(meta_format, META_FORMATS),
            meta_compression=choice(meta_compression, COMPRESSIONS),
            codec=choice(codec, CODECS),
            level=number(level),
            shuffle=switch(shuffle),
            filter=choice(filter, FILTERS),
            pack=switch(pack),
            keep_generations=count_or(LibAtlas.ATLAS_KEEP_NONE, keep_generations),
            fields...,
        )
        return LibAtlas.atlas_create(path, Ref(options), id)
    end
end

"What modes that may create a store do where there is one."
const CREATING = (w=:replace, c=:replace, a=:open, cw=:open, x=:fail)

"""
    Atlas.open(path, mode = "r"; options...) -> Store
    Atlas.open(f, path, mode = "r"; options...)

Open the store in the directory `path`:

- `"r"`         for reading
- `"r+"`        for reading and writing
- `"a"`, `"cw"` likewise, and create it if there is none
- `"w"`, `"c"`  an empty one: create it, or begin the one that is there anew. The old one stays until the first flush
- `"x"`         create it, where there is none

The modes that may create a store take the options of [`Atlas.create`](@ref) too. One writer at a time has a store, with
any number of readers beside; a reader sees the last commit, and moves on with [`Atlas.refresh`](@ref). With a function it
does as [`Atlas.create`](@ref) does.

- `generation`    of the commit to read, instead of the last: see [`Atlas.generations`](@ref)
- `ticket`        of a session whose store is gone, with `"r+"`: the session goes on with this one, and the files of its
                  workers stay
- `lock_timeout`  seconds to wait for another writer to end, `Inf` for ever; by default 0
- `sync`          whether a flush waits for the disk; by default `true`
- `threads`       background threads, 0 for none; by default one per core, or the environment variable
                  `ATLAS_NUM_THREADS`
- `cache_bytes`   of decoded data and indexes that are kept for later reads; by default 64 MiB
- `log`           `log(level, text)` gets messages, after the call that they are from: `level` is `:info` or `:warning`.
                  By default they go to Julia's logging
- `progress`      `progress(what, done, total)` is called during compact and verify, and stops them by returning `false`.
                  It must not use the store
- `write_buffer_bytes`  that written values may take in memory before they go to files that the next flush makes part of
                  the store; by default 256 MiB
- `float_overflow`  what becomes of a finite value that the narrower float type it is converted to cannot hold, such as
                  1e300 of `Float32`: `:error` (default), or `:infinity`, as Julia's own conversions do
"""
function open(path::AbstractString, mode::AbstractString="r"; generation=nothing, ticket=nothing, runtime...)
    if generation !== nothing && mode != "r"
        throw(ArgumentError("an earlier commit can be opened for reading only, not with mode '$mode'"))
    end
    if ticket !== nothing && mode != "r+"
        throw(ArgumentError("a session goes on where a store is open with mode 'r+', not '$mode'"))
    end
    if haskey(CREATING, Symbol(mode))
        return create(path; if_exists=CREATING[Symbol(mode)], runtime...)
    end
    mode in ("r", "r+") || throw(ArgumentError("mode '$mode' is none of \"r\", \"r+\", \"a\", \"cw\", \"w\", \"c\" and \"x\""))
    mode_code = mode == "r" ? LibAtlas.ATLAS_MODE_READ : LibAtlas.ATLAS_MODE_READ_WRITE
    bytes = ticket === nothing ? UInt8[] : Vector{UInt8}(ticket)
    return open_store(path; runtime...) do fields, id
        GC.@preserve bytes begin
            said = (ticket=pointer(bytes), ticket_length=length(bytes))
            options = Ref(LibAtlas.options(LibAtlas.atlas_open_options; fields..., said...))
            generation === nothing && return LibAtlas.atlas_open(path, mode_code, options, id)
            return LibAtlas.atlas_open_at(path, generation, options, id)
        end
    end
end

create(f::Function, args...; options...) = within(f, create(args...; options...))
open(f::Function, args...; options...) = within(f, open(args...; options...))

function within(f, store::Store)
    result = try
        f(store)
    catch
        discard(store)
        rethrow()
    end
    try
        close(store)
    catch
        # The block that could try again is over; the store must not stay locked.
        discard(store)
        rethrow()
    end
    return result
end

"""
    flush(store)

Commit every change since the last flush, all together, and wait until it is on the disk.
"""
function Base.flush(store::Store)
    exclusive(store.handle) do handle
        check(LibAtlas.atlas_flush(handle))
    end
    return nothing
end

"""
    Atlas.flush_begin(store)

Begin a flush of every change made so far and return at once. What is changed from now on belongs to the next flush,
which may be begun before this one is over: each commits what was there when it began, in that order. One that fails takes
those begun after it along, and nothing is lost. [`Atlas.flush_wait`](@ref) returns, or fails, when all are over; so do
[`flush`](@ref) and [`close`](@ref). Only when several are under way does this wait.
"""
function flush_begin(store::Store)
    exclusive(store.handle) do handle
        check(LibAtlas.atlas_flush_begin(handle))
    end
    return nothing
end

"""
    Atlas.flush_test(store) -> Bool

Whether no flush is under way.
"""
function flush_test(store::Store)
    over = Ref(false)
    check(LibAtlas.atlas_flush_test(store.handle, over))
    return over[]
end

"""
    Atlas.flush_wait(store)

Wait until every flush that was begun is on the disk. When one has failed nothing is lost, and the next writes it.
"""
function flush_wait(store::Store)
    exclusive(store.handle) do handle
        check(LibAtlas.atlas_flush_wait(handle))
    end
    return nothing
end

"""
    close(store)

Flush and release the store; a closed one stays closed. When the flush fails the store stays open and nothing is lost:
close it again, or [`Atlas.discard`](@ref) it.
"""
function Base.close(store::Store)
    exclusive(store.handle) do handle
        handle.id == 0 && return nothing
        check(LibAtlas.atlas_close(handle))
        handle.id = 0
        return nothing
    end
    return nothing
end

"""
    Atlas.discard(store)

Release the store without a flush: every change since the last one is gone.
"""
function discard(store::Store)
    exclusive(store.handle) do handle
        handle.id == 0 && return nothing
        check(LibAtlas.atlas_discard(handle))
        handle.id = 0
        return nothing
    end
    return nothing
end

Base.isopen(store::Store) = store.handle.id != 0

"""
    Atlas.compact(store)

Give back the space of deleted and overwritten data. Needs a store without unflushed changes; commits by itself. Of
earlier commits only those that the store was told to keep can still be gone back to.
"""
function compact(store::Store)
    reporting(store.handle) do handle
        check(LibAtlas.atlas_compact(handle))
    end
    return nothing
end

"""
    Atlas.generations(store) -> Vector{Int}

The commits that `Atlas.open(path; generation)` can read and [`Atlas.rollback`](@ref) go back to, in ascending order. The
last is the store's last commit.
"""
function generations(store::Store)
    numbers = fetched(UInt64, 16) do buffer, capacity, count
        LibAtlas.atlas_generations(store.handle, capacity, buffer, count)
    end
    return Vector{Int}(numbers)
end

"""
    Atlas.set_keep_generations(store, count)

Tell the store how many earlier commits it keeps, also after a compaction: 0 for none, `nothing` for the one before the
last, until a compaction. The next flush makes it durable, and is the first commit that keeps, or drops, what it says.
"""
function set_keep_generations(store::Store, count::Union{Integer,Nothing})
    exclusive(store.handle) do handle
        check(LibAtlas.atlas_set_keep_generations(handle, count_or(LibAtlas.ATLAS_KEEP_NONE, count)))
    end
    return nothing
end

"""
    Atlas.pin(store, name)

Pin the last commit under a name: it can be opened and gone back to, and its files stay, whatever is flushed, compacted and
rolled back, until [`Atlas.unpin`](@ref). Changes that are not flushed are not part of it. The next flush makes it durable.
"""
function pin(store::Store, name::AbstractString)
    exclusive(store.handle) do handle
        check(LibAtlas.atlas_pin(handle, name))
    end
    return nothing
end

"""
    Atlas.unpin(store, name)

Take a pin away: from the next flush on its commit is kept only as far as the store keeps commits.
"""
function unpin(store::Store, name::AbstractString)
    check(LibAtlas.atlas_unpin(store.handle, name))
    return nothing
end

"""
    Atlas.pins(store) -> Vector{Pair{String,Int}}

The pins and the commits that they name, which `Atlas.open(path; generation)` reads, in the order in which they were made.
"""
function pins(store::Store)
    found = Pair{String,Int}[]
    for name in texts((buffer, capacity, needed) -> LibAtlas.atlas_pin_names(store.handle, buffer, capacity, needed))
        generation = Ref{UInt64}(0)
        code = LibAtlas.atlas_pin_generation(store.handle, name, generation)
        # A writer may have taken it away since.
        code == LibAtlas.ATLAS_STATUS_NOT_FOUND && continue
        check(code)
        push!(found, name => generation[])
    end
    return found
end

"""
    Atlas.rollback(store, generation)

Make the store what it was at an earlier commit, as a new commit, and wait until that is on the disk. It can be undone in
the same way, as long as the commit gone back from is kept. Needs a store without unflushed changes.
"""
function rollback(store::Store, generation::Integer)
    exclusive(store.handle) do handle
        check(LibAtlas.atlas_rollback(handle, generation))
    end
    return nothing
end

"""
    Atlas.refresh(store)

Move a store that is open for reading on to the last commit.
"""
function refresh(store::Store)
    exclusive(store.handle) do handle
        check(LibAtlas.atlas_refresh(handle))
    end
    return nothing
end

"""
    Atlas.wait_for_commit(store, timeout = Inf) -> Bool

Wait until there is a newer commit than the one that a store, open for reading, sees, at most `timeout` seconds: whether
there is one. [`Atlas.refresh`](@ref) moves on to it. Other tasks run meanwhile.
"""
function wait_for_commit(store::Store, timeout::Real=Inf)
    timeout >= 0 || throw(ArgumentError("a time to wait is not $timeout seconds"))
    there = Ref(false)
    return something(waiting(timeout) do _
        check(LibAtlas.atlas_wait_for_commit(store.handle, 0, there))
        return there[] ? true : nothing
    end, false)
end

"""
    Atlas.verify(store) -> Vector{Atlas.Damage}

Read every byte of the committed store and compare it with its checksums. The result is empty if all is well; else it
has the `file`, `offset` and `message` of every damaged place.
"""
function verify(store::Store)
    damages = Damage[]
    reporting(store.handle) do handle
        code = GC.@preserve damages LibAtlas.atlas_verify(
            handle, damage_function(), pointer_from_objref(damages), C_NULL
        )
        # Damage is the result, not a failure.
        code == LibAtlas.ATLAS_STATUS_CORRUPT && !isempty(damages) || check(code)
    end
    return damages
end

"""
    Atlas.info(store)

A named tuple: `mode`, `generation` (the commit that the store sees), `unflushed_changes`, `dataset_count`,
`array_file_count`, `segment_count`, `live_bytes`, `dead_bytes`, `meta_format`, `meta_compression`, `keep_generations`
(`nothing` for the default: see [`Atlas.set_keep_generations`](@ref)).
"""
function info(store::Store)
    description = LibAtlas.zeroed(LibAtlas.atlas_store_description)
    check(LibAtlas.atlas_store_info(store.handle, description))
    d = description[]
    return (
        mode=d.mode == LibAtlas.ATLAS_MODE_READ ? "r" : "r+",
        generation=Int(d.generation),
        unflushed_changes=d.unflushed_changes != 0,
        dataset_count=Int(d.dataset_count),
        array_file_count=Int(d.array_file_count),
        segment_count=Int(d.segment_count),
        live_bytes=Int(d.live_bytes),
        dead_bytes=Int(d.dead_bytes),
        meta_format=name_of(d.meta_format, META_FORMATS),
        meta_compression=name_of(d.meta_compression, COMPRESSIONS),
        keep_generations=d.keep_generations == 0 ? nothing : max(0, Int(d.keep_generations)),
    )
end

name_of(code::Int32, choices::NamedTuple) = keys(choices)[findfirst(==(code), values(choices))]

# ---- Datasets --------------------------------------------------------------------------------------------------------

"""
    create!(store, name) -> Dataset

Add a dataset without arrays or attributes.
"""
function create!(store::Store, name::AbstractString)
    check(LibAtlas.atlas_create_dataset(store.handle, name))
    return Dataset(store.handle, name)
end

"""
    Atlas.rename_dataset(store, name, new_name) -> Dataset

Give a dataset another name, which none in the store has. It is the last in their order from then on.
"""
function rename_dataset(store::Store, name::AbstractString, new_name::AbstractString)
    check(LibAtlas.atlas_rename_dataset(store.handle, name, new_name))
    return Dataset(store.handle, new_name)
end

"""
    Atlas.copy_dataset(dataset, store, name = dataset.name) -> Dataset

Copy a dataset, with its arrays and attributes, to a store, which may be its own. `name` must be none there.
"""
function copy_dataset(dataset::Dataset, store::Store, name::AbstractString=dataset.name)
    writing(store.handle) do handle
        check(LibAtlas.atlas_copy_dataset(dataset.handle, dataset.name, handle, name))
    end
    return Dataset(store.handle, name)
end

function names(store::Store)
    return texts() do buffer, capacity, needed
        LibAtlas.atlas_dataset_names(store.handle, buffer, capacity, needed)
    end
end

function Base.length(store::Store)
    count = Ref{Csize_t}(0)
    check(LibAtlas.atlas_dataset_count(store.handle, count))
    return Int(count[])
end

function Base.haskey(store::Store, name::AbstractString)
    found = Ref(false)
    check(LibAtlas.atlas_has_dataset(store.handle, name, found))
    return found[]
end

function Base.getindex(store::Store, name::AbstractString)
    dataset = Dataset(store.handle, name)
    length(dataset)  # fails if there is none
    return dataset
end

function Base.delete!(store::Store, name::AbstractString)
    haskey(store, name) && check(LibAtlas.atlas_delete_dataset(store.handle, name))
    return store
end
