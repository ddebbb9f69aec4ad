function names(dataset::Dataset)
    return texts() do buffer, capacity, needed
        LibAtlas.atlas_array_names(dataset.handle, dataset.name, buffer, capacity, needed)
    end
end

function Base.length(dataset::Dataset)
    count = Ref{Csize_t}(0)
    check(LibAtlas.atlas_array_count(dataset.handle, dataset.name, count))
    return Int(count[])
end

function Base.haskey(dataset::Dataset, name::AbstractString)
    found = Ref(false)
    check(LibAtlas.atlas_has_array(dataset.handle, dataset.name, name, found))
    return found[]
end

function Base.getindex(dataset::Dataset, name::AbstractString)
    d = describe(dataset.handle, dataset.name, name)
    T = seen_type(eltype_of(d.dtype), d.has_fill_value != 0)
    return AtlasArray{T,Int(d.rank)}(dataset.handle, dataset.name, name)
end

"""
    dataset[name] = values

Define an array of the values' size and type and write them; into one that is there already, of the same size, only
write them. A number, text or time makes an array without dimensions. Where the type of the values has `missing` the array
gets a fill value: that of `values` if they are an array of a store, else as [`define!`](@ref) chooses it.
"""
function Base.setindex!(dataset::Dataset, values::AbstractArray, name::AbstractString)
    if haskey(dataset, name)
        array = dataset[name]
        if size(array) != size(values)
            throw(DimensionMismatch("array '$name' is of size $(size(array)), the values are of size $(size(values))"))
        end
        assign!(array, values)
        return dataset
    end
    array = define!(dataset, name, eltype(values), size(values); fillvalue=values isa Stored ? fillvalue(root(values)) : nothing)
    try
        values isa Stored || eltype(array) >: Missing && check_fill(values, fillvalue(array), name)
        assign!(array, values)
    catch
        delete!(dataset, name)
        rethrow()
    end
    return dataset
end
Base.setindex!(dataset::Dataset, value, name::AbstractString) = setindex!(dataset, fill(value), name)

function Base.delete!(dataset::Dataset, name::AbstractString)
    if haskey(dataset, name)
        check(LibAtlas.atlas_delete_array(dataset.handle, dataset.name, name))
    end
    return dataset
end

"""
    define!(dataset, name, T, size = (); options...) -> AtlasArray

Define an array of elements of type `T`: `Bool`, `Int8` to `Int64`, `UInt8` to `UInt64`, `Float16` to `Float64`,
`ComplexF32`, `ComplexF64`, `DateTime`, [`TimestampNs`](@ref) or `String`, or a `Union` of one of these and `Missing`. Until
they are written its cells are `missing` where there is a fill value, else zero. The last extent may be 0, for
[`append!`](@ref) to grow.

- `dims`       names of the dimensions, in Julia's order; by default a vector's is its own name. In a dataset one name has one
               length
- `chunks`     extents of a chunk, the unit of storage; `:` stands for all of a dimension
- `fillvalue`  the value that is stored for `missing`; by default there is none, and for a `Union` with `Missing` it is NaN
               for floats and complex numbers, NetCDF's for integers, "" for texts, the lowest value for times
- `unlimited`  whether a write past the end of the last dimension grows it; by default so if that extent is 0
- `codec`      `:zstd`, `:lz4` or `:none`; by default the store's
- `level`      of that codec
- `shuffle`    whether to shuffle the bytes of elements before compressing
- `filter`     what to do to elements before that: `:none`, or `:delta` to store each as its difference to the one before it
- `keep_bits`  bits of the mantissa that are kept of each float that is written, which is rounded: at most 10, 23 or 52. The
               relative error is at most `2^-(keep_bits + 1)`; NaN, infinities and the fill value stay. By default all
- `pack`       whether to compress chunks below 16 KiB together with others, which takes less space and time. With `false`
               each has a byte range of its own, which other programs can read where it lies
"""
function define!(
    dataset::Dataset,
    name::AbstractString,
    ::Type{E},
    size::NTuple{N,Integer}=();
    dims=nothing,
    chunks=nothing,
    fillvalue=nothing,
    codec=nothing,
    level=nothing,
    shuffle=nothing,
    filter=nothing,
    keep_bits=nothing,
    pack=nothing,
    unlimited=nothing,
) where {E,N}
    T = stored_type(E)
    extents = Int[size...]
    options = (
        codec=choice(codec, CODECS),
        level=Int32(number(level)),
        shuffle=switch(shuffle),
        filter=choice(filter, FILTERS),
        keep_bits=Int32(number(keep_bits)),
        pack=switch(pack),
        unlimited=switch(unlimited),
    )
    names = dims === nothing ? nothing : String[string(dim) for dim in dims]
    chunk_shape = chunks === nothing ? nothing : given_chunks(chunks, extents)
    fill = fillvalue !== nothing ? convert(T, fillvalue) : E >: Missing ? default_fill(T) : nothing
    fill_memory = fill === nothing ? nothing : fill_bytes(fill)
    define_array((dataset.handle, dataset.name, String(name)), dtype(T), names, extents, chunk_shape, fill_memory, options)
    seen = nonmissingtype(E) === TimestampNs ? TimestampNs : seen_type(T, false)
    return AtlasArray{fill === nothing ? seen : Union{Missing,seen},N}(dataset.handle, dataset.name, name)
end

"Has the library define an array, of what is given in Julia's order."
function define_array(owner, type, dims, size, chunk_shape, fill_memory, choices)
    for list in (dims, chunk_shape)
        if list !== nothing && length(list) != length(size)
            throw(DimensionMismatch("$(length(list)) names or extents are given for $(length(size)) dimensions"))
        end
    end
    shape = UInt64.(reverse(size))
    dims === nothing || reverse!(dims)
    chunk_shape === nothing || reverse!(chunk_shape)
    GC.@preserve chunk_shape fill_memory begin
        options = Ref(
            LibAtlas.options(
                LibAtlas.atlas_array_options;
                chunk_shape=chunk_shape === nothing ? C_NULL : pointer(chunk_shape),
                fill_value=fill_memory === nothing ? C_NULL : pointer(fill_memory),
                choices...,
            ),
        )
        names = dims === nothing ? Ptr{Cstring}(C_NULL) : dims
        check(LibAtlas.atlas_define_array(owner..., type, length(size), names, shape, options))
    end
    return nothing
end

function given_chunks(chunks, size::Vector{Int})
    return UInt64[n isa Colon ? (k <= length(size) ? max(1, size[k]) : 1) : n for (k, n) in enumerate(chunks)]
end

fill_bytes(value::Element) = collect(reinterpret(UInt8, [value]))
function fill_bytes(text::String)
    Base.unsafe_convert(Cstring, text)  # throws where there is a NUL inside
    return push!(Vector{UInt8}(text), 0x00)
end
