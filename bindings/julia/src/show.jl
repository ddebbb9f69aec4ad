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

"""
Displays what `content(io)` prints; `name` and why not, where the store cannot tell any more. What is displayed may be all
that is left of a store that was closed.
"""
function display_or_tell(content, io::IO, name)
    text = try
        sprint(content; context=io)
    catch e
        e isa Union{AtlasError,DimensionMismatch} || rethrow()
        string(name, ": ", e isa AtlasError ? e.text : e.msg)
    end
    print(io, text)
    return nothing
end

function Base.show(io::IO, ::MIME"text/plain", store::Store)
    if !isopen(store)
        print(io, "Atlas store ", store.handle.path, ", closed")
        return nothing
    end
    display_or_tell(io -> show_store(io, store), io, repr(store))
    return nothing
end
function show_store(io::IO, store::Store)
    about = info(store)
    print(io, "Atlas store ", store.handle.path, ", ", about.mode == "r" ? "open for reading" : "open for writing")
    print(io, ", commit ", about.generation, about.unflushed_changes ? " and unflushed changes" : "")
    print(io, ", ", plural(about.dataset_count, "dataset"))
    show_list(io, names(store), rows(io)) do name
        print(io, name, "  ", plural(length(store[name]), "array"))
    end
    show_attributes(io, attributes(store))
    return nothing
end

Base.show(io::IO, dataset::Dataset) = print(io, "Atlas.Dataset(", repr(dataset.name), ")")

Base.show(io::IO, ::MIME"text/plain", dataset::Dataset) = display_or_tell(io -> show_dataset(io, dataset), io, repr(dataset))
function show_dataset(io::IO, dataset::Dataset)
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

function Base.summary(io::IO, a::AtlasArray)
    display_or_tell(io, repr(a)) do io
        print(io, times(size(a)), " ", typeof(a), " ", a.name, " of dataset ", a.dataset)
    end
    return nothing
end

# A view shows its values, as others do.
function Base.show(io::IO, mime::MIME"text/plain", v::Section)
    display_or_tell(io -> invoke(show, Tuple{IO,MIME"text/plain",AbstractArray}, io, mime, v), io, "view of $(repr(parent(v)))")
    return nothing
end
function Base.show(io::IO, v::Section)
    display_or_tell(io -> invoke(show, Tuple{IO,AbstractArray}, io, v), io, "view of $(repr(parent(v)))")
    return nothing
end

Base.show(io::IO, ::MIME"text/plain", a::AtlasArray) = display_or_tell(io -> show_array(io, a), io, repr(a))
function show_array(io::IO, a::AtlasArray)
    d = describe(a)
    summary(io, a)
    ndims(a) == 0 || print(io, "\n  dimensions  ", join(dims(a), ", "))
    ndims(a) == 0 || print(io, "\n  chunks      ", times(chunks(a)))
    print(io, "\n  codec       ", name_of(d.codec, CODECS), d.codec == LibAtlas.ATLAS_CODEC_NONE ? "" : " $(d.level)")
    d.keep_bits == 0 || print(io, ", $(d.keep_bits) bits kept")
    d.filter == LibAtlas.ATLAS_FILTER_NONE || print(io, ", ", name_of(d.filter, FILTERS))
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

function Base.show(io::IO, d::Attributes)
    display_or_tell(io -> print(io, "Atlas.Attributes(", plural(length(d), "attribute"), ")"), io, "Atlas.Attributes")
    return nothing
end

function Base.show(io::IO, ::MIME"text/plain", d::Attributes)
    title = "Atlas attributes of $(place(d))"
    display_or_tell(io, title) do io
        print(io, title)
        show_attributes(io, d)
    end
    return nothing
end

place(d::Attributes) = d.dataset === nothing ? "store $(d.handle.path)" : d.array === nothing ? "dataset $(d.dataset)" : "array $(d.array) of dataset $(d.dataset)"

function Base.show(io::IO, damage::Damage)
    print(io, damage.file, " at byte ", damage.offset, ": ", damage.message)
    return nothing
end
