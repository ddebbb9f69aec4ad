"""
    AtlasError

A call of the library that failed, having changed nothing.

- `status`  what a program may want to tell apart, such as `:NOT_FOUND`, `:LOCKED` or `:NO_SPACE`
- `code`    the same as a number, `ATLAS_STATUS_` in the C header
- `text`    one line with names and numbers in it
"""
struct AtlasError <: Exception
    status::Symbol
    code::Int32
    text::String
end

Base.showerror(io::IO, e::AtlasError) = print(io, "AtlasError: ", e.text, " (", e.status, ")")

"""
Throws unless a call succeeded. Its text belongs to the thread that made the call: nothing may come between the two that
lets Julia go on with another task.
"""
function check(code::Int32)
    code == LibAtlas.ATLAS_STATUS_OK || throw(last_error(code))
    return nothing
end

@noinline function last_error(code::Int32)
    text = unsafe_string(LibAtlas.atlas_last_error())
    return AtlasError(Symbol(unsafe_string(LibAtlas.atlas_status_name(code))), code, text)
end

"The values of `T` that `call(buffer, capacity, count)` gives, with a first guess at how many there are."
function fetched(call, ::Type{T}, guess::Integer) where {T}
    buffer = Vector{T}(undef, guess)
    count = Ref{Csize_t}(0)
    code = call(buffer, length(buffer), count)
    while code == LibAtlas.ATLAS_STATUS_BUFFER_TOO_SMALL
        resize!(buffer, count[])
        code = call(buffer, length(buffer), count)
    end
    check(code)
    return resize!(buffer, count[])
end

"The texts that `call(buffer, capacity, needed)` lists, with a first guess at their length in bytes."
function texts(call, guess::Integer=1024)
    buffer = fetched(call, UInt8, guess)
    list = String[]
    start = 1
    for stop in eachindex(buffer)
        buffer[stop] == 0x00 || continue
        push!(list, String(buffer[start:(stop - 1)]))
        start = stop + 1
    end
    return list
end
