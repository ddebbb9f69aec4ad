# Many stores write one, which one of them commits.

"""
    Atlas.session_begin(store; workers = 0, datasets = nothing) -> Vector{UInt8}

Begin a session, or renew the one that is on, and get its ticket, of which [`Atlas.open_worker`](@ref) makes workers: in
other tasks, processes or machines that see the store's directory. They write, and hand out what they wrote as bytes, which
this store imports and commits:

    ticket = Atlas.session_begin(store)
    exports = pmap(1:n) do i                                # of Distributed
        Atlas.open_worker(ticket, i) do worker
            worker["january"]["t"][:, i] = compute(i)
            Atlas.export_changes(worker)
        end
    end
    Atlas.import_changes(store, exports)
    flush(store)

Workers see the last commit and the definitions made since; not values that are not flushed. The session lasts until
[`Atlas.session_end`](@ref) or until the store is closed. A ticket after a flush is for [`Atlas.renew`](@ref).

- `workers`   how many there will be, numbered from 0 on, for [`Atlas.session_missing`](@ref); 0 if it is not known
- `datasets`  names of those that workers are told of; by default all
"""
function session_begin(store::Store; workers::Integer=0, datasets=nothing)
    names = datasets === nothing ? String[] : collect(String, datasets)
    datasets === nothing || !isempty(names) || throw(ArgumentError("workers are told of no dataset"))
    return exclusive(store.handle) do handle
        GC.@preserve names begin
            pointers = Cstring[Base.unsafe_convert(Cstring, name) for name in names]
            GC.@preserve pointers begin
                listed = isempty(names) ? Ptr{Cstring}(C_NULL) : pointer(pointers)
                options = Ref(LibAtlas.options(
                    LibAtlas.atlas_session_options; dataset_count=length(names), datasets=listed, workers=workers
                ))
                fetched(UInt8, SESSION_BYTES) do buffer, capacity, needed
                    LibAtlas.atlas_session_begin(handle, options, buffer, capacity, needed)
                end
            end
        end
    end
end

"Most tickets and exports have no more."
const SESSION_BYTES = 1 << 16

"""
    Atlas.session_end(store)

End the session, if one is on: files of workers that were not imported are removed, and what they export from now on is
refused. What was imported must be flushed.
"""
function session_end(store::Store)
    exclusive(store.handle) do handle
        check(LibAtlas.atlas_session_end(handle))
    end
    return nothing
end

"""
    Atlas.session_missing(store) -> Vector{Int}

The workers from whom nothing was imported since the last flush, of as many as [`Atlas.session_begin`](@ref) was told of.
"""
function session_missing(store::Store)
    return exclusive(store.handle) do handle
        numbers = fetched(UInt32, 64) do buffer, capacity, count
            LibAtlas.atlas_session_missing(handle, capacity, buffer, count)
        end
        Vector{Int}(numbers)
    end
end

"""
    Atlas.open_worker(ticket, number; path = nothing, options...) -> Store
    Atlas.open_worker(f, ticket, number; path = nothing, options...)

Make worker `number`, from 0 on, of a session's ticket: no other that is at work has that number. It takes no lock and
commits nothing. It can create datasets and define arrays (what many workers define alike is defined once), set attributes,
write any part, append to an array that no other worker appends to, and read what the ticket knows and what it has written
itself; the rest is `:UNSUPPORTED`. With a function it does as [`Atlas.create`](@ref) does: what the function has not
exported is a failure.

- `path`  the store's directory as this machine sees it; by default as the ticket says
- and of [`Atlas.open`](@ref) `sync`, `threads`, `cache_bytes`, `write_buffer_bytes`, `float_overflow`, `log`
"""
function open_worker(ticket::AbstractVector{UInt8}, number::Integer; path=nothing, runtime...)
    bytes = Vector{UInt8}(ticket)
    return open_store(something(path, "(worker $number)"); runtime...) do fields, id
        options = Ref(LibAtlas.options(LibAtlas.atlas_open_options; fields...))
        place = path === nothing ? Cstring(C_NULL) : String(path)
        return LibAtlas.atlas_open_worker(bytes, length(bytes), number, place, options, id)
    end
end

open_worker(f::Function, args...; options...) = within(f, open_worker(args...; options...))

"""
    Atlas.export_changes(worker) -> Vector{UInt8}

Write what changed on a worker since its last export, make it durable, and get it for [`Atlas.import_changes`](@ref). Where
nothing has changed these are a few bytes, by which the worker is known to be done. After a failure nothing is lost: export
again.
"""
function export_changes(worker::Store)
    return exclusive(worker.handle) do handle
        fetched(UInt8, SESSION_BYTES) do buffer, capacity, needed
            LibAtlas.atlas_export(handle, buffer, capacity, needed)
        end
    end
end

"""
    Atlas.import_changes(store, exports)

Take over what workers have exported: all of it, or on failure nothing. The next flush commits it. The order means nothing,
and what was imported already is left out. Chunks of which two workers have written different cells are put together. Where
two have written one cell, or contradict each other otherwise, that is a `:CONFLICT`, and the text names them.
"""
function import_changes(store::Store, exports)
    list = Vector{UInt8}[bytes for bytes in exports]
    exclusive(store.handle) do handle
        GC.@preserve list begin
            pointers = Ptr{Cvoid}[pointer(bytes) for bytes in list]
            check(LibAtlas.atlas_import(handle, length(list), pointers, Csize_t[length(bytes) for bytes in list]))
        end
    end
    return nothing
end

"""
    Atlas.renew(worker, ticket)

Have a worker go on from a later ticket of its session: it sees the commits made since. What it has exported and no flush
has committed it does not see any more.
"""
function renew(worker::Store, ticket::AbstractVector{UInt8})
    bytes = Vector{UInt8}(ticket)
    exclusive(worker.handle) do handle
        check(LibAtlas.atlas_renew(handle, bytes, length(bytes)))
    end
    return nothing
end
