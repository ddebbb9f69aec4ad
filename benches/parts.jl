# What walking through an array of a store costs, in time and in memory allocated, beside the same walk in memory.
#
#     julia --project=bindings/julia benches/parts.jl [MILLIONS]
using Atlas
using Printf

function iterated(a)
    total = 0.0
    for v in a
        total += v
    end
    return total
end

const WALKS = [
    "for v in a" => iterated,
    "sum" => sum,
    "count" => a -> count(>(0.5f0), a),
    "extrema" => extrema,
    "any, none is" => a -> any(>(2), a),
    "foreach" => a -> foreach(identity, a),
    "sum, dims=3" => a -> sum(a; dims=3),
    "maximum, dims=(1, 2)" => a -> maximum(a; dims=(1, 2)),
    "mapslices sum, dims=3" => a -> mapslices(sum, a; dims=3),
    "findmax" => findmax,
]

function main(millions)
    mktempdir() do folder
        Atlas.create(joinpath(folder, "store"); cache_bytes=2^24) do store
            x = rand(Float32, 500, 500, 4 * millions)
            a = define!(create!(store, "d"), "a", Float32, size(x); chunks=(100, 100, 20))
            a .= x
            flush(store)
            @printf("%-24s%12s%12s%12s\n", "$(length(x) / 1e6) million values", "seconds", "MiB", "in memory, s")
            for (name, walk) in WALKS
                small = view(a, 1:2, 1:2, :)
                walk(small)
                walk(a)
                walk(x)
                there = @timed walk(a)
                here = @timed walk(x)
                @printf("%-24s%12.3f%12.1f%12.3f\n", name, there[2], there[3] / 2^20, here[2])
            end
        end
    end
end

main(isempty(ARGS) ? 25 : parse(Int, ARGS[1]))
