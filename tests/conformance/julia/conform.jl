# conform write|check TABLE FOLDER: the conformance program in Julia. ../README.md says what it does.
#
#     julia --project=bindings/julia tests/conformance/julia/conform.jl write TABLE FOLDER
#
# Sizes, indices and names of dimensions are reversed in Julia; the cells are in the same order in memory.
using Atlas
using Dates: DateTime

# ---- value(DTYPE, SEED, k) ----

const TYPES = Dict{String,DataType}(
    "bool" => Bool,
    "i8" => Int8,
    "i16" => Int16,
    "i32" => Int32,
    "i64" => Int64,
    "u8" => UInt8,
    "u16" => UInt16,
    "u32" => UInt32,
    "u64" => UInt64,
    "f16" => Float16,
    "f32" => Float32,
    "f64" => Float64,
    "c64" => ComplexF32,
    "c128" => ComplexF64,
    "timestamp_ns" => TimestampNs,
    "string" => String,
)

const WORDS = ("", "x", "sea ice", "São Paulo", "温度", "0123456789abcdefghijklmnopqrstuvwxyz", "a,b;\"c\"\\d")

function hash32(seed::Int, k::Int)
    h = (seed * 1000003 + k * 2654435761 + 12345) % 4294967296
    h = xor(h, h >> 15) * 40503 % 4294967296
    return xor(h, h >> 13)
end

# The integer with so many bits of a mantissa.
function rounded(m::Int, bits::Int)
    drop = 64 - leading_zeros(abs(m)) - bits - 1
    drop <= 0 && return m
    kept, rest, half = abs(m) >> drop, abs(m) & (1 << drop - 1), 1 << (drop - 1)
    (rest > half || (rest == half && isodd(kept))) && (kept += 1)
    return sign(m) * (kept << drop)
end

# More than the mantissa of any float has.
const ALL_BITS = 53

number(::Type{Float16}, h::Int, bits::Int) = Float16(rounded(h % 2048 - 1024, bits) / 8)
number(::Type{Float32}, h::Int, bits::Int) = Float32(rounded(h % 16777216 - 8388608, bits) / 64)
number(::Type{Float64}, h::Int, bits::Int) = rounded(h - 2147483648, bits) / 1024

value(::Type{Bool}, seed::Int, k::Int) = isodd(hash32(seed, k))
value(::Type{T}, seed::Int, k::Int) where {T<:Integer} = hash32(seed, k) % T
function value(::Type{T}, seed::Int, k::Int) where {T<:Union{Int64,UInt64}}
    return (UInt64(hash32(seed, 2k)) << 32 | UInt64(hash32(seed, 2k + 1))) % T
end
value(::Type{TimestampNs}, seed::Int, k::Int) = TimestampNs(value(Int64, seed, k))
function value(::Type{T}, seed::Int, k::Int, bits::Int=ALL_BITS) where {T<:AbstractFloat}
    h = hash32(seed, k)
    special = (h >> 24) % 16
    special == 5 && return T(NaN)
    special == 6 && return T(Inf)
    special == 7 && return T(-Inf)
    special == 8 && return -zero(T)
    return number(T, h, bits)
end
function value(::Type{Complex{T}}, seed::Int, k::Int, bits::Int=ALL_BITS) where {T}
    return Complex(value(T, seed, 2k, bits), value(T, seed, 2k + 1, bits))
end
function value(::Type{String}, seed::Int, k::Int)
    h = hash32(seed, k)
    return WORDS[h % 7 + 1] * ((h >> 8) % 3 == 0 ? string(k) : "")
end

# With so many bits kept of floats.
values_of(::Type{T}, seed::Int, count::Int, bits::Int...) where {T} = T[value(T, seed, k, bits...) for k in 0:(count - 1)]

# ---- the table ----

numbers(text) = text == "scalar" ? Int[] : reverse(parse.(Int, split(text, ',')))
given(f, text) = text == "-" ? nothing : f(text)

struct ArrayLine
    dataset::String
    name::String
    T::DataType
    size::Dims
    dims::Vector{String}
    chunks::Union{Vector{Int},Nothing}
    pieces::Union{Vector{Int},Nothing}
    codec::Symbol
    filter::Symbol
    keep_bits::Union{Int,Nothing}
    fill::Union{Int,Nothing}
    seed::Int
    how::String
    box::Vector{UnitRange{Int}}
    step::Int
end

function ArrayLine(fields)
    dataset, name, dtype, shape, dims, chunks, encoding, fill, seed, how, start, count = fields
    chunks, pieces = (split(chunks, '/')..., "-")
    codec, rest = Iterators.peel(split(encoding, ','))
    bits = [parse(Int, one[6:end]) for one in rest if startswith(one, "bits=")]
    size = Tuple(numbers(shape))
    counts = something(given(numbers, count), collect(size))
    starts = something(given(numbers, start), zeros(Int, length(size)))
    return ArrayLine(
        dataset,
        name,
        TYPES[dtype],
        size,
        dims == "-" ? ["dim_$k" for k in (length(size) - 1):-1:0] : reverse(String.(split(dims, ','))),
        given(numbers, chunks),
        given(numbers, pieces),
        Symbol(codec),
        "delta" in rest ? :delta : :none,
        isempty(bits) ? nothing : bits[1],
        given(text -> parse(Int, text), fill),
        parse(Int, seed),
        how,
        [(first + 1):(first + n) for (first, n) in zip(starts, counts)],
        isempty(counts) ? 0 : counts[end],
    )
end

struct AttributeLine
    dataset::String
    array::String
    key::String
    T::DataType
    count::Int
    seed::Int
end

function AttributeLine(fields)
    return AttributeLine(fields[1:3]..., TYPES[fields[4]], parse(Int, fields[5]), parse(Int, fields[6]))
end

"A store of the table."
struct StoreLines
    name::String
    root::String
    finish::String
    datasets::Vector{String}
    gone::Vector{String}
    arrays::Vector{ArrayLine}
    attributes::Vector{AttributeLine}
end

function read_table(path)
    stores = StoreLines[]
    for line in eachline(path)
        fields = split(line)
        (isempty(fields) || startswith(line, '#')) && continue
        kind, rest = fields[1], fields[2:end]
        if kind == "store"
            push!(stores, StoreLines(rest..., [], [], [], []))
        elseif kind == "dataset"
            push!(stores[end].datasets, rest[1])
        elseif kind == "gone"
            push!(stores[end].datasets, rest[1])
            push!(stores[end].gone, rest[1])
        elseif kind == "array"
            push!(stores[end].arrays, ArrayLine(rest))
        elseif kind == "attribute"
            push!(stores[end].attributes, AttributeLine(rest))
        else
            error("unknown statement: $line")
        end
    end
    return stores
end

# ---- writing ----

cells(line::ArrayLine, seed=line.seed, bits::Int...) = reshape(values_of(line.T, seed, prod(line.size), bits...), line.size)

function write_array(dataset, line::ArrayLine)
    rank = length(line.size)
    size = line.how == "append" ? (line.size[1:(end - 1)]..., 0) : line.size
    fillvalue = line.fill === nothing ? nothing : value(line.T, line.fill, 0)
    own = line.dims == ["dim_$k" for k in (rank - 1):-1:0]
    array = define!(dataset, line.name, line.T, size; dims=own ? nothing : line.dims, chunks=line.chunks,
                    codec=line.codec, filter=line.filter, keep_bits=line.keep_bits, fillvalue=fillvalue)
    x = cells(line)
    if line.how in ("whole", "gone")
        array .= x
    elseif line.how == "twice"
        array .= cells(line, line.seed + 1)
    elseif line.how == "rows"
        rows = ntuple(_ -> :, rank - 1)
        foreach(row -> array[rows..., row:row] = view(x, rows..., row:row), line.size[end]:-1:1)
    elseif line.how == "append"
        for row in 1:line.step:line.size[end]
            append!(array, selectdim(x, rank, row:min(row + line.step - 1, line.size[end])))
        end
    elseif line.how == "box"
        array[line.box...] = view(x, line.box...)
    elseif line.how == "strided"
        halo = reshape(values_of(line.T, line.seed + 7, prod(line.size .+ 2)), line.size .+ 2)
        inner = view(halo, map(n -> 2:(n + 1), line.size)...)
        inner .= x
        array .= inner
    elseif line.how != "never"
        error("unknown way to write array $(line.name): $(line.how)")
    end
    return nothing
end

target(store, line::AttributeLine) =
    attributes(line.array == "-" ? store[line.dataset] : store[line.dataset][line.array])

function write_store(folder, lines::StoreLines)
    notation = split(lines.root, '.')
    options = (meta_format=Symbol(notation[1]), meta_compression=length(notation) == 2 ? :zstd : :none)
    Atlas.create(joinpath(folder, "$(lines.name).atlas"); options...) do store
        foreach(name -> create!(store, name), lines.datasets)
        foreach(name -> store[name]["v"] = values_of(Int32, 1, 10), lines.gone)
        foreach(line -> write_array(store[line.dataset], line), lines.arrays)
        for line in lines.attributes
            target(store, line)[line.key] = values_of(line.T, line.seed, line.count)
        end
        flush(store)
        foreach(name -> delete!(store, name), lines.gone)
        for line in lines.arrays
            line.how == "gone" && delete!(store[line.dataset], line.name)
            line.how == "twice" && (store[line.dataset][line.name] .= cells(line))
        end
        flush(store)
        lines.finish == "compact" && Atlas.compact(store)
    end
    return nothing
end

# ---- checking ----

"Ends the program unless what was found is what was expected: `isequal` tells zeros apart, and NaNs not."
function expect(where, what, found, expected)
    isequal(found, expected) && return nothing
    println(stderr, where, ": ", what, " is ", repr(found), ", expected ", repr(expected))
    exit(1)
end

"Compares element by element. Returns how many."
function compare(where, found, expected)
    expect(where, "the type", eltype(found), eltype(expected))
    expect(where, "the size", size(found), size(expected))
    for (k, (a, b)) in enumerate(zip(found, expected))
        isequal(a, b) || expect(where, "element $(k - 1)", a, b)
    end
    return length(expected)
end

function expected_cells(line::ArrayLine)
    stored = line.keep_bits === nothing ? cells(line) : cells(line, line.seed, line.keep_bits)
    line.how in ("box", "never") || return stored
    missing_value = line.T === String ? "" : line.T === TimestampNs ? TimestampNs(0) : zero(line.T)
    x = fill(line.fill === nothing ? missing_value : value(line.T, line.fill, 0), line.size)
    line.how == "box" && (x[line.box...] = stored[line.box...])
    return x
end

function check_array(where, array, line::ArrayLine)
    expect(where, "the type", eltype(array), line.T)
    expect(where, "the size", size(array), line.size)
    expect(where, "the names of dimensions", collect(Atlas.dimnames(array)), line.dims)
    line.chunks === nothing || expect(where, "the chunks' size", collect(Atlas.chunks(array)), line.chunks)
    line.pieces === nothing || expect(where, "the pieces' size", collect(Atlas.pieces(array)), line.pieces)
    encoding = Atlas.codec(array)
    expect(where, "the codec", encoding.codec, line.codec)
    expect(where, "the filter", encoding.filter, line.filter)
    expect(where, "the bits kept", encoding.keep_bits, line.keep_bits)
    fillvalue = Atlas.fillvalue(array)
    expect(where, "having a fill value", fillvalue !== nothing, line.fill !== nothing)
    line.fill === nothing || compare("$where: fill value", fill(fillvalue), fill(value(line.T, line.fill, 0)))
    return compare(where, Array(array), expected_cells(line))
end

function check_attribute(where, found, line::AttributeLine)
    # One element is a scalar in Julia.
    found = found isa AbstractVector ? found : fill(found, 1)
    # Whole milliseconds are dates there.
    eltype(found) === DateTime && (found = TimestampNs[TimestampNs(date) for date in found])
    return compare(where, found, values_of(line.T, line.seed, line.count))
end

"Opens and checks one store; returns how many values were compared."
function check_store(folder, lines::StoreLines)
    compared = 0
    keys_of(dataset, array) = [a.key for a in lines.attributes if (a.dataset, a.array) == (dataset, array)]
    Atlas.open(joinpath(folder, "$(lines.name).atlas")) do store
        expect(lines.name, "the list of datasets", collect(keys(store)), filter(d -> !(d in lines.gone), lines.datasets))
        for (name, dataset) in store
            arrays = [a.name for a in lines.arrays if a.dataset == name && a.how != "gone"]
            expect("$(lines.name): $name", "the list of arrays", collect(keys(dataset)), arrays)
            expect("$(lines.name): $name", "the list of attributes", collect(keys(attributes(dataset))), keys_of(name, "-"))
        end
        for line in lines.arrays
            line.how == "gone" && continue
            where = "$(lines.name): $(line.dataset): $(line.name)"
            array = Atlas.variable(store[line.dataset], line.name)
            compared += check_array(where, array, line)
            keys_found = collect(keys(attributes(array)))
            expect(where, "the list of attributes", keys_found, keys_of(line.dataset, line.name))
        end
        for line in lines.attributes
            where = "$(lines.name): $(line.dataset): $(line.array): attribute $(line.key)"
            compared += check_attribute(where, target(store, line)[line.key], line)
        end
    end
    return compared
end

if length(ARGS) < 3 || !(ARGS[1] in ("write", "check"))
    println(stderr, "usage: conform.jl write|check TABLE FOLDER...")
    exit(2)
end
command, table = ARGS
for folder in ARGS[3:end]
    if command == "write"
        foreach(lines -> write_store(folder, lines), read_table(table))
    else
        println("compared ", sum(lines -> check_store(folder, lines), read_table(table)), " values")
    end
end
