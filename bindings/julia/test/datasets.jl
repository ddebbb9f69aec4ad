@testset "a store is a dictionary" begin
    with_store() do store, path
        @test isempty(store) && length(store) == 0 && collect(keys(store)) == String[]
        for name in ("jan", "feb/2", "März", "x"^255)
            @test create!(store, name) isa Atlas.Dataset
        end
        order = ["jan", "feb/2", "März", "x"^255]
        @test length(store) == 4 && collect(keys(store)) == order
        @test [name for (name, dataset) in store] == order
        @test all(dataset -> dataset isa Atlas.Dataset, values(store))
        @test eltype(store) == Pair{String,Atlas.Dataset}
        @test haskey(store, "März") && !haskey(store, "Marz")
        @test "jan" in keys(store)
        @test store["jan"] == store["jan"] && store["jan"] != store["März"]
        @test hash(store["jan"]) == hash(store["jan"])
        @test store == store && hash(store) == hash(store)
        @test get(store, "jan", nothing) == store["jan"] && get(store, "none", 1) == 1
        @test get(() -> 2, store, "none") == 2
        @test delete!(store, "jan") === store && !haskey(store, "jan") && length(store) == 3
        @test delete!(store, "jan") === store
        @test create!(store, SubString("jan!", 1, 3)) isa Atlas.Dataset
        @test collect(keys(store)) == [order[2:4]; "jan"]
        # What is created or deleted during an iteration does not disturb it, unless it comes up.
        seen = String[]
        for (name, dataset) in store
            push!(seen, name)
            haskey(store, "new") || create!(store, "new")
        end
        @test seen == [order[2:4]; "jan"]
        names = ["dataset $k" for k in 1:2000]
        foreach(name -> create!(store, name), names)
        @test collect(keys(store))[(end - 1999):end] == names
    end
end

@testset "a dataset is a dictionary" begin
    with_store() do store, path
        dataset = create!(store, "jan")
        @test isempty(dataset) && collect(keys(dataset)) == []
        dataset["u"] = rand(3)
        dataset["v"] = rand(Float32, 2, 3)
        dataset["n"] = 5
        dataset["title"] = "a text"
        @test collect(keys(dataset)) == ["u", "v", "n", "title"] && length(dataset) == 4
        @test [ndims(array) for (name, array) in dataset] == [1, 2, 0, 0]
        @test haskey(dataset, "u") && !haskey(dataset, "w")
        @test dataset["n"][] === 5 && dataset["title"][] == "a text"
        @test dataset["v"] isa AtlasArray{Float32,2}
        @test get(dataset, "w", missing) === missing
        @test delete!(dataset, "u") === dataset && !haskey(dataset, "u")
        @test delete!(dataset, "u") === dataset
        @test eltype(dataset) == Pair{String,AtlasArray}
    end
end

@testset "rename and copy" begin
    with_store() do store, path
        jan = create!(store, "jan")
        x = [1.0 missing; 3.0 4.0]
        jan["x"] = x
        jan["s"] = ["a", "b"]
        attributes(jan)["title"] = "t"
        attributes(jan["x"])["units"] = "K"
        create!(store, "feb")
        @test Atlas.rename_dataset(store, "jan", "january") == store["january"] && collect(keys(store)) == ["feb", "january"]
        @test isequal(store["january"]["x"], x) && status_of(() -> jan["x"]) == :NOT_FOUND
        @test status_of(() -> Atlas.rename_dataset(store, "january", "feb")) == :ALREADY_EXISTS
        @test status_of(() -> Atlas.rename_dataset(store, "jan", "march")) == :NOT_FOUND
        @test Atlas.copy_dataset(store["january"], store, "again") == store["again"]
        with_store() do other, _
            @test Atlas.copy_dataset(store["january"], other) == other["january"]
            for copied in (store["again"], other["january"])
                @test isequal(copied["x"], x) && copied["s"] == ["a", "b"] && attributes(copied)["title"] == "t"
                @test attributes(copied["x"])["units"] == "K"
            end
            @test status_of(() -> Atlas.copy_dataset(store["january"], other)) == :ALREADY_EXISTS
        end
        @test status_of(() -> Atlas.copy_dataset(store["january"], store)) == :ALREADY_EXISTS
    end
end

@testset "dimensions" begin
    with_store() do store, path
        d = create!(store, "d")
        d["lon"] = 1:3
        @test Atlas.dims(d["lon"]) == ("lon",)
        define!(d, "cov", Float64, (3, 3); dims=("lon", "lon"))
        e = error_of(() -> define!(d, "t", Float64, (4, 2); dims=("lon", "time")))
        @test e.status == :INVALID_ARGUMENT && occursin("'lon'", e.text)
        u = define!(d, "u", Float64, (3, 0); dims=("lon", "time"))
        v = define!(d, "v", Float64, (3, 0); dims=("lon", "time"))
        append!(u, [1, 2, 3])
        @test status_of(() -> flush(store)) == :INVALID_ARGUMENT
        append!(v, [1, 2, 3])
        flush(store)
        @test size(u) == size(v) == (3, 1)
    end
end

@testset "assignment defines or writes" begin
    with_store() do store, path
        dataset = create!(store, "jan")
        dataset["x"] = [1.0 2.0; 3.0 4.0]
        attributes(dataset["x"])["units"] = "m"
        dataset["x"] = Int8[5 6; 7 8]                       # the same size: into the array that is there
        @test dataset["x"] isa AtlasArray{Float64,2} && dataset["x"] == [5 6; 7 8]
        @test attributes(dataset["x"])["units"] == "m"
        @test error_of(() -> dataset["x"] = [1.0, 2.0]) isa DimensionMismatch
        @test dataset["x"] == [5 6; 7 8]
        dataset["n"] = 1
        dataset["n"] = 2
        @test dataset["n"][] === 2
        # What cannot be written leaves nothing defined.
        @test error_of(() -> dataset["bad"] = ["a\0b"]) isa ArgumentError
        @test error_of(() -> dataset["bad"] = Any[1, "a"]) isa ArgumentError
        @test error_of(() -> dataset["bad"] = Int128[1]) isa ArgumentError
        @test error_of(() -> dataset["bad"] = [missing, missing]) isa ArgumentError
        @test error_of(() -> dataset["bad"] = [true, missing]) isa ArgumentError
        @test error_of(() -> dataset["bad"] = nothing) isa ArgumentError
        @test error_of(() -> dataset["bad"] = []) isa ArgumentError
        @test !haskey(dataset, "bad")
        dataset["range"] = 0.0:0.5:2.0
        @test dataset["range"] == 0.0:0.5:2.0
        dataset["bits"] = trues(3, 2)
        @test dataset["bits"] isa AtlasArray{Bool,2} && all(dataset["bits"])
        dataset["empty"] = zeros(Float32, 0, 4)
        @test size(dataset["empty"]) == (0, 4) && dataset["empty"][:, :] == zeros(Float32, 0, 4)
        dataset["substrings"] = split("a b c")
        @test dataset["substrings"] == ["a", "b", "c"]
        dataset["copy"] = dataset["x"]
        @test dataset["copy"] == dataset["x"]
        dataset["part"] = view(dataset["x"], 1, :)
        @test dataset["part"] == [5, 6]
        dataset["transposed"] = dataset["x"]'
        @test dataset["transposed"] == [5 7; 6 8]
    end
end

@testset "define!" begin
    with_store() do store, path
        dataset = create!(store, "jan")
        a = define!(
            dataset, "t", Float32, (144, 90, 12);
            dims=("lon", "lat", "level"), chunks=(144, 90, 1), fillvalue=-999, codec=:lz4, shuffle=false, pack=false,
            unlimited=true,
        )
        @test a isa AtlasArray{Union{Missing,Float32},3} && Atlas.variable(a) isa AtlasArray{Float32,3} && size(a) == (144, 90, 12) && length(a) == 144 * 90 * 12
        @test Atlas.dims(a) == ("lon", "lat", "level") && Atlas.dimnames === Atlas.dims
        @test Atlas.chunks(a) == (144, 90, 1) && Atlas.unlimited(a)
        @test Atlas.codec(a) == (codec=:lz4, level=1, shuffle=false, filter=:none, keep_bits=nothing, pack=false)
        @test Atlas.codec(define!(dataset, "alike", Float32; Atlas.codec(a)...)) == Atlas.codec(a)
        @test Atlas.fillvalue(a) === -999.0f0
        @test all(ismissing, a) && all(==(-999), Atlas.variable(a))
        b = define!(dataset, "defaults", Int64, (2, 3))
        @test Atlas.dimnames(b) == ("dim_1", "dim_0") && Atlas.fillvalue(b) === nothing && b == zeros(2, 3)
        c = define!(dataset, "c", ComplexF64, (5, 7); chunks=(:, 2), dims=[:x, :y], codec=:zstd, level=9, shuffle=true, keep_bits=5)
        @test Atlas.codec(c).keep_bits == 5
        smooth = define!(dataset, "smooth", Float64, (1000,); dims=["s"], filter=:delta, keep_bits=20)
        @test (Atlas.codec(smooth).filter, Atlas.codec(smooth).keep_bits) == (:delta, 20)
        smooth[:] = sqrt.(1:1000)
        @test maximum(abs.(smooth[:] ./ sqrt.(1:1000) .- 1)) <= 2.0^-21
        @test_throws AtlasError define!(dataset, "refused", Bool, (2,); dims=["r"], filter=:delta)
        @test Atlas.chunks(c) == (5, 2) && Atlas.dimnames(c) == ("x", "y")
        d = define!(dataset, "scalar", Bool; fillvalue=true)
        @test size(d) == () && d[] === missing && Atlas.variable(d)[] === true && Atlas.dimnames(d) == () && Atlas.chunks(d) == ()
        e = define!(dataset, "text", String, (2,); fillvalue="n/a")
        @test Atlas.variable(e)[:] == ["n/a", "n/a"] && all(ismissing, e) && Atlas.fillvalue(e) == "n/a"
        @test Atlas.fillvalue(define!(dataset, "text2", String, (2,))) === nothing
        f = define!(dataset, "time", DateTime, (1,); fillvalue=DateTime(2000))
        @test f isa AtlasArray{Union{Missing,DateTime},1} && Atlas.variable(f)[1] === TimestampNs(DateTime(2000))
        @test Atlas.fillvalue(f) == DateTime(2000) && f[1] === missing
        @test define!(dataset, "time 2", TimestampNs, (1,)) isa AtlasArray{TimestampNs,1}
        @test dataset["time 2"] isa AtlasArray{DateTime,1} && Atlas.variable(dataset, "time 2") isa AtlasArray{TimestampNs,1}
        @test isnan(Atlas.fillvalue(define!(dataset, "nan", Float16, (1,); fillvalue=NaN)))
        g = define!(dataset, "many", UInt8, ntuple(_ -> 1, 32))
        @test ndims(g) == 32 && sum(g) === UInt64(0)
        @test status_of(() -> define!(dataset, "toomany", UInt8, ntuple(_ -> 1, 33))) == :INVALID_ARGUMENT
        @test status_of(() -> define!(dataset, "t", Float32)) == :ALREADY_EXISTS
        @test status_of(() -> define!(dataset, "x", Float32, (2,); chunks=(0,))) == :INVALID_ARGUMENT
        @test error_of(() -> define!(dataset, "x", Float32, (2, 2); dims=("a",))) isa DimensionMismatch
        @test error_of(() -> define!(dataset, "x", Float32, (2, 2); chunks=(1,))) isa DimensionMismatch
        @test error_of(() -> define!(dataset, "x", Float32, (-1,))) isa InexactError
        @test error_of(() -> define!(dataset, "x", Int8, (1,); fillvalue=300)) isa InexactError
        @test error_of(() -> define!(dataset, "x", String, (1,); fillvalue="a\0")) isa ArgumentError
        @test error_of(() -> define!(dataset, "x", Rational{Int}, (1,))) isa ArgumentError
        @test !haskey(dataset, "x")
        flush(store)
        Atlas.open(path) do reader
            t = reader["jan"]["t"]
            @test Atlas.dimnames(t) == ("lon", "lat", "level") && Atlas.fillvalue(t) === -999.0f0
            @test reader["jan"]["text"][2] === missing && Atlas.variable(reader["jan"], "text")[2] == "n/a"
        end
    end
end
