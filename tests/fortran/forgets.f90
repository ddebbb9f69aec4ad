! A main program that does not close its store: run.sh looks at what is said of that, once.
program forgets
    use atlas_store, only: store_type
    implicit none (type, external)

    type(store_type) :: store
    character(500) :: folder

    call get_environment_variable("ATLAS_TEST_FOLDER", folder)
    call store%create(trim(folder)//"/forgets")
    call store%create_dataset("jan")
    call store%flush()
    call store%create_dataset("feb")
end program forgets
