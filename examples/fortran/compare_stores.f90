! Are two stores equal, bit for bit?
!
!     compare_stores FOLDER FOLDER
!
! Compares the names of datasets, arrays and attributes in their order, types, shapes, dimensions, and all values as
! bytes. Says how much it compared; or what differs, and ends with exit code 1. Values are read by way of the raw
! layer, atlas_store_c, which gives their bytes whatever their type.
module comparison
    use, intrinsic :: iso_c_binding, only: c_int32_t, c_int8_t, c_loc, c_null_char, c_size_t
    use, intrinsic :: iso_fortran_env, only: error_unit, int64
    use atlas_store, only: array_info_type, atlas_dtype_size, atlas_dtype_string, store_type
    use atlas_store_c, only: atlas_get_attribute, atlas_read_array, atlas_status_ok
    implicit none (type, external)
    private

    public :: compare

    ! Lists of texts are variables of the module or saved ones: of others gfortran warns that their length is used
    ! uninitialized.
    type(store_type) :: one, other
    integer(int64) :: arrays = 0, attributes = 0, cells = 0
    character(:), allocatable :: texts(:), other_texts(:)

contains

    subroutine compare(folder, other_folder)
        character(*), intent(in) :: folder, other_folder
        character(:), allocatable, save :: names(:), other_names(:)
        integer :: i

        call one%open(folder)
        call other%open(other_folder)
        call one%dataset_names(names)
        call other%dataset_names(other_names)
        call same_names("the stores' datasets", names, other_names)
        do i = 1, size(names)
            call compare_dataset(trim(names(i)))
        end do
        print "(3(i0, a))", cells, " values in ", arrays, " arrays and ", attributes, &
            " attributes are equal, bit for bit"
    end subroutine compare

    subroutine compare_dataset(dataset)
        character(*), intent(in) :: dataset
        character(:), allocatable, save :: names(:), other_names(:)
        integer :: i

        call one%array_names(dataset, names)
        call other%array_names(dataset, other_names)
        call same_names("arrays of "//dataset, names, other_names)
        call compare_attributes(dataset)
        do i = 1, size(names)
            call compare_array(dataset, trim(names(i)))
            call compare_attributes(dataset, trim(names(i)))
        end do
    end subroutine compare_dataset

    subroutine compare_array(dataset, array)
        character(*), intent(in) :: dataset, array
        type(array_info_type) :: info, other_info
        integer(c_int8_t), allocatable :: bytes(:), other_bytes(:)
        logical :: same

        call one%info(dataset, array, info)
        call other%info(dataset, array, other_info)
        same = info%dtype == other_info%dtype .and. info%rank == other_info%rank .and. &
            (info%has_fill_value .eqv. other_info%has_fill_value)
        if (same) same = all(info%shape == other_info%shape)
        if (same) same = all(info%dims == other_info%dims)
        call need(same, "type and shape of "//dataset//"/"//array)
        if (info%dtype == atlas_dtype_string) then
            call one%read_text(dataset, array, texts, count=info%shape)
            call other%read_text(dataset, array, other_texts, count=info%shape)
            call need(all(texts == other_texts), "texts of "//dataset//"/"//array)
        else
            call read_bytes(one, bytes)
            call read_bytes(other, other_bytes)
            call need(all(bytes == other_bytes), "values of "//dataset//"/"//array)
        end if
        arrays = arrays + 1
        cells = cells + product(info%shape)
    contains
        subroutine read_bytes(store, bytes)
            type(store_type), intent(in) :: store
            integer(c_int8_t), allocatable, target, intent(out) :: bytes(:)

            allocate(bytes(product(info%shape) * atlas_dtype_size(info%dtype)))
            call need(atlas_read_array(store%c_handle(), dataset//c_null_char, array//c_null_char, info%dtype, &
                int(info%rank, c_size_t), data=c_loc(bytes)) == atlas_status_ok, "reading "//dataset//"/"//array)
        end subroutine read_bytes
    end subroutine compare_array

    !> The attributes of an array, or of the dataset itself.
    subroutine compare_attributes(dataset, array)
        character(*), intent(in) :: dataset
        character(*), intent(in), optional :: array
        character(:), allocatable, save :: names(:), other_names(:)
        integer(c_int32_t) :: dtype, other_dtype
        integer(int64) :: count, other_count
        integer :: i

        call one%attribute_names(dataset, names, array)
        call other%attribute_names(dataset, other_names, array)
        call same_names("attributes of "//dataset, names, other_names)
        do i = 1, size(names)
            call one%attribute_info(dataset, names(i), dtype, count, array)
            call other%attribute_info(dataset, names(i), other_dtype, other_count, array)
            call need(dtype == other_dtype .and. count == other_count, "type of attribute "//names(i))
            if (dtype == atlas_dtype_string) then
                call one%get_attribute_text(dataset, names(i), texts, array)
                call other%get_attribute_text(dataset, names(i), other_texts, array)
                call need(all(texts == other_texts), "text of attribute "//names(i))
            else
                call need(all(values_of(one) == values_of(other)), "value of attribute "//names(i))
            end if
            attributes = attributes + 1
        end do
    contains
        function values_of(store) result(bytes)
            type(store_type), intent(in) :: store
            integer(c_int8_t), target :: bytes(count * atlas_dtype_size(dtype))
            integer(c_int32_t) :: status
            integer(c_size_t) :: found
            character(:), allocatable :: owner

            if (present(array)) owner = array//c_null_char
            status = atlas_get_attribute(store%c_handle(), dataset//c_null_char, owner, trim(names(i))//c_null_char, &
                dtype, int(count, c_size_t), c_loc(bytes), found)
            call need(status == atlas_status_ok, "reading attribute "//names(i))
        end function values_of
    end subroutine compare_attributes

    subroutine same_names(what, names, other_names)
        character(*), intent(in) :: what, names(:), other_names(:)
        logical :: same

        same = size(names) == size(other_names)
        if (same) same = all(names == other_names)
        call need(same, what)
    end subroutine same_names

    !> Ends the program when something differs.
    subroutine need(same, what)
        logical, intent(in) :: same
        character(*), intent(in) :: what

        if (same) return
        write (error_unit, "(2a)") "different: ", trim(what)
        stop 1, quiet=.true.
    end subroutine need
end module comparison

program compare_stores
    use comparison, only: compare
    implicit none (type, external)

    character(1000) :: folder, other_folder

    call get_command_argument(1, folder)
    call get_command_argument(2, other_folder)
    call compare(folder, other_folder)
end program compare_stores
