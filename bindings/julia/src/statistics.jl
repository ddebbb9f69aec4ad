"""
    Atlas.statistics(a; chunk = nothing)

Statistics of an array as of the last flush, or `nothing` when there are none: before its first flush, and again from any
write to it until the next. With `chunk`, of that chunk: a tuple of its place along each dimension, from 1.

They are a named tuple of

- `count`               the number of cells
- `nulls`               of those that equal the fill value, never-written ones included
- `minimum`, `maximum`  of the others, leaving out NaN; `nothing` where there are none, and for complex numbers and texts
"""
function statistics(a::AtlasArray{T,N}; chunk=nothing) where {T,N}
    stats = Ref{LibAtlas.atlas_stats}()
    if chunk === nothing
        code = LibAtlas.atlas_array_stats(a.handle, a.dataset, a.name, stats)
    else
        at = UInt64[k - 1 for k in reverse(Tuple(chunk))]
        code = LibAtlas.atlas_chunk_stats(a.handle, a.dataset, a.name, length(at), at, stats)
    end
    code == LibAtlas.ATLAS_STATUS_NO_STATS && return nothing
    check(code)
    s = stats[]
    low, high = s.has_range == 0 ? (nothing, nothing) : map(natural, range_of(stored_type(T), s))
    return (count=Int(s.row_count), nulls=Int(s.null_count), minimum=low, maximum=high)
end

range_of(::Type{T}, s) where {T<:Union{Bool,Signed,TimestampNs}} = (T(s.min_int), T(s.max_int))
range_of(::Type{T}, s) where {T<:Unsigned} = (T(s.min_uint), T(s.max_uint))
range_of(::Type{T}, s) where {T} = (T(s.min), T(s.max))
