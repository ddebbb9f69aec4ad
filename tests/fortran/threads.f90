! Many threads on one store at once, each with its own error text.
module thread_tests
    use, intrinsic :: iso_fortran_env, only: real64
    use check, only: contains_text, expect, path_of, scaled
    use atlas_store, only: atlas_dtype_f64, atlas_status_not_found, store_type
    implicit none (type, external)
    private

    public :: all_at_once

contains

    subroutine all_at_once
        type(store_type) :: store
        real(real64) :: series(50)
        integer :: i, n, wrong

        n = scaled(200, 20)
        wrong = 0
        call store%create(path_of("store"), sync=.false.)
        !$omp parallel do reduction(+: wrong) schedule(dynamic) num_threads(4)
        do i = 1, n
            wrong = wrong + wrong_in_run(store, i)
        end do
        !$omp end parallel do
        call expect(wrong == 0, "every thread to see its own")
        call expect(store%dataset_count() == n, "every dataset")
        call store%close()
        call store%open(path_of("store"))
        do i = 1, n
            call store%read(name_of(i), "s", series)
            call expect(all(nint(series) == -i), "what a thread appended")
        end do
    end subroutine all_at_once

    !> Writes and reads one dataset; gives the number of surprises.
    function wrong_in_run(store, i) result(wrong)
        type(store_type), intent(in) :: store
        integer, intent(in) :: i
        integer :: wrong

        real(real64) :: field(0:21, 0:11), back(20, 10), series(50)
        character(10) :: name
        character(100) :: text
        character(:), allocatable :: units
        integer :: stat

        wrong = 0
        name = name_of(i)
        call store%create_dataset(name)
        call store%define(name, "f", atlas_dtype_f64, [20, 10])
        call store%define(name, "s", atlas_dtype_f64, [0])
        field = i
        call store%write(name, "f", field(1:20, 1:10))
        series = -i
        call store%append(name, "s", series)
        call store%set_attribute(name, "units", "K"//trim(name), array="f")
        if (mod(i, 20) == 0) call store%flush()
        if (mod(i, 20) == 10) call store%flush_begin()
        call store%read(name, "f", back)
        if (any(nint(back) /= i)) wrong = wrong + 1
        call store%get_attribute_text(name, "units", units, array="f")
        if (units /= "K"//name) wrong = wrong + 1
        text = ""
        call store%read(name, "missing from "//name, back, stat=stat, errmsg=text)
        if (stat /= atlas_status_not_found .or. .not. contains_text(text, "'"//trim(name)//"'")) wrong = wrong + 1
    end function wrong_in_run

    pure function name_of(i) result(name)
        integer, intent(in) :: i
        character(10) :: name

        write (name, "(a, i0)") "run", i
    end function name_of
end module thread_tests

program threads
    use check, only: finish, run
    use thread_tests, only: all_at_once
    implicit none (type, external)

    call run("threads", all_at_once)
    call finish
end program threads
