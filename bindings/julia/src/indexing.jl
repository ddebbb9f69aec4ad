# Arrays of the store, and views of them, as Julia's arrays.

"An index of one run."
const Span = Union{Int,AbstractUnitRange{Int}}

"The size of what indices name: numbers leave no dimension."
extents() = ()
extents(::Int, rest...) = extents(rest...)
extents(index::AbstractArray, rest...) = (size(index)..., extents(rest...)...)

# ---- Reading ---------------------------------------------------------------------------------------------------------

"Indices as integers of one type."
plain(index) = index
plain(index::AbstractUnitRange{<:Integer}) = index isa AbstractUnitRange{Int} ? index : Int(first(index)):Int(last(index))
plain(index::AbstractArray{<:Integer}) = index isa AbstractArray{Int} ? index : Int.(index)

@inline function Base.getindex(a::AtlasArray, indices...)
    named = map(plain, to_indices(a, indices))
    @boundscheck checkbounds(a, named...)
    return decoded(a, read_indices(variable(a), named))
end

read_indices(a::AtlasArray{T,N}, at::NTuple{N,Int}) where {T,N} = read_region(a, Run[map(run, at)...], ())[]

function read_indices(a::AtlasArray{T,N}, spans::NTuple{N,Span}) where {T,N}
    return read_region(a, Run[map(run, spans)...], extents(spans...))
end

# A dimension with gaps is read whole from its first to its last index if not too much of that is in vain, else in
# pieces.
function read_indices(a::AtlasArray{T,N}, indices::NTuple{N,Union{Int,AbstractArray{Int}}}) where {T,N}
    size = extents(indices...)
    prod(size) == 0 && return Array{T}(undef, size)
    lists, picks = Vector{Run}[], Any[]
    for index in indices
        list, pick = runs(index), Colon()
        low, high = extrema(index)
        if length(list) > 1 && high - low < 8 * length(index)
            list, pick = [run(low:high)], vec(collect(index)) .- (low - 1)
        end
        push!(lists, list)
        push!(picks, pick)
    end
    values = Array{T}(undef, Tuple(counts_of(lists)))
    read_lists!(values, a, lists)
    return reshape(all(pick -> pick isa Colon, picks) ? values : values[picks...], size)::Array{T,length(size)}
end

function read_lists!(values::Array{T}, a::AtlasArray{T}, lists::Vector{Vector{Run}}) where {T<:Element}
    GC.@preserve values for runs in combinations(lists)
        transfer(LibAtlas.atlas_read_array, owner(a), runs, dtype(T), Int[strides(values)...], first_cell(values))
    end
    return nothing
end
function read_lists!(values::Array{String}, a::AtlasArray{String}, lists::Vector{Vector{Run}})
    for runs in combinations(lists)
        values[map(memory_range, runs)...] = read_texts(owner(a), runs)
    end
    return nothing
end

# Any other indices. Of linear ones those steps of the last dimension are read that they are in.
function read_indices(a::AtlasArray{T,N}, indices::Tuple) where {T,N}
    if N > 1 && indices isa Tuple{AbstractArray{Int}} && !isempty(indices[1])
        low, high = extrema(indices[1])
        step = length(a) ÷ size(a, N)
        steps = ((low - 1) ÷ step + 1):((high - 1) ÷ step + 1)
        block = read_indices(a, (axes(a)[1:(N - 1)]..., steps))
        skipped = (first(steps) - 1) * step
        return block[indices[1] .- skipped]
    end
    return invoke(getindex, Tuple{AbstractArray,Vararg{Any}}, a, indices...)
end

Base.getindex(a::AtlasArray, mask::AbstractArray{Bool}) = masked(a, mask)
Base.getindex(v::Section, mask::AbstractArray{Bool}) = masked(v, mask)

function Base.getindex(v::Section{T,N}, indices...) where {T,N}
    named = to_indices(v, indices)
    if length(named) != N
        named isa Tuple{AbstractArray{Int}} && return values_of(v)[named...]
        return invoke(getindex, Tuple{AbstractArray,Vararg{Any}}, v, named...)
    end
    @boundscheck checkbounds(v, named...)
    part = view(v, named...)
    return parent(part)[parentindices(part)...]
end
@inline function Base.getindex(v::Section{T,N}, at::Vararg{Int,N}) where {T,N}
    @boundscheck checkbounds(v, at...)
    return parent(v)[Base.reindex(parentindices(v), at)...]
end

"All values, as an `Array`."
function values_of(a::AtlasArray)
    size = Base.size(a)
    return decoded(a, read_region(variable(a), whole(size), size))
end
function values_of(v::Section{T,N}) where {T,N}
    values = parent(v)[parentindices(v)...]
    return N == 0 ? fill(values) : values
end

Base.copyto!(x::StridedArray, a::Stored) = read_all!(x, a)
Base.copyto!(x::PermutedDimsArray, a::Stored) = read_all!(x, a)
Base.copyto!(x::PermutedDimsArray{T,N}, a::Stored{T,N}) where {T,N} = read_all!(x, a)

function read_all!(x, a::Stored)
    size(x) == size(a) && read_into!(x, a) && return x
    return copyto!(x, values_of(a))
end

"Reads into memory without a copy in between, where that is possible; tells whether it was."
read_into!(x, a::AtlasArray) = read_into!(x, a, axes(a))
read_into!(x, v::Section) = read_into!(x, parent(v), parentindices(v))
function read_into!(x::AbstractArray{S}, a::AtlasArray{T,N}, spans::NTuple{N,Span}) where {S,T,N}
    is_strided(x) && converts(T, S) || return false
    read_runs!(x, a, Run[map(run, spans)...])
    return true
end
read_into!(x, a, indices) = false

# ---- Writing ---------------------------------------------------------------------------------------------------------

function Base.setindex!(a::AtlasArray, values, indices...)
    named = map(plain, to_indices(a, indices))
    @boundscheck checkbounds(Bool, a, named...) || growing(a, named) || throw(BoundsError(a, named))
    write_indices(a, values, named)
    return a
end

"Whether indices beyond the end are so in the last dimension only, and of an array that grows with them."
growing(a::AtlasArray, indices::Tuple) = false
function growing(a::AtlasArray{T,N}, indices::NTuple{N,Union{Int,AbstractArray{Int}}}) where {T,N}
    N > 0 && unlimited(a) || return false
    last = indices[N]
    return checkbounds(Bool, CartesianIndices(axes(a)[1:(N - 1)]), indices[1:(N - 1)]...) && (isempty(last) || minimum(last) >= 1)
end

function write_indices(a::AtlasArray{T,N}, value, at::NTuple{N,Int}) where {T,N}
    write_runs(a, Vector{Run}[map(runs, at)...], fill(value))
    return nothing
end

function write_indices(a::AtlasArray{T,N}, values, indices::NTuple{N,Union{Int,AbstractArray{Int}}}) where {T,N}
    values isa AbstractArray || throw(
        ArgumentError("one value cannot be assigned to many cells with `a[...] = x`; write `a[...] .= x`")
    )
    write_runs(a, Vector{Run}[map(runs, indices)...], values)
    return nothing
end

function write_indices(a::AtlasArray, values, indices::Tuple)
    write_others(a, values, indices)
    return nothing
end

function Base.setindex!(v::Section{T,N}, values, indices...) where {T,N}
    named = to_indices(v, indices)
    @boundscheck checkbounds(v, named...)
    if length(named) == N
        part = view(v, named...)
        parent(part)[parentindices(part)...] = values
    else
        write_others(v, values, named)
    end
    return v
end

"With indices of other dimensions than the array's: all at once if they are linear and all of it, else one by one."
function write_others(a::Stored, values, indices::Tuple)
    if indices isa Tuple{AbstractUnitRange{Int}} && values isa AbstractArray && indices[1] == 1:length(a)
        match_extents([length(values)], [length(a)])
        assign!(a, reshape(values, size(a)))
    else
        invoke(setindex!, Tuple{AbstractArray,Any,Vararg{Any}}, a, values, indices...)
    end
    return nothing
end

function Base.setindex!(v::Section{T,N}, value, at::Vararg{Int,N}) where {T,N}
    @boundscheck checkbounds(v, at...)
    parent(v)[Base.reindex(parentindices(v), at)...] = value
    return v
end

"Writes all of it."
assign!(a::AtlasArray, values::AbstractArray) = write_runs(a, [[run] for run in whole(size(a))], values)
function assign!(v::Section{T,N}, values::AbstractArray) where {T,N}
    parent(v)[parentindices(v)...] = N == 0 ? values[] : values
    return nothing
end

function Base.fill!(a::Stored{T,N}, value) where {T,N}
    P = stored_type(T)
    assign!(a, Repeated{P,N}(Ref{P}(encoded(root(a), value)), size(a)))
    return a
end

# Not of any `AbstractArray`: some have methods of their own for copying to anywhere.
const Copied = Union{Array,AbstractRange,AtlasArray,BitArray,PermutedDimsArray,SubArray,Base.ReshapedArray}

function Base.copyto!(a::Stored, values::Copied)
    if size(a) == size(values)
        assign!(a, values)
    elseif length(a) == length(values)
        assign!(a, reshape(values, size(a)))
    else
        part = values_of(a)
        copyto!(part, values)
        assign!(a, part)
    end
    return a
end

# ---- Many datasets at once -------------------------------------------------------------------------------------------

"""
    Atlas.read_across([T,] store, array, datasets = those that have it, indices...)

The same region of one array from many datasets, read in parallel: an `Array` with one more dimension than the region,
the last one, for the datasets. `indices` are numbers, ranges and `:`, by default all of the array; an extent that `:`
stands for must be the same in every dataset. Values are as the first array has them, with `missing` and `DateTime`; given a
`T`, they are those that are stored, converted to that.

    Atlas.read_across(store, "temperature", ["jan", "feb", "mar"])             # 144×90×12×3
    Atlas.read_across(store, "temperature", ["jan", "feb", "mar"], :, 45, 1)   # 144×3
"""
function read_across(store::Store, array::AbstractString, datasets=having(store, array), indices...)
    isempty(datasets) && throw(ArgumentError("no datasets are given to read array '$array' from"))
    seen = [store[name][array] for name in datasets]
    a = first(seen)
    values = read_across(stored_type(eltype(a)), store, array, datasets, indices...)
    a isa AtlasArray{<:Plain} && return values
    decoded = Array{eltype(a)}(undef, size(values))
    for (k, a) in enumerate(seen)
        decode!(selectdim(decoded, ndims(decoded), k), a, selectdim(values, ndims(values), k))
    end
    return decoded
end

function read_across(
    ::Type{T}, store::Store, array::AbstractString, datasets=having(store, array), indices...
) where {T<:Plain}
    isempty(datasets) && throw(ArgumentError("no datasets are given to read array '$array' from"))
    arrays = [variable(store[name][array]) for name in datasets]
    a = first(arrays)
    indices = isempty(indices) ? map(_ -> Colon(), size(a)) : indices
    spans = to_indices(a, indices)
    checkbounds(a, spans...)
    if !(spans isa NTuple{ndims(a),Span})
        throw(ArgumentError("a region of array '$array' takes $(ndims(a)) numbers, ranges or `:`"))
    end
    for other in arrays, (k, index) in enumerate(indices)
        if index isa Colon && size(other, k) != size(a, k)
            throw(DimensionMismatch("array '$array' is of size $(size(a)) in dataset '$(a.dataset)' and of size " *
                                    "$(size(other)) in dataset '$(other.dataset)'"))
        end
    end
    values = Array{T}(undef, (extents(spans...)..., length(arrays)))
    isempty(values) || read_stacked!(values, store.handle, arrays, Run[map(run, spans)...])
    return values
end

having(store, array) = String[name for (name, dataset) in store if haskey(dataset, array)]

function read_stacked!(values::Array{T}, handle::Handle, arrays, runs::Vector{Run}) where {T<:Element}
    start, count = region(runs)
    names = String[a.dataset for a in arrays]
    array = first(arrays).name
    check(
        LibAtlas.atlas_read_across(
            handle, array, length(names), names, dtype(T), length(runs), start, count, values
        ),
    )
    return nothing
end

function read_stacked!(values::Array{String}, ::Handle, arrays, runs::Vector{Run})
    each = reshape(values, :, length(arrays))
    for (k, a) in enumerate(arrays)
        each[:, k] = read_texts(owner(a), runs)
    end
    return nothing
end
