! A small climate model that keeps its results and its state in one store, and can be stopped at any time.
!
!     climate_model FOLDER MONTHS [restart]
!
! runs until MONTHS months are done, in place of a run that is there; with "restart" it goes on from the last month that
! the store in FOLDER has. Stopped and restarted, or killed and restarted, it ends with the same bits as a run in one go: a
! month's means, the daily series and the state to go on from are one flush, so the store is always at the end of a month.
! The model does not wait for it: a month goes to the disk while the next one is computed.
!
! The model: an atmosphere of a few layers on a latitude-longitude grid. Prescribed winds (jets, a travelling planetary
! wave, an overturning in each hemisphere) carry potential temperature, moisture and a tracer; radiation relaxes the
! temperature to a seasonal cycle; water evaporates, condenses, warms the air and rains out; the tracer has a source
! and decays. Transport is a finite-volume upwind scheme whose fluxes come from streamfunctions, so that it neither
! makes nor loses mass, and keeps what is positive positive.
module climate
    use, intrinsic :: iso_fortran_env, only: int64, real64
    implicit none (type, external)
    private

    public :: advance, moisture, nlat, nlev, nlon, precipitation, prepare, start_from_rest, steps_per_day, &
        surface_temperature, theta, total, tracer
    public :: area, evaporated, latitude, longitude, pressure

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

    ! The prognostic fields, with a halo of one cell in the horizontal.
    real(real64) :: theta(0:nlon + 1, 0:nlat + 1, nlev)      ! potential temperature, K
    real(real64) :: moisture(0:nlon + 1, 0:nlat + 1, nlev)   ! kg/kg
    real(real64) :: tracer(0:nlon + 1, 0:nlat + 1, nlev)     ! kg/kg

    ! What left the air and what entered it, since the caller set it to 0.
    real(real64) :: precipitation(nlon, nlat)                ! kg/m2
    real(real64) :: evaporated                               ! kg

    real(real64) :: longitude(nlon), latitude(nlat), pressure(nlev), area(nlat)
    real(real64) :: height(nlev)                             ! 0 at the ground, 1 at the top
    real(real64) :: jet(0:nlat, nlev), wave_strength(0:nlat, nlev), overturning(0:nlat, 0:nlev)
    real(real64) :: east(0:nlon, nlat, nlev), north(nlon, 0:nlat, nlev), up(nlon, nlat, 0:nlev)   ! kg/s

contains

    !> Sets up the grid and the streamfunctions.
    subroutine prepare
        real(real64) :: edge, wind
        integer :: i, j, k

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

    !> The first state: radiative equilibrium, half saturated, no tracer.
    subroutine start_from_rest
        integer :: i, j, k

        do k = 1, nlev
            do j = 1, nlat
                do i = 1, nlon
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
        real(real64) :: psi(0:nlon, 0:nlat), phase(0:nlon)
        integer :: i, j, k

        phase = [(cos(wave * modulo(i, nlon) * dlon - 2 * pi * modulo(time, wave_period) / wave_period), i = 0, nlon)]
        do k = 1, nlev
            do j = 0, nlat
                psi(:, j) = jet(j, k) + wave_strength(j, k) * phase
            end do
            do j = 1, nlat
                east(:, j, k) = psi(:, j - 1) - psi(:, j)
            end do
            do j = 0, nlat
                north(:, j, k) = psi(1:, j) - psi(:nlon - 1, j) + overturning(j, k) - overturning(j, k - 1)
            end do
        end do
        do k = 0, nlev
            do j = 1, nlat
                up(:, j, k) = overturning(j - 1, k) - overturning(j, k)
            end do
        end do
    end subroutine blow

    !> The halo: the neighbours around the globe, and across the poles.
    pure subroutine fill_halo(field)
        real(real64), intent(inout) :: field(0:, 0:, :)
        integer :: i

        do i = 1, nlon
            field(i, 0, :) = field(modulo(i - 1 + nlon / 2, nlon) + 1, 1, :)
            field(i, nlat + 1, :) = field(modulo(i - 1 + nlon / 2, nlon) + 1, nlat, :)
        end do
        field(0, :, :) = field(nlon, :, :)
        field(nlon + 1, :, :) = field(1, :, :)
    end subroutine fill_halo

    !> Advection, horizontal diffusion and, if asked for, vertical mixing of one field.
    subroutine transport(field, mixes)
        real(real64), intent(inout) :: field(0:nlon + 1, 0:nlat + 1, nlev)
        logical, intent(in) :: mixes
        real(real64) :: x(0:nlon, nlat, nlev), y(nlon, 0:nlat, nlev), z(nlon, nlat, 0:nlev), conductance
        integer :: j, k

        call fill_halo(field)
        do k = 1, nlev
            do j = 1, nlat
                ! Less diffusion towards the poles, where the cells become narrow.
                conductance = diffusivity * layer * cos(latitude(j)) * dlat / dlon
                x(:, j, k) = upwind(east(:, j, k), field(0:nlon, j, k), field(1:, j, k)) &
                    + conductance * (field(0:nlon, j, k) - field(1:, j, k))
            end do
            do j = 0, nlat
                conductance = diffusivity * layer * cos(-pi / 2 + j * dlat) * dlon / dlat
                if (j == 0 .or. j == nlat) conductance = 0
                y(:, j, k) = upwind(north(:, j, k), field(1:nlon, j, k), field(1:nlon, j + 1, k)) &
                    + conductance * (field(1:nlon, j, k) - field(1:nlon, j + 1, k))
            end do
        end do
        z(:, :, 0) = 0
        z(:, :, nlev) = 0
        do k = 1, nlev - 1
            do j = 1, nlat
                conductance = merge(area(j) * layer / mixing_time, 0.0_real64, mixes)
                z(:, j, k) = upwind(up(:, j, k), field(1:nlon, j, k), field(1:nlon, j, k + 1)) &
                    + conductance * (field(1:nlon, j, k) - field(1:nlon, j, k + 1))
            end do
        end do
        do k = 1, nlev
            do j = 1, nlat
                field(1:nlon, j, k) = field(1:nlon, j, k) - dt / (area(j) * layer) * (x(1:, j, k) - x(:nlon - 1, j, k) &
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
            do j = 1, nlat
                theta(1:nlon, j, k) = theta(1:nlon, j, k) &
                    + dt / ((5 + 25 * height(k)) * day) * (equilibrium(j, k, time) - theta(1:nlon, j, k))
            end do
        end do
    end subroutine radiate

    !> Evaporation into the lowest layer; condensation, rain and latent heat in all.
    subroutine rain
        real(real64) :: temperature, limit, change
        integer :: i, j, k

        do j = 1, nlat
            do i = 1, nlon
                limit = 0.8_real64 * saturation(theta(i, j, 1) * exner(1), 1)
                change = max(limit - moisture(i, j, 1), 0.0_real64) * dt / day
                moisture(i, j, 1) = moisture(i, j, 1) + change
                evaporated = evaporated + change * layer * area(j)
            end do
        end do
        do k = 1, nlev
            do j = 1, nlat
                do i = 1, nlon
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
        tracer(1:nlon, 1:nlat, :) = tracer(1:nlon, 1:nlat, :) * (1 - dt / (40 * day))
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

    !> The mass that a field has in all, kg.
    pure function total(field) result(mass)
        real(real64), intent(in) :: field(0:, 0:, :)
        real(real64) :: mass
        integer :: j

        mass = sum([(area(j) * layer * sum(field(1:nlon, j, :)), j = 1, nlat)])
    end function total

    !> The temperature of the lowest layer, averaged over the globe.
    pure function surface_temperature() result(mean)
        real(real64) :: mean
        integer :: j

        mean = sum([(area(j) * sum(theta(1:nlon, j, 1)), j = 1, nlat)]) / (nlon * sum(area)) * exner(1)
    end function surface_temperature
end module climate

program climate_model
    use, intrinsic :: iso_fortran_env, only: error_unit, int32, int64, real64
    use atlas_store, only: atlas_dtype_f32, atlas_dtype_f64, atlas_if_exists_replace, store_type
    use climate, only: advance, area, evaporated, latitude, longitude, moisture, nlat, nlev, nlon, precipitation, &
        prepare, pressure, start_from_rest, steps_per_day, surface_temperature, theta, total, tracer
    implicit none (type, external)

    integer, parameter :: days_per_month = 30
    type(store_type) :: store
    character(1000) :: folder, word
    integer(int32) :: month, months
    integer :: status

    call get_command_argument(1, folder)
    call get_command_argument(2, word, status=status)
    if (status == 0) read (word, *, iostat=status) months
    if (status /= 0) then
        write (error_unit, "(a)") "usage: climate_model FOLDER MONTHS [restart]"
        stop 2, quiet=.true.
    end if
    call get_command_argument(3, word)

    call prepare
    if (word == "restart") then
        call store%open(folder, action="readwrite")
    else
        call store%create(folder, if_exists=atlas_if_exists_replace)
    end if
    if (store%has_dataset("state")) then
        call read_state(month)
        print "(a, i0)", "going on after month ", month
    else
        call start_from_rest
        call define_datasets
        month = 0
        call write_state(month)
        call store%flush()
    end if
    do while (month < months)
        month = month + 1
        call run_month(month)
    end do
    call store%flush_wait()
    print "(a, i0, a)", "month ", month, " is on the disk"
    call store%close()

contains

    !> What every run has: the grid, the daily series, and the state to go on from.
    subroutine define_datasets
        character(*), parameter :: names(*) = [character(20) :: "surface_temperature", "water", "tracer_mass"]
        character(*), parameter :: units(*) = [character(4) :: "K", "kg", "kg"]
        real(real64), parameter :: degree = acos(-1.0_real64) / 180
        integer :: i

        call store%create_dataset("grid")
        call define_values("lon", longitude / degree, "degrees_east")
        call define_values("lat", latitude / degree, "degrees_north")
        call define_values("lev", pressure, "Pa")
        call store%define("grid", "area", atlas_dtype_f64, [nlat], dims=["lat"])
        call store%write("grid", "area", area)

        call store%create_dataset("series")
        do i = 1, size(names)
            call store%define("series", names(i), atlas_dtype_f64, [0], dims=["day"])
            call store%set_attribute("series", "units", units(i), array=names(i))
        end do

        call store%create_dataset("state")
        call store%set_attribute("state", "model", "climate_model")
        call define_field("state", "theta", atlas_dtype_f64, "K")
        call define_field("state", "moisture", atlas_dtype_f64, "kg/kg")
        call define_field("state", "tracer", atlas_dtype_f64, "kg/kg")
    end subroutine define_datasets

    subroutine define_values(name, values, units)
        character(*), intent(in) :: name, units
        real(real64), intent(in) :: values(:)

        call store%define("grid", name, atlas_dtype_f64, shape(values), dims=[name])
        call store%write("grid", name, values)
        call store%set_attribute("grid", "units", units, array=name)
    end subroutine define_values

    subroutine define_field(dataset, name, dtype, units)
        character(*), intent(in) :: dataset, name, units
        integer(int32), intent(in) :: dtype

        call store%define(dataset, name, dtype, [nlon, nlat, nlev], dims=["lon", "lat", "lev"])
        call store%set_attribute(dataset, "units", units, array=name)
    end subroutine define_field

    !> The state without its halo, which the next step fills. No copy is made of the fields.
    subroutine write_state(month)
        integer(int32), intent(in) :: month

        call store%write("state", "theta", theta(1:nlon, 1:nlat, :))
        call store%write("state", "moisture", moisture(1:nlon, 1:nlat, :))
        call store%write("state", "tracer", tracer(1:nlon, 1:nlat, :))
        call store%set_attribute("state", "month", month)
    end subroutine write_state

    subroutine read_state(month)
        integer(int32), intent(out) :: month

        call store%read("state", "theta", theta(1:nlon, 1:nlat, :))
        call store%read("state", "moisture", moisture(1:nlon, 1:nlat, :))
        call store%read("state", "tracer", tracer(1:nlon, 1:nlat, :))
        call store%get_attribute("state", "month", month)
    end subroutine read_state

    !> Thirty days: steps, daily sums, the month's means. Everything becomes durable together, in a flush begun at the
    !> end. Where the one before is not over yet, this waits for it.
    subroutine run_month(month)
        integer(int32), intent(in) :: month
        integer, parameter :: steps = days_per_month * steps_per_day
        real(real64) :: mean_theta(nlon, nlat, nlev), mean_moisture(nlon, nlat, nlev), mean_tracer(nlon, nlat, nlev)
        real(real64) :: water_before, fallen, lost
        integer :: i, j
        character(12) :: name

        write (name, "(a, i4.4)") "month ", month
        mean_theta = 0
        mean_moisture = 0
        mean_tracer = 0
        precipitation = 0
        evaporated = 0
        water_before = total(moisture)
        do i = 1, steps
            call advance((month - 1) * int(steps, int64) + i)
            mean_theta = mean_theta + theta(1:nlon, 1:nlat, :) / steps
            mean_moisture = mean_moisture + moisture(1:nlon, 1:nlat, :) / steps
            mean_tracer = mean_tracer + tracer(1:nlon, 1:nlat, :) / steps
            if (modulo(i, steps_per_day) == 0) then
                call store%append("series", "surface_temperature", surface_temperature())
                call store%append("series", "water", total(moisture))
                call store%append("series", "tracer_mass", total(tracer))
            end if
        end do

        call store%create_dataset(name)
        call store%set_attribute(name, "days", days_per_month)
        call define_field(name, "theta", atlas_dtype_f32, "K")
        call define_field(name, "moisture", atlas_dtype_f32, "kg/kg")
        call define_field(name, "tracer", atlas_dtype_f32, "kg/kg")
        call store%define(name, "precipitation", atlas_dtype_f32, [nlon, nlat], dims=["lon", "lat"])
        call store%set_attribute(name, "units", "kg/m2", array="precipitation")
        call store%write(name, "theta", mean_theta)
        call store%write(name, "moisture", mean_moisture)
        call store%write(name, "tracer", mean_tracer)
        call store%write(name, "precipitation", precipitation)
        call write_state(month)
        call store%flush_begin()

        fallen = sum([(area(j) * sum(precipitation(:, j)), j = 1, nlat)])
        lost = (water_before + evaporated - fallen - total(moisture)) / water_before
        print "(a, i4, 2(a, f7.2), a, f5.2, a, es8.1)", "month", month, ": surface ", surface_temperature(), &
            " K, water ", total(moisture) / (nlon * sum(area)), " kg/m2, rain ", &
            fallen / (nlon * sum(area)) / days_per_month, " mm/day, water lost ", lost
    end subroutine run_month
end program climate_model
