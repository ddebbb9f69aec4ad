module AtlasDiskArraysExt

using Atlas
using DiskArrays

struct DiskArray{T,N,A<:AtlasArray{T,N}} <: DiskArrays.AbstractDiskArray{T,N}
    array::A
end

Atlas.diskarray(a::AtlasArray) = DiskArray(a)

Base.size(x::DiskArray) = size(x.array)
Base.parent(x::DiskArray) = x.array
DiskArrays.haschunks(::DiskArray) = DiskArrays.Chunked()
DiskArrays.eachchunk(x::DiskArray) = DiskArrays.GridChunks(x, Atlas.chunks(x.array))

function DiskArrays.readblock!(x::DiskArray, values, ranges::AbstractUnitRange...)
    copyto!(values, view(x.array, ranges...))
    return values
end

function DiskArrays.writeblock!(x::DiskArray, values, ranges::AbstractUnitRange...)
    view(x.array, ranges...) .= values
    return values
end

end
