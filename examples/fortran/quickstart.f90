!> Store one field, close the store, open it again, read the field back.
program quickstart
    use, intrinsic :: iso_fortran_env, only: real64
    use atlas_store, only: atlas_dtype_f64, atlas_if_exists_replace, stats_type, store_type
    implicit none (type, external)

    real(real64), parameter :: measured(3, 2) = &
        reshape([12.5_real64, 13.0_real64, 13.5_real64, -1.5_real64, 0.0_real64, 1.5_real64], [3, 2])
    type(store_type) :: store
    type(stats_type) :: stats
    real(real64) :: stored(3, 2)
    character(1000) :: path

    path = "quickstart.atlas"
    if (command_argument_count() > 0) call get_command_argument(1, path)

    call store%create(path, if_exists=atlas_if_exists_replace)
    call store%create_dataset("january")
    call store%define("january", "temperature", atlas_dtype_f64, shape(measured), dims=["lon", "lat"])
    call store%write("january", "temperature", measured)
    call store%set_attribute("january", "units", "degC", array="temperature")
    call store%close() ! everything above becomes durable here, all of it or nothing

    call store%open(path)
    call store%read("january", "temperature", stored)
    call store%stats("january", "temperature", stats)
    ! What C calls temperature[1][0].
    print "(3(a, f0.1))", "temperature[1][0] = ", stored(1, 2), ", min ", stats%min, ", max ", stats%max
    call store%close()
end program quickstart
