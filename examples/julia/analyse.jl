# Analyses what examples/fortran/climate_model.f90 wrote, and checks that its transport made and lost nothing.
#
#     julia --project=bindings/julia examples/julia/analyse.jl FOLDER
#
# Ends with exit code 1 if what is conserved is not.
using Atlas
using Printf

# What the model says of itself: see `emit` and `layer` there.
const DAY = 86400.0
const STEPS_PER_DAY = 24
const TRACER_SOURCE = 1000.0        # kg/s
const TRACER_LIFETIME = 40 * DAY
const GRAVITY = 9.81

"The mean over the globe of a field of longitude and latitude, whose cells have these areas at each latitude."
global_mean(field, area) = sum(field .* area') / (size(field, 1) * sum(area))

"The mean along each circle of latitude."
zonal_mean(field) = vec(sum(field; dims=1)) / size(field, 1)

"The kilograms of something of which a field of longitude, latitude and layer has kg/kg."
total_mass(field, area, layer) = layer * sum(field .* area')

"The slope of the line of best fit, per step."
function trend(y)
    t = (1:length(y)) .- (length(y) + 1) / 2
    return sum(t .* y) / sum(abs2, t)
end

function print_months(store, months, area)
    # One variable from all months, read in one go: longitude × latitude × month.
    ground = Atlas.read_across(Float64, store, "theta", months, :, :, 1)
    rain = Atlas.read_across(Float64, store, "precipitation", months)
    @printf("%-12s%14s%14s%14s%14s\n", "mean of", "theta, K", "coldest, K", "warmest, K", "rain, mm/day")
    for (k, month) in enumerate(months)
        # The warmest and the coldest cell are known without reading values.
        theta = Atlas.statistics(store[month]["theta"])
        days = attributes(store[month])["days"]
        means = (global_mean(ground[:, :, k], area), theta.minimum, theta.maximum, global_mean(rain[:, :, k], area) / days)
        @printf("%-12s%14.3f%14.3f%14.3f%14.4f\n", month, means...)
    end
    return nothing
end

function print_latitudes(store, month)
    dataset = store[month]
    latitude = dataset_values(store, "lat")
    columns = (zonal_mean(dataset["theta"][:, :, 1]), zonal_mean(dataset["theta"][:, :, end]),
               1000 .* zonal_mean(dataset["moisture"][:, :, 1]), zonal_mean(dataset["precipitation"][:, :]))
    @printf("\n%-12s%14s%14s%14s%14s\n", month, "ground, K", "top, K", "moist., g/kg", "rain, mm")
    for j in reverse(eachindex(latitude))
        @printf("%-12s", @sprintf("%.2f°", latitude[j]))
        foreach(column -> @printf("%14.3f", column[j]), columns)
        println()
    end
    return nothing
end

dataset_values(store, name) = store["grid"][name][:]

function print_series(series)
    @printf("\n%-20s%8s%16s%16s%16s\n", "series", "days", "minimum", "maximum", "trend per day")
    for (name, array) in series
        y = array[:]
        @printf("%-20s%8d%16.7g%16.7g%16.3g\n", name * ", " * attributes(array)["units"], length(y), extrema(y)..., trend(y))
    end
    return nothing
end

"Prints the largest relative difference between what was found and what is expected; whether it is rounding only."
function agrees(what, found, expected)
    difference = maximum(abs.(found .- expected) ./ abs.(expected))
    @printf("%-64s%10.1e %s\n", what, difference, difference < 1e-11 ? "ok" : "OFF")
    return difference < 1e-11
end

function check_conservation(store, area)
    pressure = dataset_values(store, "lev")
    layer = (pressure[1] - pressure[2]) / GRAVITY
    state, series = store["state"], store["series"]

    # Transport moves the tracer, so all there is of it follows from its source and its decay, step by step.
    kept = 1 - DAY / STEPS_PER_DAY / TRACER_LIFETIME
    steps = STEPS_PER_DAY .* (1:length(series["tracer_mass"]))
    expected = TRACER_SOURCE * TRACER_LIFETIME .* (1 .- kept .^ steps)

    println("\nconserved, relative difference")
    return all((
        agrees("tracer, every day: what was emitted and has not decayed", series["tracer_mass"][:], expected),
        agrees("tracer, last day: state and series", total_mass(state["tracer"][:, :, :], area, layer),
               series["tracer_mass"][end]),
        agrees("water, last day: state and series", total_mass(state["moisture"][:, :, :], area, layer),
               series["water"][end]),
    ))
end

function analyse(folder)
    return Atlas.open(folder) do store
        months = filter(name -> startswith(name, "month "), collect(keys(store)))
        area = dataset_values(store, "area")
        print_months(store, months, area)
        print_latitudes(store, last(months))
        print_series(store["series"])
        return check_conservation(store, area)
    end
end

if length(ARGS) != 1
    println(stderr, "usage: analyse.jl FOLDER")
    exit(2)
end
exit(analyse(ARGS[1]) ? 0 : 1)
