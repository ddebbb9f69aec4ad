# The names of the package DiskArrays that the extension extends.
module DiskArrays
abstract type AbstractDiskArray{T,N} <: AbstractArray{T,N} end
struct Chunked end
struct GridChunks{N}
    size::NTuple{N,Int}
    chunks::NTuple{N,Int}
end
GridChunks(a::AbstractArray, chunks) = GridChunks(size(a), chunks)
function haschunks end
function eachchunk end
function readblock! end
function writeblock! end
end
