const SEEN = (
    Int8 => -127, Int16 => -32767, Int32 => -2147483647, Int64 => -9223372036854775806, UInt8 => 255, UInt16 => 65535,
    UInt32 => 4294967295, UInt64 => 18446744073709551614, Float16 => NaN, Float32 => NaN, Float64 => NaN,
    ComplexF32 => NaN + NaN * im, ComplexF64 => NaN + NaN * im, String => "", DateTime => TimestampNs(typemin(Int64)),
)
sample(T) = T === String ? "a" : T === DateTime ? DateTime(2001, 2, 3) : T(5)

@testset "default fill values" begin
    for (T, fill) in SEEN
        S = Atlas.stored_type(T)
        @test isequal(Atlas.default_fill(S), S(fill)) && Atlas.default_fill(S) isa S
    end
end

@testset "missing: $T" for (T, fill) in SEEN[[3, 12, 14, 15]]
    with_path() do path
        x = [sample(T), missing, sample(T)]
        Atlas.create(path) do store
            d = create!(store, "d")
            d["x"] = x
            d["copy"] = d["x"]
            d["part"] = view(d["x"], 2:3)
            grown = define!(d, "grown", Union{Missing,T}, (0,))
            append!(grown, x)
            push!(grown, missing)
            push!(grown, sample(T))
            define!(d, "never", Union{T,Missing}, (2, 2))
        end
        Atlas.open(path) do store
            d = store["d"]
            a = d["x"]
            @test a isa AtlasArray{Union{Missing,T},1} && isequal(a, x) && isequal(a[:], x) && a[:] isa Vector{Union{Missing,T}}
            @test a[1] === sample(T) || a[1] == sample(T)
            @test a[2] === missing && isequal(view(a, 2:3)[:], x[2:3]) && isequal(a[[3, 2]], x[[3, 2]])
            @test isequal(Atlas.fillvalue(a), Atlas.stored_type(T)(fill)) && isequal(Atlas.variable(a)[2], Atlas.fillvalue(a))
            @test Atlas.variable(d, "x") isa AtlasArray{Atlas.stored_type(T),1}
            @test isequal(d["copy"], x) && isequal(d["part"], x[2:3]) && isequal(d["grown"], [x; missing; sample(T)])
            @test all(ismissing, d["never"]) && count(ismissing, a) == 1 && collect(skipmissing(a)) == [sample(T), sample(T)]
            @test isequal(Atlas.read_across(store, "x"), reshape(x, 3, 1))
        end
    end
end

@testset "missing in and out" begin
    with_store() do store, path
        d = create!(store, "d")
        x = convert(Matrix{Union{Missing,Float32}}, reshape(1:20, 5, 4))
        x[2, 3] = missing
        a = define!(d, "x", Float32, (5, 4); fillvalue=-999, chunks=(2, 2))
        a .= x
        @test isequal(Array(a), x) && (@inferred Union{Missing,Float32} a[1, 1]) === 1.0f0
        @test isequal((@inferred a[:, 3]), x[:, 3]) && isequal(a[:, :], x) && isequal(a[end:-1:1, [1, 3]], x[end:-1:1, [1, 3]])
        @test Atlas.variable(a)[2, 3] === -999.0f0 && Atlas.variable(view(a, 2, :).parent)[2, 3] == -999
        a[1, :] = [missing, 7, missing, 8]
        x[1, :] = [missing, 7, missing, 8]
        a[3, 3] = missing
        x[3, 3] = missing
        a[4:5, 1:2] .= missing
        x[4:5, 1:2] .= missing
        a[:, 4] .= 2 .* a[:, 4] .+ 1
        x[:, 4] .= 2 .* x[:, 4] .+ 1
        @test isequal(Array(a), x)
        a[2, 2] = -999                                  # the fill value itself
        x[2, 2] = missing
        @test isequal(a, x) && isequal(a .+ 1, x .+ 1) && sum(skipmissing(a)) == sum(skipmissing(x))
        @test sum(a) === missing && isequal(sum(a; dims=1), sum(x; dims=1))
        @test isequal(a[.!ismissing.(x)], x[.!ismissing.(x)]) && isequal(findall(ismissing, a), findall(ismissing, x))
        @test isequal(copyto!(similar(x), a), x) && isequal(copyto!(similar(x, 5), view(a, :, 1)), x[:, 1])
        fill!(view(a, :, 1), missing)
        @test all(ismissing, a[:, 1]) && Atlas.statistics(a) === nothing
        flush(store)
        @test Atlas.statistics(a).nulls == count(ismissing, a)
        # Memory without `missing` is written as it lies.
        write_it(a, y) = (a[:, :] = y; nothing)
        big = define!(d, "big", Float64, (10^6,); fillvalue=0.5)
        y = rand(10^6)
        write_one(a, y) = (a[:] = y; nothing)
        write_one(big, y)
        @test (@allocated write_one(big, y)) < 50_000

        # Without a fill value there is no `missing`.
        plain = define!(d, "plain", Float64, (3,))
        for f in (() -> plain[1] = missing, () -> plain[:] = [1, missing, 2], () -> plain .= missing, () -> fill!(plain, missing),
                  () -> append!(plain, [missing]), () -> push!(plain, missing), () -> d["plain"] = [1, 2, missing])
            e = error_of(f)
            @test e isa ArgumentError && occursin("array 'plain' of dataset 'd' has no fill value", e.msg)
        end
        plain[:] = Union{Missing,Float64}[1, 2, 3]
        @test plain == [1, 2, 3] && eltype(plain) === Float64
        # A fill value that was chosen for them is not among the values.
        e = error_of(() -> d["bytes"] = [0xff, missing])
        @test e isa ArgumentError && occursin("0xff", e.msg) && !haskey(d, "bytes")
        @test error_of(() -> d["texts"] = ["", missing]) isa ArgumentError
        d["nan"] = [NaN, missing, 1.0]
        @test isequal(d["nan"], [missing, missing, 1.0])
        d["any"] = Union{Missing,Int}[1, 2]
        @test eltype(d["any"]) === Union{Missing,Int} && d["any"] == [1, 2]
        # The fill value of another array goes along, where it can.
        d["other"] = a
        @test isequal(d["other"], a) && Atlas.fillvalue(d["other"]) === -999.0f0
        b = define!(d, "b", Float64, (5, 4); fillvalue=-1)
        b .= a
        @test isequal(b, a) && Atlas.variable(b)[1, 1] === -1.0
        b[:, :] = view(a, :, 4:-1:1)
        @test isequal(b, a[:, 4:-1:1])
    end
end

@testset "times are DateTime" begin
    with_store() do store, path
        d = create!(store, "d")
        t = DateTime(2000):Day(1):DateTime(2000, 1, 10)
        d["time"] = t
        a = d["time"]
        @test a isa AtlasArray{DateTime,1} && a == t && a[3] === DateTime(2000, 1, 3) && a[:] isa Vector{DateTime}
        @test (@inferred a[3]) == t[3] && findall(a .> DateTime(2000, 1, 5)) == 6:10 && extrema(a) == extrema(t)
        @test a[a .> Date(2000, 1, 5)] == t[6:10] && a .- a[1] == Day.(0:9)
        append!(a, [DateTime(2001), DateTime(2002)])
        push!(a, Date(2003))
        push!(a, TimestampNs(DateTime(2004)))
        @test a[11:14] == DateTime.(2001:2004)
        flush(store)
        s = Atlas.statistics(a)
        @test s.minimum === DateTime(2000) && s.maximum === DateTime(2004)
        a .+= Hour(1)
        @test a[1] == DateTime(2000, 1, 1, 1)
        # Nanoseconds are to be asked for.
        raw = Atlas.variable(d, "time")
        raw[2] = TimestampNs(DateTime(2000)) + Nanosecond(1)
        @test raw[2].value % 1000 == 1 && raw[1] == a[1]
        e = error_of(() -> a[2])
        @test e isa ArgumentError && occursin("2000-01-01T00:00:00.000000001", e.msg) && occursin("Atlas.variable", e.msg)
        @test error_of(() -> a[:]) isa ArgumentError && a[3:5] isa Vector{DateTime}
        @test Array{Int64}(raw)[2] == raw[2].value
        flush(store)
        @test Atlas.statistics(a).minimum === raw[2]
        e = error_of(() -> d["late"] = [DateTime(2300)])
        @test e isa OverflowError && occursin("2300-01-01", e.msg) && !haskey(d, "late")
        @test Atlas.read_across(store, "time", ["d"], 3:4) == reshape(a[3:4], 2, 1)
        @test Atlas.read_across(TimestampNs, store, "time") == reshape(raw[:], 14, 1)
    end
end
