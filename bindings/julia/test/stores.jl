@testset "create, close, open" begin
    with_path() do path
        store = Atlas.create(path)
        @test store isa Atlas.Store && isopen(store)
        @test Atlas.info(store).mode == "r+" && Atlas.info(store).generation == 1
        create!(store, "jan")
        @test Atlas.info(store).unflushed_changes
        @test close(store) === nothing
        @test !isopen(store)
        @test close(store) === nothing
        @test Atlas.discard(store) === nothing
        @test status_of(() -> flush(store)) == :INVALID_HANDLE
        @test status_of(() -> store["jan"]) == :INVALID_HANDLE
        for f in (() -> flush(store), () -> store["jan"], () -> create!(store, "x"), () -> haskey(store, "jan"), () -> length(store),
                  () -> Atlas.info(store), () -> Atlas.compact(store), () -> Atlas.verify(store), () -> Atlas.refresh(store))
            @test error_of(f).text == "the store at $path was closed"
        end
        @test status_of(() -> Atlas.create(path)) == :ALREADY_EXISTS

        store = Atlas.open(path)
        @test Atlas.info(store).mode == "r"
        @test collect(keys(store)) == ["jan"]
        @test status_of(() -> create!(store, "feb")) == :READ_ONLY
        @test status_of(() -> flush(store)) == :READ_ONLY
        close(store)
        for mode in ("r+",)
            store = Atlas.open(path, mode)
            @test Atlas.info(store).mode == "r+" && haskey(store, "jan")
            close(store)
        end
        @test error_of(() -> Atlas.open(path, "rw")) isa ArgumentError
        @test status_of(() -> Atlas.open(path * "/missing")) == :NOT_FOUND
        @test error_of(() -> Atlas.open("no\0path")) isa ArgumentError
    end
end

@testset "modes" begin
    with_path() do path
        written(mode, name; options...) = Atlas.open(s -> (create!(s, name); collect(keys(s))), path, mode; options...)
        there() = Atlas.open(s -> collect(keys(s)), path)
        @test status_of(() -> written("r+", "a")) == :NOT_FOUND
        @test written("x", "a"; codec=:lz4) == ["a"] && status_of(() -> written("x", "b")) == :ALREADY_EXISTS
        @test written("a", "b") == ["a", "b"] && written("cw", "c") == ["a", "b", "c"] && written("r+", "d") == ["a", "b", "c", "d"]
        for (k, mode) in enumerate(("w", "c", "w"))
            @test written(mode, "new $k") == ["new $k"] && there() == ["new $k"]
        end
        # The old one is there until the new one is.
        @test error_of(() -> Atlas.open(s -> (create!(s, "half"); error("stop")), path, "w")) == ErrorException("stop")
        @test there() == ["new 3"]
        Atlas.open(path, "w"; keep_generations=3) do store
            @test isempty(store) && there() == ["new 3"]
            flush(store)
            @test there() == []
        end
        rm(path; recursive=true)
        @test written("w", "first") == ["first"]
        rm(path; recursive=true)
        @test written("a", "first") == ["first"]
        @test Atlas.create(s -> collect(keys(s)), path; if_exists=:open) == ["first"]
        @test Atlas.create(s -> collect(keys(s)), path; if_exists=:replace) == [] && there() == []
        @test status_of(() -> Atlas.create(path; if_exists=:fail)) == :ALREADY_EXISTS
        @test error_of(() -> Atlas.create(path; if_exists=:perhaps)) isa ArgumentError
        e = error_of(() -> Atlas.open(path, "rw"))
        @test e isa ArgumentError && occursin("\"cw\"", e.msg)
        @test error_of(() -> Atlas.open(path, "w"; generation=1)) isa ArgumentError
        @test error_of(() -> Atlas.open(path, "r"; codec=:lz4)) isa MethodError
    end
end

@testset "blocks" begin
    with_path() do path
        result = Atlas.create(path) do store
            create!(store, "kept")
            store
        end
        @test result isa Atlas.Store && !isopen(result)
        @test Atlas.open(s -> collect(keys(s)), path) == ["kept"]

        # An exception discards, and arrives as it was.
        thrown = ErrorException("mine")
        inside = nothing
        caught = error_of() do
            Atlas.open(path, "r+") do store
                inside = store
                create!(store, "gone")
                throw(thrown)
            end
        end
        @test caught === thrown
        @test !isopen(inside)
        @test Atlas.open(s -> collect(keys(s)), path) == ["kept"]
        @test error_of(() -> Atlas.open(s -> throw(InterruptException()), path, "r+")) isa InterruptException

        # Its backtrace is the one of where it was thrown.
        function thrower()
            return error("here")
        end
        frames = try
            Atlas.open(s -> thrower(), path, "r+")
        catch
            stacktrace(catch_backtrace())
        end
        @test any(frame -> frame.func === :thrower, frames)

        # Closed or discarded inside is as it was left.
        @test Atlas.open(path, "r+") do store
            create!(store, "early")
            close(store)
            :result
        end === :result
        Atlas.open(path, "r+") do store
            create!(store, "never")
            Atlas.discard(store)
        end
        @test Atlas.open(s -> collect(keys(s)), path) == ["kept", "early"]
    end
end

@testset "a flush that fails" begin
    with_path() do path
        store = Atlas.create(path)
        store |> s -> create!(s, "jan")["x"] = [1, 2, 3]
        mv(path, path * ".away")
        @test error_of(() -> close(store)) isa AtlasError
        @test isopen(store)
        @test store["jan"]["x"][:] == [1, 2, 3]
        mv(path * ".away", path)
        close(store)
        @test Atlas.open(s -> s["jan"]["x"][:], path) == [1, 2, 3]

        inside = nothing
        @test error_of() do
            Atlas.open(path, "r+") do store
                inside = store
                create!(store, "feb")
                mv(path, path * ".away")
            end
        end isa AtlasError
        @test !isopen(inside)
    end
end

@testset "a flush beside the program" begin
    with_path() do path
        Atlas.create(path; write_buffer_bytes=2^20) do store
            @test Atlas.flush_test(store) && Atlas.flush_wait(store) === nothing
            x = define!(create!(store, "jan"), "x", Float64, (1000, 0))
            for step in 1:200
                append!(x, fill(Float64(step), 1000))
                step % 50 == 0 && Atlas.flush_begin(store)
            end
            Atlas.flush_wait(store)
            @test Atlas.flush_test(store) && !Atlas.info(store).unflushed_changes
            Atlas.open(reader -> @test(reader["jan"]["x"][7, :] == 1:200), path)
            append!(x, zeros(1000))
            Atlas.flush_begin(store)
            Atlas.discard(store)                            # waits for it
        end
        Atlas.open(path) do reader
            @test size(reader["jan"]["x"]) == (1000, 201)
            @test status_of(() -> Atlas.flush_begin(reader)) == :READ_ONLY
            @test status_of(() -> Atlas.flush_test(reader)) == :READ_ONLY
        end
    end
end

@testset "one writer, many readers" begin
    with_store() do store, path
        e = error_of(() -> Atlas.open(path, "r+"))
        @test e isa AtlasError && e.status == :LOCKED && occursin(string(getpid()), e.text)
        reader = Atlas.open(path)
        create!(store, "jan")["x"] = 1:3
        @test isempty(reader)
        flush(store)
        @test isempty(reader) && Atlas.info(reader).generation == 1
        Atlas.refresh(reader)
        @test Atlas.info(reader).generation == 2 && reader["jan"]["x"] == 1:3
        close(reader)
        Atlas.discard(store)
        Atlas.open(s -> @test(haskey(s, "jan")), path, "r+")
    end
end

@testset "waiting" begin
    with_store() do store, path
        @test status_of(() -> Atlas.open(path, "r+"; lock_timeout=0.01)) == :LOCKED
        other = @async Atlas.open(s -> collect(keys(s)), path, "r+"; lock_timeout=Inf)
        again = @async Atlas.create(s -> collect(keys(s)), path; if_exists=:open, lock_timeout=60)
        create!(store, "first")
        sleep(0.01)
        @test !istaskdone(other) && !istaskdone(again)
        close(store)
        @test fetch(other) == ["first"] && fetch(again) == ["first"]
        @test error_of(() -> Atlas.open(path, "r+"; lock_timeout=-1)) isa ArgumentError

        store = Atlas.open(path, "r+")
        reader = Atlas.open(path)
        @test !Atlas.wait_for_commit(reader, 0) && !Atlas.wait_for_commit(reader, 0.01)
        waiter = @async Atlas.wait_for_commit(reader)
        yield()
        create!(store, "second")
        flush(store)
        @test fetch(waiter) && Atlas.wait_for_commit(reader, 0) && !haskey(reader, "second")
        Atlas.refresh(reader)
        @test haskey(reader, "second") && !Atlas.wait_for_commit(reader, 0)
        @test status_of(() -> Atlas.wait_for_commit(store, 0)) == :INVALID_ARGUMENT
        @test error_of(() -> Atlas.wait_for_commit(reader, -1)) isa ArgumentError
        close(reader)
        @test status_of(() -> Atlas.wait_for_commit(reader)) == :INVALID_HANDLE
        close(store)
    end
end

@testset "floats that do not fit" begin
    with_store() do store, path
        d = create!(store, "d")
        a = define!(d, "a", Float32, (2,))
        @test status_of(() -> a[:] = [1, 1e300]) == :OUT_OF_RANGE && a == [0, 0]
        d["b"] = [1e300, 1.0]
        @test status_of(() -> copyto!(zeros(Float32, 2), d["b"])) == :OUT_OF_RANGE
        close(store)
        Atlas.open(path, "r+"; float_overflow=:infinity) do store
            store["d"]["a"][:] = [1, 1e300]
            @test store["d"]["a"] == [1, Inf32] && copyto!(zeros(Float32, 2), store["d"]["b"]) == [Inf32, 1]
        end
        @test status_of(() -> Atlas.open(s -> s["d"]["a"][:] = [1, 1e300], path, "r+"; float_overflow=:error)) == :OUT_OF_RANGE
        @test error_of(() -> Atlas.open(path, "r+"; float_overflow=:perhaps)) isa ArgumentError
    end
end

@testset "earlier commits" begin
    with_store(; keep_generations=20) do store, path
        @test Atlas.generations(store) == [1]
        x = define!(create!(store, "d"), "x", Int32, (3,))
        for commit in 2:30
            x .= commit
            flush(store)
        end
        kept = Atlas.generations(store)
        @test kept isa Vector{Int} && kept == 10:30
        for commit in kept
            Atlas.open(path; generation=commit) do reader
                @test Atlas.info(reader).generation == commit && Atlas.info(reader).mode == "r"
                @test reader["d"]["x"] == fill(commit, 3)
            end
        end
        for commit in (0, 9, 31)
            e = error_of(() -> Atlas.open(path; generation=commit))
            @test e isa AtlasError && e.status == :NOT_FOUND && occursin("commit $commit:", e.text)
            @test status_of(() -> Atlas.rollback(store, commit)) == :NOT_FOUND
        end
        @test error_of(() -> Atlas.open(path, "r+"; generation=30)) isa ArgumentError
        @test error_of(() -> Atlas.open(path, "r+"; generation=30)) isa ArgumentError
        @test error_of(() -> Atlas.open(path; generation=-1)) isa InexactError
        @test error_of(() -> Atlas.rollback(store, -1)) isa InexactError

        reports = 0
        reader = Atlas.open(path; generation=12, threads=0, progress=(what, done, total) -> reports += 1)
        @test isempty(Atlas.verify(reader)) && reports > 0
        @test status_of(() -> Atlas.rollback(reader, 12)) == :READ_ONLY
        x .= 31
        @test status_of(() -> Atlas.rollback(store, 12)) == :UNFLUSHED_CHANGES
        flush(store)
        @test Atlas.rollback(store, 15) === nothing
        @test x == fill(15, 3) && Atlas.info(store).generation == 32
        @test reader["d"]["x"] == fill(12, 3)
        Atlas.refresh(reader)
        @test reader["d"]["x"] == fill(15, 3) && Atlas.generations(reader) == Atlas.generations(store)
        close(reader)
        @test status_of(() -> Atlas.generations(reader)) == :INVALID_HANDLE
        @test status_of(() -> Atlas.rollback(reader, 15)) == :INVALID_HANDLE
        @test status_of(() -> Atlas.set_keep_generations(reader, 15)) == :INVALID_HANDLE
        Atlas.rollback(store, 31)
        @test x == fill(31, 3)
    end
    for (options, expected) in (((), [2, 3]), ((keep_generations=nothing,), [2, 3]), ((keep_generations=0,), [3]))
        with_store(; options...) do store, path
            foreach(name -> (create!(store, name); flush(store)), ("a", "b"))
            @test Atlas.generations(store) == expected
            for (count, kept) in ((2, [3, 4]), (0, [5]), (nothing, [5, 6]))
                @test Atlas.set_keep_generations(store, count) === nothing
                @test Atlas.info(store).keep_generations === count
                flush(store)
                @test Atlas.generations(store)[(end - length(kept) + 1):end] == kept
            end
        end
        with_store() do store, path
            @test status_of(() -> Atlas.set_keep_generations(store, -2)) == :INVALID_ARGUMENT
        end
    end
    with_path() do path
        @test status_of(() -> Atlas.create(path; keep_generations=-2)) == :INVALID_ARGUMENT
        @test error_of(() -> Atlas.create(path; generation=1)) isa MethodError
    end
end

@testset "pins" begin
    with_store() do store, path
        @test Atlas.pins(store) == []
        x = define!(create!(store, "d"), "x", Int32, (3,))
        for commit in 2:20
            x .= commit
            flush(store)
            commit in (3, 5) && @test Atlas.pin(store, "at $commit") === nothing
        end
        e = error_of(() -> Atlas.pin(store, "at 5"))
        @test e isa AtlasError && e.status == :ALREADY_EXISTS && occursin("commit 5", e.text)
        @test status_of(() -> Atlas.pin(store, "")) == :INVALID_ARGUMENT
        @test status_of(() -> Atlas.unpin(store, "at 4")) == :NOT_FOUND
        Atlas.compact(store)
        reader = Atlas.open(path)
        @test Atlas.pins(reader) == ["at 3" => 3, "at 5" => 5] && Atlas.pins(reader) isa Vector{Pair{String,Int}}
        @test status_of(() -> Atlas.pin(reader, "x")) == :READ_ONLY
        close(reader)
        @test status_of(() -> Atlas.pins(reader)) == :INVALID_HANDLE
        for (_, commit) in Atlas.pins(store)
            Atlas.open(pinned -> @test(pinned["d"]["x"] == fill(commit, 3)), path; generation=commit)
        end
        @test Atlas.unpin(store, "at 3") === nothing
        flush(store)
        @test Atlas.pins(store) == ["at 5" => 5]
        @test status_of(() -> Atlas.open(path; generation=3)) == :NOT_FOUND
    end
end

@testset "options" begin
    for (options, file) in (
        ((), "atlas.json"),
        ((meta_format=:json, meta_compression=:zstd), "atlas.json.zst"),
        ((meta_format=:msgpack,), "atlas.msgpack"),
        ((meta_format=:msgpack, meta_compression=:none, sync=false, threads=0, cache_bytes=2^20), "atlas.msgpack"),
    )
        with_store(; options...) do store, path
            @test isfile(joinpath(path, file))
            @test Atlas.info(store).meta_format == get(Dict(pairs((; options...))), :meta_format, :json)
            @test Atlas.info(store).meta_compression == get(Dict(pairs((; options...))), :meta_compression, :none)
        end
    end
    with_store(; codec=:lz4, shuffle=false, pack=false, threads=2) do store, path
        array = define!(create!(store, "d"), "x", Int32, (4,))
        @test occursin("lz4", repr("text/plain", array)) && !occursin("shuffled", repr("text/plain", array))
        @test occursin(", not packed", repr("text/plain", array))
        array .= 7
        close(store)
        @test Atlas.open(s -> s["d"]["x"][:], path; threads=0, sync=true, cache_bytes=1) == fill(7, 4)
    end
    with_path() do path
        @test error_of(() -> Atlas.create(path; codec=:gzip)) isa ArgumentError
        @test error_of(() -> Atlas.create(path; meta_format="json")) isa MethodError
        @test status_of(() -> Atlas.create(path; threads=-7)) == :INVALID_ARGUMENT
    end
end

@testset "compact and verify" begin
    with_store() do store, path
        values = rand(1000)
        create!(store, "a")["x"] = values
        create!(store, "b")["x"] = values
        @test status_of(() -> Atlas.compact(store)) == :UNFLUSHED_CHANGES
        flush(store)
        delete!(store, "a")
        flush(store)
        @test Atlas.info(store).dead_bytes > 0
        @test Atlas.compact(store) === nothing
        @test Atlas.info(store).dead_bytes == 0
        @test store["b"]["x"] == values
        @test Atlas.verify(store) == Atlas.Damage[]

        close(store)
        segment = only(f for f in readdir(joinpath(path, "x"); join=true))
        bytes = read(segment)
        bytes[end ÷ 2] ⊻= 0xff
        write(segment, bytes)
        Atlas.open(path) do reader
            damages = Atlas.verify(reader)
            @test length(damages) == 1
            @test damages[1].file == segment && 0 <= damages[1].offset < length(bytes)
            @test occursin(segment, sprint(show, damages[1]))
            e = error_of(() -> reader["b"]["x"][:])
            @test e isa AtlasError && e.status == :CORRUPT && occursin(segment, e.text)
        end
    end
end

@testset "errors" begin
    with_store() do store, path
        e = error_of(() -> store["no such"])
        @test e isa AtlasError && e.status === :NOT_FOUND && e.code == LibAtlas.ATLAS_STATUS_NOT_FOUND
        @test occursin("no such", e.text) && occursin("no such", sprint(showerror, e))
        @test occursin("NOT_FOUND", sprint(showerror, e))
        dataset = create!(store, "jan")
        e = error_of(() -> create!(store, "jan"))
        @test e.status == :ALREADY_EXISTS && occursin("'jan'", e.text)
        @test status_of(() -> create!(store, "")) == :INVALID_ARGUMENT
        @test status_of(() -> create!(store, "x"^256)) == :INVALID_ARGUMENT
        @test status_of(() -> create!(store, "\xff")) == :INVALID_ARGUMENT
        @test error_of(() -> create!(store, "a\0b")) isa ArgumentError
        e = error_of(() -> dataset["none"])
        @test e.status == :NOT_FOUND && occursin("'none'", e.text) && occursin("'jan'", e.text)
        delete!(store, "jan")
        @test status_of(() -> dataset["x"] = 1) == :NOT_FOUND
        @test status_of(() -> keys(dataset) |> collect) == :NOT_FOUND
    end
end

@testset "version" begin
    @test Atlas.version() isa VersionNumber
    @test LibAtlas.atlas_version() ÷ 1000 == LibAtlas.ATLAS_VERSION ÷ 1000
end
