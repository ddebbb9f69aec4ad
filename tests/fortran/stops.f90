! What fails without `stat` stops the program with the text, and what ends without close is told on the standard error:
! run.sh runs each case and looks at exit code and text.
program stops
    use atlas_store, only: atlas_dtype_i32, store_type
    implicit none (type, external)

    type(store_type) :: store
    character(100) :: what, text
    character(500) :: folder
    logical :: unused

    call get_command_argument(1, what)
    call get_environment_variable("ATLAS_TEST_FOLDER", folder)
    call store%create(trim(folder)//"/stops-"//what)
    call store%create_dataset("jan")
    call store%define("jan", "x", atlas_dtype_i32, [3])
    text = ""
    select case (what)
    case ("not_found")
        call store%write("jan", "y", [1, 2, 3])
    case ("shape")
        call store%write("jan", "x", [1, 2, 3, 4])
    case ("errmsg_only")
        call store%create_dataset("jan", errmsg=text)
    case ("function")
        unused = store%has_array("feb", "x")
    case ("assignment")
        call assign
    case ("unclosed")
        call store%close()
        call leave_open
        stop
    case default
        call store%close()
        print "(a)", "not stopped"
        stop
    end select
    print "(a, l1)", "went on: "//what, unused

contains

    subroutine assign
        type(store_type) :: copy

        copy = store
        print "(l1)", copy%is_open()
    end subroutine assign

    !> Ends without close: the finalizer says what is lost.
    subroutine leave_open
        type(store_type) :: other

        call other%open(trim(folder)//"/stops-"//what, action="readwrite")
        call other%create_dataset("lost")
    end subroutine leave_open
end program stops
