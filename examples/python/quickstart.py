"""Store one field, close the store, open it again, read the field back."""

import sys

import atlas

path = sys.argv[1] if len(sys.argv) > 1 else "quickstart.atlas"

with atlas.Atlas.create(path, overwrite=True) as store:
    january = store.create_dataset("january")
    temperature = january.define_array("temperature", "float64", ["lat", "lon"], [2, 3])
    temperature[...] = [[12.5, 13.0, 13.5], [-1.5, 0.0, 1.5]]
    temperature.attrs["units"] = "degC"
# everything above is durable here, all of it or nothing

with atlas.Atlas.open(path) as store:
    temperature = store["january"]["temperature"]
    stats = temperature.stats
    print(f"temperature[1][0] = {temperature[1, 0]:g}, min {stats.min:g}, max {stats.max:g}")
