# What walks through an array allocates parts, not something for every value. Run by parts.jl.
using Atlas
using Statistics

function sum_of(a)
    total = 0.0
    for v in a
        total += v
    end
    return total
end
slices(a) = mapslices(sum, a; dims=3)
double!(b, a) = (b .= 2 .* a .+ 1; nothing)

function check(name, f, limit)
    f()
    bytes = @allocated f()
    bytes < limit || error("$name allocates $bytes bytes, more than $limit")
    return nothing
end

mktempdir() do folder
    Atlas.create(joinpath(folder, "store")) do store
        d = create!(store, "d")
        a = define!(d, "a", Float32, (200, 200, 100); chunks=(50, 50, 10))
        b = define!(d, "b", Float32, size(a); chunks=(50, 50, 10))
        a .= 1
        array = sizeof(Float32) * length(a)
        for (name, f) in (
            "iteration" => sum_of, "sum" => sum, "extrema" => extrema, "count" => c -> count(>(2), c), "any" => c -> any(>(2), c),
            "foreach" => c -> foreach(identity, c), "findmax" => findmax, "findall" => c -> findall(>(2), c),
            "sum with dims" => c -> sum(c; dims=(1, 2)), "maximum with dims" => c -> maximum(c; dims=3),
            "mean with dims" => c -> mean(c; dims=3), "skipmissing" => c -> sum(skipmissing(c)),
        )
            check(name, () -> f(a), array + 2^22)
        end
        check("broadcast", () -> double!(b, a), 3 * array + 2^20)
        all(==(3), b) || error("broadcast is wrong")
        check("mapslices", () -> slices(a), 2 * array + 200 * 200 * 400)
    end
end
