! A program that leaves its kinds to the compiler: run.sh compiles it with the options by which models change them.
module flags_tests
    use check, only: expect, path_of
    use atlas_store, only: array_info_type, atlas_dtype_f32, atlas_dtype_f64, atlas_dtype_i64, store_type
    implicit none (type, external)
    private

    public :: kinds

contains

    subroutine kinds
        type(store_type) :: store
        type(array_info_type) :: info
        real, allocatable :: again(:, :)
        real :: field(0:4, 0:3), back(3, 2), limit
        complex :: z(2), w(2)
        integer :: steps(2), n(2), i, stat
        logical :: mask(3), m(3)
        character(100) :: text

        field = reshape([(i * 0.5, i = 1, 20)], [5, 4])
        steps = [3, huge(1)]
        z = [(1.0, 2.0), (3.0, 4.0)]
        mask = [.true., .false., .true.]
        call store%create(path_of("store"), level=1, num_threads=1)
        call store%create_dataset("d")
        call store%define("d", "narrow", atlas_dtype_f32, [3, 2], fill=-1.0)
        call store%define("d", "wide", atlas_dtype_f64, [3, 2], fill=-1.0)
        call store%define("d", "steps", atlas_dtype_i64, shape(steps))
        call store%write("d", "narrow", field(1:3, 1:2))
        call store%write("d", "wide", field(1:3, 1:2))
        call store%write("d", "steps", steps)
        call store%set_attribute("d", "limit", 0.25)
        call store%set_attribute("d", "z", z)
        call store%set_attribute("d", "mask", mask)
        call store%close()

        call store%open(path_of("store"))
        call store%read("d", "narrow", back)
        call expect(all(abs(back - field(1:3, 1:2)) < 1e-6), "the narrow array")
        call store%read_alloc("d", "wide", again)
        call expect(all(abs(again - field(1:3, 1:2)) < 1e-6), "the wide array")
        call store%read("d", "steps", n)
        call expect(all(n == steps), "integers")
        call store%get_attribute("d", "limit", limit)
        call store%get_attribute("d", "z", w)
        call store%get_attribute("d", "mask", m)
        call expect(abs(limit - 0.25) < 1e-6 .and. all(abs(w - z) < 1e-6) .and. all(m .eqv. mask), "attributes")
        call store%info("d", "wide", info)
        call expect(info%rank == 2 .and. all(info%shape == [3, 2]), "the description")
        call store%read("d", "lost", back, stat=stat, errmsg=text)
        call expect(stat /= 0 .and. index(text, "lost") > 0, "a failure")
        call store%close()
    end subroutine kinds
end module flags_tests

program flags
    use check, only: finish, run
    use flags_tests, only: kinds
    implicit none (type, external)

    call run("kinds of the compiler's choice", kinds)
    call finish
end program flags
