"""
Atlas: a store for many named datasets, each a set of named N-dimensional arrays and attributes.

```julia
using Atlas

Atlas.open("run.atlas", "w") do store
    january = create!(store, "january")
    january["temperature"] = rand(Float32, 144, 90, 12)       # longitude, latitude, level
    attributes(january["temperature"])["units"] = "K"
end                                                           # all of it is on the disk now, or none

Atlas.open("run.atlas") do store
    temperature = store["january"]["temperature"]
    temperature[:, :, 3]                                      # reads one level
end
```

# Durability

Changes are in memory until [`flush`](@ref) or [`close`](@ref): calls on the same store see them, nothing on the disk
does. A flush commits all changes to all datasets together, and a crash at any instant leaves the store as one completed
flush left it. [`Atlas.discard`](@ref), an exception that leaves a `do` block, and the garbage collector release a store
without a flush.

# Order of dimensions

An array has the size in Julia that it has in memory: the first index varies fastest. The store, C, C++ and Python say
the same thing with the last index varying fastest. So the dimensions are named in reverse, and nothing is transposed or
copied:

    memory                         t₁₁ t₂₁ t₃₁ t₁₂ t₂₂ t₃₂

    Julia, Fortran                 size (3, 2)      dims ("lon", "lat")      t[lon, lat]      from 1
                                          ╳               ╳
    store, C, C++, Python          shape {2, 3}     dims {"lat", "lon"}      t[lat][lon]      from 0

The dimension that grows, the store's first, is Julia's last: see [`append!`](@ref).

# Threads

Everything may be called from any thread and task at once. Where two calls touch the same cells, each cell is as one of
them left it.
"""
module Atlas

using Dates

export AtlasArray, AtlasError, TimestampNs, attributes, create!, define!

include("LibAtlas.jl")
using .LibAtlas

include("errors.jl")
include("types.jl")
include("handles.jl")
include("arrays.jl")
include("stores.jl")
include("sessions.jl")
include("datasets.jl")
include("decode.jl")
include("memory.jl")
include("indexing.jl")
include("parts.jl")
include("attributes.jl")
include("statistics.jl")
include("times.jl")
include("extensions.jl")
include("places.jl")
include("show.jl")

"The version of the library in use."
version() = VersionNumber(unsafe_string(LibAtlas.atlas_version_string()))

@static if VERSION >= v"1.11"
    eval(Expr(:public, :Attributes, :CalendarTime, :Damage, :Dataset, :LibAtlas, :Store, :chunk_places, :chunks, :pieces, :codec, :commondata))
    eval(Expr(:public, :compact, :copy_dataset, :create, :decodetime, :dimnames, :dims, :discard, :diskarray, :encodetime, :fillvalue))
    eval(Expr(:public, :flush_begin, :flush_test, :flush_wait, :generations, :info, :open, :pin, :pins, :read_across, :refresh))
    eval(Expr(:public, :rename_dataset, :rollback, :set_keep_generations, :statistics, :unlimited, :unpin, :variable, :verify, :version))
    eval(Expr(:public, :export_changes, :extend, :import_changes, :open_worker, :renew, :session_begin, :session_end))
    eval(Expr(:public, :session_missing, :wait_for_commit))
end

end
