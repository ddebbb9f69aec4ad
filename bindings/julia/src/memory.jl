# Between an array of the store and Julia's memory.

"One value in every cell, in the memory of one."
struct Repeated{T,N} <: AbstractArray{T,N}
    value::Base.RefValue{T}
    size::NTuple{N,Int}
end
Base.size(x::Repeated) = x.size
Base.getindex(x::Repeated{T,N}, ::Vararg{Int,N}) where {T,N} = x.value[]
Base.strides(x::Repeated{T,N}) where {T,N} = ntuple(_ -> 0, Val(N))
Base.unsafe_convert(::Type{Ptr{T}}, x::Repeated{T}) where {T} = Base.unsafe_convert(Ptr{T}, x.value)

"Whether the library can take or fill an array's memory as it lies."
function is_strided(x::StridedArray)
    isbitstype(eltype(x)) || return false
    return !(x isa SubArray) || all(index -> index isa Union{Int,AbstractRange{Int}}, parentindices(x))
end
is_strided(x::PermutedDimsArray) = is_strided(parent(x))
is_strided(x::Repeated) = isbitstype(eltype(x))
is_strided(x) = false

"`x` itself where the library can take it for an array of `T`, else a copy that it can."
function memory(x::AbstractArray{S,N}, ::Type{T}) where {S,N,T<:Element}
    return is_strided(x) && converts(S, T) ? x : convert(Array{T,N}, x)
end
memory(x::AbstractArray{S,N}, ::Type{String}) where {S,N} = convert(Array{String,N}, x)

"""
Indices of one dimension that lie side by side: `count` of them from `first` on. In memory the cell of `first` is at
index `at`, and those after it follow at `step`, 1 or -1.
"""
struct Run
    first::Int
    count::Int
    at::Int
    step::Int
end

memory_range(run::Run) = run.step == 1 ? (run.at:(run.at + run.count - 1)) : (run.at:-1:(run.at - run.count + 1))

"The run of an index that is one."
run(index::Int) = Run(index, 1, 1, 1)
run(index::AbstractUnitRange{Int}) = Run(first(index), length(index), 1, 1)

"The runs of any index, in its order."
runs(index::Union{Int,AbstractUnitRange{Int}}) = [run(index)]
function runs(index::AbstractArray{Int})
    list = Run[]
    values = vec(collect(index))
    at = 1
    while at <= length(values)
        stop = at
        step = at < length(values) && abs(values[at + 1] - values[at]) == 1 ? values[at + 1] - values[at] : 0
        while step != 0 && stop < length(values) && values[stop + 1] - values[stop] == step
            stop += 1
        end
        count = stop - at + 1
        push!(list, step == -1 ? Run(values[stop], count, stop, -1) : Run(values[at], count, at, 1))
        at = stop + 1
    end
    return list
end

# What follows takes vectors, one element for each dimension, where Julia has tuples: it is then compiled once, and not
# again for every rank.

"The runs of all of an array."
whole(size::Dims) = Run[Run(1, n, 1, 1) for n in size]

"The extents of the region that lists of runs, one for each dimension, name."
counts_of(lists::Vector{Vector{Run}}) = Int[sum(Int[run.count for run in list]) for list in lists]

"A region as the library takes it: where it begins and its extents."
region(runs::Vector{Run}) = (UInt64[run.first - 1 for run in reverse(runs)], UInt64[run.count for run in reverse(runs)])

"All ways to take one run of each list: the regions that the lists name together."
function combinations(lists::Vector{Vector{Run}})
    all = [Run[]]
    for list in lists
        all = [push!(copy(runs), run) for run in list for runs in all]
    end
    return all
end

"""
The strides of memory along dimensions of `counts` cells, which match its extents: those of its dimensions of more than
one cell, in order. The others do not matter.
"""
spread(x::AbstractArray, counts::Vector{Int}) = spread(Int[size(x)...], Int[strides(x)...], counts)
function spread(size::Vector{Int}, strides::Vector{Int}, counts::Vector{Int})
    match_extents(size, counts)
    found = strides[size .!= 1]
    return Int[n == 1 ? 1 : popfirst!(found) for n in counts]
end

function match_extents(given::Vector{Int}, wanted::Vector{Int})
    if filter(!=(1), given) != filter(!=(1), wanted)
        throw(DimensionMismatch("values of size $(Tuple(given)) do not fit a region of size $(Tuple(wanted))"))
    end
    return nothing
end

"The first cell of memory that `is_strided`, to be used while `x` is preserved."
first_cell(x::AbstractArray{S}) where {S} = Ptr{Cvoid}(Base.unsafe_convert(Ptr{S}, x))

"What the library calls an array: the first arguments of every call about it."
owner(a::AtlasArray) = (a.handle, a.dataset, a.name)

"Has the library read or write, with `call`, the region of runs in memory that begins at `data`."
function transfer(call, (handle, dataset, name), runs, type::Int32, strides::Vector{Int}, data::Ptr{Cvoid})
    start, count = region(runs)
    steps = Int64[run.step * stride for (run, stride) in zip(reverse(runs), reverse(strides))]
    offset = sum(Int[(run.at - 1) * stride for (run, stride) in zip(runs, strides)])
    data += offset * Int(LibAtlas.atlas_dtype_size(type))
    check(call(handle, dataset, name, type, length(runs), start, count, steps, data))
    return nothing
end

# ---- Reading ---------------------------------------------------------------------------------------------------------

"Reads what one run in each dimension names into memory."
function read_runs!(x::AbstractArray{S}, a::AtlasArray, runs::Vector{Run}) where {S}
    counts = Int[run.count for run in runs]
    strides = spread(x, counts)
    0 in counts && return x
    GC.@preserve x transfer(LibAtlas.atlas_read_array, owner(a), runs, dtype(S), strides, first_cell(x))
    return x
end

"The texts of a region, in Julia's order."
function read_texts((handle, dataset, name), runs::Vector{Run})
    start, count = region(runs)
    0 in count && return String[]
    return texts(1024 + 16 * Int(prod(count))) do buffer, capacity, needed
        LibAtlas.atlas_read_strings(handle, dataset, name, length(runs), start, count, buffer, capacity, needed)
    end
end

"A new array of this size with the values of a region."
function read_region(a::AtlasArray{T}, runs::Vector{Run}, size::Dims) where {T<:Element}
    return read_runs!(Array{T}(undef, size), a, runs)
end
read_region(a::AtlasArray{String}, runs::Vector{Run}, size::Dims) = reshape(read_texts(owner(a), runs), size)

# ---- Writing ---------------------------------------------------------------------------------------------------------

"Writes memory to what all combinations of runs name."
function write_runs(a::AtlasArray{T}, lists::Vector{Vector{Run}}, values::AbstractArray) where {T<:Element}
    counts = counts_of(lists)
    match_extents(Int[size(values)...], counts)
    0 in counts && return nothing
    write_memory(owner(a), lists, counts, memory(encoded(a, values), T))
    return nothing
end

function write_memory(owner, lists, counts, x::AbstractArray{S}) where {S}
    strides = spread(x, counts)
    GC.@preserve x for runs in combinations(lists)
        writing(first(owner)) do _
            transfer(LibAtlas.atlas_write_array, owner, runs, dtype(S), strides, first_cell(x))
        end
    end
    return nothing
end

function write_runs(a::AtlasArray{String}, lists::Vector{Vector{Run}}, values::AbstractArray)
    counts = counts_of(lists)
    match_extents(Int[size(values)...], counts)
    0 in counts && return nothing
    x = reshape(memory(encoded(a, values), String), counts...)
    for runs in combinations(lists)
        start, count = region(runs)
        block = vec(collect(view(x, map(memory_range, runs)...)))
        writing(a.handle) do _
            check(LibAtlas.atlas_write_strings(owner(a)..., length(runs), start, count, block))
        end
    end
    return nothing
end

# Of arrays whose values are seen as something else than what is stored.
function write_runs(a::AtlasArray, lists::Vector{Vector{Run}}, values::AbstractArray)
    write_runs(variable(a), lists, encoded(a, values))
    return nothing
end

"""
    resize!(a::AtlasArray, n)

Make the last dimension `n` long. Cells beyond are dropped; new ones are `missing` where there is a fill value, else zero.
"""
function Base.resize!(a::AtlasArray, n::Integer)
    writing(a.handle) do _
        check(LibAtlas.atlas_resize_array(owner(a)..., n))
    end
    return a
end

"""
    Atlas.extend(a::AtlasArray, n)

Make the last dimension at least `n` long; where it is that, do nothing. Many workers of a session can do it, where only one
can append.
"""
function extend(a::AtlasArray, n::Integer)
    writing(a.handle) do _
        check(LibAtlas.atlas_extend_array(owner(a)..., n))
    end
    return a
end

# ---- Appending -------------------------------------------------------------------------------------------------------

"""
    append!(a::AtlasArray, values)

Grow the last dimension of an array and write the new values, which are as large as the array in the other dimensions.
Values with one dimension less are one step. Appends from many threads each land whole.

    temperature = define!(dataset, "temperature", Float32, (144, 90, 0); dims=("lon", "lat", "time"))
    append!(temperature, field)                 # 144×90, or 144×90×n
"""
Base.append!(a::AtlasArray, values) = append_values(a, values isa AbstractArray ? values : collect(values))
Base.append!(a::AtlasArray{T,1}, values) where {T} = append_values(a, values isa AbstractArray ? values : collect(values))

"""
    push!(a::AtlasArray, value)

Append one value to a vector, or one step to an array of more dimensions.
"""
Base.push!(a::AtlasArray, step) = append!(a, step)
Base.push!(a::AtlasArray{T,1}, value) where {T} = append!(a, fill(value, 1))

function append_values(a::AtlasArray{T,N}, values::AbstractArray) where {T,N}
    counts = Int[size(values)...]
    length(counts) == N - 1 && push!(counts, 1)
    if length(counts) != N || counts[1:(end - 1)] != Int[size(a)...][1:(end - 1)]
        throw(DimensionMismatch("values of size $(size(values)) do not continue an array of size $(size(a))"))
    end
    append_memory(variable(a), memory(encoded(a, values), stored_type(T)), counts)
    return a
end

function append_memory(a::AtlasArray{<:Element}, x::AbstractArray{S}, counts::Vector{Int}) where {S}
    strides = spread(x, counts)
    count, steps = UInt64.(reverse(counts)), Int64.(reverse(strides))
    GC.@preserve x writing(a.handle) do _
        check(LibAtlas.atlas_append_array(owner(a)..., dtype(S), length(counts), count, steps, first_cell(x)))
    end
    return nothing
end

function append_memory(a::AtlasArray{String}, x::AbstractArray{String}, counts::Vector{Int})
    writing(a.handle) do _
        check(LibAtlas.atlas_append_strings(owner(a)..., length(counts), UInt64.(reverse(counts)), vec(x)))
    end
    return nothing
end
