@testset "places of chunks" begin
    with_store() do store, path
        d = create!(store, "d")
        a = define!(d, "a", Float64, (300,); chunks=(2,), codec=:none)
        @test Atlas.chunk_places(a) == (generation=1, files=String[], places=[])
        x = collect(1.0:300.0)
        a[:] = x
        flush(store)
        a[3] = x[3] = -1
        flush(store)
        a[1] = -2
        found = Atlas.chunk_places(a)
        @test found.generation == 3 && length(found.files) == 2 && length(found.places) == 150
        for (k, p) in enumerate(found.places)
            @test (p.number, p.file, p.len, p.codec, p.shuffle) == (k - 1, k == 2 ? 2 : 1, 16, :none, 1)
            cells = open(joinpath(path, found.files[p.file])) do io
                seek(io, p.offset + p.at)
                [read(io, Float64), read(io, Float64)]
            end
            @test cells == x[(2k - 1):(2k)]
        end
        d["z"] = [1.5]
        delete!(d, "z")
        @test status_of(() -> Atlas.chunk_places(Atlas.AtlasArray{Float64,1}(a.handle, "d", "z"))) == :NOT_FOUND
    end
end

@testset "statistics" begin
    with_store() do store, path
        d = create!(store, "d")
        a = define!(d, "a", Float32, (4, 3); fillvalue=-9, chunks=(2, 3))
        a[1:3, :] = Float32[1 2 -9; 4 NaN 6; 7 8 9]
        @test Atlas.statistics(a) === nothing
        flush(store)
        @test Atlas.statistics(a) === (count=12, nulls=4, minimum=1.0f0, maximum=9.0f0)
        @test Atlas.statistics(a; chunk=(1, 1)) === (count=6, nulls=1, minimum=1.0f0, maximum=6.0f0)
        @test Atlas.statistics(a; chunk=(2, 1)) === (count=6, nulls=3, minimum=7.0f0, maximum=9.0f0)
        @test status_of(() -> Atlas.statistics(a; chunk=(3, 1))) == :OUT_OF_RANGE
        @test error_of(() -> Atlas.statistics(a; chunk=(0, 1))) isa InexactError
        a[1, 1] = 0
        @test Atlas.statistics(a) === nothing && Atlas.statistics(a; chunk=(2, 1)) === nothing
        flush(store)
        @test Atlas.statistics(a).minimum == 0
        samples = (
            [true, false], Int8[-3, 5], [typemin(Int64), typemax(Int64)], [typemin(UInt64), typemax(UInt64)], UInt8[1, 2],
            Float16[1, 2], [1.0, 2.0], [TimestampNs(typemin(Int64)), TimestampNs(typemax(Int64))],
        )
        for (k, x) in enumerate(samples)
            d["$k"] = x
        end
        d["z"] = [1im, 2.0]
        d["s"] = ["b", "a"]
        d["nan"] = [NaN]
        flush(store)
        for (k, x) in enumerate(samples)
            @test Atlas.statistics(d["$k"]) === (count=2, nulls=0, minimum=minimum(x), maximum=maximum(x))
        end
        for name in ("z", "s", "nan")
            s = Atlas.statistics(d[name])
            @test s.minimum === nothing && s.maximum === nothing && s.count == length(d[name])
        end
    end
end
