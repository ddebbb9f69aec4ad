# What walks through an array: iteration, reductions, slices. It reads a part at a time, along chunks, so that an array
# may be larger than memory and no chunk is decoded more often than it must be.

"Values that are read at a time where chunks let them be so few, and the most there may be to read no chunk twice."
const PART = Ref(1 << 20)
const LAYER = Ref(1 << 23)

"Boxes of the extents `box`, side by side and in the order of memory, that cover an array of `size`."
struct Parts{N} <: AbstractVector{NTuple{N,UnitRange{Int}}}
    size::NTuple{N,Int}
    box::NTuple{N,Int}
end

counts(parts::Parts) = map(cld, parts.size, parts.box)
Base.size(parts::Parts) = (prod(counts(parts)),)
Base.getindex(parts::Parts, k::Int) = ranges_at(parts, Tuple(CartesianIndices(counts(parts))[k]))

"The ranges of indices of the box at a place among the boxes."
function ranges_at(parts::Parts{N}, at::NTuple{N,Int}) where {N}
    return map((k, box, n) -> ((k - 1) * box + 1):min(k * box, n), at, parts.box, parts.size)
end

"The values of a box."
part(a::Stored{T,N}, ranges::NTuple{N,UnitRange{Int}}) where {T,N} = a[ranges...]::Array{T,N}
part(a::Stored{T,0}, ::Tuple{}) where {T} = fill(a[])::Array{T,0}

"The extents of chunks along the dimensions of what is walked through."
chunk_extents(a::AtlasArray) = chunks(a)
function chunk_extents(v::Section{T,N}) where {T,N}
    extents = Int[]
    for (index, chunk) in zip(parentindices(v), chunks(parent(v)))
        index isa AbstractVector && push!(extents, chunk)
        index isa AbstractArray && !(index isa AbstractVector) && append!(extents, size(index))
    end
    return ntuple(k -> extents[k], Val(N))
end

"""
Boxes whose values, one box after the other, are in the order of memory: whole leading dimensions, a range of one, single
steps. Of at most `limit` values; of up to `layer` where a chunk would else be in several boxes.
"""
function parts(a::Stored{T,N}, limit::Int=PART[], layer::Int=LAYER[]) where {T,N}
    size = Base.size(a)
    chunk = chunk_extents(a)
    whole, cells = 0, 1
    while whole < N && cells * size[whole + 1] <= limit
        whole += 1
        cells *= size[whole]
    end
    step = whole == N ? 1 : max(1, limit ÷ max(cells, 1))
    whole == N || step < chunk[whole + 1] || (step -= step % chunk[whole + 1])
    # Further dimensions whole, until the boxes are cut between chunks only.
    leading, inner = whole, cells
    while leading < N && inner * min(chunk[leading + 1], size[leading + 1]) <= layer
        if all(k -> min(chunk[k], size[k]) <= 1, (leading + 2):N)
            chunked = chunk[leading + 1] * max(1, limit ÷ max(inner * chunk[leading + 1], 1))
            whole, step = leading, chunked
            break
        end
        leading += 1
        inner *= size[leading]
    end
    return Parts(size, ntuple(k -> k <= whole ? max(size[k], 1) : k == whole + 1 ? step : 1, Val(N)))
end

"Boxes of whole chunks, for whoever does not mind the order."
function tiles(a::Stored{T,N}, limit::Int=PART[], layer::Int=LAYER[]) where {T,N}
    size = Base.size(a)
    chunk = chunk_extents(a)
    box = Int[max(1, min(chunk[k], size[k])) for k in 1:N]
    for k in N:-1:1
        cells = prod(box)
        cells > layer && (box[k] = max(1, layer ÷ (cells ÷ box[k])))
    end
    for k in 1:N
        times = limit ÷ prod(box)
        times > 1 && (box[k] = max(1, min(size[k], box[k] * times)))
    end
    return Parts(size, ntuple(k -> box[k], Val(N)))
end

# ---- Iteration -------------------------------------------------------------------------------------------------------

"Where an iteration is: the values of its `number`th box. Never changed, so that a state can be gone on from twice."
mutable struct Walk{T,N}
    parts::Parts{N}
    number::Int
    values::Array{T,N}
end

@noinline function walk(a::Stored{T,N}, parts::Parts{N}, number::Int) where {T,N}
    number > length(parts) && return nothing
    return Walk{T,N}(parts, number, part(a, parts[number]))
end

@inline function Base.iterate(a::Stored)
    begun = walk(a, parts(a), 1)
    begun === nothing && return nothing
    return (@inbounds(begun.values[1]), (begun, 2))
end
@inline function Base.iterate(a::Stored, (at, k)::Tuple{Walk,Int})
    values = at.values
    k <= length(values) && return (@inbounds(values[k]), (at, k + 1))
    next = walk(a, at.parts, at.number + 1)
    next === nothing && return nothing
    return (@inbounds(next.values[1]), (next, 2))
end

# Indices and values together: what findmax, findfirst and their like go through.
const Keys = Union{CartesianIndices,LinearIndices,Base.OneTo}
function Base.iterate(p::Iterators.Pairs{K,V,I,A}, state...) where {K,V,I<:Keys,A<:Stored}
    next = iterate(zip(p.itr, p.data), state...)
    next === nothing && return nothing
    (key, value), state = next
    return (Pair{K,V}(key, value), state)
end

Base.findall(f::Function, a::Stored) = find(f, a)
Base.findall(f::Base.Fix2{typeof(in)}, a::Stored) = find(f, a)
function find(f, a::Stored)
    found = eltype(keys(a))[]
    for ranges in parts(a)
        before = CartesianIndex(map(r -> first(r) - 1, ranges))
        append!(found, [moved(key, before) for key in findall(f, part(a, ranges))])
    end
    return found
end
moved(key::Int, before) = key + before[1]
moved(key::CartesianIndex, before) = key + before

function masked(a::Stored{T}, mask::AbstractArray{Bool}) where {T}
    checkbounds(a, mask)
    size(mask) == size(a) || return values_of(a)[mask]
    found = T[]
    for ranges in parts(a)
        chosen = mask[ranges...]
        any(chosen) && append!(found, part(a, ranges)[chosen])
    end
    return found
end

# ---- Reductions ------------------------------------------------------------------------------------------------------

"Operations that may take values in any order, whatever the values are."
const Commutative = Union{typeof(+),typeof(Base.add_sum),typeof(min),typeof(max),typeof(&),typeof(|),typeof(xor)}

boxes(::Commutative, a::Stored) = tiles(a)
boxes(op, a::Stored) = parts(a)

"What `op` makes of `f` of the values of each box."
function fold(f, op, a::Stored, boxes::Parts)
    result = f(part(a, boxes[1]))
    for k in 2:length(boxes)
        result = op(result, f(part(a, boxes[k])))
    end
    return result
end

"The same along some dimensions, where `f` gives an array with an extent of 1 there."
function fold(f, op, a::Stored{T,N}, boxes::Parts{N}, reduced::NTuple{N,Bool}) where {T,N}
    n = counts(boxes)
    across = CartesianIndices(map((k, along) -> along ? 1 : k, n, reduced))
    along = CartesianIndices(map((k, along) -> along ? k : 1, n, reduced))
    first_ranges = ranges_at(boxes, ntuple(_ -> 1, Val(N)))
    result = similar(f(part(a, map((r, along) -> along ? r : r[1:1], first_ranges, reduced))),
                     map((k, along) -> along ? 1 : k, boxes.size, reduced))
    for I in across
        place = map((r, along) -> along ? (1:1) : r, ranges_at(boxes, Tuple(I)), reduced)
        fold_into!(f, op, result, place, a, boxes, I, along)
    end
    return result
end

function fold_into!(f, op, result, place, a, boxes, I, along)
    values = nothing
    for J in along
        found = f(part(a, ranges_at(boxes, Tuple(max(I, J)))))
        values = values === nothing ? found : op.(values, found)
    end
    result[place...] = values
    return nothing
end

function fold_along(f, op, a::Stored{T,N}, dims) where {T,N}
    reduced = ntuple(k -> k in dims, Val(N))
    boxes = tiles(a)
    if !(op isa Commutative)
        # In the order of memory: whole along all of these dimensions but the last.
        last = findlast(reduced)
        keep = map((k, along, n, box) -> along && k != last ? max(n, 1) : box, ntuple(identity, Val(N)), reduced, boxes.size, boxes.box)
        boxes = Parts(boxes.size, keep)
    end
    return fold(f, op, a, boxes, reduced)
end

function Base.mapreduce(f, op, a::Stored; dims=:, init...)
    isempty(a) && return mapreduce(f, op, values_of(a); dims=dims, init...)
    if dims isa Colon
        result = fold(values -> mapreduce(f, op, values), op, a, boxes(op, a))
        return isempty(init) ? result : op(init[:init], result)
    end
    result = fold_along(values -> mapreduce(f, op, values; dims=dims), op, a, dims)
    return isempty(init) ? result : op.(Ref(init[:init]), result)
end

function Base.mapreduce(f, op, values::Base.SkipMissing{<:Stored})
    a = values.x
    result = nothing
    for ranges in boxes(op, a)
        there = skipmissing(part(a, ranges))
        iterate(there) === nothing && continue
        found = mapreduce(f, op, there)
        result = result === nothing ? found : op(result, found)
    end
    return result === nothing ? mapreduce(f, op, skipmissing(Vector{eltype(a)}())) : result
end

function Base.mapreducedim!(f, op, result::AbstractArray, a::Stored)
    Base.check_reducedims(result, a)
    for ranges in tiles(a)
        place = ntuple(k -> size(result, k) == 1 ? (1:1) : ranges[k], ndims(result))
        Base.mapreducedim!(f, op, view(result, place...), part(a, ranges))
    end
    return result
end

Base.count(a::Stored; dims=:, init=0) = count(identity, a; dims=dims, init=init)
function Base.count(f, a::Stored; dims=:, init=0)
    isempty(a) && return dims isa Colon ? init : init .+ count(f, values_of(a); dims=dims)
    dims isa Colon && return init + fold(values -> count(f, values), +, a, tiles(a))
    return init .+ fold_along(values -> count(f, values; dims=dims), +, a, dims)
end

"The least and the greatest of two such pairs."
both((low, high), (least, greatest)) = (min(low, least), max(high, greatest))

Base.extrema(a::Stored; dims=:, init...) = extrema(identity, a; dims=dims, init...)
function Base.extrema(f, a::Stored; dims=:, init...)
    (isempty(a) || !isempty(init)) && return extrema(f, values_of(a); dims=dims, init...)
    dims isa Colon && return fold(values -> extrema(f, values), both, a, tiles(a))
    reduced = ntuple(k -> k in dims, ndims(a))
    return fold(values -> extrema(f, values; dims=dims), both, a, tiles(a), reduced)
end

# ---- Slices ----------------------------------------------------------------------------------------------------------

function Base.mapslices(f, a::Stored{T,N}; dims) where {T,N}
    (isempty(dims) || isempty(a)) && return mapslices(f, values_of(a); dims=dims)
    sliced = ntuple(k -> k in dims, Val(N))
    boxes = tiles(a)
    boxes = Parts(boxes.size, map((along, n, box, chunk) -> along ? n : min(box, chunk), sliced, boxes.size, boxes.box, chunk_extents(a)))
    first = mapslices(f, part(a, boxes[1]); dims=dims)
    result = similar(first, ntuple(k -> k <= N && !sliced[k] ? boxes.size[k] : size(first, k), ndims(first)))
    for k in 1:length(boxes)
        ranges = boxes[k]
        values = k == 1 ? first : mapslices(f, part(a, ranges); dims=dims)
        place = ntuple(k -> k <= N && !sliced[k] ? ranges[k] : axes(values, k), ndims(values))
        result[place...] = values
    end
    return result
end

# What these give is as large as the array.
Base.permutedims(a::Stored) = permutedims(values_of(a))
Base.permutedims(a::Stored, order) = permutedims(values_of(a), order)
Base.accumulate(op, a::Stored; options...) = accumulate(op, values_of(a); options...)
Base.cumsum(a::Stored; options...) = cumsum(values_of(a); options...)
Base.cumsum(a::Stored{T,1}; options...) where {T} = cumsum(values_of(a); options...)
Base.cumprod(a::Stored; options...) = cumprod(values_of(a); options...)
Base.cumprod(a::Stored{T,1}; options...) where {T} = cumprod(values_of(a); options...)
Base.hash(a::Stored, seed::UInt) = hash(values_of(a), seed)

# ---- Broadcasting ----------------------------------------------------------------------------------------------------

"""
An array of the store among what is broadcast. Assigned to an array of the store it is read part by part; anything else
that looks at its values reads them all, once.
"""
mutable struct Operand{T,N,A<:Stored{T,N}} <: AbstractArray{T,N}
    array::A
    values::Array{T,N}
    Operand(a::A) where {T,N,A<:Stored{T,N}} = new{T,N,A}(a)
end

function loaded(x::Operand)
    isdefined(x, :values) || (x.values = values_of(x.array))
    return x.values
end

Base.size(x::Operand) = isdefined(x, :values) ? size(x.values) : size(x.array)
Base.IndexStyle(::Type{<:Operand}) = IndexLinear()
Base.getindex(x::Operand, k::Int) = loaded(x)[k]
Base.Broadcast.broadcastable(a::Stored) = Operand(a)
Base.Broadcast.preprocess(dest, x::Operand) = Base.Broadcast.preprocess(dest, loaded(x))

const Computed = Base.Broadcast.Broadcasted
Base.copyto!(a::Stored, computed::Computed) = compute!(a, computed)
Base.copyto!(a::Stored, computed::Computed{Nothing}) = compute!(a, computed)
Base.copyto!(a::Stored, computed::Computed{<:Base.Broadcast.AbstractArrayStyle{0}}) = compute!(a, computed)

function compute!(a::Stored, computed::Computed)
    if computed.f === identity && computed.args isa Tuple{Any}
        values = computed.args[1]
        values isa Operand && size(values) == size(a) && (values = values.array)
        values isa Union{Ref,AbstractArray{<:Any,0}} && return fill!(a, values[])
        values isa Union{Number,AbstractString} && return fill!(a, values)
        if values isa AbstractArray && size(values) == size(a) && !(values isa Stored && length(a) > PART[])
            assign!(a, values)
            return a
        end
    end
    isempty(a) && return a
    separate(computed, a)
    boxes = tiles(a)
    for ranges in boxes
        compute_part!(a, length(boxes) == 1 ? computed : cut(computed, ranges), ranges)
    end
    return a
end

"Reads at once what is written to while it is computed from, but for the very cells that are written."
separate(computed::Computed, a) = foreach(x -> separate(x, a), computed.args)
separate(x::Operand, a) = (root(x.array) === root(a) && !same_cells(x.array, a) && loaded(x); nothing)
separate(x, a) = nothing
same_cells(x, a) = size(x) == size(a) && indices_in(x) == indices_in(a)
indices_in(a::AtlasArray) = axes(a)
indices_in(v::Section) = parentindices(v)

# Apart, so that Julia compiles it only where values are computed.
@noinline function compute_part!(@nospecialize(a), @nospecialize(computed), @nospecialize(ranges))
    values = Array{eltype(a)}(undef, map(length, ranges))
    Base.Broadcast.materialize!(values, computed)
    size(values) == size(a) ? assign!(a, values) : (a[ranges...] = values)
    return nothing
end

"What is broadcast, of the cells in these ranges only."
cut(x::Computed, ranges) = Base.Broadcast.broadcasted(x.f, map(y -> cut(y, ranges), x.args)...)
cut(x::AbstractArray{<:Any,0}, ranges) = x
cut(x::AbstractArray, ranges) = view(x, cut_ranges(x, ranges)...)
cut(x::Tuple, ranges) = length(x) == 1 ? x : [x...][ranges[1]]
cut(x::Operand, ranges) = isdefined(x, :values) ? view(x.values, cut_ranges(x, ranges)...) : x.array[cut_ranges(x, ranges)...]
cut(x::Operand{<:Any,0}, ranges) = loaded(x)
cut(x, ranges) = x
cut_ranges(x, ranges) = ntuple(k -> size(x, k) == 1 ? (1:1) : ranges[k], ndims(x))
