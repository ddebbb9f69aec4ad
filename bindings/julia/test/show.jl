@testset "show" begin
    with_store() do store, path
        dataset = create!(store, "jan")
        a = define!(dataset, "t", Float32, (3, 2); dims=("lon", "lat"), fillvalue=-9)
        attributes(a)["units"] = "K"
        attributes(dataset)["levels"] = collect(1:100)
        dataset["n"] = 5
        dataset["s"] = ["a"]
        limited = IOContext(IOBuffer(), :limit => true, :displaysize => (20, 60))
        text(x) = (show(limited, "text/plain", x); String(take!(limited.io)))
        @test repr(store) == "Atlas.Store($(repr(path)))"
        @test repr(dataset) == "Atlas.Dataset(\"jan\")"
        @test repr(a) == "AtlasArray{Union{Missing, Float32},2}(\"jan\", \"t\")"
        @test repr(attributes(a)) == "Atlas.Attributes(1 attribute)"
        @test text(store) == """
            Atlas store $path, open for writing, commit 1 and unflushed changes, 1 dataset
              jan  3 arrays"""
        @test startswith(text(dataset), """
            Atlas dataset jan, 3 arrays
              t  3×2 Union{Missing, Float32}
              n  scalar Int64
              s  1 String
            attributes
              levels = [1, 2""")
        @test occursin("…", text(dataset))
        @test text(a) == """
            3×2 AtlasArray{Union{Missing, Float32},2} t of dataset jan
              dimensions  lon, lat
              chunks      3×2
              codec       zstd 1, shuffled
              fill value  -9.0f0
            attributes
              units = "K\""""
        @test text(attributes(a)) == "Atlas attributes of array t of dataset jan\nattributes\n  units = \"K\""
        @test occursin("scalar", text(dataset["n"])) && occursin("codec", text(dataset["s"]))
        @test startswith(text(view(a, :, 1)), "3-element view(::AtlasArray") && endswith(text(view(a, :, 1)), "missing\n missing\n missing")
        @test !isempty(text(view(a, :, 1))) && !isempty(repr(view(a, :, 1)))
        foreach(k -> create!(store, "d$k"), 1:50)
        @test endswith(text(store), "\n  … 37 more") && occursin("d50", repr("text/plain", store))
        @test [store] isa Vector && occursin("Atlas.Store", repr([store])) && occursin("jan", repr([dataset]))
        flush(store)
        Atlas.open(path) do reader
            @test startswith(text(reader), "Atlas store $path, open for reading, commit 2, 51 datasets\n")
        end
        # What is gone says so, and displays all the same.
        part, names = view(a, 1, :), attributes(a)
        delete!(dataset, "n")
        n = a = dataset["s"]
        delete!(dataset, "s")
        @test occursin("no array 's'", text(n)) || occursin("'s'", text(n))
        dataset["s"] = ["a" "b"]
        @test occursin("2 dimensions now, not 1", text(n))
        array = dataset["t"]
        close(store)
        gone = ": the store at $path was closed"
        @test text(dataset) == repr(dataset) * gone && text(array) == repr(array) * gone && summary(array) == repr(array) * gone
        @test text(part) == "view of $(repr(array))$gone" && repr(part) == text(part)
        @test text(names) == "Atlas attributes of array t of dataset jan$gone" && repr(names) == "Atlas.Attributes$gone"
        @test occursin("AtlasArray", repr([array])) && occursin("was closed", text(Any[part]))
        @test text(store) == "Atlas store $path, closed" && repr(store) == "Atlas.Store($(repr(path)), closed)"
    end
end
