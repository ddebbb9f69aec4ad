"""
    TimestampNs(value::Integer)
    TimestampNs(time::Union{DateTime,Date})
    TimestampNs("2024-02-29T12:30:00.123456789")

Nanoseconds since 1970-01-01T00:00:00, the store's type of time. `DateTime(t)` rounds down to milliseconds.
`t - s` is a `Nanosecond`; `t ± Nanosecond(1)`, or any other period of fixed length, is a `TimestampNs`.
"""
struct TimestampNs
    value::Int64
end

const NS_PER_MS = 1_000_000

function TimestampNs(time::DateTime)
    return TimestampNs(Base.checked_mul(Dates.value(time) - Dates.UNIXEPOCH, NS_PER_MS))
end
TimestampNs(date::Date) = TimestampNs(DateTime(date))
function TimestampNs(text::AbstractString)
    parts = match(r"^([^.]*)(?:\.([0-9]{1,9}))?$", text)
    parts === nothing && throw(ArgumentError("'$text' is not a time with up to nine decimals"))
    fraction = parts[2] === nothing ? 0 : parse(Int64, rpad(parts[2], 9, '0'))
    return TimestampNs(Base.checked_add(TimestampNs(DateTime(parts[1])).value, fraction))
end

Dates.DateTime(t::TimestampNs) = DateTime(Dates.UTM(fld(t.value, NS_PER_MS) + Dates.UNIXEPOCH))

Base.convert(::Type{TimestampNs}, time::Union{DateTime,Date}) = TimestampNs(time)
Base.broadcastable(t::TimestampNs) = Ref(t)
Base.isless(t::TimestampNs, s::TimestampNs) = isless(t.value, s.value)
Base.:-(t::TimestampNs, s::TimestampNs) = Nanosecond(t.value - s.value)
Base.:+(t::TimestampNs, p::Period) = TimestampNs(t.value + Dates.value(convert(Nanosecond, p)))
Base.:-(t::TimestampNs, p::Period) = TimestampNs(t.value - Dates.value(convert(Nanosecond, p)))

function Base.print(io::IO, t::TimestampNs)
    seconds, ns = fldmod(t.value, 1_000_000_000)
    print(io, DateTime(Dates.UTM(seconds * 1000 + Dates.UNIXEPOCH)))
    ns == 0 || print(io, '.', rstrip(lpad(string(ns), 9, '0'), '0'))
    return nothing
end
Base.show(io::IO, t::TimestampNs) = print(io, "TimestampNs(\"", string(t), "\")")

"The types of elements of fixed size, in the order of their codes."
const ELEMENTS = (
    Bool,
    Int8,
    Int16,
    Int32,
    Int64,
    UInt8,
    UInt16,
    UInt32,
    UInt64,
    Float16,
    Float32,
    Float64,
    Complex{Float32},
    Complex{Float64},
    TimestampNs,
)
const Element = Union{ELEMENTS...}

for (code, T) in enumerate(ELEMENTS)
    @eval dtype(::Type{$T}) = Int32($code)
end
dtype(::Type{String}) = LibAtlas.ATLAS_DTYPE_STRING

"The Julia type of a type code."
eltype_of(code::Int32) = code == LibAtlas.ATLAS_DTYPE_STRING ? String : ELEMENTS[code]

"The type that values of type `T` are stored as."
stored_type(::Type{T}) where {T<:Element} = T
stored_type(::Type{<:AbstractString}) = String
stored_type(::Type{<:Union{DateTime,Date}}) = TimestampNs
function stored_type(::Type{T}) where {T}
    T === Union{} && throw(ArgumentError("the type of no elements at all is not known"))
    throw(ArgumentError("elements of type $T cannot be stored"))
end

const Sized = Union{Int8,Int16,Int32,Int64,UInt8,UInt16,UInt32,UInt64}

"Whether the library converts elements from `S` to `T` by itself: the table under \"Memory\" in `atlas.h`."
function converts(::Type{S}, ::Type{T}) where {S<:Element,T<:Element}
    S === T && return true
    S <: Signed && T <: Signed && return true
    S <: Unsigned && T <: Union{Unsigned,Signed} && return T <: Unsigned || sizeof(T) > sizeof(S)
    S <: Sized && T <: AbstractFloat && return 2 * sizeof(S) <= sizeof(T)
    S <: AbstractFloat && T <: AbstractFloat && return true
    S <: Complex && T <: Complex && return true
    return (S === TimestampNs && T === Int64) || (S === Int64 && T === TimestampNs)
end
converts(::Type, ::Type) = false
