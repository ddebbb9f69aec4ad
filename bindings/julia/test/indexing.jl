@testset "as Base's arrays" begin
    with_store() do store, path
        d = create!(store, "d")
        x = rand(7, 5, 4)
        for (name, chunks) in ("whole" => (:, :, :), "chunks" => (3, 2, 1), "cells" => (1, 1, 1))
            a = define!(d, name, Float64, size(x); chunks=chunks)
            a .= x
            cases = (
                (:, :, 3), (:, 2, :), (1, :, :), (2, 3, 4), (:, :, :), (2:4, :, 1), (2:3, 4:5, 2:4), (7:-1:1, :, 1),
                (1:2:7, 5:-2:1, :), ([1, 3, 7], :, 2), ([5, 2, 2, 3], [1, 2], [4, 1]), (:, :, [2]), ([7, 1], 1, 1),
                ([1 2; 3 4], 1, :), (:, [1 2; 3 4], 2), (1:0, :, 1), (:, Int[], :), (Bool[1, 0, 1, 0, 0, 1, 1], :, 1),
                (CartesianIndex(2, 3), :), (CartesianIndices((2:3, 4:5)), 1), (1, CartesianIndex(2, 3)),
                (Base.OneTo(3), 1, 1:1), (Int8(1):Int8(3), UInt(2), 0x01), (big(2), 1, 1), (6,), (:,), (10:20,), ([140, 1],),
                (x .> 0.5,), ([CartesianIndex(1, 2, 3), CartesianIndex(7, 5, 4)],), (2, 3, 4, 1), (:, 2, 3, 1),
                (:, 3, 2, [1]), (3:140,), (CartesianIndex(3, 3, 3),), (trues(7), :, 1), (:, :, 4:4),
            )
            for indices in cases
                @test isequal(a[indices...], x[indices...])
                @test typeof(a[indices...]) == typeof(x[indices...])
            end
            @test a[end, end, end] == x[end] && a[end] == x[end] && a[begin, 2, end] == x[1, 2, end]
            for indices in ((8, 1, 1), (0, 1, 1), (7, 20), (:, 20), (:, :, 5), (1:8, :, :), (141,), (1, 1, 1, 2), ([1, 9], 1, 1), (trues(6), 1, 1))
                @test error_of(() -> a[indices...]) isa BoundsError
                @test error_of(() -> a[indices...] = x[1:1]) isa BoundsError
            end
            @test error_of(() -> a[1, "x", 1]) isa ArgumentError
            @test (@inferred a[1, 2, 3]) == x[1, 2, 3]
            @test (@inferred a[:, :, 3]) == x[:, :, 3]
            @test (@inferred size(a)) == size(x)

            y = copy(x)
            for (k, indices) in enumerate(cases)
                old = y[indices...]
                any(index -> index isa Matrix{Int}, indices) && continue
                new = old isa AbstractArray ? rand(size(old)...) : rand()
                # The values of an index that is given twice are one's choice; be it the last.
                y[indices...] = new
                a[indices...] = new
                @test Array(a) == y
            end
            a[:, :, 3] = rand(7, 5, 1) |> v -> (y[:, :, 3] = v; v)
            a[:, 2:2, :] = rand(7, 4) |> v -> (y[:, 2:2, :] = v; v)
            a[:] = reverse(1:140) |> v -> (y[:] = v; v)
            @test Array(a) == y
            @test error_of(() -> a[:, :, 1] = rand(5, 7)) isa DimensionMismatch
            @test error_of(() -> a[:, :, 1] = rand(35)) isa DimensionMismatch
            @test error_of(() -> a[:] = rand(139)) isa DimensionMismatch
            @test error_of(() -> a[:, :, 1] = 5) isa ArgumentError
            @test Array(a) == y
        end
    end
end

@testset "sparse and dense indices read alike" begin
    with_store() do store, path
        d = create!(store, "d")
        x = rand(Int32, 500, 30)
        d["x"] = x
        a = d["x"]
        for indices in (([1, 500], :), ([500, 1, 250], [1, 30]), (1:50:500, 30:-7:1), ([3, 2, 1, 10, 11, 12, 400], 2:2:30),
                        (rand(1:500, 40), rand(1:30, 10)))
            @test a[indices...] == x[indices...]
        end
        y = rand(Int32, 3, 2)
        a[[1, 500, 250], 1:29:30] = y
        x[[1, 500, 250], 1:29:30] = y
        @test Array(a) == x
    end
end

@testset "no dimensions" begin
    with_store() do store, path
        d = create!(store, "d")
        d["x"] = 1.5
        a = d["x"]
        @test a isa AtlasArray{Float64,0} && a[] == 1.5 && a[1] == 1.5 && only(a) == 1.5 && Array(a) == fill(1.5)
        a[] = 2
        @test a[] == 2
        a .= 3
        @test a[] == 3
        a[1] = 4
        @test sum(a) == 4 && collect(a) == fill(4.0) && a .+ 1 == 5
        @test view(a)[] == 4
        view(a) .= 5
        @test a[] == 5
        @test error_of(() -> a[2]) isa BoundsError
    end
end

@testset "sections" begin
    with_store() do store, path
        d = create!(store, "d")
        x = rand(7, 5, 4)
        d["x"] = x
        a = d["x"]
        for indices in ((:, :, 3), (7:-2:1, [1, 4], :), (2, 3, 4), (3, 2, :))
            v, w = view(a, indices...), view(x, indices...)
            @test v isa SubArray && parent(v) == a && size(v) == size(w)
            @test Array(v) == w && copy(v) == copy(w) && collect(v) == w && v == w && sum(v) ≈ sum(w) && v .+ 1 == w .+ 1
            @test maximum(v) == maximum(w) && [e for e in v] == [e for e in w]
            if ndims(v) > 0
                @test v[1] == w[1] && v[end] == w[end] && v[:] == w[:] && v[2:3] == w[2:3]
                @test error_of(() -> v[length(v) + 1]) isa BoundsError
            end
            if ndims(v) == 2
                @test v[:, 1] == w[:, 1] && v[2, :] == w[2, :] && v[end, 1] == w[end, 1]
                @test v[[2, 1], 1:2] == w[[2, 1], 1:2] && view(v, :, 2)[1:2] == w[1:2, 2]
                @test v[w .> 0.5] == w[w .> 0.5]
                @test error_of(() -> v[:, 8]) isa BoundsError
                @test permutedims(v) == permutedims(w) && permutedims(v, (2, 1)) == permutedims(w)
                @test [Array(c) for c in eachcol(v)] == [Array(c) for c in eachcol(w)]
            end
        end
        v, w = view(a, 2:6, :, 2), view(x, 2:6, :, 2)
        v[1, 1] = w[1, 1] = 9
        v[:, 2] = w[:, 2] = rand(5)
        v[2:3, [4, 1]] = w[2:3, [4, 1]] = rand(2, 2)
        v[3] = w[3] = 8
        @test Array(a) == x
        v[:] = w[:] = rand(25)
        @test Array(a) == x
        v .= w .= rand(5, 5)
        @test Array(a) == x
        v .*= 2
        w .*= 2
        fill!(view(v, :, 1), 3)
        fill!(view(w, :, 1), 3)
        copyto!(view(v, 1, :), 1:5)
        copyto!(view(w, 1, :), 1:5)
        copyto!(view(a, :, 1, :), view(a, :, 2, :))
        x[:, 1, :] = x[:, 2, :]
        @test Array(a) == x
        copyto!(view(a, :, :, 1), 1:3)
        copyto!(view(x, :, :, 1), 1:3)
        @test Array(a) == x
        @test error_of(() -> copyto!(view(a, :, :, 1), 1:36)) isa BoundsError
        @test error_of(() -> view(a, :, :, 5)) isa BoundsError
        a[:, :, 1] = view(a, :, :, 2)
        a[:, :, 2:3] = view(a, :, :, 3:4)
        x[:, :, 1] = x[:, :, 2]
        x[:, :, 2:3] = x[:, :, 3:4]
        @test Array(a) == x
        rows = [sum(s) for s in eachslice(a; dims=3)]
        @test rows ≈ [sum(s) for s in eachslice(x; dims=3)]
    end
end

@testset "parts cover an array in the order of memory" begin
    with_store() do store, path
        d = create!(store, "d")
        for size in ((), (0,), (1,), (10,), (4, 5), (3, 0), (2, 3, 4), (5, 1, 3, 2)), chunk in (1, 2, 3)
            values = reshape(collect(1:prod(size)), size)
            name = "$size $chunk"
            a = define!(d, name, Int, size; chunks=map(n -> min(max(n, 1), chunk), size))
            size == () ? (a[] = 1) : (a .= values)
            for limit in (1, 2, 3, 5, 7, 20, 1000)
                for layer in (limit, 4 * limit, 1000)
                    parts = [vec(Atlas.part(a, ranges)) for ranges in Atlas.parts(a, limit, layer)]
                    @test reduce(vcat, parts; init=Int[]) == vec(values)
                    @test all(part -> length(part) <= layer, parts)
                    tiles = [vec(Atlas.part(a, ranges)) for ranges in Atlas.tiles(a, limit, layer)]
                    @test sort(reduce(vcat, tiles; init=Int[])) == vec(values)
                    @test all(tile -> length(tile) <= max(limit, layer), tiles)
                end
            end
            @test collect(a) == values && [v for v in a] == values || size == ()
        end
    end
end

@testset "generic functions" begin
    with_store() do store, path
        d = create!(store, "d")
        x = rand(1:100, 9, 8, 3)
        a = define!(d, "x", Int64, size(x); chunks=(4, 3, 2))
        a .= x
        @test sum(a) == sum(x) && prod(a ./ 50) ≈ prod(x ./ 50) && extrema(a) == extrema(x)
        @test minimum(a) == minimum(x) && maximum(abs, a) == maximum(x) && sum(abs2, a) == sum(abs2, x)
        @test sum(a; dims=1) == sum(x; dims=1) && maximum(a; dims=(1, 3)) == maximum(x; dims=(1, 3))
        @test reduce(+, a; init=5) == sum(x) + 5 && mapreduce(v -> 2v, max, a) == 2 * maximum(x)
        @test count(>(50), a) == count(>(50), x) && any(==(x[5]), a) && !all(>(50), a) && x[3] in a
        @test map(v -> v + 1, a) == x .+ 1 && filter(>(50), a) == filter(>(50), x)
        @test a == x && x == a && a == a && !(a == x .+ 1) && isequal(a, x) && hash(a) == hash(x)
        @test argmax(a) == argmax(x) && findfirst(==(x[40]), a) == findfirst(==(x[40]), x) && findmax(a) == findmax(x)
        @test similar(a) isa Array{Int64,3} && similar(a, Float32, (2, 2)) isa Matrix{Float32}
        @test reshape(a, 72, 3)[:, 2] == reshape(x, 72, 3)[:, 2] && vec(a)[5] == x[5]
        @test permutedims(a, (3, 1, 2)) == permutedims(x, (3, 1, 2))
        @test cat(a, a; dims=3) == cat(x, x; dims=3) && hcat(view(a, :, :, 1), view(a, :, :, 2)) == hcat(x[:, :, 1], x[:, :, 2])
        @test sort(vec(Array(a))) == sort(vec(x)) && cumsum(a; dims=1) == cumsum(x; dims=1)
        @test copy(a) isa Array && copy(a) == x && deepcopy(x) == collect(a) && convert(Array, a) == x
        @test convert(Array{Float64}, a) isa Array{Float64,3} && Array{Float64,3}(a) == x
        @test length(a) == length(x) && axes(a) == axes(x) && ndims(a) == 3 && eltype(a) == Int64 && lastindex(a, 2) == 8
        @test first(a) == first(x) && last(a) == last(x) && isempty(define!(d, "none", Int8, (0, 3)))
        @test sum(d["none"]) == 0 && collect(d["none"]) == zeros(Int8, 0, 3) && error_of(() -> maximum(d["none"])) isa Exception
        @test [I for I in eachindex(a)] == CartesianIndices(x) |> collect && collect(pairs(IndexCartesian(), a)) == collect(pairs(IndexCartesian(), x))
        b = fill(0, 300)
        copyto!(b, a)
        @test b[1:216] == vec(x) && all(==(0), b[217:end])
        @test error_of(() -> copyto!(zeros(Int, 5), a)) isa BoundsError
        @test a * 2 == x * 2 && view(a, :, :, 1) * ones(8) == x[:, :, 1] * ones(8)
    end
end

@testset "read_across" begin
    with_store() do store, path
        months = ["jan", "feb", "mar"]
        x = rand(Float32, 4, 3, 2, 3)
        for (k, month) in enumerate(months)
            dataset = create!(store, month)
            dataset["t"] = x[:, :, :, k]
            dataset["name"] = [month, "x$k"]
            dataset["only $month"] = 1
            dataset["n"] = k
        end
        create!(store, "empty")
        for flushed in (false, true)
            flushed && flush(store)
            @test Atlas.read_across(store, "t") == x
            @test Atlas.read_across(store, "t") isa Array{Float32,4}
            @test Atlas.read_across(store, "t", months) == x
            @test Atlas.read_across(store, "t", ("mar", "jan")) == x[:, :, :, [3, 1]]
            @test Atlas.read_across(store, "t", keys(store) |> collect |> k -> k[1:2]) == x[:, :, :, 1:2]
            @test Atlas.read_across(store, "t", months, :, 2, 1) == x[:, 2, 1, :]
            @test Atlas.read_across(store, "t", months, 2:3, :, 1:1) == x[2:3, :, 1:1, :]
            @test Atlas.read_across(store, "t", months, 1, 1, 1) == x[1, 1, 1, :]
            @test Atlas.read_across(store, "t", months, 1:0, :, :) == zeros(Float32, 0, 3, 2, 3)
            @test Atlas.read_across(Float64, store, "t") == x && Atlas.read_across(Float64, store, "t") isa Array{Float64,4}
            @test Atlas.read_across(store, "name") == ["jan" "feb" "mar"; "x1" "x2" "x3"]
            @test Atlas.read_across(store, "name", months, 2) == ["x1", "x2", "x3"]
            @test Atlas.read_across(store, "n") == [1, 2, 3]
        end
        @test status_of(() -> Atlas.read_across(store, "t", ["jan", "none"])) == :NOT_FOUND
        @test status_of(() -> Atlas.read_across(store, "only jan", months)) == :NOT_FOUND
        @test error_of(() -> Atlas.read_across(store, "t", String[])) isa ArgumentError
        @test error_of(() -> Atlas.read_across(store, "none")) isa ArgumentError
        @test error_of(() -> Atlas.read_across(store, "t", months, :, :, 1:2:2)) isa ArgumentError
        @test error_of(() -> Atlas.read_across(store, "t", months, :, :)) isa Exception
        @test error_of(() -> Atlas.read_across(store, "t", months, 5, :, :)) isa BoundsError
        @test status_of(() -> Atlas.read_across(Int8, store, "t")) == :TYPE_MISMATCH
        create!(store, "apr")["t"] = rand(Float32, 4, 3, 5)
        @test error_of(() -> Atlas.read_across(store, "t")) isa DimensionMismatch
        @test size(Atlas.read_across(store, "t", keys(store) |> collect |> k -> k[[1, 5]], :, :, 1)) == (4, 3, 2)
        delete!(store["apr"], "t")
        store["apr"]["t"] = rand(Float32, 4)
        @test error_of(() -> Atlas.read_across(store, "t")) isa Exception
    end
end
