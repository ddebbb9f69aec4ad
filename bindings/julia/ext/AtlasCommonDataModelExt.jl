module AtlasCommonDataModelExt

using Atlas
using CommonDataModel

const CDM = CommonDataModel

struct Dataset <: CDM.AbstractDataset
    dataset::Atlas.Dataset
end

"The stored values of an array: CommonDataModel goes by attributes. Times are numbers with units."
struct Variable{T,N,A<:AtlasArray} <: CDM.AbstractVariable{T,N}
    array::A
end

Atlas.commondata(dataset::Atlas.Dataset) = Dataset(dataset)

CDM.varnames(d::Dataset) = collect(keys(d.dataset))
Base.keys(d::Dataset) = CDM.varnames(d)
CDM.name(d::Dataset) = d.dataset.name
CDM.path(d::Dataset) = d.dataset.handle.path
CDM.maskingvalue(::Dataset) = missing
CDM.attribnames(d::Dataset) = collect(keys(attributes(d.dataset)))
CDM.attrib(d::Dataset, name::Union{Symbol,AbstractString}) = attributes(d.dataset)[String(name)]

function CDM.variable(d::Dataset, name::Union{Symbol,AbstractString})
    a = Atlas.variable(d.dataset, String(name))
    T = eltype(a) === TimestampNs ? Int64 : eltype(a)
    return Variable{T,ndims(a),typeof(a)}(a)
end

"All dimensions, with their lengths and whether they grow, in the order in which arrays have them."
function dimensions(d::Dataset)
    found = Pair{String,Tuple{Int,Bool}}[]
    for (_, a) in d.dataset, (k, name) in enumerate(Atlas.dims(a))
        grows = k == ndims(a) && Atlas.unlimited(a)
        at = findfirst(pair -> pair.first == name, found)
        at === nothing ? push!(found, name => (size(a, k), grows)) : grows && (found[at] = name => (size(a, k), true))
    end
    return found
end

CDM.dimnames(d::Dataset) = String[name for (name, _) in dimensions(d)]
CDM.unlimited(d::Dataset) = String[name for (name, (_, grows)) in dimensions(d) if grows]
function CDM.dim(d::Dataset, name::Union{Symbol,AbstractString})
    for (found, (length, _)) in dimensions(d)
        found == String(name) && return length
    end
    throw(KeyError(String(name)))
end

Base.size(v::Variable) = size(v.array)
Base.parent(v::Variable) = v.array
CDM.name(v::Variable) = v.array.name
CDM.dimnames(v::Variable) = Atlas.dims(v.array)
CDM.dataset(v::Variable) = Dataset(Atlas.Dataset(v.array.handle, v.array.dataset))

numbers(values) = values
numbers(time::TimestampNs) = time.value
numbers(times::AbstractArray{TimestampNs}) = map(numbers, times)
Base.getindex(v::Variable, indices...) = numbers(v.array[indices...])
Base.getindex(v::Variable{T,N}, indices::Vararg{Int,N}) where {T,N} = numbers(v.array[indices...])
Base.setindex!(v::Variable, values, indices...) = (v.array[indices...] = values; v)
Base.setindex!(v::Variable{T,N}, value, indices::Vararg{Int,N}) where {T,N} = (v.array[indices...] = value; v)

"What CF says in attributes, and the store in other ways."
function told(v::Variable)
    fill = Atlas.fillvalue(v.array)
    pairs = Pair{String,Any}[]
    fill === nothing || push!(pairs, "_FillValue" => numbers(fill))
    eltype(v.array) === TimestampNs && push!(pairs, "units" => "nanoseconds since 1970-01-01")
    return pairs
end
CDM.attribnames(v::Variable) = union(collect(keys(attributes(v.array))), String[name for (name, _) in told(v)])
function CDM.attrib(v::Variable, name::Union{Symbol,AbstractString})
    for (found, value) in told(v)
        found == String(name) && return value
    end
    return attributes(v.array)[String(name)]
end

end
