# Stores that nobody closes: the collector discards them, from any thread, at any moment.

@noinline function abandon(path)
    store = Atlas.open(path, "r+")
    create!(store, "lost")["x"] = rand(1000)
    return nothing
end

@noinline function abandon_from_view(path)
    store = Atlas.open(path)
    return view(store["kept"]["x"], 2:3)
end

@testset "an abandoned store is discarded" begin
    with_path() do path
        Atlas.create(store -> create!(store, "kept")["x"] = [1.0, 2.0, 3.0], path)
        for _ in 1:10
            abandon(path)
            foreach(_ -> GC.gc(), 1:2)
            Atlas.open(path, "r+") do store           # not locked any more
                @test collect(keys(store)) == ["kept"]
            end
        end
        # Whatever names something of a store keeps it open.
        v = abandon_from_view(path)
        foreach(_ -> GC.gc(), 1:3)
        @test v == [2.0, 3.0]
    end
end

"What a program says on standard error."
function said_by(program, path)
    errors = IOBuffer()
    julia = `$(Base.julia_cmd()) --startup-file=no -O0 --project=$(Base.active_project())`
    run(pipeline(ignorestatus(`$julia -e $("using Atlas; const path = ARGS[1]; " * program) $path`); stderr=errors))
    return String(take!(errors))
end

@testset "a store that is lost with changes says so" begin
    with_path() do path
        text = "Atlas: the store at $path was not closed: its changes since the last flush are lost\n"
        @test said_by("""const store = Atlas.create(path); create!(store, "lost")""", path) == text
        @test said_by("""
            (() -> (store = Atlas.open(path, "r+"); create!(store, "lost"); nothing))()
            foreach(_ -> GC.gc(), 1:3)
            println(stderr, "collected")
            """, path) == text * "collected\n"
        # Not where nothing is lost, or that was meant.
        @test said_by("""
            const store = Atlas.open(path, "r+"); create!(store, "kept"); flush(store)
            const reader = Atlas.open(path); haskey(reader, "kept") || error("not kept")
            """, path) == ""
        @test said_by("""store = Atlas.open(path, "r+"); create!(store, "lost"); Atlas.discard(store)""", path) == ""
        @test Atlas.open(s -> collect(keys(s)), path) == ["kept"]
    end
end

@testset "many stores, many tasks, much garbage" begin
    mktempdir() do folder
        stop = Threads.Atomic{Bool}(false)
        collectors = map((false, true)) do full
            Threads.@spawn while !stop[]
                GC.gc(full)
                sleep(full ? 0.05 : 0.005)
            end
        end
        rounds = 20
        tasks = map(1:6) do k
            Threads.@spawn begin
                sum_ = 0.0
                for round in 1:rounds
                    path = joinpath(folder, "$k-$round")
                    store = Atlas.create(path; sync=false, threads=round % 3)
                    dataset = create!(store, "d")
                    x = rand(50, 20)
                    dataset["x"] = x
                    dataset["s"] = ["text $i" for i in 1:50]
                    attributes(dataset)["list"] = ["a", "b"]
                    x = nothing
                    round % 4 == 0 && flush(store)
                    round % 5 == 0 && close(store)
                    if round % 5 != 0
                        sum_ += sum(dataset["x"]) + length(join(dataset["s"])) + length(attributes(dataset)["list"])
                        view(dataset["x"], :, 3) .= 1
                        append!(dataset["x"], ones(50))
                    end
                    error_of(() -> dataset["none $round"])
                    round % 7 == 0 && GC.gc()
                    # `store` is left to the collector.
                end
                sum_
            end
        end
        @test all(isfinite, fetch.(tasks))
        stop[] = true
        foreach(wait, collectors)
        foreach(_ -> GC.gc(), 1:4)
        wrong = String[]
        for k in 1:6, round in 1:rounds
            Atlas.open(joinpath(folder, "$k-$round")) do store
                expected = round % 4 == 0 || round % 5 == 0
                haskey(store, "d") == expected || push!(wrong, "$k-$round")
            end
        end
        @test isempty(wrong)
    end
end

@testset "memory is kept during a call" begin
    with_store(; sync=false) do store, path
        dataset = create!(store, "d")
        a = define!(dataset, "a", Float64, (64, 64); chunks=(8, 8))
        for round in 1:200
            a[:, :] = fill(Float64(round), 64, 64)          # nothing else holds the values
            GC.gc(false)
            @test all(==(round), a[:, :]) || break
            a[1:2:64, :] = view(fill(1.0, 64, 64), 1:32, :)
            dataset["s$(round % 5)"] = [string("text", i) for i in 1:20]
            attributes(dataset)["a"] = [string(i) for i in 1:20]
        end
        @test dataset["s3"][20] == "text20"
    end
end
