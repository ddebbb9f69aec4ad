# julia.jl FILE: the docstrings of the package Atlas, as one page of Markdown.
using Atlas

open(ARGS[1], "w") do page
    println(page, "# Julia\n\nWhat `?` says of the package `Atlas`. What `using Atlas` brings stands first.\n")
    documented = [binding.var for binding in keys(Base.Docs.meta(Atlas))]
    shown = sort!(unique(filter(name -> !startswith(String(name), "_"), documented)); by=name -> (!Base.isexported(Atlas, name), name))
    isempty(shown) && error("the package has no docstrings")
    for name in shown
        name == :Atlas || println(page, "## ", Base.isexported(Atlas, name) ? name : "Atlas.$name", "\n")
        # A heading within a docstring is none of the page; a link by @ref is a name.
        text = string(Base.Docs.doc(Base.Docs.Binding(Atlas, name)))
        text = replace(text, r"\[([^\]]*)\]\(@ref[^)]*\)" => s"\1")
        println(page, replace(text, r"^#+ (.*)$"m => s"**\1**"), "\n")
    end
end
