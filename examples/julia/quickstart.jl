# Store one field, close the store, open it again, read the field back.
using Atlas
using Printf

path = isempty(ARGS) ? "quickstart.atlas" : ARGS[1]
measured = [12.5 -1.5; 13.0 0.0; 13.5 1.5]

Atlas.open(path, "w") do store # begins anew what another run left there
    january = create!(store, "january")
    temperature = define!(january, "temperature", Float64, size(measured); dims=("lon", "lat"))
    temperature .= measured
    attributes(temperature)["units"] = "degC"
end # everything above becomes durable here, all of it or nothing

Atlas.open(path) do store
    temperature = store["january"]["temperature"]
    stats = Atlas.statistics(temperature)
    @printf("temperature[1][0] = %g, min %g, max %g\n", temperature[1, 2], stats.minimum, stats.maximum)
end
