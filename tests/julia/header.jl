# LibAtlas.jl against include/atlas.h: every constant, struct and function, with its arguments' names and types; and
# the layout of the structs as a C compiler sees it.
#
#     julia --project=bindings/julia tests/julia/header.jl HEADER

using Atlas
using Atlas: LibAtlas
using Test

const HEADER = read(ARGS[1], String)
const SOURCE = read(joinpath(dirname(pathof(Atlas)), "LibAtlas.jl"), String)

# Without comments.
const DECLARATIONS = replace(replace(HEADER, r"/\*.*?\*/"s => ""), r"\s+" => " ")

const TYPES = Dict(
    "bool *" => "Ptr{Bool}",
    "char *" => "Ptr{UInt8}",
    "const char *" => "Cstring",
    "const char *const *" => "Ptr{Cstring}",
    "const int64_t *" => "Ptr{Int64}",
    "const size_t *" => "Ptr{Csize_t}",
    "const uint64_t *" => "Ptr{UInt64}",
    "const void *" => "Ptr{Cvoid}",
    "const void *const *" => "Ptr{Ptr{Cvoid}}",
    "double" => "Float64",
    "int32_t" => "Int32",
    "int64_t" => "Int64",
    "size_t" => "Csize_t",
    "size_t *" => "Ptr{Csize_t}",
    "uint32_t" => "UInt32",
    "uint32_t *" => "Ptr{UInt32}",
    "uint64_t" => "UInt64",
    "uint64_t *" => "Ptr{UInt64}",
    "uint8_t" => "UInt8",
    "void *" => "Ptr{Cvoid}",
)

function julia_type(text)
    haskey(TYPES, text) && return TYPES[text]
    pointed = match(r"^(?:const )?(atlas_\w+) \*$", text)
    return pointed === nothing ? text : "Ptr{$(pointed[1])}"
end

"Type and name of `const char *name`, and the extent of `uint64_t name[N]`."
function declarator(text)
    m = match(r"^(.*?)(\w+)(?:\[(\w+)\])?$", strip(text))
    return julia_type(strip(m[1])), m[2], m[3]
end

set = try
    @testset "the header" begin
        @testset "constants" begin
            number(text) = text == "UINT64_MAX" ? typemax(UInt64) : parse(Int, text)
            constants = [(Symbol(m[1]), number(m[2])) for m in eachmatch(r"#define (ATLAS_\w+) (-?\d+|UINT64_MAX)", HEADER)]
            @test length(constants) > 60
            for (name, value) in constants
                @test getfield(LibAtlas, name) == value
            end
            ours = filter(name -> startswith(string(name), "ATLAS_"), names(LibAtlas; all=true))
            @test sort(ours) == sort(first.(constants))
        end

        @testset "functions" begin
            c = Dict{String,Tuple}()
            for m in eachmatch(r"((?:const )?\w+ \*?)(atlas_\w+)\(([^()]*)\);", DECLARATIONS)
                arguments = strip(m[3]) == "void" ? [] : [declarator(part)[1:2] for part in split(m[3], ",")]
                result = julia_type(strip(m[1]))
                c[m[2]] = (arguments, result == "Cstring" ? "Ptr{UInt8}" : result)
            end
            ours = Dict{String,Tuple}()
            for m in eachmatch(r"@c (atlas_\w+)\(([^()]*)\)::([\w{}]+)", replace(SOURCE, r"\s+" => " "))
                arguments = [Tuple(reverse(split(strip(part), "::"))) for part in split(m[2], ",") if !isempty(strip(part))]
                ours[m[1]] = (arguments, m[3])
            end
            @test length(c) == length(collect(eachmatch(r"\batlas_\w+\(", DECLARATIONS))) && sort(collect(keys(c))) == sort(collect(keys(ours)))
            @test sort(collect(keys(c))) == sort([string(name) for (name, address) in LibAtlas.FUNCTIONS])
            for name in keys(c)
                @test c[name] == ours[name]
            end
        end

        @testset "structs" begin
            structs = Dict(m[2] => [declarator(part) for part in split(m[1], ";") if !isempty(strip(part))]
                           for m in eachmatch(r"typedef struct \{(.*?)\} (\w+);", DECLARATIONS))
            @test length(structs) == 9
            lines = String[]
            for (name, fields) in structs
                T = getfield(LibAtlas, Symbol(name))
                @test [f[2] for f in fields] == [string(f) for f in fieldnames(T)]
                for (k, (type, field, extent)) in enumerate(fields)
                    element = LibAtlas.eval(Meta.parse(type))
                    n = extent === nothing ? nothing : LibAtlas.eval(Meta.parse(extent))
                    @test fieldtype(T, k) == (n === nothing ? element : NTuple{n,element})
                    push!(lines, "assert(offsetof($name, $field) == $(fieldoffset(T, k)));")
                end
                push!(lines, "assert(sizeof($name) == $(sizeof(T)));")
            end
            mktempdir() do folder
                program = joinpath(folder, "layout")
                write(program * ".c", """
                    #undef NDEBUG
                    #include <assert.h>
                    #include <stddef.h>
                    #include "$(abspath(ARGS[1]))"
                    int main(void) {
                        $(join(lines, "\n    "))
                        return 0;
                    }
                    """)
                @test success(pipeline(`cc -std=c99 $program.c -o $program`; stderr=stderr))
                @test success(pipeline(`$program`; stderr=stderr))
            end
        end
    end
catch e
    e isa Test.TestSetException || rethrow()
    e
end

count_passed(set::Test.DefaultTestSet) = set.n_passed + sum(Int[count_passed(r) for r in set.results])
count_passed(result) = 0
passed = set isa Exception ? set.pass : count_passed(set)
failed = set isa Exception ? set.fail + set.error + set.broken : 0
println(passed, " passed, ", failed, " failed")
exit(failed == 0 ? 0 : 1)
