!> The whole test framework: named tests, checks, paths of stores.
!>
!> A check that fails prints where it stands and what it wanted, and the test goes on, counted as failed. A procedure
!> of the library that fails unexpectedly stops the program, which run.sh counts as a failure.
!>
!> Environment: ATLAS_TEST_FOLDER, an empty folder for stores; ATLAS_TEST_SMALL=1 runs scaled down.
module check
    use, intrinsic :: iso_fortran_env, only: error_unit
    implicit none (type, external)
    private

    public :: contains_text, expect, expect_failure, finish, path_of, run, scaled

    abstract interface
        subroutine test_interface()
        end subroutine test_interface
    end interface

    character(:), allocatable :: test_name
    integer :: passed = 0
    integer :: failed = 0
    logical :: good = .true.

contains

    !> Run one test.
    subroutine run(name, test)
        character(*), intent(in) :: name
        procedure(test_interface) :: test

        test_name = name
        good = .true.
        call test
        if (good) then
            passed = passed + 1
            print "(2a)", "ok ", name
        else
            failed = failed + 1
            print "(2a)", "FAILED ", name
        end if
        flush (6)
    end subroutine run

    !> The closing line, and a failing end of the program if there is a reason.
    subroutine finish
        print "(i0, a, i0, a)", passed, " passed, ", failed, " failed"
        flush (6)
        if (failed > 0 .or. passed == 0) stop 1, quiet=.true.
    end subroutine finish

    !> Check that a condition holds.
    subroutine expect(condition, what)
        logical, intent(in) :: condition
        character(*), intent(in) :: what

        if (condition) return
        good = .false.
        write (error_unit, "(4a)") test_name, ": expected ", what, ", got the contrary"
    end subroutine expect

    !> Check that a procedure failed with this status, and with a text that holds `word`.
    subroutine expect_failure(stat, errmsg, status, word)
        integer, intent(in) :: stat, status
        character(*), intent(in) :: errmsg, word

        if (stat == status .and. index(errmsg, word) > 0) return
        good = .false.
        write (error_unit, "(2a, i0, 3a, i0, 3a)") test_name, ": expected status ", status, " and '", word, "', got ", &
            stat, " and '", trim(errmsg), "'"
    end subroutine expect_failure

    pure recursive function contains_text(text, word) result(yes)
        character(*), intent(in) :: text, word
        logical :: yes

        yes = index(text, word) > 0
    end function contains_text

    !> A path that only the running test uses.
    function path_of(name) result(path)
        character(*), intent(in) :: name
        character(:), allocatable :: path

        integer :: i

        path = test_name//"-"//name
        do i = 1, len(path)
            if (scan(path(i:i), " /*(),:") > 0) path(i:i) = "_"
        end do
        path = environment("ATLAS_TEST_FOLDER")//"/"//path
    end function path_of

    !> One size when run as usual, a smaller one where every instruction is slow.
    function scaled(normal, small) result(chosen)
        integer, intent(in) :: normal, small
        integer :: chosen

        chosen = merge(normal, small, len(environment("ATLAS_TEST_SMALL")) == 0)
    end function scaled

    function environment(name) result(text)
        character(*), intent(in) :: name
        character(:), allocatable :: text

        integer :: length

        call get_environment_variable(name, length=length)
        allocate(character(length) :: text)
        if (length > 0) call get_environment_variable(name, text)
    end function environment
end module check
