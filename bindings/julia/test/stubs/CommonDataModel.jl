# The names of the package CommonDataModel that the extension extends.
module CommonDataModel
abstract type AbstractDataset end
abstract type AbstractVariable{T,N} <: AbstractArray{T,N} end
for name in (:varnames, :variable, :name, :path, :maskingvalue, :attribnames, :attrib, :dimnames, :dim, :unlimited, :dataset)
    @eval function $name end
end
end
