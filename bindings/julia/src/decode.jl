# Between the values that the store holds and those that a program sees: the fill value as `missing`, times as DateTime.

const Plain = Union{Element,String}

"The array whose cells are read and written: of a view of one, that one."
root(a::AtlasArray) = a
root(v::Section) = parent(v)

"""
    Atlas.variable(dataset, name)
    Atlas.variable(array)

An array with its values as the store holds them: its fill value is a value like others, and times are
[`TimestampNs`](@ref).
"""
variable(dataset::Dataset, name::AbstractString) = variable(dataset[name])
variable(a::AtlasArray{<:Plain}) = a
variable(a::AtlasArray{T,N}) where {T,N} = AtlasArray{stored_type(T),N}(a.handle, a.dataset, a.name)

"The same of a view."
plainly(a::AtlasArray) = variable(a)
plainly(v::Section) = view(variable(parent(v)), parentindices(v)...)

"The type that the values of an array are seen as."
function seen_type(::Type{S}, has_fill::Bool) where {S}
    T = S === TimestampNs ? DateTime : S
    return has_fill ? Union{Missing,T} : T
end

# As the store counts them: a NaN equals every NaN.
is_fill(value, fill) = value == fill || (value != value && fill != fill)
is_fill(value, ::Nothing) = false

# ---- Reading ---------------------------------------------------------------------------------------------------------

"What the values that were read of an array are seen as."
function decoded(a::AtlasArray{T}, values::AbstractArray) where {T}
    return T <: Plain ? values : decode!(Array{T}(undef, size(values)), a, values)
end
decoded(a::AtlasArray{T}, value) where {T} = T <: Plain ? value : decode!(Array{T}(undef), a, fill(value))[]

decode!(seen, a::AtlasArray, values) = decode!(seen, a, values, eltype(a) >: Missing ? fillvalue(a) : nothing)
function decode!(seen::AbstractArray{T}, a::AtlasArray, values::AbstractArray, fill) where {T}
    for k in eachindex(seen, values)
        value = @inbounds values[k]
        @inbounds seen[k] = is_fill(value, fill) ? missing : seen_as(nonmissingtype(T), value, a)
    end
    return seen
end
# Types without `missing` have no branch for it.
function decode!(seen::AbstractArray{DateTime}, a::AtlasArray, values::AbstractArray, ::Nothing)
    for k in eachindex(seen, values)
        @inbounds seen[k] = seen_as(DateTime, values[k], a)
    end
    return seen
end

seen_as(::Type{T}, value, a) where {T} = value
function seen_as(::Type{DateTime}, time::TimestampNs, a)
    is_whole(time) || throw(finer(time, a))
    return DateTime(time)
end
@noinline function finer(time, a)
    return ArgumentError("array '$(a.name)' of dataset '$(a.dataset)': $time is finer than the milliseconds of a DateTime; " *
                         "Atlas.variable(dataset, $(repr(a.name))) has TimestampNs")
end

# ---- Writing ---------------------------------------------------------------------------------------------------------

"What stands for values of any type in an array: themselves, but for `missing`."
encoded(a::AtlasArray, values::AbstractArray{S}) where {S} = S >: Missing ? without_missing(a, values) : values
function encoded(a::AtlasArray, values::Stored)
    from = root(values)
    stored_type(eltype(from)) === stored_type(eltype(a)) || return without_missing(a, values)
    eltype(values) >: Missing && !isequal(fillvalue(from), fillvalue(a)) && return without_missing(a, values)
    return plainly(values)
end
encoded(a::AtlasArray{T}, value) where {T} = convert(stored_type(T), value)
encoded(a::AtlasArray, ::Missing) = fill_for_missing(a)

function without_missing(a::AtlasArray{T}, values::AbstractArray) where {T}
    any(ismissing, values) || return map(v -> convert(stored_type(T), v), values)
    fill = fill_for_missing(a)
    return map(v -> v === missing ? fill : convert(stored_type(T), v), values)
end

function fill_for_missing(a::AtlasArray)
    fill = fillvalue(a)
    fill === nothing && throw(
        ArgumentError("array '$(a.name)' of dataset '$(a.dataset)' has no fill value to stand for `missing`; define it with one")
    )
    return fill
end

"""
The fill value of an array that is defined for values with `missing` among them: NaN, the type's lowest value for times,
NetCDF's for integers, the empty text.
"""
default_fill(::Type{T}) where {T<:AbstractFloat} = T(NaN)
default_fill(::Type{Complex{T}}) where {T} = Complex{T}(NaN, NaN)
default_fill(::Type{T}) where {T<:Union{Int8,Int16,Int32}} = T(typemin(T) + 1)
default_fill(::Type{Int64}) = typemin(Int64) + 2
default_fill(::Type{T}) where {T<:Union{UInt8,UInt16,UInt32}} = typemax(T)
default_fill(::Type{UInt64}) = typemax(UInt64) - 1
default_fill(::Type{TimestampNs}) = TimestampNs(typemin(Int64))
default_fill(::Type{String}) = ""
default_fill(::Type{Bool}) = throw(ArgumentError("no Bool can stand for `missing`; store Int8, or define the array with a fill value"))

"Refuses values that the fill value chosen for them would make `missing`."
function check_fill(values, fill, name)
    fill isa Union{AbstractFloat,Complex} && return nothing
    any(v -> v !== missing && isequal(v, fill), values) && throw(
        ArgumentError("values for array '$name' contain $(repr(fill)), which stands for `missing`; " *
                      "define it with another fill value: define!(dataset, $(repr(name)), T, size; fillvalue=...)")
    )
    return nothing
end
