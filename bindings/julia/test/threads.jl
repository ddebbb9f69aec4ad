# With one thread these still run as tasks that take turns.

@testset "tasks write, read, append and flush one store" begin
    with_path() do path
        n, rounds = 8, 40
        Atlas.create(path; sync=false) do store
            log = define!(create!(store, "log"), "x", Int64, (0,))
            shared = define!(store["log"], "shared", Int64, (n, rounds); chunks=(3, 7))
            tasks = map(1:n) do k
                Threads.@spawn begin
                    dataset = create!(store, "task $k")
                    for round in 1:rounds
                        dataset["r$round"] = fill(k * round, 20)
                        attributes(dataset)["round"] = round
                        append!(log, fill(k, 3))
                        shared[k, round] = k * round
                        round % 10 == 0 && flush(store)
                        all(==(k * round), dataset["r$round"]) || error("torn")
                        sum(view(shared, k, 1:round)) == k * sum(1:round) || error("lost")
                        round % 8 == 0 && GC.gc(false)
                    end
                end
            end
            foreach(fetch, tasks)
        end
        Atlas.open(path) do store
            @test length(store) == n + 1
            @test Array(store["log"]["shared"]) == (1:n) * (1:rounds)'
            x = reshape(store["log"]["x"][:], 3, :)
            @test all(step -> step[1] == step[2] == step[3], eachcol(x))
            @test all(k -> count(==(k), x) == 3 * rounds, 1:n)
            @test all(k -> attributes(store["task $k"])["round"] == rounds, 1:n)
            totals = zeros(Int, n)
            Threads.@threads for k in 1:n
                for round in 1:rounds
                    totals[k] += sum(store["task $k"]["r$round"])
                end
            end
            @test totals == [20 * k * sum(1:rounds) for k in 1:n]
            @test Atlas.verify(store) == []
        end
    end
end

@testset "an error's text is that of its call" begin
    with_store() do store, path
        dataset = create!(store, "d")
        tasks = map(1:8) do k
            Threads.@spawn begin
                wrong = 0
                for i in 1:500
                    e = error_of(() -> dataset["none $k/$i"])
                    wrong += !(e isa AtlasError && e.status == :NOT_FOUND && occursin("'none $k/$i'", e.text))
                    i % 50 == 0 && yield()
                end
                wrong
            end
        end
        @test sum(fetch.(tasks)) == 0
    end
end

@testset "callbacks, commits and garbage collection on several threads" begin
    with_path() do path
        make_work(path)
        count = Threads.Atomic{Int}(0)
        store = Atlas.open(path, "r+"; progress=function (what, done, total)
            Threads.atomic_add!(count, 1)
            x = [rand(100) for _ in 1:100]      # garbage
            done == 1 && GC.gc(false)
            return sum(sum, x) >= 0
        end)
        tasks = map(1:4) do k
            Threads.@spawn for i in 1:10
                Atlas.verify(store)
                haskey(store, "extra $k") || create!(store, "extra $k")
                store["extra $k"]["a"] = fill(i, 5)
                flush(store)
                status = status_of(() -> Atlas.compact(store))
                status in (nothing, :UNFLUSHED_CHANGES) || error(string(status))
                GC.gc(false)
            end
        end
        foreach(fetch, tasks)
        @test count[] > 40
        close(store)
        @test Atlas.open(Atlas.verify, path) == []
    end
end

@testset "writes that wait for room, beside callbacks that make garbage" begin
    with_path() do path
        make_work(path)
        progress(_...) = (GC.gc(false); foreach(_ -> yield(), 1:10))
        store = Atlas.open(path, "r+"; progress=progress, write_buffer_bytes=2^16, sync=false)
        x = define!(create!(store, "big"), "x", Float64, (4096, 0); chunks=(4096, 1))
        writer = Threads.@spawn for step in 1:30
            append!(x, fill(step, 4096))
            x[:, step] = fill(Float64(step), 4096)
        end
        while !istaskdone(writer)
            @test Atlas.verify(store) == []
            status_of(() -> Atlas.compact(store)) in (nothing, :UNFLUSHED_CHANGES) || error("compact")
            yield()
        end
        fetch(writer)
        close(store)
        @test Atlas.open(reader -> reader["big"]["x"][5, :], path) == 1:30
    end
end

@testset "a store is closed once" begin
    with_path() do path
        for _ in 1:20
            rm(path; recursive=true, force=true)
            store = Atlas.create(path; sync=false)
            create!(store, "d")
            foreach(fetch, [Threads.@spawn(close(store)) for _ in 1:4])
            @test !isopen(store) && Atlas.open(length, path) == 1
        end
    end
end
