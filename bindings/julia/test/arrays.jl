const SAMPLES = (
    Bool => [true, false, true, true, false, false],
    Int8 => Int8[-128, 127, 0, 1, -1, 5],
    Int16 => Int16[typemin(Int16), typemax(Int16), 0, 1, -1, 5],
    Int32 => Int32[typemin(Int32), typemax(Int32), 0, 1, -1, 5],
    Int64 => Int64[typemin(Int64), typemax(Int64), 0, 1, -1, 5],
    UInt8 => UInt8[0, 255, 1, 2, 3, 4],
    UInt16 => UInt16[0, typemax(UInt16), 1, 2, 3, 4],
    UInt32 => UInt32[0, typemax(UInt32), 1, 2, 3, 4],
    UInt64 => UInt64[0, typemax(UInt64), 1, 2, 3, 4],
    Float16 => Float16[1.5, -0.0, Inf16, -Inf16, NaN16, 6.0e-8],
    Float32 => Float32[1.5, -0.0, Inf32, -Inf32, NaN32, 1.0e-45],
    Float64 => [1.5, -0.0, Inf, -Inf, NaN, 5.0e-324],
    ComplexF32 => ComplexF32[1 + 2im, -0.0 - 0.0im, Inf, NaN, im, 3],
    ComplexF64 => ComplexF64[1 + 2im, -0.0 - 0.0im, Inf, NaN, im, 3],
    TimestampNs => TimestampNs[TimestampNs(k) for k in (typemin(Int64), typemax(Int64), 0, 1, -1, 5)],
    String => ["", "plain", "Grüße", "日本語", "a\nb\tc", "x"^5000],
)

@testset "every type, every rank: $T" for (T, sample) in SAMPLES
    with_path() do path
        # The other ranks are of one type, since Julia compiles each combination anew.
        others = T === Int16
        shapes = others ? ((), (6,), (2, 3), (1, 3, 2), (3, 1, 1, 2)) : ((2, 3),)
        chunkings = others ? ((), (4,), (1, 2), (1, 2, 2), (2, 1, 1, 1)) : ((1, 2),)
        Atlas.create(path) do store
            dataset = create!(store, "d")
            for (shape, chunks) in zip(shapes, chunkings)
                values = shape == () ? fill(sample[1]) : reshape(copy(sample), shape)
                dataset["whole $(length(shape))"] = values
                array = define!(dataset, "chunked $(length(shape))", T, shape; chunks=chunks)
                for at in CartesianIndices(shape)
                    array[at] = values[at]
                end
                @test isequal(Array(array), values)
            end
            grown = define!(dataset, "grown", T, (2, 0); chunks=(1, 2))
            append!(grown, reshape(sample[1:4], 2, 2))
            append!(grown, sample[5:6])
            @test isequal(grown[:, :], reshape(sample, 2, 3))
            @test define!(dataset, "never", T, (2,))[1] == (T === String ? "" : T === TimestampNs ? TimestampNs(0) : zero(T))
            @test isequal(Atlas.fillvalue(define!(dataset, "fill", T, (2,); fillvalue=sample[4])), sample[4])
        end
        Atlas.open(path) do store
            for shape in shapes
                values = shape == () ? fill(sample[1]) : reshape(sample, shape)
                for kind in ("whole", "chunked")
                    array = Atlas.variable(store["d"], "$kind $(length(shape))")
                    @test array isa AtlasArray{T,length(shape)} && size(array) == shape
                    @test isequal(Array(array), values) && eltype(Array(array)) === T
                    @test all(at -> isequal(array[at], values[at]), CartesianIndices(shape))
                end
            end
            @test isequal(Array(Atlas.variable(store["d"], "grown")), reshape(sample, 2, 3))
            @test isequal(Atlas.variable(store["d"], "fill")[:], fill(sample[4], 2))
            @test all(ismissing, store["d"]["fill"]) && eltype(store["d"]["fill"]) >: Missing
        end
    end
end

@testset "the order of dimensions" begin
    with_path() do path
        # Three longitudes, two latitudes: in memory one latitude follows the other.
        t = Int32[11 12; 21 22; 31 32]
        Atlas.create(path) do store
            define!(create!(store, "d"), "t", Int32, (3, 2); dims=("lon", "lat")) .= t
            # As C sees it: shape {2, 3}, the last index fastest.
            description = LibAtlas.zeroed(LibAtlas.atlas_array_description)
            @test LibAtlas.atlas_array_info(store.handle, "d", "t", description) == 0
            @test description[].shape[1:2] == (2, 3)
            memory = zeros(Int32, 6)
            @test LibAtlas.atlas_read_array(
                store.handle, "d", "t", LibAtlas.ATLAS_DTYPE_I32, 2, C_NULL, C_NULL, C_NULL, memory
            ) == 0
            @test memory == vec(t) == [11, 21, 31, 12, 22, 32]
            one = Ref(Int32(0))
            @test LibAtlas.atlas_read_array(
                store.handle, "d", "t", LibAtlas.ATLAS_DTYPE_I32, 2, UInt64[1, 0], UInt64[1, 1], C_NULL,
                Base.unsafe_convert(Ptr{Cvoid}, one),
            ) == 0
            @test one[] == t[1, 2] == 12
        end
    end
end

@testset "conversion" begin
    with_store() do store, path
        d = create!(store, "d")
        narrow = define!(d, "f32", Float32, (3,))
        narrow[:] = [1.1, 2.2, 3.3]                      # by the library
        @test narrow == Float32[1.1, 2.2, 3.3]
        narrow[:] = 1:3                                  # by Julia
        @test narrow == 1:3
        narrow[:] = [1, 2, 3]
        narrow[2] = 7
        narrow[3] = 0x08
        @test narrow == [1, 7, 8]
        @test Array{Float64}(narrow) == [1, 7, 8] && Array{Float64}(narrow) isa Vector{Float64}
        @test Array{Float16}(narrow) == [1, 7, 8] && Array{Int}(narrow) isa Vector{Int}
        small = define!(d, "i8", Int8, (3,))
        small[:] = [1, 2, 3]
        @test small == 1:3
        @test status_of(() -> small[:] = [1, 2, 300]) == :OUT_OF_RANGE
        @test error_of(() -> small[:] = 1.5:3.5) isa InexactError
        @test error_of(() -> small[1] = 1.5) isa InexactError
        @test small == 1:3
        small[:] = [1.0, 2.0, -3.0]
        @test small == [1, 2, -3]
        @test error_of(() -> Array{UInt8}(small)) isa InexactError
        flags = define!(d, "bool", Bool, (3,))
        flags[:] = [1, 0, 1]
        @test flags == [true, false, true]
        @test error_of(() -> flags[:] = [2, 0, 1]) isa InexactError
        z = define!(d, "z", ComplexF32, (2,))
        z[:] = [1, 2]
        z[1] = 3im
        @test z == [3im, 2]
        times = define!(d, "time", TimestampNs, (2,))
        times[:] = [DateTime(2024, 1, 1), DateTime(2024, 1, 2)]
        @test DateTime.(times[:]) == [DateTime(2024, 1, 1), DateTime(2024, 1, 2)]
        times[:] = [5, 6]
        @test Array{Int64}(times) == [5, 6]
        @test error_of(() -> narrow[1] = "text") isa MethodError
        text = define!(d, "text", String, (2,))
        text[1] = SubString("abc", 2)
        @test text[:] == ["bc", ""]
        @test error_of(() -> text[1] = 5) isa MethodError
    end
    # The table of the library's conversions is the one that Julia goes by.
    with_store() do store, path
        d = create!(store, "d")
        for S in Atlas.ELEMENTS
            d["$S"] = S === TimestampNs ? [TimestampNs(1)] : ones(S, 1)
            for T in Atlas.ELEMENTS
                memory = Vector{T}(undef, 1)
                status = LibAtlas.atlas_read_array(
                    store.handle, "d", "$S", Atlas.dtype(T), 1, C_NULL, C_NULL, C_NULL, memory
                )
                @test (status == LibAtlas.ATLAS_STATUS_OK) == Atlas.converts(S, T)
            end
        end
    end
end

@testset "memory with strides is not copied" begin
    with_store() do store, path
        d = create!(store, "d")
        halo = rand(10, 8, 6)
        inner = view(halo, 2:9, 2:7, 2:5)
        a = define!(d, "a", Float64, (8, 6, 4); chunks=(3, 4, 2))
        for (name, x) in (
            "inner" => inner,
            "reversed" => view(halo, 9:-1:2, 7:-1:2, 5:-1:2),
            "stepped" => view(rand(16, 12, 8), 1:2:16, 2:2:12, 8:-2:1),
            "permuted" => PermutedDimsArray(rand(4, 8, 6), (2, 3, 1)),
            "reinterpreted" => reinterpret(Float64, rand(UInt64, 8, 6, 4) .>> 2),
            "reshaped" => reshape(rand(192), 8, 6, 4),
            "another type" => rand(Float32, 8, 6, 4),
            "not in memory" => reshape(1:192, 8, 6, 4),
        )
            @test Atlas.is_strided(x) == (name != "not in memory")
            a .= 0
            a[:, :, :] = x
            @test Array(a) == x
            a .= 0
            a .= x
            @test Array(a) == x
        end
        @test !Atlas.is_strided(view(halo, [1, 2], :, :)) && !Atlas.is_strided(["text"]) && !Atlas.is_strided([1, nothing])
        a[:, :, 2] = view(halo, 3:10, 3:8, 1)
        @test a[:, :, 2] == halo[3:10, 3:8, 1]
        a[:, 3, :] = view(halo, 3:10, 1, 1:4)
        @test a[:, 3, :] == halo[3:10, 1, 1:4]
        a[2, :, :] = view(halo, 1, 1:6, 1:4)
        @test a[2, :, :] == halo[1, 1:6, 1:4]

        # Into memory with strides, which between them stays as it is.
        target = zeros(10, 8, 6)
        copyto!(view(target, 2:9, 2:7, 2:5), a)
        @test target[2:9, 2:7, 2:5] == Array(a) && sum(abs, target) ≈ sum(abs, Array(a))
        target = fill(-1.0, 10, 8)
        copyto!(view(target, 9:-1:2, 1:6), view(a, :, :, 2))
        @test target[9:-1:2, 1:6] == a[:, :, 2] && all(==(-1), target[:, 7:8]) && all(==(-1), target[[1, 10], :])
        target = zeros(Float32, 4, 8, 6)
        copyto!(PermutedDimsArray(target, (2, 3, 1)), a)
        @test PermutedDimsArray(target, (2, 3, 1)) == Float32.(Array(a))
    end
    with_store() do store, path
        # A large write and a large read allocate next to nothing.
        n = 1_000_000
        a = define!(create!(store, "d"), "a", Float64, (n,))
        wide = rand(2, n)
        x = view(wide, 1, :)
        write_it(a, x) = (a[:] = x; nothing)
        write_them(a, x) = (a .= x; nothing)
        zero_it(a) = (a .= 0; nothing)
        read_it(x, a) = (copyto!(x, a); nothing)
        for f in (() -> write_it(a, x), () -> write_them(a, x), () -> zero_it(a), () -> read_it(x, a))
            f()
            @test (@allocated f()) < 50_000
        end
    end
end

@testset "append!" begin
    with_store() do store, path
        d = create!(store, "d")
        a = define!(d, "a", Float64, (3, 0); dims=("x", "time"))
        expected = zeros(3, 0)
        for step in 1:5
            field = rand(5)
            append!(a, view(field, 2:4))
            expected = hcat(expected, field[2:4])
        end
        block = rand(Float32, 3, 7)
        @test append!(a, block) === a
        expected = hcat(expected, block)
        append!(a, PermutedDimsArray(rand(2, 3) |> x -> (expected = hcat(expected, x'); x), (2, 1)))
        push!(a, [1, 2, 3])
        expected = hcat(expected, [1, 2, 3])
        append!(a, zeros(3, 0))
        @test size(a) == (3, 15) && a == expected
        flush(store)
        append!(a, 1:3)
        @test a[:, end] == 1:3 && size(a, 2) == 16

        v = define!(d, "v", Int32, (0,))
        append!(v, [1, 2])
        append!(v, (3, 4))
        append!(v, 5:6)
        push!(v, 7)
        append!(v, Int32[])
        @test v == 1:7
        cube = define!(d, "cube", Int16, (2, 3, 0))
        append!(cube, reshape(1:6, 2, 3))
        append!(cube, reshape(7:18, 2, 3, 2))
        @test cube == reshape(1:18, 2, 3, 3)
        s = define!(d, "s", String, (2, 0))
        append!(s, ["a", "b"])
        append!(s, ["c" "e"; "d" "f"])
        @test s == ["a" "c" "e"; "b" "d" "f"]

        @test error_of(() -> append!(a, [1.0, 2.0])) isa DimensionMismatch
        @test error_of(() -> append!(a, rand(3, 2, 2))) isa DimensionMismatch
        @test error_of(() -> append!(cube, [1])) isa DimensionMismatch
        @test status_of(() -> append!(v, [2^40])) == :OUT_OF_RANGE
        @test error_of(() -> append!(s, ["a", "b\0"])) isa ArgumentError
        @test error_of(() -> append!(define!(d, "scalar", Int32), 1)) isa Exception
        @test size(a, 2) == 16 && v == 1:7 && size(s) == (2, 3)
        # Handles do not hold a size.
        again = d["v"]
        push!(v, 8)
        @test length(again) == 8 && again[end] == 8
    end
end

@testset "resize! and writes past the end" begin
    with_store() do store, path
        d = create!(store, "d")
        a = define!(d, "a", Float64, (2, 0); fillvalue=-1)
        @test Atlas.unlimited(a)
        a[:, 3] = [5, 6]
        @test size(a) == (2, 3) && all(ismissing, a[:, 1:2]) && a[:, 3] == [5, 6]
        a[2, 4] = 7
        a[:, 5:6] = [1 2; 3 4]
        a[:, [7, 9]] = [1 2; 3 4]
        @test size(a) == (2, 9) && a[2, 4] == 7 && a[1, 4] === missing && a[:, 9] == [2, 4] && ismissing(a[1, 8])
        for f in (() -> a[3, 1] = 0, () -> a[3, 10] = 0, () -> a[:, 0] = [1, 2], () -> a[19] = 1, () -> a[:, 10])
            @test error_of(f) isa BoundsError
        end
        @test error_of(() -> a[:, 10] = [1, 2, 3]) isa DimensionMismatch && size(a) == (2, 9)
        @test resize!(a, 4) === a && size(a) == (2, 4)
        resize!(a, 5)
        @test size(a) == (2, 5) && all(ismissing, a[:, 5]) && a[2, 4] == 7
        v = define!(d, "v", Int32, (0,))
        v[1] = 5
        v[end + 1] = 6
        v[4:5] = [8, 9]
        @test v == [5, 6, 0, 8, 9]
        s = define!(d, "s", String, (0,))
        s[2] = "b"
        @test s == ["", "b"] && resize!(s, 1) == [""]
        fixed = define!(d, "fixed", Int32, (3,))
        @test !Atlas.unlimited(fixed) && error_of(() -> fixed[4] = 1) isa BoundsError
        @test resize!(fixed, 5) == zeros(5) && error_of(() -> resize!(fixed, -1)) isa InexactError
        grows = define!(d, "grows", Int32, (3,); unlimited=true)
        grows[5] = 1
        @test grows == [0, 0, 0, 0, 1]
        never = define!(d, "never", Int32, (0,); unlimited=false)
        @test error_of(() -> never[1] = 1) isa BoundsError && append!(never, [1]) == [1]
        @test status_of(() -> resize!(define!(d, "scalar", Int32), 1)) isa Symbol
    end
end

@testset "texts" begin
    with_store() do store, path
        d = create!(store, "d")
        d["s"] = ["a$i/$j" for i in 1:3, j in 1:4]
        s = d["s"]
        @test s isa AtlasArray{String,2} && s[2, 3] == "a2/3" && s[:, 2] == ["a$i/2" for i in 1:3]
        @test s[[3, 1], 4:-1:3] == ["a3/4" "a3/3"; "a1/4" "a1/3"]
        s[2, :] = ["x", "y", "z", "ü"]
        s[1:2:3, [4, 1]] = ["1" "2"; "3" "4"]
        @test s == ["2" "a1/2" "a1/3" "1"; "x" "y" "z" "ü"; "4" "a3/2" "a3/3" "3"]
        s .= "all"
        @test all(==("all"), s)
        view(s, :, 2) .= string.(1:3)
        @test s[:, 2] == ["1", "2", "3"]
        @test error_of(() -> s[1, 1] = "a\0b") isa ArgumentError
        @test join(s) == "allallall123" * "all"^6
        @test copyto!(Matrix{String}(undef, 3, 4), s) == Array(s)
        @test copyto!(Matrix{Any}(undef, 3, 4), s) == Array(s)
    end
end

@testset "an array that changed under its name" begin
    with_store() do store, path
        d = create!(store, "d")
        d["x"] = [1.0, 2.0]
        old = d["x"]
        delete!(d, "x")
        @test status_of(() -> old[1]) == :NOT_FOUND
        d["x"] = [1.0 2.0]
        @test error_of(() -> size(old)) isa DimensionMismatch
        delete!(d, "x")
        d["x"] = ["a", "b"]
        @test status_of(() -> old[1]) == :TYPE_MISMATCH
    end
end
