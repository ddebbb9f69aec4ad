@testset "no ambiguous methods" begin
    ours(method) = method.module in (Atlas, LibAtlas)
    @test filter(pair -> any(ours, pair), detect_ambiguities(Atlas, Base, Core)) == []
end

@testset "exports" begin
    @test sort(names(Atlas)) == sort([:Atlas, :AtlasArray, :AtlasError, :TimestampNs, :attributes, :create!, :define!])
    for name in names(Atlas)
        @test isdefined(Atlas, name)
    end
end

@testset "every function of the library is there" begin
    @test all(pair -> pair.second[] != C_NULL, LibAtlas.FUNCTIONS)
end

@testset "README" begin
    readme = joinpath(@__DIR__, "..", "README.md")
    blocks = [m.captures[1] for m in eachmatch(r"```julia\n(.*?)```"s, read(readme, String))]
    @test !isempty(blocks)
    mktempdir() do folder
        cd(folder) do
            for (k, block) in enumerate(blocks)
                scope = Module(Symbol("README", k))
                k == 1 && continue                       # how to add the package
                @test (include_string(scope, block); true)
            end
        end
    end
end
