@testset "broadcast" begin
    with_store() do store, path
        d = create!(store, "d")
        x = rand(6, 4, 3)
        d["x"] = x
        a = d["x"]
        @test a .+ 1 == x .+ 1 && a .+ 1 isa Array
        @test a .* a == x .* x && sin.(a) == sin.(x) && a .- sum(a; dims=1) == x .- sum(x; dims=1)
        @test view(a, :, :, 1) .+ [1 2 3 4] == x[:, :, 1] .+ [1 2 3 4]
        a .= 2 .* x .+ 1
        x .= 2 .* x .+ 1
        @test Array(a) == x
        a[:, :, 3] .= x[:, :, 1]
        x[:, :, 3] .= x[:, :, 1]
        a[:, 2, :] .= 7
        x[:, 2, :] .= 7
        a[1:2:6, :, 1] .= (1:3) .* [1 2 3 4]
        x[1:2:6, :, 1] .= (1:3) .* [1 2 3 4]
        a[[6, 2], 1, 1] .= [8, 9]
        x[[6, 2], 1, 1] .= [8, 9]
        @test Array(a) == x
        a .+= 1
        x .+= 1
        a[:, :, 1] .-= a[:, :, 2]
        x[:, :, 1] .-= x[:, :, 2]
        a .= a .* 2
        x .= x .* 2
        @test Array(a) == x
        a[:, 1, 1] .= sqrt.(4)
        x[:, 1, 1] .= 2
        a[2, 2, 2] = 5
        x[2, 2, 2] = 5
        @test Array(a) == x
        a[:] .= vec(x) .+ 1
        x .+= 1
        @test Array(a) == x
        # Extents of one are stretched.
        a .= reshape(1:6, 6, 1, 1)
        x .= reshape(1:6, 6, 1, 1)
        @test Array(a) == x
        a .= [1.0]
        @test all(==(1), a)
        a .= Ref(2)
        @test all(==(2), a)
        a .= rand.()
        @test length(unique(a)) > 1
        y = zeros(6, 4)
        y .= view(a, :, :, 2)
        @test y == a[:, :, 2]
        y .= a[:, :, 2] .+ view(a, :, :, 1)
        @test y == a[:, :, 2] + a[:, :, 1]
        @test error_of(() -> a .= rand(6, 4, 2)) isa DimensionMismatch
        @test error_of(() -> a[:, :, 1] .= rand(5, 4)) isa DimensionMismatch
        i = define!(d, "i", Int8, (3,))
        i .= 1.0
        @test i == [1, 1, 1]
        @test error_of(() -> i .= 1.5) isa InexactError
        @test error_of(() -> i .= [1, 2, 3] .+ 0.5) isa InexactError
        @test i == [1, 1, 1]
        @test fill!(i, 4) === i && i == [4, 4, 4]
        i .= (1, 2, 3)
        @test i == 1:3
        t = define!(d, "t", TimestampNs, (2,))
        t .= DateTime(2024)
        t .+= Hour(1)
        @test DateTime.(t) == fill(DateTime(2024, 1, 1, 1), 2)
    end
end
