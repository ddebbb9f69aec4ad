# Times as numbers with units, by the conventions of CF.

"""
    CalendarTime{C}

A date and time of day in a calendar that `DateTime` does not have: `C` is `:standard` (for the Julian dates before
1582-10-15), `:julian`, `:noleap`, `:all_leap` or `Symbol("360_day")`. Fields `year`, `month`, `day`, `hour`, `minute`, `second`
and `nanosecond`; `Dates.year(t)` to `Dates.second(t)` work too. Those of one calendar compare.
"""
struct CalendarTime{C}
    year::Int64
    month::Int32
    day::Int32
    hour::Int32
    minute::Int32
    second::Int32
    nanosecond::Int32
end

"""
    CalendarTime(calendar, year, month = 1, day = 1, hour = 0, minute = 0, second = 0, nanosecond = 0)

Whether the calendar has that day is seen when it is encoded.
"""
function CalendarTime(calendar, year, month=1, day=1, hour=0, minute=0, second=0, nanosecond=0)
    return CalendarTime{calendar_of(calendar)}(year, month, day, hour, minute, second, nanosecond)
end

fields(t::Union{CalendarTime,LibAtlas.atlas_datetime}) = (t.year, t.month, t.day, t.hour, t.minute, t.second, t.nanosecond)
Base.isless(t::CalendarTime{C}, s::CalendarTime{C}) where {C} = isless(fields(t), fields(s))
Base.broadcastable(t::CalendarTime) = Ref(t)
for part in (:year, :month, :day, :hour, :minute, :second)
    @eval Dates.$part(t::CalendarTime) = Int(t.$part)
end

function Base.print(io::IO, t::CalendarTime)
    two(n) = lpad(n, 2, '0')
    print(io, t.year < 0 ? "-" : "", lpad(abs(t.year), 4, '0'), '-', two(t.month), '-', two(t.day), 'T')
    print(io, two(t.hour), ':', two(t.minute), ':', two(t.second))
    t.nanosecond == 0 || print(io, '.', rstrip(lpad(t.nanosecond, 9, '0'), '0'))
    return nothing
end
Base.show(io::IO, t::CalendarTime{C}) where {C} = print(io, "Atlas.CalendarTime(", repr(string(C)), ", ", join(fields(t), ", "), ")")

const Time = Union{DateTime,Date,TimestampNs,CalendarTime}

"Names of calendars that mean the same."
const CALENDARS = Dict(
    "" => :standard, "gregorian" => :standard, "365_day" => :noleap, "366_day" => :all_leap, "standard" => :standard,
    "proleptic_gregorian" => :proleptic_gregorian, "julian" => :julian, "noleap" => :noleap, "all_leap" => :all_leap,
    "360_day" => Symbol("360_day"),
)
function calendar_of(name)
    return get(() -> throw(ArgumentError("calendar '$name' is none of CF's")), CALENDARS, lowercase(string(name)))
end

"""
    Atlas.decodetime(array)
    Atlas.decodetime(values, units, calendar = "standard")

The times that numbers mean, "days since 2000-01-01" for one, by the CF conventions. Of an array all of it, with its
attributes `units` and `calendar`; `missing` stays so.

They are `DateTime`s, to the nearest millisecond, in the calendars "standard" from 1582-10-15 on and "proleptic_gregorian".
Where the calendar is another, or one of the times is earlier, they are [`Atlas.CalendarTime`](@ref)s.

    time = Atlas.decodetime(dataset["time"])
    Atlas.decodetime(dataset["time"][1:3], "days since 2000-01-01", "noleap")
"""
function decodetime(a::AtlasArray)
    stored_type(eltype(a)) === TimestampNs && return Array(a)
    d = attributes(a)
    haskey(d, "units") || throw(ArgumentError("array '$(a.name)' of dataset '$(a.dataset)' has no attribute 'units' to tell its times by"))
    return decodetime(values_of(a), d["units"], get(d, "calendar", "standard"))
end
function decodetime(values::AbstractArray, units::AbstractString, calendar::AbstractString="standard")
    is_time = .!ismissing.(values)
    dates = decode_dates(numbers(values[is_time]), units, calendar)
    times = times_of(dates, calendar_of(calendar))
    all(is_time) && return reshape(times, size(values))
    result = Array{Union{Missing,eltype(times)}}(missing, size(values))
    result[is_time] = times
    return result
end
decodetime(value::Real, units::AbstractString, calendar::AbstractString="standard") = decodetime([value], units, calendar)[1]

"Values as the library takes them."
numbers(values::AbstractArray{T}) where {T<:Union{Sized,Float32,Float64}} = convert(Vector{T}, values)
function numbers(values::AbstractArray{T}) where {T}
    S = nonmissingtype(T)
    isempty(values) && return Int64[]
    S <: Union{Sized,Float32,Float64} && return convert(Vector{S}, values)
    S <: Float16 && return convert(Vector{Float32}, values)
    S <: Real && return convert(Vector{Float64}, values)
    throw(ArgumentError("numbers mean times, not values of type $T"))
end

function decode_dates(values::Vector{T}, units, calendar) where {T}
    dates = Vector{LibAtlas.atlas_datetime}(undef, length(values))
    check(LibAtlas.atlas_decode_time(units, calendar, dtype(T), values, length(values), dates))
    return dates
end

function times_of(dates::Vector{LibAtlas.atlas_datetime}, calendar::Symbol)
    is_gregorian = calendar === :proleptic_gregorian ||
                   calendar === :standard && all(d -> (d.year, d.month, d.day) >= (1582, 10, 15), dates)
    is_gregorian && return DateTime[datetime(d) for d in dates]
    return calendar_times(CalendarTime{calendar}, dates)
end
calendar_times(::Type{T}, dates) where {T<:CalendarTime} = T[T(fields(d)...) for d in dates]

function datetime(d)
    return DateTime(d.year, d.month, d.day, d.hour, d.minute, d.second) + Millisecond(round(Int, d.nanosecond / NS_PER_MS))
end

"""
    Atlas.encodetime([T,] times, units, calendar = "standard")

The numbers of type `T`, by default `Float64`, that mean times: what [`Atlas.decodetime`](@ref) decodes. `times` are
`DateTime`s, `Date`s, [`TimestampNs`](@ref)s or [`Atlas.CalendarTime`](@ref)s of that calendar; `missing` stays so.

    units = "days since 1850-01-01"
    dataset["time"] = Atlas.encodetime(DateTime(2300):Day(1):DateTime(2300, 12, 31), units)
    attributes(dataset["time"])["units"] = units
"""
function encodetime(times::Union{AbstractArray,Time}, units::AbstractString, calendar::AbstractString="standard")
    return encodetime(Float64, times, units, calendar)
end
function encodetime(::Type{T}, times::AbstractArray, units::AbstractString, calendar::AbstractString="standard") where {T<:Real}
    is_time = .!ismissing.(times)
    name = calendar_of(calendar)
    dates = LibAtlas.atlas_datetime[date_in(name, t) for t in times[is_time]]
    values = Vector{T}(undef, length(dates))
    check(LibAtlas.atlas_encode_time(units, calendar, dates, length(dates), dtype(T), values))
    all(is_time) && return reshape(values, size(times))
    result = Array{Union{Missing,T}}(missing, size(times))
    result[is_time] = values
    return result
end
function encodetime(::Type{T}, time::Time, units::AbstractString, calendar::AbstractString="standard") where {T<:Real}
    return encodetime(T, [time], units, calendar)[1]
end

function date_in(calendar::Symbol, t::CalendarTime{C}) where {C}
    calendar === C || throw(ArgumentError("$t is a time of calendar '$C', not of '$calendar'"))
    return LibAtlas.atlas_datetime(fields(t)...)
end
function date_in(calendar::Symbol, t::DateTime, nanosecond=1_000_000 * Dates.millisecond(t))
    # Before 1582-10-15 the days of the standard calendar have other names than in that of DateTime.
    is_gregorian = calendar === :proleptic_gregorian || calendar === :standard && t >= DateTime(1582, 10, 15)
    is_gregorian || throw(ArgumentError("a DateTime such as $t is no time of calendar '$calendar'; Atlas.CalendarTime has those"))
    return LibAtlas.atlas_datetime(yearmonthday(t)..., Dates.hour(t), Dates.minute(t), Dates.second(t), nanosecond)
end
date_in(calendar::Symbol, t::Date) = date_in(calendar, DateTime(t))
date_in(calendar::Symbol, t::TimestampNs) = date_in(calendar, DateTime(t), mod(t.value, 1_000_000_000))
