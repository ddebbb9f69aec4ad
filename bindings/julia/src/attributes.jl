"""
    attributes(store)
    attributes(dataset)
    attributes(array)

The attributes, as a dictionary in the order in which they were first set.

    attributes(array)["units"] = "K"
    attributes(array)["valid_range"] = Float32[180, 330]
    attributes(array)["units"]                      # "K"

Values are numbers, `Bool`, texts and times, or vectors of one of these. Their type is kept exactly, but a vector of one
value is the same as that value, and times come as `DateTime`, or as [`TimestampNs`](@ref) where one of them is finer.
"""
attributes(store::Store) = Attributes(store.handle, nothing, nothing)
attributes(dataset::Dataset) = Attributes(dataset.handle, dataset.name, nothing)
attributes(a::AtlasArray) = Attributes(a.handle, a.dataset, a.name)

"What [`attributes`](@ref) gives."
struct Attributes <: AbstractDict{String,Any}
    handle::Handle
    dataset::Union{String,Nothing}
    array::Union{String,Nothing}
end

# Dataset and array: the first arguments of every call.
owner(d::Attributes) = (d.handle, or_null(d.dataset), or_null(d.array))
or_null(::Nothing) = Cstring(C_NULL)
or_null(text::String) = text

function names(d::Attributes)
    return texts() do buffer, capacity, needed
        LibAtlas.atlas_attribute_names(owner(d)..., buffer, capacity, needed)
    end
end

function Base.length(d::Attributes)
    count = Ref{Csize_t}(0)
    check(LibAtlas.atlas_attribute_count(owner(d)..., count))
    return Int(count[])
end

function Base.haskey(d::Attributes, key::AbstractString)
    found = Ref(false)
    check(LibAtlas.atlas_has_attribute(owner(d)..., key, found))
    return found[]
end

function Base.getindex(d::Attributes, key::AbstractString)
    type, count = Ref{Int32}(0), Ref{Csize_t}(0)
    check(LibAtlas.atlas_attribute_info(owner(d)..., key, type, count))
    values = natural(get_values(d, key, eltype_of(type[]), Int(count[])))
    return length(values) == 1 ? only(values) : values
end

function get_values(d::Attributes, key, ::Type{T}, count) where {T<:Element}
    return fetched(T, count) do values, capacity, found
        LibAtlas.atlas_get_attribute(owner(d)..., key, dtype(T), capacity, values, found)
    end
end

function get_values(d::Attributes, key, ::Type{String}, count)
    return texts() do buffer, capacity, needed
        LibAtlas.atlas_get_attribute_strings(owner(d)..., key, buffer, capacity, needed)
    end
end

function Base.setindex!(d::Attributes, value::Union{AbstractVector,Tuple}, key::AbstractString)
    values = value isa AbstractVector && !isconcretetype(eltype(value)) || value isa Tuple ? [v for v in value] : value
    set_values(d, key, convert(Vector{stored_type(eltype(values))}, values))
    return d
end
Base.setindex!(d::Attributes, value, key::AbstractString) = setindex!(d, fill(value, 1), key)

function set_values(d::Attributes, key, values::Vector{T}) where {T<:Element}
    check(LibAtlas.atlas_set_attribute(owner(d)..., key, dtype(T), length(values), values))
    return nothing
end

function set_values(d::Attributes, key, values::Vector{String})
    GC.@preserve values begin
        pointers = Cstring[Base.unsafe_convert(Cstring, text) for text in values]
        check(LibAtlas.atlas_set_attribute(owner(d)..., key, dtype(String), length(values), pointers))
    end
    return nothing
end

function Base.delete!(d::Attributes, key::AbstractString)
    haskey(d, key) && check(LibAtlas.atlas_delete_attribute(owner(d)..., key))
    return d
end

# ---- What all dictionaries share -------------------------------------------------------------------------------------

const Named = Union{Store,Dataset,Attributes}

Base.get(d::Named, name::AbstractString, default) = haskey(d, name) ? d[name] : default
Base.get(default::Base.Callable, d::Named, name::AbstractString) = haskey(d, name) ? d[name] : default()

# An iteration is over the names at the time when it begins.
function Base.iterate(d::Named, (list, at)=(names(d), 1))
    at > length(list) && return nothing
    return (list[at] => d[list[at]], (list, at + 1))
end
