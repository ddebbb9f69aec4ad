# The one thing that is owned: the library's handle of an open store, and the functions that the library calls.

"What a store calls back, and what came of it."
mutable struct Hooks
    log::Any
    progress::Any
    messages::Vector{Tuple{Int32,String}}
    messages_lock::Threads.SpinLock
    failure::Any
end

function Hooks(log, progress)
    return Hooks(log === nothing ? log_message : log, progress, Tuple{Int32,String}[], Threads.SpinLock(), nothing)
end

"""
An open store. Nobody may wait inside the library for a call that calls back: it would keep the callback's thread from
collecting garbage, which is everybody's to wait for. So calls that commit hold `gate`, and those of them that call back
begin when nobody is `writing` (a write can wait for a commit, to make room) and let nobody begin while they are
`reporting`.
"""
mutable struct Handle
    id::UInt64
    path::String
    hooks::Hooks
    gate::ReentrantLock
    holder::Union{Task,Nothing}
    writing::Threads.Atomic{Int}
    reporting::Threads.Atomic{Bool}
end

function Handle(path::String, hooks::Hooks)
    return Handle(0, path, hooks, ReentrantLock(), nothing, Threads.Atomic{Int}(0), Threads.Atomic{Bool}(false))
end

# A handle is passed to C as itself, so that it is not collected while the library works.
function Base.cconvert(::Type{LibAtlas.atlas_store}, handle::Handle)
    handle.id == 0 && throw(closed(handle))
    return handle
end
@noinline function closed(handle::Handle)
    return AtlasError(:INVALID_HANDLE, LibAtlas.ATLAS_STATUS_INVALID_HANDLE, "the store at $(handle.path) was closed")
end
Base.unsafe_convert(::Type{LibAtlas.atlas_store}, handle::Handle) = handle.id

"How many callbacks are running. The library must not be called from one, not by a finalizer either."
const CALLBACKS = Threads.Atomic{Int}(0)

"""
Called by the garbage collector, on any thread, and at the end of the process. Waits for nothing that needs Julia to go
on, and prints as a finalizer may: without tasks.
"""
function release(handle::Handle)
    if CALLBACKS[] > 0
        finalizer(release, handle)  # at a later collection
    elseif handle.id != 0
        about = LibAtlas.zeroed(LibAtlas.atlas_store_description)
        lost = LibAtlas.atlas_store_info(handle.id, about) == LibAtlas.ATLAS_STATUS_OK && about[].unflushed_changes != 0
        lost && say("Atlas: the store at $(handle.path) was not closed: its changes since the last flush are lost\n")
        LibAtlas.atlas_discard(handle.id)
        handle.id = 0
    end
    return nothing
end

say(text::String) = ccall(:jl_safe_printf, Cvoid, (Cstring, Cstring), "%s", text)

"The open store that `call(id, hooks_pointer)` puts into `id`."
function new_handle(call, path::String, hooks::Hooks)
    handle = finalizer(release, Handle(path, hooks))
    id = Ref{UInt64}(0)
    try
        try
            pinned() do
                GC.@preserve hooks check(call(id, pointer_from_objref(hooks)))
                handle.id = id[]
            end
        finally
            deliver(handle)
        end
    catch
        handle.id == 0 || LibAtlas.atlas_discard(handle.id)
        handle.id = 0
        rethrow()
    end
    return handle
end

"""
Runs a call that may call back: not interrupted, and on this thread to its end, even if a progress function lets other
tasks run.
"""
function pinned(call)
    task = current_task()
    sticky = task.sticky
    task.sticky = true
    try
        return Base.disable_sigint(call)
    finally
        task.sticky = sticky
    end
end

"Runs `call(handle)`, which commits or waits for commits. Returns what it returns."
function exclusive(call, handle::Handle)
    hooks = handle.hooks
    enter(handle)
    try
        return pinned(() -> call(handle))
    catch
        hooks.failure === nothing || throw(hooks.failure)
        rethrow()
    finally
        hooks.failure = nothing
        leave(handle)
        deliver(handle)
    end
end

function enter(handle::Handle)
    if handle.holder === current_task()
        throw(ArgumentError("a progress function must not use the store that it reports about"))
    end
    lock(handle.gate)
    handle.holder = current_task()
    return nothing
end

function leave(handle::Handle)
    handle.holder = nothing
    unlock(handle.gate)
    return nothing
end

"Runs `call(handle)`, which commits and calls back."
function reporting(call, handle::Handle)
    return exclusive(handle) do handle
        handle.reporting[] = true
        try
            while handle.writing[] > 0
                yield()
            end
            call(handle)
        finally
            handle.reporting[] = false
        end
    end
end

"Runs `call(handle)`, which writes values."
function writing(call, handle::Handle)
    Threads.atomic_add!(handle.writing, 1)
    if !handle.reporting[]
        try
            return call(handle)
        finally
            Threads.atomic_sub!(handle.writing, 1)
        end
    end
    Threads.atomic_sub!(handle.writing, 1)
    enter(handle)
    try
        return call(handle)
    finally
        leave(handle)
    end
end

# ---- Callbacks -------------------------------------------------------------------------------------------------------

# Messages wait until the call is over, when whoever takes them may print, and so let other tasks run.
function on_message(level::Int32, message::Ptr{UInt8}, data::Ptr{Cvoid})
    hooks = unsafe_pointer_to_objref(data)::Hooks
    Threads.atomic_add!(CALLBACKS, 1)
    try
        text = unsafe_string(message)
        lock(() -> push!(hooks.messages, (level, text)), hooks.messages_lock)
    catch
    end
    Threads.atomic_sub!(CALLBACKS, 1)
    return nothing
end

function deliver(handle::Handle)
    hooks = handle.hooks
    isempty(hooks.messages) && return nothing
    none = Tuple{Int32,String}[]
    lock(hooks.messages_lock)
    messages, hooks.messages = hooks.messages, none
    unlock(hooks.messages_lock)
    for (level, text) in messages
        hooks.log(level == LibAtlas.ATLAS_LOG_WARNING ? :warning : :info, text)
    end
    return nothing
end

function on_progress(what::Ptr{UInt8}, done::UInt64, total::UInt64, data::Ptr{Cvoid})
    hooks = unsafe_pointer_to_objref(data)::Hooks
    Threads.atomic_add!(CALLBACKS, 1)
    stop = try
        text = unsafe_string(what)
        Base.reenable_sigint(() -> hooks.progress(text, Int(done), Int(total))) === false
    catch e
        hooks.failure = e
        true
    end
    Threads.atomic_sub!(CALLBACKS, 1)
    return Int32(stop)
end

"A place in a store's files that is not as it was written: see [`Atlas.verify`](@ref)."
struct Damage
    file::String
    offset::Int64
    message::String
end

function on_damage(file::Ptr{UInt8}, offset::UInt64, message::Ptr{UInt8}, data::Ptr{Cvoid})
    damages = unsafe_pointer_to_objref(data)::Vector{Damage}
    Threads.atomic_add!(CALLBACKS, 1)
    try
        push!(damages, Damage(unsafe_string(file), offset, unsafe_string(message)))
    catch
    end
    Threads.atomic_sub!(CALLBACKS, 1)
    return nothing
end

log_function() = @cfunction(on_message, Cvoid, (Int32, Ptr{UInt8}, Ptr{Cvoid}))
progress_function() = @cfunction(on_progress, Int32, (Ptr{UInt8}, UInt64, UInt64, Ptr{Cvoid}))
damage_function() = @cfunction(on_damage, Cvoid, (Ptr{UInt8}, UInt64, Ptr{UInt8}, Ptr{Cvoid}))

"Where messages go without a `log`: to Julia's logging."
log_message(level::Symbol, text::String) = level === :warning ? (@warn "Atlas: $text") : (@debug "Atlas: $text")
