# What the extensions in ext/ define, where Julia has extensions: from 1.9 on.

"""
    Atlas.diskarray(array)

An array as one of the package DiskArrays, whose operations are lazy and go by chunks. Needs `using DiskArrays`, and Julia 1.9
or newer.
"""
function diskarray end

"""
    Atlas.commondata(dataset)

A dataset as one of the package CommonDataModel, as NCDatasets has it: `["name"]`, `["name"].attrib`, `dim`, CF's times, scale
factors and offsets, `@select`. Needs `using CommonDataModel`, and Julia 1.9 or newer. It is for reading and for writing values;
arrays and attributes are defined with what is here.
"""
function commondata end
