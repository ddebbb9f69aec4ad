# What goes through an array part by part.

"Calls `f` while a part is of `limit` values and at most of `layer`."
function with_parts(f, limit, layer=4 * limit)
    before = Atlas.PART[], Atlas.LAYER[]
    Atlas.PART[], Atlas.LAYER[] = limit, layer
    try
        f()
    finally
        Atlas.PART[], Atlas.LAYER[] = before
    end
end

sum_of(a) = (total = 0.0; for v in a; total += v; end; total)

@testset "reductions of many parts" begin
    with_store() do store, path
        d = create!(store, "d")
        x = rand(Float32, 13, 12, 15)
        a = define!(d, "x", Float32, size(x); chunks=(3, 5, 4))
        a .= x
        # Generic functions are compiled anew for each type of array: views go through those that differ.
        for limit in (17, 100, 1000); with_parts(limit) do
            b, y = view(a, :, 12:-1:1, [1, 15, 3]), x[:, 12:-1:1, [1, 15, 3]]
            @test sum_of(b) ≈ sum(y) && maximum(b; dims=(1, 3)) == maximum(y; dims=(1, 3)) && mapslices(sum, b; dims=2) ≈ mapslices(sum, y; dims=2)
            @test count(>(0.5), b) == count(>(0.5), y) && b[y .> 0.9] == y[y .> 0.9]
        end; end
        for limit in (17, 100, 1000); with_parts(limit) do
            @test length(Atlas.tiles(a)) > 1
            @test sum(a) ≈ sum(x) && sum_of(a) ≈ sum_of(x) && maximum(a) == maximum(x) && minimum(a) == minimum(x)
            @test count(>(0.5), a) == count(>(0.5), x) && extrema(a) == extrema(x) && extrema(abs2, a) == extrema(abs2, x)
            @test any(==(x[end]), a) && !any(>(2), a) && all(>=(0), a) && x[77] in a
            @test findmax(a) == findmax(x) && argmin(a) == argmin(x) && findall(>(0.9), a) == findall(>(0.9), x)
            @test findall(in([x[7], x[700]]), a) == findall(in([x[7], x[700]]), x)
            @test findfirst(==(x[end]), a) == findfirst(==(x[end]), x)
            for dims in (1, 3, (1, 2), (1, 3), [3, 2, 1], 4)
                @test sum(a; dims=dims) ≈ sum(x; dims=dims)
            end
            @test maximum(a; dims=3) == maximum(x; dims=3) && maximum(a; dims=(1, 2)) == maximum(x; dims=(1, 2))
            @test count(>(0.5), a; dims=3) == count(>(0.5), x; dims=3) && extrema(a; dims=3) == extrema(x; dims=3)
            @test any(>(0.99), a; dims=(1, 2)) == any(>(0.99), x; dims=(1, 2))
            @test mean(a) ≈ mean(x) && mean(a; dims=3) ≈ mean(x; dims=3) && var(a) ≈ var(x)
            @test sum!(zeros(Float32, 1, 1, 15), a) ≈ sum(x; dims=(1, 2)) && maximum!(zeros(Float32, 13), a) == vec(maximum(x; dims=(2, 3)))
            @test reduce(min, a; dims=2, init=-1) == reduce(min, x; dims=2, init=-1) && mapreduce(abs2, +, a; init=5) ≈ mapreduce(abs2, +, x; init=5)
            @test mapslices(sum, a; dims=3) ≈ mapslices(sum, x; dims=3)
            @test mapslices(v -> v[1, :], a; dims=(2, 3)) == mapslices(v -> v[1, :], x; dims=(2, 3))
            @test a[x .> 0.9] == x[x .> 0.9] && a[falses(size(x))] == Float32[]
        end; end
        @test cumsum(a; dims=1) == cumsum(x; dims=1) && hash(a) == hash(x)
        @test (@inferred sum(a)) ≈ sum(x) && (@inferred count(>(0.5), a)) == count(>(0.5), x) && (@inferred extrema(a)) == extrema(x)
        @test (@inferred sum_of(a)) ≈ sum_of(x)
        @test (@inferred sum(a; dims=3)) ≈ sum(x; dims=3)
        @test (@inferred Union{Nothing,Tuple{Float32,Tuple{Atlas.Walk{Float32,3},Int}}} iterate(a))[1] == x[1]
        @test mean(skipmissing(a)) ≈ mean(x)
        # An iteration can be gone on from where it was, twice.
        with_parts(50) do
            next = iterate(a)
            for value in x
                @test next[1] == value
                again = iterate(a, next[2])
                next = iterate(a, next[2])
                @test (again === nothing) == (next === nothing) && (next === nothing || again[1] == next[1])
            end
            @test next === nothing
        end
        # Values in a row, whatever the operation makes of their order.
        texts = define!(d, "texts", String, (4, 3, 2); chunks=(2, 2, 1))
        texts .= string.(reshape('a':'x', 4, 3, 2))
        for limit in (2, 5, 100); with_parts(limit) do
        @test prod(texts) == join('a':'x') == reduce(*, texts) && mapreduce(uppercase, *, texts) == join('A':'X')
        for dims in (1, 3, (1, 2), (1, 3))
            @test reduce(*, texts; dims=dims, init="-") == mapslices(s -> fill("-" * join(s), ntuple(_ -> 1, ndims(s))), Array(texts); dims=collect(dims))
        end
        end; end
    end
end

@testset "parts follow chunks" begin
    with_store(; cache_bytes=1) do store, path
        d = create!(store, "d")
        a = define!(d, "a", Int32, (200, 200, 60); chunks=(50, 50, 20))
        # Boxes of whole chunks, or of a layer of them.
        for boxes in (Atlas.parts(a), Atlas.tiles(a), Atlas.parts(a, 1000, 2^20))
            @test all(ranges -> all(k -> first(ranges[k]) % Atlas.chunks(a)[k] == 1, 1:3), boxes)
        end
        @test Atlas.parts(a, 1000, 2000).box == (200, 5, 1)     # as far as memory goes
        @test Atlas.tiles(a, 1000, 2000).box == (50, 40, 1) && Atlas.tiles(a, 2^20).box == (200, 200, 20)
        s = view(a, 1:2:200, 3, :)
        @test Atlas.tiles(s, 1000).box == (50, 20)
    end
end

# In a process of its own, with the compiler that keeps small things off the heap, whatever runs these tests.
@testset "what is allocated" begin
    program = joinpath(@__DIR__, "allocations.jl")
    julia = `$(Base.julia_cmd()) --startup-file=no -O2 --project=$(Base.active_project())`
    @test success(pipeline(`$julia $program`; stdout=stdout, stderr=stderr))
end

@testset "broadcast part by part" begin
    with_parts(50) do; with_store() do store, path
        d = create!(store, "d")
        x = rand(15, 16)
        a = define!(d, "a", Float64, size(x); chunks=(15, 4))
        b = define!(d, "b", Float64, size(x); chunks=(4, 4))
        c = define!(d, "c", Float64, (15,))
        a .= x
        c .= x[:, 7]
        @test length(Atlas.tiles(a)) > 1
        b .= 2 .* a .+ sin.(x) .- c .* x[1:1, :] .+ sum(x) .+ (1,) .+ Ref(2)
        @test b == 2 .* x .+ sin.(x) .- x[:, 7] .* x[1:1, :] .+ sum(x) .+ 3
        b .= a
        @test b == x
        b .= a .> 0.5
        @test b == (x .> 0.5)
        b .= rand.()
        @test length(unique(Array(b))) == 240
        b .= view(a, 15:-1:1, :)
        @test b == x[end:-1:1, :]
        # What is written is computed from what was there before.
        a .= a .+ 1
        x .= x .+ 1
        @test a == x
        a .= view(a, :, 16:-1:1) .+ a
        x .= x[:, end:-1:1] .+ x
        @test a == x
        a .= view(a, 15:-1:1, :)
        x .= x[end:-1:1, :]
        @test a == x
        a .-= view(a, :, 1:1)
        x .-= x[:, 1:1]
        @test a == x
        view(a, :, 2:16) .= view(a, :, 1:15) .* 2
        x[:, 2:16] = x[:, 1:15] .* 2
        @test a == x
        y = zeros(size(x))
        y .= a .* 2
        @test y == x .* 2 && a .+ c == x .+ c[:] && (a .+ 1) isa Matrix{Float64} && a .* trues(15) == x
        @test error_of(() -> a .= view(b, 1:14, :) .+ 1) isa DimensionMismatch
        e = define!(d, "empty", Float64, (0, 3))
        e .= 1 .+ e
        @test size(e) == (0, 3)
    end; end
end
