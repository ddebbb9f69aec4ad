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

"""
The strides of `x` along `N` dimensions of `counts` cells, which match its extents: those of its dimensions of more than
one cell, in order. The others do not matter.
"""
function spread(x::AbstractArray, counts::NTuple{N,Int}) where {N}
    match_extents(size(x), counts)
    found = Iterators.Stateful(stride for (stride, n) in zip(strides(x), size(x)) if n != 1)
    return ntuple(k -> counts[k] == 1 ? 1 : popfirst!(found), Val(N))
end

function match_extents(given, wanted)
    if filter(!=(1), given) != filter(!=(1), wanted)
        throw(DimensionMismatch("values of size $given do not fit a region of size $wanted"))
    end
    return nothing
end

"""
Has the library read or write, with `call`, the region that one run in each dimension makes. `x` is the memory that the
runs are in, `strides` are its strides.
"""
function transfer(
    call, a::AtlasArray, runs::NTuple{N,Run}, x::AbstractArray{S}, strides::NTuple{N,Int}
) where {S,N}
    start = UInt64[run.first - 1 for run in reverse(runs)]
    count = UInt64[run.count for run in reverse(runs)]
    stride = Int64[run.step * stride for (run, stride) in zip(reverse(runs), reverse(strides))]
    offset = sum(Int[(run.at - 1) * stride for (run, stride) in zip(runs, strides)])
    GC.@preserve x begin
        data = Base.unsafe_convert(Ptr{S}, x) + offset * sizeof(S)
        check(call(a.handle, a.dataset, a.name, dtype(S), N, start, count, stride, data))
    end
    return nothing
end

# ---- Reading ---------------------------------------------------------------------------------------------------------

"Reads what one run in each dimension names into memory."
function read_runs!(x::AbstractArray{S}, a::AtlasArray{T,N}, runs::NTuple{N,Run}) where {S,T,N}
    any(run -> run.count == 0, runs) && return x
    strides = spread(x, map(run -> run.count, runs))
    transfer(LibAtlas.atlas_read_array, a, runs, x, strides)
    return x
end

"The texts of a region, in Julia's order."
function read_texts(a::AtlasArray{String,N}, runs::NTuple{N,Run}) where {N}
    any(run -> run.count == 0, runs) && return String[]
    start = UInt64[run.first - 1 for run in reverse(runs)]
    count = UInt64[run.count for run in reverse(runs)]
    return texts(1024 + 16 * Int(prod(count))) do buffer, capacity, needed
        LibAtlas.atlas_read_strings(a.handle, a.dataset, a.name, N, start, count, buffer, capacity, needed)
    end
end

"A new array of this size with the values of a region."
function read_region(a::AtlasArray{T,N}, runs::NTuple{N,Run}, size::Dims) where {T<:Element,N}
    return read_runs!(Array{T}(undef, size), a, runs)
end
read_region(a::AtlasArray{String,N}, runs::NTuple{N,Run}, size::Dims) where {N} = reshape(read_texts(a, runs), size)

read_value(a::AtlasArray{T,N}, at::NTuple{N,Int}) where {T,N} = read_region(a, map(run, at), ())[]

whole(a::AtlasArray) = map(n -> Run(1, n, 1, 1), size(a))

# ---- Writing ---------------------------------------------------------------------------------------------------------

"Writes memory to what all combinations of runs name."
function write_runs(a::AtlasArray{T,N}, runs::NTuple{N,Vector{Run}}, values::AbstractArray) where {T<:Element,N}
    counts = map(list -> sum(Int[run.count for run in list]), runs)
    match_extents(size(values), counts)
    any(==(0), counts) && return nothing
    x = memory(values, T)
    strides = spread(x, counts)
    for combination in Iterators.product(runs...)
        transfer(LibAtlas.atlas_write_array, a, combination, x, strides)
    end
    return nothing
end

function write_runs(a::AtlasArray{String,N}, runs::NTuple{N,Vector{Run}}, values::AbstractArray) where {N}
    counts = map(list -> sum(Int[run.count for run in list]), runs)
    match_extents(size(values), counts)
    any(==(0), counts) && return nothing
    x = reshape(memory(values, String), counts)
    for combination in Iterators.product(runs...)
        block = vec(collect(view(x, map(memory_range, combination)...)))
        start = UInt64[run.first - 1 for run in reverse(combination)]
        count = UInt64[run.count for run in reverse(combination)]
        check(LibAtlas.atlas_write_strings(a.handle, a.dataset, a.name, N, start, count, block))
    end
    return nothing
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

function append_values(a::AtlasArray{T,N}, values::AbstractArray{S,M}) where {T,N,S,M}
    counts = M == N ? size(values) : M == N - 1 ? (size(values)..., 1) : throw_rank(a, values)
    fixed = ntuple(k -> size(a, k), N - 1)
    if counts[1:(N - 1)] != fixed
        throw(DimensionMismatch("values of size $(size(values)) do not continue an array of size $(size(a))"))
    end
    count = UInt64[n for n in reverse(counts)]
    append_memory(a, memory(values, T), counts, count)
    return a
end

function throw_rank(a, values)
    throw(DimensionMismatch("values of $(ndims(values)) dimensions do not continue an array of $(ndims(a))"))
end

function append_memory(a::AtlasArray{T,N}, x::AbstractArray{S}, counts, count) where {T<:Element,N,S}
    stride = Int64[s for s in reverse(spread(x, counts))]
    GC.@preserve x begin
        data = Base.unsafe_convert(Ptr{S}, x)
        check(LibAtlas.atlas_append_array(a.handle, a.dataset, a.name, dtype(S), N, count, stride, data))
    end
    return nothing
end

function append_memory(a::AtlasArray{String,N}, x::AbstractArray{String}, counts, count) where {N}
    check(LibAtlas.atlas_append_strings(a.handle, a.dataset, a.name, N, count, vec(x)))
    return nothing
end
