# The extensions, with stubs for the packages that they extend: it is what is in them that is tested here.
const FOUND_BEFORE = copy(LOAD_PATH)
pushfirst!(LOAD_PATH, joinpath(@__DIR__, "stubs"))
include(joinpath("..", "ext", "AtlasDiskArraysExt.jl"))
include(joinpath("..", "ext", "AtlasCommonDataModelExt.jl"))
const DiskArrays = AtlasDiskArraysExt.DiskArrays
const CDM = AtlasCommonDataModelExt.CDM
copy!(LOAD_PATH, FOUND_BEFORE)

@testset "Project.toml names what there is" begin
    text = read(joinpath(@__DIR__, "..", "Project.toml"), String)
    for name in ("DiskArrays", "CommonDataModel")
        @test occursin("Atlas$(name)Ext = \"$name\"", text) && isfile(joinpath(@__DIR__, "..", "ext", "Atlas$(name)Ext.jl"))
    end
end

@testset "DiskArrays" begin
    with_store() do store, path
        d = create!(store, "d")
        x = rand(Float32, 7, 5)
        define!(d, "x", Float32, size(x); chunks=(3, 2), fillvalue=-1) .= x
        a = Atlas.diskarray(d["x"])
        @test a isa DiskArrays.AbstractDiskArray{Union{Missing,Float32},2} && size(a) == (7, 5) && parent(a) === d["x"]
        @test DiskArrays.haschunks(a) isa DiskArrays.Chunked && DiskArrays.eachchunk(a) == DiskArrays.GridChunks((7, 5), (3, 2))
        values = Matrix{Union{Missing,Float32}}(undef, 3, 2)
        @test DiskArrays.readblock!(a, values, 2:4, 3:4) == x[2:4, 3:4] == values
        @test DiskArrays.readblock!(a, view(fill(0.0f0, 9, 9), 1:7, 1:5), 1:7, Base.OneTo(5)) == x
        DiskArrays.writeblock!(a, [1 missing; 3 4], 6:7, 1:2)
        @test isequal(d["x"][6:7, 1:2], [1 missing; 3 4])
        d["n"] = 5
        @test DiskArrays.readblock!(Atlas.diskarray(d["n"]), fill(0)) == fill(5)
        DiskArrays.writeblock!(Atlas.diskarray(d["n"]), fill(6))
        @test d["n"][] == 6
    end
end

@testset "CommonDataModel" begin
    with_store() do store, path
        d = create!(store, "jan")
        define!(d, "t", Int16, (2, 0); dims=("lon", "time"), fillvalue=-1)
        append!(d["t"], [1 missing 3; 4 5 6])
        d["time"] = DateTime.(2001:2003)
        d["lon"] = [10.0, 20.0]
        attributes(d["t"])["scale_factor"] = 0.5
        attributes(d)["title"] = "a month"
        c = Atlas.commondata(d)
        @test c isa CDM.AbstractDataset && keys(c) == CDM.varnames(c) == ["t", "time", "lon"] && CDM.name(c) == "jan"
        @test CDM.dimnames(c) == ["lon", "time"] && CDM.dim(c, "time") == 3 && CDM.dim(c, :lon) == 2 && CDM.unlimited(c) == ["time"]
        @test error_of(() -> CDM.dim(c, "depth")) isa KeyError
        @test CDM.attribnames(c) == ["title"] && CDM.attrib(c, :title) == "a month" && CDM.path(c) == path
        @test CDM.maskingvalue(c) === missing
        t = CDM.variable(c, "t")
        @test t isa CDM.AbstractVariable{Int16,2} && t == [1 -1 3; 4 5 6] && t[2, 3] === Int16(6) && t[:, 2] == [-1, 5]
        @test CDM.name(t) == "t" && CDM.dimnames(t) == ("lon", "time") && CDM.dataset(t) == c && parent(t) === Atlas.variable(d, "t")
        @test CDM.attribnames(t) == ["scale_factor", "_FillValue"] && CDM.attrib(t, "_FillValue") === Int16(-1)
        @test CDM.attrib(t, "scale_factor") == 0.5
        t[1, 2] = 7
        t[:, 3] = [8, 9]
        @test d["t"] == [1 7 8; 4 5 9]
        time = CDM.variable(c, :time)
        @test time isa CDM.AbstractVariable{Int64,1} && eltype(time[:]) === Int64 && CDM.attrib(time, "units") == "nanoseconds since 1970-01-01"
        @test Atlas.decodetime(time[:], CDM.attrib(time, "units")) == DateTime.(2001:2003)
    end
end
