const TILED = (12, 20)

"Calls `f` with a new store that has an array in chunks of 4 x 6, and its path."
function with_tiles(f)
    return with_store(; threads=0) do store, path
        define!(create!(store, "run"), "t", Int32, TILED; dims=("x", "y"), chunks=(4, 6))
        flush(store)
        f(store, path)
    end
end

"Five columns, which do not end where chunks do, as worker `number` exports them."
function write_tile(ticket, number)
    return Atlas.open_worker(ticket, number; threads=0) do worker
        worker["run"]["t"][:, (5 * number + 1):(5 * number + 5)] = fill(Int32(number + 1), 12, 5)
        Atlas.export_changes(worker)
    end
end

expected_tiles() = [Int32((y - 1) ÷ 5 + 1) for x in 1:12, y in 1:20]

@testset "tasks are workers" begin
    with_tiles() do store, path
        t = store["run"]["t"]
        ticket = Atlas.session_begin(store; workers=4)
        @test ticket isa Vector{UInt8} && Atlas.session_missing(store) == 0:3
        exports = fetch.([Threads.@spawn(write_tile(ticket, number)) for number in 0:3])
        reader = Atlas.open(path)
        Atlas.import_changes(store, exports[3:3])
        @test Atlas.session_missing(store) == [0, 1, 3]
        # What came already is left out.
        Atlas.import_changes(store, reverse(exports))
        @test Atlas.session_missing(store) == []
        @test t[:, :] == expected_tiles() && all(iszero, reader["run"]["t"][:, :])
        flush(store)
        Atlas.refresh(reader)
        @test reader["run"]["t"][:, :] == expected_tiles()
        close(reader)
        Atlas.session_end(store)
        @test status_of(() -> Atlas.session_missing(store)) == :CONFLICT
        @test Atlas.verify(store) == []
    end
end

@testset "processes are workers" begin
    with_tiles() do store, path
        ticket = Atlas.session_begin(store; workers=4)
        ids = addprocs(2; exeflags=`--startup-file=no -O0 --project=$(Base.active_project())`)
        exports = try
            @everywhere ids @eval using Atlas
            # It names nothing of this file, which they have not read.
            pmap(WorkerPool(ids), [(ticket, number) for number in 0:3]) do (ticket, number)
                Atlas.open_worker(ticket, number; threads=0) do worker
                    worker["run"]["t"][:, (5 * number + 1):(5 * number + 5)] = fill(Int32(number + 1), 12, 5)
                    Atlas.export_changes(worker)
                end
            end
        finally
            rmprocs(ids)
        end
        Atlas.import_changes(store, exports)
        @test Atlas.session_missing(store) == []
        close(store)
        @test Atlas.open(store -> store["run"]["t"][:, :], path) == expected_tiles()
    end
end

@testset "what workers contradict each other in" begin
    with_tiles() do store, path
        ticket = Atlas.session_begin(store)
        first, again = write_tile(ticket, 0), write_tile(ticket, 0)
        other = Atlas.open_worker(ticket, 3; path=path) do worker
            worker["run"]["t"][2, 5] = Int32(7)
            for f in (() -> close(worker), () -> Atlas.renew(worker, ticket))
                @test status_of(f) == :UNFLUSHED_CHANGES
            end
            @test status_of(() -> flush(worker)) == :UNSUPPORTED
            Atlas.export_changes(worker)
        end
        e = error_of(() -> Atlas.import_changes(store, [first, other]))
        @test e.status == :CONFLICT && occursin("workers 0 and 3", e.text) && occursin("array 't' of dataset 'run'", e.text)
        @test all(iszero, store["run"]["t"][:, :])
        # It was run twice, and one of both counts.
        Atlas.import_changes(store, [first, again])
        @test status_of(() -> Atlas.session_end(store)) == :UNFLUSHED_CHANGES
        @test store["run"]["t"][:, 1:6] == [ones(12, 5) zeros(12)]
        @test status_of(() -> Atlas.import_changes(store, [ticket])) == :INVALID_ARGUMENT
        @test status_of(() -> Atlas.export_changes(store)) == :INVALID_ARGUMENT
        @test status_of(() -> Atlas.open_worker(first, 1)) == :INVALID_ARGUMENT
        @test error_of(() -> Atlas.open_worker(ticket, -1)) isa InexactError
        @test status_of(() -> Atlas.session_begin(store; datasets=["run", "none"])) == :NOT_FOUND
        @test error_of(() -> Atlas.session_begin(store; datasets=String[])) isa ArgumentError
        # What a function does not export is a failure, and lost.
        @test status_of(() -> Atlas.open_worker(w -> w["run"]["t"][1, 1] = Int32(1), ticket, 5)) == :UNFLUSHED_CHANGES
    end
end

@testset "workers grow arrays, and go on after a commit" begin
    with_tiles() do store, path
        create!(store, "other")
        worker = Atlas.open_worker(Atlas.session_begin(store; datasets=["run"]), 0)
        @test collect(keys(worker)) == ["run"]
        t = worker["run"]["t"]
        @test Atlas.extend(t, 21) === t && size(Atlas.extend(t, 3)) == (12, 21)
        t[:, 21] = fill(Int32(9), 12)
        Atlas.import_changes(store, [Atlas.export_changes(worker)])
        flush(store)
        Atlas.renew(worker, Atlas.session_begin(store))
        @test collect(keys(worker)) == ["run", "other"]
        @test worker["run"]["t"][:, 20:21] == [zeros(12) fill(9, 12)]
        close(worker)
        @test size(store["run"]["t"]) == (12, 21)
    end
end

@testset "another store goes on with a session" begin
    with_tiles() do store, path
        ticket = Atlas.session_begin(store)
        close(store)
        @test error_of(() -> Atlas.open(path; ticket=ticket)) isa ArgumentError
        Atlas.open(path, "r+"; ticket=ticket) do store
            Atlas.import_changes(store, [write_tile(ticket, 2)])
        end
        @test Atlas.open(store -> store["run"]["t"][:, 10:11], path) == [zeros(12) fill(3, 12)]
    end
end
