# Sourced by run scripts: adds up what test programs say of themselves in their last line.

passed=0
failed=0
# add_up TITLE WRONG OUTPUT: the numbers in the closing line of OUTPUT. A program without that line counts as a failure,
# and so does one of which WRONG says something when none of its own tests has failed.
add_up() {
    line=$(tail -n 1 "$3")
    case $line in
    *" passed, "*" failed")
        good=${line%% *}
        bad=${line#* passed, }
        bad=${bad%% *}
        ;;
    *)
        echo "FAILED $1 ended without its closing line"
        good=0
        bad=1
        ;;
    esac
    if [ -n "$2" ] && [ "$bad" -eq 0 ]; then
        echo "FAILED $1 ended with $2"
        bad=1
    fi
    passed=$((passed + good))
    failed=$((failed + bad))
}
