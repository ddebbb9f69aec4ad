! The climate model of examples/fortran on the ranks of MPI, which write one store together.
!
!     mpirun -n RANKS climate_mpi FOLDER MONTHS [restart]
!
! Each rank has a tile of the globe, with a halo of one cell. With any number of ranks, restarted with any other, the
! store has the same bits as that of the program with one process: the sums of the daily series are made of whole
! fields, on rank 0, in the same order. (Where exp() has one value: gfortran's, of loops that it has made vectors of,
! depends on the cell's place in the loop. -fno-tree-vectorize is the option.)
!
! What the ranks do together is `run%..`; what a rank does with its own handle, such as setting attributes and reading
! its tile, is `run%store%..`.
module climate_tile
    use, intrinsic :: iso_fortran_env, only: int64, real64
    use mpi_f08, only: MPI_Allgatherv, MPI_Cart_coords, MPI_Cart_create, MPI_Cart_shift, MPI_Cart_sub, MPI_Comm, &
        MPI_Comm_rank, MPI_Comm_size, MPI_COMM_WORLD, MPI_Dims_create, MPI_DOUBLE_PRECISION, MPI_Gatherv, &
        MPI_Sendrecv, MPI_STATUS_IGNORE
    implicit none (type, external)
    private

    public :: advance, moisture, nlat, nlev, nlon, precipitation, prepare, start_from_rest, steps_per_day, &
        surface_temperature, theta, total, tracer, whole
    public :: area, i1, i2, j1, j2, latitude, longitude, pressure

    integer, parameter :: nlon = 48, nlat = 24, nlev = 6
    integer, parameter :: steps_per_day = 24

    real(real64), parameter :: pi = acos(-1.0_real64)
    real(real64), parameter :: day = 86400, dt = day / steps_per_day, year = 360 * day
    real(real64), parameter :: radius = 6.371e6_real64, gravity = 9.81_real64, surface_pressure = 1e5_real64
    real(real64), parameter :: layer = surface_pressure / gravity / nlev   ! kg/m2 in each layer
    real(real64), parameter :: heat = 1004, latent = 2.5e6_real64, vapour = 461.5_real64
    real(real64), parameter :: diffusivity = 2e5_real64, mixing_time = 5 * day
    real(real64), parameter :: dlon = 2 * pi / nlon, dlat = pi / nlat
    integer, parameter :: wave = 5
    real(real64), parameter :: wave_period = 9 * day

    ! This rank's cells: from i1 to i2 around the globe, from j1 to j2 between the poles. The ranks that have the same
    ! latitudes are `row`.
    integer :: i1, i2, j1, j2
    type(MPI_Comm) :: grid, row
    integer :: west, east_of, south, north_of

    ! The prognostic fields, with a halo of one cell in the horizontal.
    real(real64), allocatable :: theta(:, :, :)              ! potential temperature, K
    real(real64), allocatable :: moisture(:, :, :)           ! kg/kg
    real(real64), allocatable :: tracer(:, :, :)             ! kg/kg

    ! What left the air, since the caller set it to 0.
    real(real64), allocatable :: precipitation(:, :)         ! kg/m2

    real(real64) :: longitude(nlon), latitude(nlat), pressure(nlev), area(nlat)
    real(real64) :: height(nlev)                             ! 0 at the ground, 1 at the top
    real(real64) :: jet(0:nlat, nlev), wave_strength(0:nlat, nlev), overturning(0:nlat, 0:nlev)
    real(real64), allocatable :: east(:, :, :), north(:, :, :), up(:, :, :)   ! kg/s

contains

    !> Finds this rank's tile, and sets up the grid and the streamfunctions.
    subroutine prepare
        real(real64) :: edge, wind
        integer :: ranks, me, parts(2), place(2), i, j, k

        call MPI_Comm_size(MPI_COMM_WORLD, ranks)
        parts = 0
        call MPI_Dims_create(ranks, 2, parts)
        call MPI_Cart_create(MPI_COMM_WORLD, 2, parts, [.true., .false.], .false., grid)
        call MPI_Comm_rank(grid, me)
        call MPI_Cart_coords(grid, me, 2, place)
        call MPI_Cart_shift(grid, 0, 1, west, east_of)
        call MPI_Cart_shift(grid, 1, 1, south, north_of)
        call MPI_Cart_sub(grid, [.true., .false.], row)
        call share(nlon, parts(1), place(1), i1, i2)
        call share(nlat, parts(2), place(2), j1, j2)
        allocate(theta(i1 - 1:i2 + 1, j1 - 1:j2 + 1, nlev), moisture(i1 - 1:i2 + 1, j1 - 1:j2 + 1, nlev), &
            tracer(i1 - 1:i2 + 1, j1 - 1:j2 + 1, nlev), precipitation(i1:i2, j1:j2), &
            east(i1 - 1:i2, j1:j2, nlev), north(i1:i2, j1 - 1:j2, nlev), up(i1:i2, j1:j2, 0:nlev))

        longitude = [((i - 0.5_real64) * dlon, i = 1, nlon)]
        latitude = [(-pi / 2 + (j - 0.5_real64) * dlat, j = 1, nlat)]
        area = [(radius**2 * dlon * (sin(latitude(j) + dlat / 2) - sin(latitude(j) - dlat / 2)), j = 1, nlat)]
        height = [((k - 0.5_real64) / nlev, k = 1, nlev)]
        pressure = surface_pressure * (1 - height)
        do k = 1, nlev
            wind = 10 + 30 * height(k)
            do j = 0, nlat
                edge = -pi / 2 + j * dlat
                ! Westerlies at middle latitudes, easterlies between the tropics.
                jet(j, k) = -layer * radius * (wind * (edge / 2 - sin(4 * edge) / 8) - 8 * sin(edge))
                wave_strength(j, k) = layer * radius * 4 * (0.5_real64 + height(k)) * cos(edge)**3 * sin(edge)
            end do
        end do
        do k = 0, nlev
            do j = 0, nlat
                edge = -pi / 2 + j * dlat
                overturning(j, k) = -8e10_real64 / nlon * sin(2 * edge) * cos(edge)**2 * sin(pi * k / nlev)
            end do
        end do
        overturning(:, 0) = 0
        overturning(:, nlev) = 0
        wave_strength(0, :) = 0
        wave_strength(nlat, :) = 0
    end subroutine prepare

    !> The part of 1 to n that is number `at`, from 0, of `parts`.
    pure subroutine share(n, parts, at, first, last)
        integer, intent(in) :: n, parts, at
        integer, intent(out) :: first, last

        first = n * at / parts + 1
        last = n * (at + 1) / parts
    end subroutine share

    !> The first state: radiative equilibrium, half saturated, no tracer.
    subroutine start_from_rest
        integer :: i, j, k

        do k = 1, nlev
            do j = j1, j2
                do i = i1, i2
                    theta(i, j, k) = equilibrium(j, k, 0.0_real64)
                    moisture(i, j, k) = 0.5_real64 * saturation(theta(i, j, k) * exner(k), k)
                end do
            end do
        end do
        tracer = 0
    end subroutine start_from_rest

    !> One step; `step` counts from 1.
    subroutine advance(step)
        integer(int64), intent(in) :: step
        real(real64) :: time

        time = (step - 1) * dt
        call blow(time)
        call transport(theta, .false.)
        call transport(moisture, .true.)
        call transport(tracer, .true.)
        call radiate(time)
        call rain
        call emit
    end subroutine advance

    !> Mass fluxes through the cells' faces, from the streamfunctions at their corners: free of divergence as they are.
    subroutine blow(time)
        real(real64), intent(in) :: time
        real(real64) :: psi(i1 - 1:i2, j1 - 1:j2), phase(i1 - 1:i2)
        integer :: i, j, k

        phase = [(cos(wave * modulo(i, nlon) * dlon - 2 * pi * modulo(time, wave_period) / wave_period), &
            i = i1 - 1, i2)]
        do k = 1, nlev
            do j = j1 - 1, j2
                psi(:, j) = jet(j, k) + wave_strength(j, k) * phase
            end do
            do j = j1, j2
                east(:, j, k) = psi(:, j - 1) - psi(:, j)
            end do
            do j = j1 - 1, j2
                north(:, j, k) = psi(i1:, j) - psi(:i2 - 1, j) + overturning(j, k) - overturning(j, k - 1)
            end do
        end do
        do k = 0, nlev
            do j = j1, j2
                up(:, j, k) = overturning(j - 1, k) - overturning(j, k)
            end do
        end do
    end subroutine blow

    !> The halo: the neighbours around the globe, and across the poles.
    subroutine fill_halo(field)
        real(real64), intent(inout) :: field(i1 - 1:, j1 - 1:, :)

        call swap(field(i1:i1, j1:j2, :), west, field(i2 + 1:i2 + 1, j1:j2, :), east_of)
        call swap(field(i2:i2, j1:j2, :), east_of, field(i1 - 1:i1 - 1, j1:j2, :), west)
        call swap(field(i1:i2, j1:j1, :), south, field(i1:i2, j2 + 1:j2 + 1, :), north_of)
        call swap(field(i1:i2, j2:j2, :), north_of, field(i1:i2, j1 - 1:j1 - 1, :), south)
        if (j1 == 1) field(i1:i2, 0, :) = across(field(i1:i2, 1, :))
        if (j2 == nlat) field(i1:i2, nlat + 1, :) = across(field(i1:i2, nlat, :))
    end subroutine fill_halo

    !> Sends the rim of this tile to one neighbour, and gets the halo from another. Beyond the poles there is none.
    subroutine swap(rim, to, halo, from)
        real(real64), intent(in) :: rim(:, :, :)
        integer, intent(in) :: to, from
        real(real64), intent(inout) :: halo(:, :, :)
        real(real64) :: sent(size(rim)), received(size(halo))

        sent = reshape(rim, shape(sent))
        received = reshape(halo, shape(received))
        call MPI_Sendrecv(sent, size(sent), MPI_DOUBLE_PRECISION, to, 0, received, size(received), &
            MPI_DOUBLE_PRECISION, from, 0, grid, MPI_STATUS_IGNORE)
        halo = reshape(received, shape(halo))
    end subroutine swap

    !> What lies across the pole of this tile's row there: half the globe away, so in other ranks' tiles.
    function across(rim) result(opposite)
        real(real64), intent(in) :: rim(i1:, :)
        real(real64) :: opposite(i1:i2, nlev), around(nlev, nlon)
        integer :: counts(nlon), first, last, ranks, r, i

        call MPI_Comm_size(row, ranks)
        do r = 0, ranks - 1
            call share(nlon, ranks, r, first, last)
            counts(r + 1) = (last - first + 1) * nlev
        end do
        call MPI_Allgatherv(transpose(rim), size(rim), MPI_DOUBLE_PRECISION, around, counts, &
            [(sum(counts(:r)), r = 0, ranks - 1)], MPI_DOUBLE_PRECISION, row)
        do i = i1, i2
            opposite(i, :) = around(:, modulo(i - 1 + nlon / 2, nlon) + 1)
        end do
    end function across

    !> The field of all tiles, without halos, on rank 0; nothing elsewhere.
    function whole(field)
        real(real64), intent(in) :: field(i1 - 1:, j1 - 1:, :)
        real(real64), allocatable :: whole(:, :, :), tiles(:)
        integer, allocatable :: counts(:), starts(:), corners(:, :)
        integer :: ranks, me, r, place(2), parts(2)

        call MPI_Comm_size(grid, ranks)
        call MPI_Comm_rank(grid, me)
        allocate(counts(ranks), starts(ranks), corners(4, ranks))
        parts = 0
        call MPI_Dims_create(ranks, 2, parts)
        do r = 1, ranks
            call MPI_Cart_coords(grid, r - 1, 2, place)
            call share(nlon, parts(1), place(1), corners(1, r), corners(2, r))
            call share(nlat, parts(2), place(2), corners(3, r), corners(4, r))
            counts(r) = (corners(2, r) - corners(1, r) + 1) * (corners(4, r) - corners(3, r) + 1) * nlev
            starts(r) = sum(counts(:r - 1))
        end do
        allocate(tiles(merge(nlon * nlat * nlev, 0, me == 0)))
        call MPI_Gatherv(reshape(field(i1:i2, j1:j2, :), [counts(me + 1)]), counts(me + 1), MPI_DOUBLE_PRECISION, &
            tiles, counts, starts, MPI_DOUBLE_PRECISION, 0, grid)
        allocate(whole(merge(nlon, 0, me == 0), nlat, nlev))
        if (me /= 0) return
        do r = 1, ranks
            associate (c => corners(:, r))
                whole(c(1):c(2), c(3):c(4), :) = reshape(tiles(starts(r) + 1:starts(r) + counts(r)), &
                    [c(2) - c(1) + 1, c(4) - c(3) + 1, nlev])
            end associate
        end do
    end function whole

    !> Advection, horizontal diffusion and, if asked for, vertical mixing of one field.
    subroutine transport(field, mixes)
        real(real64), intent(inout) :: field(i1 - 1:i2 + 1, j1 - 1:j2 + 1, nlev)
        logical, intent(in) :: mixes
        real(real64) :: x(i1 - 1:i2, j1:j2, nlev), y(i1:i2, j1 - 1:j2, nlev), z(i1:i2, j1:j2, 0:nlev)
        real(real64) :: conductance
        integer :: j, k

        call fill_halo(field)
        do k = 1, nlev
            do j = j1, j2
                ! Less diffusion towards the poles, where the cells become narrow.
                conductance = diffusivity * layer * cos(latitude(j)) * dlat / dlon
                x(:, j, k) = upwind(east(:, j, k), field(:i2, j, k), field(i1:, j, k)) &
                    + conductance * (field(:i2, j, k) - field(i1:, j, k))
            end do
            do j = j1 - 1, j2
                conductance = diffusivity * layer * cos(-pi / 2 + j * dlat) * dlon / dlat
                if (j == 0 .or. j == nlat) conductance = 0
                y(:, j, k) = upwind(north(:, j, k), field(i1:i2, j, k), field(i1:i2, j + 1, k)) &
                    + conductance * (field(i1:i2, j, k) - field(i1:i2, j + 1, k))
            end do
        end do
        z(:, :, 0) = 0
        z(:, :, nlev) = 0
        do k = 1, nlev - 1
            do j = j1, j2
                conductance = merge(area(j) * layer / mixing_time, 0.0_real64, mixes)
                z(:, j, k) = upwind(up(:, j, k), field(i1:i2, j, k), field(i1:i2, j, k + 1)) &
                    + conductance * (field(i1:i2, j, k) - field(i1:i2, j, k + 1))
            end do
        end do
        do k = 1, nlev
            do j = j1, j2
                field(i1:i2, j, k) = field(i1:i2, j, k) - dt / (area(j) * layer) * (x(i1:, j, k) - x(:i2 - 1, j, k) &
                    + y(:, j, k) - y(:, j - 1, k) + z(:, j, k) - z(:, j, k - 1))
            end do
        end do
    end subroutine transport

    elemental function upwind(flux, behind, ahead) result(carried)
        real(real64), intent(in) :: flux, behind, ahead
        real(real64) :: carried

        carried = max(flux, 0.0_real64) * behind + min(flux, 0.0_real64) * ahead
    end function upwind

    !> Radiation: back to equilibrium, faster at the ground.
    subroutine radiate(time)
        real(real64), intent(in) :: time
        integer :: j, k

        do k = 1, nlev
            do j = j1, j2
                theta(i1:i2, j, k) = theta(i1:i2, j, k) &
                    + dt / ((5 + 25 * height(k)) * day) * (equilibrium(j, k, time) - theta(i1:i2, j, k))
            end do
        end do
    end subroutine radiate

    !> Evaporation into the lowest layer; condensation, rain and latent heat in all.
    subroutine rain
        real(real64) :: temperature, limit, change
        integer :: i, j, k

        do j = j1, j2
            do i = i1, i2
                limit = 0.8_real64 * saturation(theta(i, j, 1) * exner(1), 1)
                change = max(limit - moisture(i, j, 1), 0.0_real64) * dt / day
                moisture(i, j, 1) = moisture(i, j, 1) + change
            end do
        end do
        do k = 1, nlev
            do j = j1, j2
                do i = i1, i2
                    temperature = theta(i, j, k) * exner(k)
                    limit = saturation(temperature, k)
                    if (moisture(i, j, k) <= limit) cycle
                    change = (moisture(i, j, k) - limit) / (1 + latent**2 * limit / (heat * vapour * temperature**2))
                    moisture(i, j, k) = moisture(i, j, k) - change
                    theta(i, j, k) = theta(i, j, k) + latent / heat * change / exner(k)
                    precipitation(i, j) = precipitation(i, j) + change * layer
                end do
            end do
        end do
    end subroutine rain

    !> The tracer: a source of 1 t/s at the ground, at 40 degrees north, and decay.
    subroutine emit
        integer :: i, j

        i = nlon / 4
        j = nint((40 + 90) / 180.0_real64 * nlat)
        tracer(i1:i2, j1:j2, :) = tracer(i1:i2, j1:j2, :) * (1 - dt / (40 * day))
        if (i < i1 .or. i > i2 .or. j < j1 .or. j > j2) return
        tracer(i, j, 1) = tracer(i, j, 1) + 1000 * dt / (area(j) * layer)
    end subroutine emit

    !> The potential temperature that radiation alone would make: warm where the sun is.
    pure function equilibrium(j, k, time) result(value)
        integer, intent(in) :: j, k
        real(real64), intent(in) :: time
        real(real64) :: value

        value = 307 - 45 * sin(latitude(j))**2 + 15 * sin(latitude(j)) * sin(2 * pi * (time / year - 0.22_real64)) &
            + 25 * height(k) + 150 * height(k)**4
    end function equilibrium

    !> Temperature over potential temperature.
    pure function exner(k) result(value)
        integer, intent(in) :: k
        real(real64) :: value

        value = (1 - height(k))**0.286_real64
    end function exner

    !> The moisture of saturated air.
    pure function saturation(temperature, k) result(value)
        real(real64), intent(in) :: temperature
        integer, intent(in) :: k
        real(real64) :: value

        value = 0.622_real64 * 611.2_real64 / pressure(k) * &
            exp(17.67_real64 * (temperature - 273.15_real64) / (temperature - 29.65_real64))
    end function saturation

    !> The mass that a whole field has in all, kg.
    pure function total(field) result(mass)
        real(real64), intent(in) :: field(:, :, :)
        real(real64) :: mass
        integer :: j

        mass = sum([(area(j) * layer * sum(field(:, j, :)), j = 1, nlat)])
    end function total

    !> The temperature of the lowest layer, averaged over the globe: of a whole field.
    pure function surface_temperature(field) result(mean)
        real(real64), intent(in) :: field(:, :, :)
        real(real64) :: mean
        integer :: j

        mean = sum([(area(j) * sum(field(:, j, 1)), j = 1, nlat)]) / (nlon * sum(area)) * exner(1)
    end function surface_temperature
end module climate_tile

program climate_mpi
    use, intrinsic :: iso_fortran_env, only: error_unit, int32, int64, real64
    use atlas_store, only: atlas_dtype_f32, atlas_dtype_f64, atlas_if_exists_replace
    use atlas_store_mpi, only: atlas_mpi
    use climate_tile, only: advance, area, i1, i2, j1, j2, latitude, longitude, moisture, nlat, nlev, nlon, &
        precipitation, prepare, pressure, start_from_rest, steps_per_day, surface_temperature, theta, total, tracer, &
        whole
    use mpi_f08, only: MPI_Comm_rank, MPI_COMM_WORLD, MPI_Finalize, MPI_Init
    implicit none (type, external)

    integer, parameter :: days_per_month = 30
    type(atlas_mpi) :: run
    character(1000) :: folder, word
    integer(int32) :: month, months
    integer :: me, status
    logical :: goes_on

    call MPI_Init()
    call MPI_Comm_rank(MPI_COMM_WORLD, me)
    call get_command_argument(1, folder)
    call get_command_argument(2, word, status=status)
    if (status == 0) read (word, *, iostat=status) months
    if (status /= 0) then
        write (error_unit, "(a)") "usage: climate_mpi FOLDER MONTHS [restart]"
        stop 2, quiet=.true.
    end if
    call get_command_argument(3, word)

    call prepare
    if (word == "restart") then
        call run%open(MPI_COMM_WORLD, folder)
    else
        call run%create(MPI_COMM_WORLD, folder, if_exists=atlas_if_exists_replace)
    end if
    goes_on = run%store%has_dataset("state")
    if (.not. goes_on) call define_datasets
    call define_state
    if (goes_on) then
        call read_state(month)
        if (me == 0) print "(a, i0)", "going on after month ", month
    else
        call start_from_rest
        month = 0
        call write_state(month)
        call run%flush()
    end if
    do while (month < months)
        month = month + 1
        call run_month(month)
    end do
    call run%close()
    if (me == 0) print "(a, i0, a)", "month ", month, " is on the disk"
    call MPI_Finalize()

contains

    !> What one rank writes: the grid and the daily series.
    subroutine define_datasets
        character(*), parameter :: names(*) = [character(20) :: "surface_temperature", "water", "tracer_mass"]
        character(*), parameter :: units(*) = [character(4) :: "K", "kg", "kg"]
        real(real64), parameter :: degree = acos(-1.0_real64) / 180
        integer :: i

        if (me /= 0) return
        call run%store%create_dataset("grid")
        call define_values("lon", longitude / degree, "degrees_east")
        call define_values("lat", latitude / degree, "degrees_north")
        call define_values("lev", pressure, "Pa")
        call run%store%define("grid", "area", atlas_dtype_f64, [nlat], dims=["lat"])
        call run%store%write("grid", "area", area)

        call run%store%create_dataset("series")
        do i = 1, size(names)
            call run%store%define("series", names(i), atlas_dtype_f64, [0], dims=["day"])
            call run%store%set_attribute("series", "units", units(i), array=names(i))
        end do

        call run%store%create_dataset("state")
        call run%store%set_attribute("state", "model", "climate_model")
    end subroutine define_datasets

    subroutine define_values(name, values, units)
        character(*), intent(in) :: name, units
        real(real64), intent(in) :: values(:)

        call run%store%define("grid", name, atlas_dtype_f64, shape(values), dims=[name])
        call run%store%write("grid", name, values)
        call run%store%set_attribute("grid", "units", units, array=name)
    end subroutine define_values

    !> The state to go on from, which is there already where this is a restart: then the ranks only say what is whose.
    subroutine define_state
        call define_field("state", "theta", atlas_dtype_f64, "K")
        call define_field("state", "moisture", atlas_dtype_f64, "kg/kg")
        call define_field("state", "tracer", atlas_dtype_f64, "kg/kg")
    end subroutine define_state

    subroutine define_field(dataset, name, dtype, units)
        character(*), intent(in) :: dataset, name, units
        integer(int32), intent(in) :: dtype

        call run%define_array(dataset, name, dtype, [nlon, nlat, nlev], dims=["lon", "lat", "lev"], &
            tile_start=[i1, j1, 1], tile_count=[i2 - i1 + 1, j2 - j1 + 1, nlev])
        call run%store%set_attribute(dataset, "units", units, array=name)
    end subroutine define_field

    !> The state without its halo, which the next step fills. No copy is made of the fields.
    subroutine write_state(month)
        integer(int32), intent(in) :: month

        call run%write("state", "theta", theta(i1:i2, j1:j2, :), start=[i1, j1, 1])
        call run%write("state", "moisture", moisture(i1:i2, j1:j2, :), start=[i1, j1, 1])
        call run%write("state", "tracer", tracer(i1:i2, j1:j2, :), start=[i1, j1, 1])
        call run%store%set_attribute("state", "month", month)
    end subroutine write_state

    subroutine read_state(month)
        integer(int32), intent(out) :: month

        call run%store%read("state", "theta", theta(i1:i2, j1:j2, :), start=[i1, j1, 1])
        call run%store%read("state", "moisture", moisture(i1:i2, j1:j2, :), start=[i1, j1, 1])
        call run%store%read("state", "tracer", tracer(i1:i2, j1:j2, :), start=[i1, j1, 1])
        call run%store%get_attribute("state", "month", month)
    end subroutine read_state

    !> Thirty days: steps, daily sums, the month's means. Everything becomes durable together, in one flush of all.
    subroutine run_month(month)
        integer(int32), intent(in) :: month
        integer, parameter :: steps = days_per_month * steps_per_day
        real(real64), dimension(i1:i2, j1:j2, nlev) :: mean_theta, mean_moisture, mean_tracer
        real(real64), allocatable :: warmth(:, :, :), water(:, :, :), traces(:, :, :)
        integer :: i
        character(12) :: name

        write (name, "(a, i4.4)") "month ", month
        mean_theta = 0
        mean_moisture = 0
        mean_tracer = 0
        precipitation = 0
        do i = 1, steps
            call advance((month - 1) * int(steps, int64) + i)
            mean_theta = mean_theta + theta(i1:i2, j1:j2, :) / steps
            mean_moisture = mean_moisture + moisture(i1:i2, j1:j2, :) / steps
            mean_tracer = mean_tracer + tracer(i1:i2, j1:j2, :) / steps
            if (modulo(i, steps_per_day) == 0) then
                warmth = whole(theta)
                water = whole(moisture)
                traces = whole(tracer)
                if (me == 0) then
                    call run%store%append("series", "surface_temperature", surface_temperature(warmth))
                    call run%store%append("series", "water", total(water))
                    call run%store%append("series", "tracer_mass", total(traces))
                end if
            end if
        end do

        if (me == 0) then
            call run%store%create_dataset(name)
            call run%store%set_attribute(name, "days", days_per_month)
        end if
        call define_field(name, "theta", atlas_dtype_f32, "K")
        call define_field(name, "moisture", atlas_dtype_f32, "kg/kg")
        call define_field(name, "tracer", atlas_dtype_f32, "kg/kg")
        call run%define_array(name, "precipitation", atlas_dtype_f32, [nlon, nlat], dims=["lon", "lat"], &
            tile_start=[i1, j1], tile_count=[i2 - i1 + 1, j2 - j1 + 1])
        call run%store%set_attribute(name, "units", "kg/m2", array="precipitation")
        call run%write(name, "theta", mean_theta, start=[i1, j1, 1])
        call run%write(name, "moisture", mean_moisture, start=[i1, j1, 1])
        call run%write(name, "tracer", mean_tracer, start=[i1, j1, 1])
        call run%write(name, "precipitation", precipitation, start=[i1, j1])
        call write_state(month)
        call run%flush()
        if (me == 0) print "(a, i4, 2(a, f7.2), a)", "month", month, ": surface ", surface_temperature(warmth), &
            " K, water ", total(water) / (nlon * sum(area)), " kg/m2"
    end subroutine run_month
end program climate_mpi
