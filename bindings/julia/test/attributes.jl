@testset "every type" begin
    samples = (
        true, false, Int8(-5), typemin(Int16), typemax(Int32), typemin(Int64), 0xff, typemax(UInt16), typemax(UInt32),
        typemax(UInt64), Float16(1.5), 1.5f0, NaN32, -0.0, Inf, 1.0f0 + 2im, 1.0 - 2.0im, TimestampNs(5), "text", "", "Grüße",
    )
    with_path() do path
        Atlas.create(path) do store
            dataset = create!(store, "d")
            dataset["x"] = [1]
            for target in (attributes(dataset), attributes(dataset["x"])), (k, value) in enumerate(samples)
                target["scalar $k"] = value
                target["vector $k"] = [value, value, value]
                target["empty $k"] = typeof(value)[]
            end
        end
        Atlas.open(path) do store
            for target in (attributes(store["d"]), attributes(store["d"]["x"])), (k, value) in enumerate(samples)
                @test target["scalar $k"] === value
                @test isequal(target["vector $k"], [value, value, value]) && eltype(target["vector $k"]) === typeof(value)
                T = value isa TimestampNs ? DateTime : typeof(value)
                @test isempty(target["empty $k"]) && target["empty $k"] isa Vector{T}
            end
            @test length(attributes(store["d"])) == 3 * length(samples)
        end
    end
end

@testset "of the store" begin
    with_path() do path
        Atlas.create(path) do store
            a = attributes(store)
            @test isempty(a) && repr("text/plain", a) == "Atlas attributes of store $path"
            a["title"] = "an ensemble"
            a["years"] = [2000, 2010]
            a["gone"] = 1
            delete!(a, "gone")
        end
        Atlas.open(path) do store
            @test collect(attributes(store)) == ["title" => "an ensemble", "years" => [2000, 2010]] && isempty(store)
            @test occursin("title = \"an ensemble\"", repr("text/plain", store))
            @test status_of(() -> attributes(store)["x"] = 1) == :READ_ONLY
        end
    end
end

@testset "a dictionary" begin
    with_store() do store, path
        dataset = create!(store, "d")
        a = attributes(dataset)
        @test a isa AbstractDict{String,Any} && isempty(a) && collect(keys(a)) == []
        a["b"] = 1
        a["a"] = "x"
        a["c"] = 1:3
        a["b"] = [0.5, 1.5]                                  # the type may change, the place does not
        @test collect(keys(a)) == ["b", "a", "c"] && length(a) == 3
        @test [pair for pair in a] == ["b" => [0.5, 1.5], "a" => "x", "c" => [1, 2, 3]]
        @test Dict(a) == Dict("b" => [0.5, 1.5], "a" => "x", "c" => [1, 2, 3]) && a == Dict(a)
        @test haskey(a, "a") && !haskey(a, "z") && get(a, "z", 9) == 9 && get(a, "a", 9) == "x" && get(() -> 8, a, "z") == 8
        @test status_of(() -> a["z"]) == :NOT_FOUND
        @test delete!(a, "a") === a && !haskey(a, "a") && delete!(a, "a") === a
        merge!(a, Dict("x" => 5, "y" => ["p", "q"]))
        @test a["x"] == 5 && a["y"] == ["p", "q"]
        a["tuple"] = (1.0f0, 2.0f0)
        @test a["tuple"] == Float32[1, 2] && eltype(a["tuple"]) == Float32
        a["any"] = Any[1, 2]
        @test a["any"] == [1, 2] && a["any"] isa Vector{Int}
        a["one"] = [5]
        @test a["one"] === 5
        a["when"] = DateTime(2024)
        @test a["when"] === DateTime(2024) == TimestampNs(DateTime(2024))
        a["finer"] = [TimestampNs(1), TimestampNs(0)]
        @test a["finer"] == [TimestampNs(1), TimestampNs(0)] && a["finer"] isa Vector{TimestampNs}
        a["days"] = [Date(2024), Date(2025)]
        @test a["days"] == [Date(2024), Date(2025)] && a["days"] isa Vector{DateTime}
        a["sub"] = SubString("abc", 2)
        a["subs"] = split("p q")
        @test a["sub"] == "bc" && a["subs"] == ["p", "q"]
        a["bits"] = BitVector([true, false])
        @test a["bits"] == [true, false]
        a["long"] = "x"^100_000
        a["many"] = collect(1:100_000)
        @test a["long"] == "x"^100_000 && a["many"] == 1:100_000
        n = length(a)
        for bad in (1//2, nothing, missing, [1 2; 3 4], Any[1, "a"], Any[], [[1]], 'c', :symbol, big(1), pi)
            @test error_of(() -> a["bad"] = bad) isa Union{ArgumentError,MethodError}
        end
        @test error_of(() -> a["bad"] = "a\0b") isa ArgumentError
        @test error_of(() -> a["bad"] = ["a", "b\0"]) isa ArgumentError
        @test status_of(() -> a[""] = 1) == :INVALID_ARGUMENT
        @test length(a) == n && !haskey(a, "bad")
        for k in 1:500
            a["key $k"] = k
        end
        @test collect(values(a))[(end - 499):end] == 1:500
        dataset["x"] = [1.0]
        attributes(dataset["x"])["units"] = "K"
        @test collect(attributes(dataset["x"])) == ["units" => "K"] && !haskey(a, "units")
        delete!(dataset, "x")
        old = attributes(dataset)
        delete!(store, "d")
        @test status_of(() -> old["x"] = 1) == :NOT_FOUND && status_of(() -> length(old)) == :NOT_FOUND
    end
end
