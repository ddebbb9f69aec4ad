# One line each for `show`, as in a list; what is in them for the REPL.

plural(count, word) = string(count, " ", word, count == 1 ? "" : "s")
times(extents) = isempty(extents) ? "scalar" : join(extents, '×')

"Lines for at most `limit` of `list`, and how many there are beside."
function show_list(line, io::IO, list, limit)
    for item in list[1:min(end, limit)]
        print(io, "\n  ")
        line(item)
    end
    length(list) > limit && print(io, "\n  … ", length(list) - limit, " more")
    return nothing
end

rows(io::IO) = get(io, :limit, false)::Bool ? max(displaysize(io)[1] - 6, 4) : typemax(Int)

function Base.show(io::IO, store::Store)
    print(io, "Atlas.Store(", repr(store.handle.path))
    isopen(store) || print(io, ", closed")
    print(io, ")")
    return nothing
end

function Base.show(io::IO, ::MIME"text/plain", store::Store)
    if !isopen(store)
        print(io, "Atlas store ", store.handle.path, ", closed")
        return nothing
    end
    about = info(store)
    print(io, "Atlas store ", store.handle.path, ", ", about.mode == "r" ? "open for reading" : "open for writing")
    print(io, ", commit ", about.generation, about.unflushed_changes ? " and unflushed changes" : "")
    print(io, ", ", plural(about.dataset_count, "dataset"))
    show_list(io, names(store), rows(io)) do name
        print(io, name, "  ", plural(length(store[name]), "array"))
    end
    return nothing
end

Base.show(io::IO, dataset::Dataset) = print(io, "Atlas.Dataset(", repr(dataset.name), ")")

function Base.show(io::IO, ::MIME"text/plain", dataset::Dataset)
    print(io, "Atlas dataset ", dataset.name, ", ", plural(length(dataset), "array"))
    show_list(io, names(dataset), rows(io)) do name
        array = dataset[name]
        print(io, name, "  ", times(size(array)), " ", eltype(array))
    end
    show_attributes(io, attributes(dataset))
    return nothing
end

function Base.show(io::IO, a::AtlasArray)
    print(io, "AtlasArray{", eltype(a), ",", ndims(a), "}(", repr(a.dataset), ", ", repr(a.name), ")")
    return nothing
end

Base.summary(io::IO, a::AtlasArray) = print(io, times(size(a)), " ", typeof(a), " ", a.name, " of dataset ", a.dataset)

function Base.show(io::IO, ::MIME"text/plain", a::AtlasArray)
    d = describe(a)
    summary(io, a)
    ndims(a) == 0 || print(io, "\n  dimensions  ", join(dimnames(a), ", "))
    ndims(a) == 0 || print(io, "\n  chunks      ", times(chunksize(a)))
    print(io, "\n  codec       ", name_of(d.codec, CODECS), d.codec == LibAtlas.ATLAS_CODEC_NONE ? "" : " $(d.level)")
    d.shuffle == LibAtlas.ATLAS_SWITCH_ON && print(io, ", shuffled")
    d.pack == LibAtlas.ATLAS_SWITCH_ON || print(io, ", not packed")
    d.has_fill_value == 0 || print(io, "\n  fill value  ", repr(fillvalue(a)))
    show_attributes(io, attributes(a))
    return nothing
end

function show_attributes(io::IO, d::Attributes)
    isempty(d) && return nothing
    print(io, "\nattributes")
    show_list(io, names(d), rows(io)) do name
        print(io, name, " = ")
        show(IOContext(io, :compact => true, :limit => true), d[name])
    end
    return nothing
end

Base.show(io::IO, d::Attributes) = print(io, "Atlas.Attributes(", plural(length(d), "attribute"), ")")

function Base.show(io::IO, ::MIME"text/plain", d::Attributes)
    print(io, "Atlas attributes of ", d.array === nothing ? "" : "array $(d.array) of ", "dataset ", d.dataset)
    show_attributes(io, d)
    return nothing
end

function Base.show(io::IO, damage::Damage)
    print(io, damage.file, " at byte ", damage.offset, ": ", damage.message)
    return nothing
end
