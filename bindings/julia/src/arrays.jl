"""
    AtlasArray{T,N} <: AbstractArray{T,N}

An array of a store: `store["january"]["temperature"]`. It is an `AbstractArray` whose values are on the disk, or wait in
memory for the next flush. Indexing reads and assignment writes the region that is named, and only that:

    a[:, :, 3]                    an Array
    a[2, 3, 1]                    a value
    a[:, :, 3] = x                writes; x may be a strided view, which is not copied
    a[:, :, 3] .= 2 .* x          likewise, with what is computed
    a .= 0
    view(a, :, :, 3)              reads and writes nothing yet
    copyto!(x, view(a, :, :, 3))  reads into memory that is there, with its strides
    Array(a), Array{Float64}(a)   all of it
    append!(a, x)                 grows the last dimension
    a[:, :, 9] = x                likewise where it is unlimited; cells between are missing, or zero
    resize!(a, n)                 makes the last dimension that long
    Atlas.extend(a, n)            makes it at least that long
    attributes(a)                 a dictionary

`Atlas.dims(a)`, `Atlas.chunks(a)`, `Atlas.fillvalue(a)`, `Atlas.codec(a)` and `Atlas.statistics(a)` say more.

# Values

Of an array with a fill value `T` is a `Union{Missing,...}`: cells that hold the fill value, never-written ones included,
are `missing`, and `missing` is written as the fill value. Times are `DateTime`s. [`Atlas.variable`](@ref) gives the same
array with the values as they are stored.

# Part by part

Iteration (`for v in a`, `foreach`, `any`, `findall`, `findmax`, ...), reductions (`sum`, `mean`, `maximum`, `count`, `extrema`, ...,
with `dims` too) and `mapslices` read some chunks at a time, each once as far as 64 MiB or so suffice for that. So does a
broadcast that is assigned to an array, `a .= 2 .* b .+ 1`: over about a million values it is one write for each part. A
broadcast to a new `Array`, `a .+ 1`, reads all values. Other generic functions work too, but may read value by value:
for those, `var(a; dims=1)` or `a * x`, read what they need with `a[...]` first.

It names an array of an open store, and holds nothing of it: its size is asked for each time, since any thread may
append.
"""
struct AtlasArray{T,N} <: AbstractArray{T,N}
    handle::Handle
    dataset::String
    name::String
end

"A view of an array of the store. It reads and writes the region that it names, when it is used."
const Section{T,N,P<:AtlasArray,I} = SubArray{T,N,P,I,false}

const Stored{T,N} = Union{AtlasArray{T,N},SubArray{T,N,<:AtlasArray,<:Any,false}}

function describe(handle::Handle, dataset::String, name::AbstractString)
    description = LibAtlas.zeroed(LibAtlas.atlas_array_description)
    check(LibAtlas.atlas_array_info(handle, dataset, name, description))
    return description[]
end
describe(a::AtlasArray) = describe(a.handle, a.dataset, a.name)

"The first `N` of extents as the library has them, in Julia's order."
function reversed(extents, ::Val{N}) where {N}
    return ntuple(k -> Int(extents[N + 1 - k]), Val(N))
end

function Base.size(a::AtlasArray{T,N}) where {T,N}
    d = describe(a)
    if d.rank != N
        throw(DimensionMismatch("array '$(a.name)' of dataset '$(a.dataset)' has $(Int(d.rank)) dimensions now, not $N"))
    end
    return reversed(d.shape, Val(N))
end

Base.IndexStyle(::Type{<:AtlasArray}) = IndexCartesian()

"""
    Atlas.chunks(a)

The extents of a chunk, the unit of storage.
"""
chunks(a::AtlasArray{T,N}) where {T,N} = reversed(describe(a).chunk_shape, Val(N))

"""
    Atlas.pieces(a)

The extents of the pieces that a chunk is stored in, each compressed by itself; those of the chunk where it is one.
"""
pieces(a::AtlasArray{T,N}) where {T,N} = reversed(describe(a).piece_shape, Val(N))

"""
    Atlas.dims(a)

The names of the dimensions, in Julia's order. NetCDF's name for it, `Atlas.dimnames`, is another for the same function.
"""
function dims(a::AtlasArray{T,N}) where {T,N}
    list = texts() do buffer, capacity, needed
        LibAtlas.atlas_array_dims(a.handle, a.dataset, a.name, buffer, capacity, needed)
    end
    return ntuple(k -> list[N + 1 - k], Val(N))
end
const dimnames = dims

"""
    Atlas.unlimited(a)

Whether a write past the end of the last dimension grows the array.
"""
unlimited(a::AtlasArray) = describe(a).unlimited == LibAtlas.ATLAS_SWITCH_ON

"""
    Atlas.fillvalue(a)

The value that is stored for `missing`, or `nothing` if there is none.
"""
fillvalue(a::AtlasArray) = fillvalue(variable(a))
function fillvalue(a::AtlasArray{T}) where {T<:Element}
    d = describe(a)
    d.has_fill_value == 0 && return nothing
    bytes = Ref(d.fill_value)
    return GC.@preserve bytes unsafe_load(Ptr{T}(Base.unsafe_convert(Ptr{Cvoid}, bytes)))
end
function fillvalue(a::AtlasArray{String})
    describe(a).has_fill_value == 0 && return nothing
    return only(texts((buffer, capacity, needed) -> LibAtlas.atlas_array_fill_text(
        a.handle, a.dataset, a.name, buffer, capacity, needed
    )))
end

"""
    Atlas.codec(a)

How chunks are encoded: a named tuple of `codec`, `level`, `shuffle`, `filter`, `keep_bits` (`nothing` for all) and `pack`, as
[`define!`](@ref) takes them.
"""
function codec(a::AtlasArray)
    d = describe(a)
    is_on(switch) = switch == LibAtlas.ATLAS_SWITCH_ON
    return (
        codec=name_of(d.codec, CODECS),
        level=Int(d.level),
        shuffle=is_on(d.shuffle),
        filter=name_of(d.filter, FILTERS),
        keep_bits=d.keep_bits == 0 ? nothing : Int(d.keep_bits),
        pack=is_on(d.pack),
    )
end
