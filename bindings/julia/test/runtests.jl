using Atlas
using Atlas: LibAtlas
using Dates
using Distributed
using Statistics
using Test

"Calls `f` with the path of a store that is not there yet, in a folder that is removed afterwards."
with_path(f) = mktempdir(folder -> f(joinpath(folder, "test.atlas")))

"Calls `f` with a new store, open for writing, and its path."
function with_store(f; options...)
    return with_path() do path
        store = Atlas.create(path; options...)
        try
            f(store, path)
        finally
            Atlas.discard(store)
        end
    end
end

"The error that `f` throws."
function error_of(f)
    try
        f()
    catch e
        return e
    end
    return nothing
end

"The status of the `AtlasError` that `f` throws."
function status_of(f)
    e = error_of(f)
    return e isa AtlasError ? e.status : e
end

"Makes a store that compact and verify have something to do in."
function make_work(path)
    return Atlas.create(path) do store
        for step in 1:3, name in ("a", "b", "c")
            haskey(store, "d$step") || create!(store, "d$step")
            store["d$step"][name] = rand(50)
            flush(store)
        end
    end
end

count_passed(set::Test.DefaultTestSet) = set.n_passed + sum(Int[count_passed(r) for r in set.results])
count_passed(result) = 0

# Those to run may be given as arguments.
const FILES = ["stores", "datasets", "arrays", "indexing", "parts", "broadcast", "missing", "types", "times", "attributes", "statistics", "callbacks",
               "show", "threads", "sessions", "garbage", "extensions", "package"]

passed, failed = 0, 0
try
    set = @testset "Atlas, $(Threads.nthreads()) threads" begin
        for file in (isempty(ARGS) ? FILES : ARGS)
            start = time()
            @testset "$file" begin
                include("$file.jl")
            end
            println(rpad(file, 12), round(time() - start; digits=1), " s")
        end
    end
    global passed = count_passed(set)
catch e
    e isa Test.TestSetException || rethrow()
    global passed, failed = e.pass, e.fail + e.error + e.broken
end
println(passed, " passed, ", failed, " failed")
exit(failed == 0 ? 0 : 1)
