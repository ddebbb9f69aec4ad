# julia.jl FILE: the docstrings of the package Atlas, as one page of Markdown: those of what is exported, and those that
# begin with how a function is called. The others are the package's own.
using Atlas

docstring(name) = string(Base.Docs.doc(Base.Docs.Binding(Atlas, name)))

open(ARGS[1], "w") do page
    println(page, "# Julia\n\nWhat `?` says of the package `Atlas`. What `using Atlas` brings stands first.\n")
    documented = unique(binding.var for binding in keys(Base.Docs.meta(Atlas)))
    shown = filter(name -> Base.isexported(Atlas, name) || startswith(docstring(name), "```"), documented)
    length(shown) > 20 || error("the package has few docstrings: $shown")
    for name in sort!(shown; by=name -> (!Base.isexported(Atlas, name), name))
        name == :Atlas || println(page, "## ", Base.isexported(Atlas, name) ? name : "Atlas.$name", "\n")
        # A heading within a docstring is none of the page; a link by @ref is a name.
        text = replace(docstring(name), r"\[([^\]]*)\]\(@ref[^)]*\)" => s"\1")
        println(page, replace(text, r"^#+ (.*)$"m => s"**\1**"), "\n")
    end
end
