"""
    TimestampNs(value::Integer)
    TimestampNs(time::Union{DateTime,Date})
    TimestampNs("2024-02-29T12:30:00.123456789")

Nanoseconds since 1970-01-01T00:00:00, the store's type of time, from 1677-09-21 to 2262-04-11. Arrays are seen with
`DateTime`s in its place, which have milliseconds: `Atlas.variable(dataset, name)` has these.

It compares with `DateTime` and `Date`, to the nanosecond. `DateTime(t)` rounds down to milliseconds, `convert(DateTime, t)`
throws where that would lose something. `t - s` is a `Nanosecond`; `t ± Nanosecond(1)`, or any other period of fixed
length, is a `TimestampNs`.
"""
struct TimestampNs
    value::Int64
end

const NS_PER_MS = 1_000_000

function TimestampNs(time::DateTime)
    milliseconds = Dates.value(time) - Dates.UNIXEPOCH
    value = milliseconds * Int128(NS_PER_MS)
    typemin(Int64) <= value <= typemax(Int64) || throw(
        OverflowError("$time is not between 1677-09-21 and 2262-04-11, which timestamps in nanoseconds can tell; " *
                      "Atlas.encodetime makes numbers \"days since ...\" of any times")
    )
    return TimestampNs(Int64(value))
end
TimestampNs(date::Date) = TimestampNs(DateTime(date))
TimestampNs(time::TimestampNs) = time
function TimestampNs(text::AbstractString)
    parts = match(r"^([^.]*)(?:\.([0-9]{1,9}))?$", text)
    parts === nothing && throw(ArgumentError("'$text' is not a time with up to nine decimals"))
    fraction = parts[2] === nothing ? 0 : parse(Int64, rpad(parts[2], 9, '0'))
    return TimestampNs(Base.checked_add(TimestampNs(DateTime(parts[1])).value, fraction))
end

"Milliseconds since 1970, rounded down."
milliseconds(t::TimestampNs) = fld(t.value, NS_PER_MS)
milliseconds(t::DateTime) = Dates.value(t) - Dates.UNIXEPOCH
milliseconds(t::Date) = milliseconds(DateTime(t))

"Whether a DateTime can tell this time."
is_whole(t::TimestampNs) = mod(t.value, NS_PER_MS) == 0

"A time as a DateTime where that can tell it, for where types do not matter."
natural(t::TimestampNs) = is_whole(t) ? DateTime(t) : t
natural(times::Vector{TimestampNs}) = all(is_whole, times) ? DateTime.(times) : times
natural(value) = value

Dates.DateTime(t::TimestampNs) = DateTime(Dates.UTM(milliseconds(t) + Dates.UNIXEPOCH))

Base.convert(::Type{TimestampNs}, time::Union{DateTime,Date}) = TimestampNs(time)
Base.convert(::Type{DateTime}, t::TimestampNs) = is_whole(t) ? DateTime(t) : throw(InexactError(:convert, DateTime, t))
Base.promote_rule(::Type{TimestampNs}, ::Type{<:Union{DateTime,Date}}) = TimestampNs
Base.broadcastable(t::TimestampNs) = Ref(t)

Base.isless(t::TimestampNs, s::TimestampNs) = isless(t.value, s.value)
Base.isless(t::TimestampNs, s::Union{DateTime,Date}) = milliseconds(t) < milliseconds(s)
function Base.isless(s::Union{DateTime,Date}, t::TimestampNs)
    return milliseconds(s) < milliseconds(t) || (milliseconds(s) == milliseconds(t) && !is_whole(t))
end
Base.:(==)(t::TimestampNs, s::Union{DateTime,Date}) = milliseconds(t) == milliseconds(s) && is_whole(t)
Base.:(==)(s::Union{DateTime,Date}, t::TimestampNs) = t == s
# Equal times have equal hashes.
Base.hash(t::TimestampNs, seed::UInt) = is_whole(t) ? hash(DateTime(t), seed) : hash(t.value, hash(TimestampNs, seed))

Base.:-(t::TimestampNs, s::TimestampNs) = Nanosecond(t.value - s.value)
Base.:-(t::TimestampNs, s::Union{DateTime,Date}) = t - TimestampNs(s)
Base.:-(s::Union{DateTime,Date}, t::TimestampNs) = TimestampNs(s) - t
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

"The type that values of type `T`, and `missing` among them, are stored as."
stored_type(::Type{T}) where {T<:Element} = T
stored_type(::Type{<:AbstractString}) = String
stored_type(::Type{<:Union{DateTime,Date}}) = TimestampNs
stored_type(::Type{Missing}) = stored_type(Union{})
stored_type(::Type{Union{}}) = throw(ArgumentError("the type of no elements at all is not known"))
function stored_type(::Type{T}) where {T}
    T >: Missing && T !== Any && return stored_type(nonmissingtype(T))
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
