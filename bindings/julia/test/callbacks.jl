@testset "progress" begin
    with_path() do path
        make_work(path)
        calls = []
        threads_seen = Set{Int}()
        store = Atlas.open(path, "r+"; progress=(what, done, total) -> (push!(calls, (what, done, total)); push!(threads_seen, Threads.threadid()); nothing))
        @test Atlas.verify(store) == []
        @test calls == [("verify", k, 9) for k in 0:9]
        empty!(calls)
        Atlas.compact(store)
        @test calls == [("compact", k, 3) for k in 0:3]
        @test length(threads_seen) == 1
        close(store)
    end
    with_path() do path
        make_work(path)
        # Cancelled, and then done after all.
        stop = Ref(true)
        store = Atlas.open(path, "r+"; progress=(what, done, total) -> !(stop[] && done == 1))
        before = Atlas.info(store)
        e = error_of(() -> Atlas.compact(store))
        @test e isa AtlasError && e.status == :CANCELLED
        @test Atlas.info(store) == before && store["d2"]["b"][1] isa Float64
        @test status_of(() -> Atlas.verify(store)) == :CANCELLED
        stop[] = false
        Atlas.compact(store)
        @test Atlas.info(store).segment_count == 3
        close(store)
        # An exception stops it too, and arrives.
        thrown = ErrorException("mine")
        store = Atlas.open(path, "r+"; progress=(_...) -> throw(thrown))
        @test error_of(() -> Atlas.verify(store)) === thrown
        @test error_of(() -> Atlas.verify(store)) === thrown
        close(store)
        # It may print and let other tasks run, also such as use the store.
        lines = IOBuffer()
        turns = Ref(0)
        store = Atlas.open(path, "r+"; progress=function (what, done, total)
            println(lines, what, " ", done)
            GC.gc()
            sleep(0.01)
            return true
        end)
        other = @async for _ in 1:20
            turns[] += store["d1"]["a"][1] isa Float64
            flush(store)
            yield()
        end
        @test Atlas.verify(store) == []
        wait(other)
        @test turns[] == 20 && occursin("verify 3", String(take!(lines)))
        close(store)
        # But it must not use the store itself.
        store = nothing
        store = Atlas.open(path, "r+"; progress=(_...) -> flush(store))
        @test error_of(() -> Atlas.verify(store)) isa ArgumentError
        flush(store)
        close(store)
    end
end

@testset "log" begin
    with_path() do path
        make_work(path)
        leftover = joinpath(path, "a", "99999999-0123456789abcdef.seg")
        write(leftover, "left by a crash")
        messages = []
        store = Atlas.open(path, "r+"; log=(level, text) -> (yield(); push!(messages, level => text)))
        @test length(messages) == 1 && messages[1][1] === :info && occursin("1 file", messages[1][2])
        @test !isfile(leftover)
        Atlas.compact(store)
        @test length(messages) == 2
        close(store)
        write(leftover, "left by a crash")
        @test_logs (:debug, r"Atlas: removed 1 file") min_level=Base.CoreLogging.Debug close(Atlas.open(path, "r+"))
        write(leftover, "left by a crash")
        @test_logs close(Atlas.open(path, "r+"))
        write(leftover, "left by a crash")
        @test error_of(() -> Atlas.open(path, "r+"; log=(_...) -> error("from log"))) == ErrorException("from log")
        close(Atlas.open(path, "r+"))                     # not locked any more
    end
end

@testset "finalizers wait for callbacks to end" begin
    with_path() do path
        make_work(path)
        others = Ref{Any}([Atlas.create(path * "$k") for k in 1:5])
        ids = [other.handle.id for other in others[]]
        alive(id) = LibAtlas.atlas_store_info(id, LibAtlas.zeroed(LibAtlas.atlas_store_description)) == 0
        during = Int[]
        store = Atlas.open(path; progress=function (what, done, total)
            others[] = nothing
            GC.gc()
            push!(during, Atlas.CALLBACKS[])
            return nothing
        end)
        Atlas.verify(store)
        @test all(==(1), during) && Atlas.CALLBACKS[] == 0
        foreach(_ -> GC.gc(), 1:3)
        @test !any(alive, ids)
        close(store)
    end
end
