@testset "numbers with units" begin
    t = Atlas.decodetime([0, 1.5, -1], "days since 2000-01-01 12:00")
    @test t == DateTime.(["2000-01-01T12:00:00", "2000-01-03T00:00:00", "1999-12-31T12:00:00"]) && t isa Vector{DateTime}
    @test Atlas.decodetime(Int32[0 1; 2 3], "hours since 2300-01-01") == DateTime(2300) .+ Hour.([0 1; 2 3])
    @test Atlas.decodetime(0.1, "days since 2000-01-01") == DateTime(2000, 1, 1, 2, 24)
    @test isequal(Atlas.decodetime([1, missing], "seconds since 1970-01-01"), [DateTime(1970, 1, 1, 0, 0, 1), missing])
    @test isequal(Atlas.decodetime([missing, missing], "seconds since 1970-01-01"), [missing, missing])
    @test Atlas.decodetime(1:3, "ms since 1970-01-01", "proleptic_gregorian") == DateTime(1970) .+ Millisecond.(1:3)
    @test Atlas.decodetime(UInt8[5], "days since 2000-01-01") == Atlas.decodetime(Float16[5], "days since 2000-01-01") == [DateTime(2000, 1, 6)]
    @test Atlas.decodetime(Float64[], "days since 2000-01-01") == DateTime[]

    leap = Atlas.decodetime([59, 60], "days since 2000-01-01", "365_day")
    @test leap isa Vector{Atlas.CalendarTime{:noleap}} && string.(leap) == ["2000-03-01T00:00:00", "2000-03-02T00:00:00"]
    thirty = Atlas.decodetime([59.5], "days since 2000-01-01", "360_day")[1]
    @test (thirty.year, thirty.month, thirty.day, thirty.hour) == (2000, 2, 30, 12)
    @test (year(thirty), month(thirty), day(thirty), hour(thirty), minute(thirty), second(thirty)) == (2000, 2, 30, 12, 0, 0)
    @test eval(Meta.parse(repr(thirty))) == thirty && repr(thirty) == "Atlas.CalendarTime(\"360_day\", 2000, 2, 30, 12, 0, 0, 0)"
    @test thirty < Atlas.CalendarTime("360_day", 2001) && thirty > Atlas.CalendarTime("360_day", 2000, 2, 30) && leap[1] < leap[2]
    # The standard calendar before 1582-10-15 is not that of DateTime.
    old = Atlas.decodetime([-1, 0], "days since 1582-10-15")
    @test old isa Vector{Atlas.CalendarTime{:standard}} && string(old[1]) == "1582-10-04T00:00:00"
    @test Atlas.decodetime([-1], "days since 1582-10-15", "proleptic_gregorian") == [DateTime(1582, 10, 14)]
    @test string(Atlas.CalendarTime("standard", -5, 1, 2, 3, 4, 5, 6_000_000)) == "-0005-01-02T03:04:05.006"

    @test Atlas.encodetime(t, "days since 2000-01-01 12:00") == [0, 1.5, -1]
    @test Atlas.encodetime(Int32, [DateTime(2300), missing], "hours since 2300-01-01") |> x -> isequal(x, [0, missing])
    @test Atlas.encodetime(Date(2300), "days since 2299-12-31") === 1.0
    @test Atlas.encodetime(Int64, [TimestampNs(5)], "nanoseconds since 1970-01-01") == [5]
    @test Atlas.encodetime(leap, "days since 2000-01-01", "noleap") == [59, 60]
    @test Atlas.encodetime(old, "days since 1582-10-15", "gregorian") == [-1, 0]
    @test Atlas.encodetime(Int64, DateTime(2000, 1, 1, 0, 0, 0, 7), "ms since 2000-01-01") === 7
    for f in (() -> Atlas.encodetime([DateTime(2000)], "days since 2000-01-01", "noleap"), () -> Atlas.encodetime([DateTime(1500)], "days since 2000-01-01"),
              () -> Atlas.encodetime(leap, "days since 2000-01-01", "360_day"), () -> Atlas.decodetime(["a"], "days since 2000-01-01"),
              () -> Atlas.decodetime([1], "days since 2000-01-01", "mayan"))
        @test error_of(f) isa Union{ArgumentError,AtlasError}
    end
    @test status_of(() -> Atlas.decodetime([1], "fathoms since 2000-01-01")) == :INVALID_ARGUMENT
    @test status_of(() -> Atlas.decodetime([NaN], "days since 2000-01-01")) == :OUT_OF_RANGE
    @test status_of(() -> Atlas.encodetime([Atlas.CalendarTime("noleap", 2000, 2, 29)], "days since 2000-01-01", "noleap")) == :INVALID_ARGUMENT
    @test status_of(() -> Atlas.encodetime(Int32, [DateTime(2000, 1, 1, 12)], "days since 2000-01-01")) == :OUT_OF_RANGE
end

@testset "arrays with units" begin
    with_store() do store, path
        d = create!(store, "d")
        t = DateTime(2299, 12, 30):Day(1):DateTime(2300, 1, 3)
        d["time"] = Atlas.encodetime(Int32, t, "days since 1850-01-01")
        e = error_of(() -> Atlas.decodetime(d["time"]))
        @test e isa ArgumentError && occursin("array 'time' of dataset 'd' has no attribute 'units'", e.msg)
        attributes(d["time"])["units"] = "days since 1850-01-01"
        @test Atlas.decodetime(d["time"]) == t
        attributes(d["time"])["calendar"] = "360_day"
        @test Atlas.decodetime(d["time"])[1] isa Atlas.CalendarTime{Symbol("360_day")}
        d["gaps"] = [1.0, missing]
        attributes(d["gaps"])["units"] = "hours since 2000-01-01"
        @test isequal(Atlas.decodetime(d["gaps"]), [DateTime(2000, 1, 1, 1), missing])
        d["stamps"] = [DateTime(2000)]
        @test Atlas.decodetime(d["stamps"]) == [DateTime(2000)]
    end
end
