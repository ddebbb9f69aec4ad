@testset "TimestampNs" begin
    t = TimestampNs(DateTime(2024, 2, 29, 12, 30, 0, 125))
    @test t.value == 1_709_209_800_125_000_000
    @test string(t) == "2024-02-29T12:30:00.125" && repr(t) == "TimestampNs(\"2024-02-29T12:30:00.125\")"
    for text in ("2024-02-29T12:30:00.123456789", "1969-12-31T23:59:59.999999999", "1970-01-01T00:00:00", "1700-01-01T00:00:00.5")
        @test string(TimestampNs(text)) == text
    end
    @test TimestampNs("2024-02-29") == TimestampNs(Date(2024, 2, 29))
    @test eval(Meta.parse(repr(t))) == t
    @test error_of(() -> TimestampNs("yesterday")) isa ArgumentError
    @test error_of(() -> TimestampNs("2024-01-01T00:00:00.1234567890")) isa ArgumentError
    @test DateTime(t) == DateTime(2024, 2, 29, 12, 30, 0, 125)
    @test DateTime(TimestampNs(1_999_999)) == DateTime(1970, 1, 1, 0, 0, 0, 1)
    @test DateTime(TimestampNs(-1)) == DateTime(1969, 12, 31, 23, 59, 59, 999)
    @test string(TimestampNs(-1)) == "1969-12-31T23:59:59.999999999"
    @test convert(TimestampNs, DateTime(1970)) == TimestampNs(0) == convert(TimestampNs, Date(1970))
    @test TimestampNs(2) - TimestampNs(5) == Nanosecond(-3)
    @test TimestampNs(2) + Microsecond(1) == TimestampNs(1002) && TimestampNs(0) - Day(1) == TimestampNs(DateTime(1969, 12, 31))
    @test TimestampNs(1) < TimestampNs(2) && maximum([TimestampNs(1), TimestampNs(3)]) == TimestampNs(3)
    for far in (DateTime(2300), DateTime(9999), DateTime(1600), Date(-5))
        e = error_of(() -> TimestampNs(far))
        @test e isa OverflowError && occursin("1677-09-21 and 2262-04-11", e.msg) && occursin("encodetime", e.msg)
    end
    # Beside DateTime and Date, to the nanosecond.
    second = DateTime(2024, 2, 29, 12, 30, 1)
    s, after, before = TimestampNs(second), TimestampNs(second) + Nanosecond(1), TimestampNs(second) - Nanosecond(1)
    @test s == second && second == s && isequal(s, second) && hash(s) == hash(second) && s in [second] && haskey(Dict(second => 1), s)
    @test before < second < after && !(after < second) && !(second < before) && after > second && second > before && s <= second <= s
    @test after != second && before != second && hash(after) != hash(second)
    @test TimestampNs(0) == Date(1970) && TimestampNs(-1) < Date(1970) < TimestampNs(1) && Date(1970) == TimestampNs(0)
    @test s < DateTime(9999) && DateTime(0) < s && maximum([s, after, before]) === after && sort([after, before]) == [before, after]
    @test [s, second] isa Vector{TimestampNs} && promote_type(DateTime, TimestampNs) === TimestampNs
    @test convert(DateTime, s) === second && error_of(() -> convert(DateTime, after)) isa InexactError
    @test after - second == Nanosecond(1) && second - before == Nanosecond(1)
    @test string(TimestampNs(typemin(Int64))) == "1677-09-21T00:12:43.145224192"
    @test string(TimestampNs(typemax(Int64))) == "2262-04-11T23:47:16.854775807"
end

@testset "codes" begin
    for (code, T) in enumerate(Atlas.ELEMENTS)
        @test Atlas.dtype(T) == code && Atlas.eltype_of(Int32(code)) === T
        @test LibAtlas.atlas_dtype_size(code) == sizeof(T)
    end
    @test Atlas.eltype_of(Int32(16)) === String && Atlas.dtype(String) == 16
end
