# Print an optspec for argparse to handle cmd's options that are independent of any subcommand.
function __fish_atlas_global_optspecs
    string join \n json q/quiet h/help V/version
end

function __fish_atlas_needs_command
    # Figure out if the current invocation already has a command.
    set -l cmd (commandline -opc)
    set -e cmd[1]
    argparse -s (__fish_atlas_global_optspecs) -- $cmd 2>/dev/null
    or return
    if set -q argv[1]
        # Also print the command, so this can be used to figure out what it is.
        echo $argv[1]
        return 1
    end
    return 0
end

function __fish_atlas_using_subcommand
    set -l cmd (__fish_atlas_needs_command)
    test -z "$cmd"
    and return 1
    contains -- $cmd[1] $argv
end

complete -c atlas -n "__fish_atlas_needs_command" -l json -d 'Print one JSON document; errors, too, on standard error'
complete -c atlas -n "__fish_atlas_needs_command" -s q -l quiet -d 'Print no progress, no warnings, and nothing that the exit status says'
complete -c atlas -n "__fish_atlas_needs_command" -s h -l help -d 'Print help'
complete -c atlas -n "__fish_atlas_needs_command" -s V -l version -d 'Print version'
complete -c atlas -n "__fish_atlas_needs_command" -f -a "ls" -d 'List datasets, or the arrays of one'
complete -c atlas -n "__fish_atlas_needs_command" -f -a "info" -d 'Generation, counts, bytes and notation of a store, and the commits to go back to'
complete -c atlas -n "__fish_atlas_needs_command" -f -a "show" -d 'Describe a store, a dataset or an array like `ncdump -h`; values on demand'
complete -c atlas -n "__fish_atlas_needs_command" -f -a "stats" -d 'Minimum, maximum, cells and missing cells of arrays, without reading their values'
complete -c atlas -n "__fish_atlas_needs_command" -f -a "diff" -d 'Compare two stores, or two commits of one: datasets, arrays, attributes, values'
complete -c atlas -n "__fish_atlas_needs_command" -f -a "plot" -d 'Draw an array: as a PNG file, or in the terminal'
complete -c atlas -n "__fish_atlas_needs_command" -f -a "refs" -d 'Write references by which Zarr tools read the arrays in place: xarray, zarr-python, GDAL'
complete -c atlas -n "__fish_atlas_needs_command" -f -a "import" -d 'Add NetCDF files to a store, each as a dataset, in one commit'
complete -c atlas -n "__fish_atlas_needs_command" -f -a "export" -d 'Write datasets to a NetCDF-4 file'
complete -c atlas -n "__fish_atlas_needs_command" -f -a "du" -d 'Bytes by array name: files, live, dead'
complete -c atlas -n "__fish_atlas_needs_command" -f -a "verify" -d 'Check every byte, and name what is damaged'
complete -c atlas -n "__fish_atlas_needs_command" -f -a "compact" -d 'Free the bytes of deleted and overwritten values'
complete -c atlas -n "__fish_atlas_needs_command" -f -a "mv" -d 'Give a dataset another name'
complete -c atlas -n "__fish_atlas_needs_command" -f -a "cp" -d 'Copy a dataset within a store, or datasets to another one'
complete -c atlas -n "__fish_atlas_needs_command" -f -a "rm" -d 'Delete datasets or arrays, whatever of them is damaged'
complete -c atlas -n "__fish_atlas_needs_command" -f -a "set" -d 'Set an attribute of a dataset, an array or the store'
complete -c atlas -n "__fish_atlas_needs_command" -f -a "unset" -d 'Delete an attribute of a dataset, an array or the store'
complete -c atlas -n "__fish_atlas_needs_command" -f -a "repair" -d 'Make the root anew where it is gone or damaged'
complete -c atlas -n "__fish_atlas_needs_command" -f -a "rollback" -d 'Make a store what it was at an earlier commit, as a new commit'
complete -c atlas -n "__fish_atlas_needs_command" -f -a "keep" -d 'Tell a store how many earlier commits it keeps'
complete -c atlas -n "__fish_atlas_needs_command" -f -a "pin" -d 'Pin the last commit: keep it, and all its files, under a name'
complete -c atlas -n "__fish_atlas_needs_command" -f -a "unpin" -d 'Take a pin away: its commit is kept only as far as the store keeps commits'
complete -c atlas -n "__fish_atlas_needs_command" -f -a "pins" -d 'List pins and the commits that they name'
complete -c atlas -n "__fish_atlas_needs_command" -f -a "selftest" -d 'Check what a file system gives, or whether stores on it survive kills'
complete -c atlas -n "__fish_atlas_using_subcommand ls" -l generation -d 'An earlier commit that the store has kept; `atlas info` lists them' -r
complete -c atlas -n "__fish_atlas_using_subcommand ls" -s l -l long -d 'Datasets: how many arrays and attributes. Arrays: type, shape, chunks, compression'
complete -c atlas -n "__fish_atlas_using_subcommand ls" -l json -d 'Print one JSON document; errors, too, on standard error'
complete -c atlas -n "__fish_atlas_using_subcommand ls" -s q -l quiet -d 'Print no progress, no warnings, and nothing that the exit status says'
complete -c atlas -n "__fish_atlas_using_subcommand ls" -s h -l help -d 'Print help'
complete -c atlas -n "__fish_atlas_using_subcommand info" -l generation -d 'An earlier commit that the store has kept; `atlas info` lists them' -r
complete -c atlas -n "__fish_atlas_using_subcommand info" -l json -d 'Print one JSON document; errors, too, on standard error'
complete -c atlas -n "__fish_atlas_using_subcommand info" -s q -l quiet -d 'Print no progress, no warnings, and nothing that the exit status says'
complete -c atlas -n "__fish_atlas_using_subcommand info" -s h -l help -d 'Print help'
complete -c atlas -n "__fish_atlas_using_subcommand show" -l generation -d 'An earlier commit that the store has kept; `atlas info` lists them' -r
complete -c atlas -n "__fish_atlas_using_subcommand show" -l start -d 'First cell of the values along each dimension' -r
complete -c atlas -n "__fish_atlas_using_subcommand show" -l count -d 'Cells along each dimension' -r
complete -c atlas -n "__fish_atlas_using_subcommand show" -s v -l values -d 'Print the values, too'
complete -c atlas -n "__fish_atlas_using_subcommand show" -l csv -d 'Print only the values: a line for each cell, with its coordinates'
complete -c atlas -n "__fish_atlas_using_subcommand show" -l plain -d 'Print only the values of one array: a line for each row of its last dimension, with blanks between numbers'
complete -c atlas -n "__fish_atlas_using_subcommand show" -l raw -d 'Print times as the numbers that they are stored as'
complete -c atlas -n "__fish_atlas_using_subcommand show" -l json -d 'Print one JSON document; errors, too, on standard error'
complete -c atlas -n "__fish_atlas_using_subcommand show" -s q -l quiet -d 'Print no progress, no warnings, and nothing that the exit status says'
complete -c atlas -n "__fish_atlas_using_subcommand show" -s h -l help -d 'Print help'
complete -c atlas -n "__fish_atlas_using_subcommand stats" -l generation -d 'An earlier commit that the store has kept; `atlas info` lists them' -r
complete -c atlas -n "__fish_atlas_using_subcommand stats" -l chunks -d 'For each chunk'
complete -c atlas -n "__fish_atlas_using_subcommand stats" -l raw -d 'Print times as the numbers that they are stored as'
complete -c atlas -n "__fish_atlas_using_subcommand stats" -l json -d 'Print one JSON document; errors, too, on standard error'
complete -c atlas -n "__fish_atlas_using_subcommand stats" -s q -l quiet -d 'Print no progress, no warnings, and nothing that the exit status says'
complete -c atlas -n "__fish_atlas_using_subcommand stats" -s h -l help -d 'Print help'
complete -c atlas -n "__fish_atlas_using_subcommand diff" -l at -d 'The commit of STORE; by default the last' -r
complete -c atlas -n "__fish_atlas_using_subcommand diff" -l other-at -d 'The commit of OTHER; by default the last' -r
complete -c atlas -n "__fish_atlas_using_subcommand diff" -s d -l dataset -d 'Only this dataset, or those that match this pattern' -r
complete -c atlas -n "__fish_atlas_using_subcommand diff" -s a -l array -d 'Only this array of each dataset, or those that match this pattern' -r
complete -c atlas -n "__fish_atlas_using_subcommand diff" -l tolerance -d 'The largest difference of two numbers that is none' -r
complete -c atlas -n "__fish_atlas_using_subcommand diff" -l relative -d 'The same as a part of the larger amount' -r
complete -c atlas -n "__fish_atlas_using_subcommand diff" -l json -d 'Print one JSON document; errors, too, on standard error'
complete -c atlas -n "__fish_atlas_using_subcommand diff" -s q -l quiet -d 'Print no progress, no warnings, and nothing that the exit status says'
complete -c atlas -n "__fish_atlas_using_subcommand diff" -s h -l help -d 'Print help'
complete -c atlas -n "__fish_atlas_using_subcommand plot" -l generation -d 'An earlier commit that the store has kept; `atlas info` lists them' -r
complete -c atlas -n "__fish_atlas_using_subcommand plot" -s o -l output -d 'The file to write; without it the picture is drawn in the terminal' -r -F
complete -c atlas -n "__fish_atlas_using_subcommand plot" -l range -d 'The values at the ends of the colours, or of a line\'s axis; by default the least and the largest' -r
complete -c atlas -n "__fish_atlas_using_subcommand plot" -l map -d 'The colours' -r -f -a "viridis\t''
cividis\t''
magma\t''
plasma\t''
turbo\t''
blue-red\t''
greys\t''"
complete -c atlas -n "__fish_atlas_using_subcommand plot" -l json -d 'Print one JSON document; errors, too, on standard error'
complete -c atlas -n "__fish_atlas_using_subcommand plot" -s q -l quiet -d 'Print no progress, no warnings, and nothing that the exit status says'
complete -c atlas -n "__fish_atlas_using_subcommand plot" -s h -l help -d 'Print help'
complete -c atlas -n "__fish_atlas_using_subcommand refs" -l generation -d 'An earlier commit that the store has kept; `atlas info` lists them' -r
complete -c atlas -n "__fish_atlas_using_subcommand refs" -s o -l output -d 'Where to: a file for one dataset or --stacked, by default standard output; a folder, with a file for each dataset' -r -F
complete -c atlas -n "__fish_atlas_using_subcommand refs" -l base-url -d 'Where readers find the store\'s folder: an absolute path, or a URL. By default where it is' -r
complete -c atlas -n "__fish_atlas_using_subcommand refs" -l zarr-format -d 'The version of Zarr\'s metadata' -r
complete -c atlas -n "__fish_atlas_using_subcommand refs" -l pin -d 'Pin the commit under this name, or use the pin of it that there is. By default `refs-N`, N its generation' -r
complete -c atlas -n "__fish_atlas_using_subcommand refs" -l stacked -d 'All datasets in one file, each array with one more dimension before its own: `dataset`'
complete -c atlas -n "__fish_atlas_using_subcommand refs" -l lenient -d 'Exit with 0 also where arrays were left out'
complete -c atlas -n "__fish_atlas_using_subcommand refs" -l no-pin -d 'Pin nothing: the references hold only as long as the store keeps the commit'
complete -c atlas -n "__fish_atlas_using_subcommand refs" -l json -d 'Print one JSON document; errors, too, on standard error'
complete -c atlas -n "__fish_atlas_using_subcommand refs" -s q -l quiet -d 'Print no progress, no warnings, and nothing that the exit status says'
complete -c atlas -n "__fish_atlas_using_subcommand refs" -s h -l help -d 'Print help'
complete -c atlas -n "__fish_atlas_using_subcommand import" -l name -d 'The name of the dataset, for one file' -r
complete -c atlas -n "__fish_atlas_using_subcommand import" -l relative-to -d 'Name datasets by the paths of their files from DIR on, without extension' -r -F
complete -c atlas -n "__fish_atlas_using_subcommand import" -l replace -d 'Replace datasets that are there, with all below them'
complete -c atlas -n "__fish_atlas_using_subcommand import" -l skip-unsupported -d 'Leave out variables and attributes that a store has nothing for, and list them'
complete -c atlas -n "__fish_atlas_using_subcommand import" -l check -d 'Import nothing: compare what the store has with the files, bit for bit; exit with 1 where it differs'
complete -c atlas -n "__fish_atlas_using_subcommand import" -l json -d 'Print one JSON document; errors, too, on standard error'
complete -c atlas -n "__fish_atlas_using_subcommand import" -s q -l quiet -d 'Print no progress, no warnings, and nothing that the exit status says'
complete -c atlas -n "__fish_atlas_using_subcommand import" -s h -l help -d 'Print help'
complete -c atlas -n "__fish_atlas_using_subcommand export" -l generation -d 'An earlier commit that the store has kept; `atlas info` lists them' -r
complete -c atlas -n "__fish_atlas_using_subcommand export" -s o -l output -d 'The file to write' -r -F
complete -c atlas -n "__fish_atlas_using_subcommand export" -l level -d 'How hard values are deflated; 0 for not at all' -r
complete -c atlas -n "__fish_atlas_using_subcommand export" -l replace -d 'Replace a file that is there'
complete -c atlas -n "__fish_atlas_using_subcommand export" -l no-shuffle -d 'Do not shuffle bytes before they are deflated'
complete -c atlas -n "__fish_atlas_using_subcommand export" -l skip-unsupported -d 'Leave out what NetCDF has nothing for, and list it'
complete -c atlas -n "__fish_atlas_using_subcommand export" -l json -d 'Print one JSON document; errors, too, on standard error'
complete -c atlas -n "__fish_atlas_using_subcommand export" -s q -l quiet -d 'Print no progress, no warnings, and nothing that the exit status says'
complete -c atlas -n "__fish_atlas_using_subcommand export" -s h -l help -d 'Print help'
complete -c atlas -n "__fish_atlas_using_subcommand du" -l generation -d 'An earlier commit that the store has kept; `atlas info` lists them' -r
complete -c atlas -n "__fish_atlas_using_subcommand du" -l json -d 'Print one JSON document; errors, too, on standard error'
complete -c atlas -n "__fish_atlas_using_subcommand du" -s q -l quiet -d 'Print no progress, no warnings, and nothing that the exit status says'
complete -c atlas -n "__fish_atlas_using_subcommand du" -s h -l help -d 'Print help'
complete -c atlas -n "__fish_atlas_using_subcommand verify" -l generation -d 'An earlier commit that the store has kept; `atlas info` lists them' -r
complete -c atlas -n "__fish_atlas_using_subcommand verify" -l json -d 'Print one JSON document; errors, too, on standard error'
complete -c atlas -n "__fish_atlas_using_subcommand verify" -s q -l quiet -d 'Print no progress, no warnings, and nothing that the exit status says'
complete -c atlas -n "__fish_atlas_using_subcommand verify" -s h -l help -d 'Print help'
complete -c atlas -n "__fish_atlas_using_subcommand compact" -l json -d 'Print one JSON document; errors, too, on standard error'
complete -c atlas -n "__fish_atlas_using_subcommand compact" -s q -l quiet -d 'Print no progress, no warnings, and nothing that the exit status says'
complete -c atlas -n "__fish_atlas_using_subcommand compact" -s h -l help -d 'Print help'
complete -c atlas -n "__fish_atlas_using_subcommand mv" -l json -d 'Print one JSON document; errors, too, on standard error'
complete -c atlas -n "__fish_atlas_using_subcommand mv" -s q -l quiet -d 'Print no progress, no warnings, and nothing that the exit status says'
complete -c atlas -n "__fish_atlas_using_subcommand mv" -s h -l help -d 'Print help'
complete -c atlas -n "__fish_atlas_using_subcommand cp" -l generation -d 'An earlier commit that the store has kept; `atlas info` lists them' -r
complete -c atlas -n "__fish_atlas_using_subcommand cp" -l to -d 'Copy to this store' -r -F
complete -c atlas -n "__fish_atlas_using_subcommand cp" -l name -d 'What one dataset is called in the other store' -r
complete -c atlas -n "__fish_atlas_using_subcommand cp" -l replace -d 'Replace datasets that are there'
complete -c atlas -n "__fish_atlas_using_subcommand cp" -l json -d 'Print one JSON document; errors, too, on standard error'
complete -c atlas -n "__fish_atlas_using_subcommand cp" -s q -l quiet -d 'Print no progress, no warnings, and nothing that the exit status says'
complete -c atlas -n "__fish_atlas_using_subcommand cp" -s h -l help -d 'Print help'
complete -c atlas -n "__fish_atlas_using_subcommand rm" -l json -d 'Print one JSON document; errors, too, on standard error'
complete -c atlas -n "__fish_atlas_using_subcommand rm" -s q -l quiet -d 'Print no progress, no warnings, and nothing that the exit status says'
complete -c atlas -n "__fish_atlas_using_subcommand rm" -s h -l help -d 'Print help'
complete -c atlas -n "__fish_atlas_using_subcommand set" -s t -l type -d 'The type of the value' -r -f -a "bool\t''
i8\t''
i16\t''
i32\t''
i64\t''
u8\t''
u16\t''
u32\t''
u64\t''
f16\t''
f32\t''
f64\t''
timestamp_ns\t''
string\t''"
complete -c atlas -n "__fish_atlas_using_subcommand set" -l split -d 'The value is a list, with this text between its elements' -r
complete -c atlas -n "__fish_atlas_using_subcommand set" -l json -d 'Print one JSON document; errors, too, on standard error'
complete -c atlas -n "__fish_atlas_using_subcommand set" -s q -l quiet -d 'Print no progress, no warnings, and nothing that the exit status says'
complete -c atlas -n "__fish_atlas_using_subcommand set" -s h -l help -d 'Print help'
complete -c atlas -n "__fish_atlas_using_subcommand unset" -l json -d 'Print one JSON document; errors, too, on standard error'
complete -c atlas -n "__fish_atlas_using_subcommand unset" -s q -l quiet -d 'Print no progress, no warnings, and nothing that the exit status says'
complete -c atlas -n "__fish_atlas_using_subcommand unset" -s h -l help -d 'Print help'
complete -c atlas -n "__fish_atlas_using_subcommand repair" -l salvage -d 'Add the values that later segments hold; without a kept commit, make the store of segments alone'
complete -c atlas -n "__fish_atlas_using_subcommand repair" -l json -d 'Print one JSON document; errors, too, on standard error'
complete -c atlas -n "__fish_atlas_using_subcommand repair" -s q -l quiet -d 'Print no progress, no warnings, and nothing that the exit status says'
complete -c atlas -n "__fish_atlas_using_subcommand repair" -s h -l help -d 'Print help'
complete -c atlas -n "__fish_atlas_using_subcommand rollback" -l json -d 'Print one JSON document; errors, too, on standard error'
complete -c atlas -n "__fish_atlas_using_subcommand rollback" -s q -l quiet -d 'Print no progress, no warnings, and nothing that the exit status says'
complete -c atlas -n "__fish_atlas_using_subcommand rollback" -s h -l help -d 'Print help'
complete -c atlas -n "__fish_atlas_using_subcommand keep" -l json -d 'Print one JSON document; errors, too, on standard error'
complete -c atlas -n "__fish_atlas_using_subcommand keep" -s q -l quiet -d 'Print no progress, no warnings, and nothing that the exit status says'
complete -c atlas -n "__fish_atlas_using_subcommand keep" -s h -l help -d 'Print help'
complete -c atlas -n "__fish_atlas_using_subcommand pin" -l json -d 'Print one JSON document; errors, too, on standard error'
complete -c atlas -n "__fish_atlas_using_subcommand pin" -s q -l quiet -d 'Print no progress, no warnings, and nothing that the exit status says'
complete -c atlas -n "__fish_atlas_using_subcommand pin" -s h -l help -d 'Print help'
complete -c atlas -n "__fish_atlas_using_subcommand unpin" -l json -d 'Print one JSON document; errors, too, on standard error'
complete -c atlas -n "__fish_atlas_using_subcommand unpin" -s q -l quiet -d 'Print no progress, no warnings, and nothing that the exit status says'
complete -c atlas -n "__fish_atlas_using_subcommand unpin" -s h -l help -d 'Print help'
complete -c atlas -n "__fish_atlas_using_subcommand pins" -l json -d 'Print one JSON document; errors, too, on standard error'
complete -c atlas -n "__fish_atlas_using_subcommand pins" -s q -l quiet -d 'Print no progress, no warnings, and nothing that the exit status says'
complete -c atlas -n "__fish_atlas_using_subcommand pins" -s h -l help -d 'Print help'
complete -c atlas -n "__fish_atlas_using_subcommand selftest" -l kills -d 'How often' -r
complete -c atlas -n "__fish_atlas_using_subcommand selftest" -l seed -d 'What the random choices start from; by default the clock' -r
complete -c atlas -n "__fish_atlas_using_subcommand selftest" -l crash -d 'Kill a writer again and again'
complete -c atlas -n "__fish_atlas_using_subcommand selftest" -l json -d 'Print one JSON document; errors, too, on standard error'
complete -c atlas -n "__fish_atlas_using_subcommand selftest" -s q -l quiet -d 'Print no progress, no warnings, and nothing that the exit status says'
complete -c atlas -n "__fish_atlas_using_subcommand selftest" -s h -l help -d 'Print help'
