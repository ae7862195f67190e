#!/bin/bash
# Goal: the tests of this folder see what they are for. Takes one defence after the other out of a
# copy of the source (mutations.txt), builds, and demands that the row's test goes red; before that
# all of them must be green. Red is a test that has judged and said no: not one that ran out of time
# or crashed, nor what it needs. Ends 1 when a defence can go unnoticed.
#
#     tests/attack/mutate.sh [ID...]      all defences, or those named; -h, --help: this text
#     tests/attack/mutate.sh --fits       only whether the lines of mutations.txt are still in the source
set -euo pipefail
case ${1:-} in -h | --help) sed -n '2,/^set/s/^# \{0,1\}//p' "$0"; exit 0 ;; esac
here=$(cd "$(dirname "$0")" && pwd)
source=$(cd "$here/../.." && pwd)
table=$here/mutations.txt
work=$(mktemp -d "${TMPDIR:-/tmp}/twofold-mutate-XXXXXX")
trap 'rm -rf "$work"' EXIT
jobs=$(nproc)
words=(none one two three four five six seven eight nine ten eleven twelve)
only_fits=
if [ "${1:-}" = --fits ]; then only_fits=yes; shift; fi
declare -a wanted=("$@")
known=() ids=() # in the table's order
declare -A defence file build tests old new

word() {
    echo "${words[$1]:-$1}"
}

die() {
    echo "mutate.sh: $1" >&2
    exit 1
}

is_wanted() {
    local id
    [ ${#wanted[@]} -gt 0 ] || return 0
    for id in "${wanted[@]}"; do
        [ "$id" != "$1" ] || return 0
    done
    return 1
}

read_table() {
    local line id=
    while IFS= read -r line; do
        case $line in
        '' | '#'*) ;;
        'file: '*) file[$id]=${line#file: } ;;
        'build: '*) build[$id]=${line#build: } ;;
        'tests: '*) tests[$id]=${line#tests: } ;;
        -*) old[$id]+=${line#-}$'\n' ;;
        +*) new[$id]+=${line#+}$'\n' ;;
        *' | '*)
            id=${line%% | *}
            defence[$id]=${line#* | }
            old[$id]='' new[$id]=''
            known+=("$id")
            if is_wanted "$id"; then ids+=("$id"); fi
            ;;
        *) die "mutations.txt: what is \"$line\"?" ;;
        esac
    done <"$table"
    for id in "${wanted[@]}"; do
        [ -n "${defence[$id]:-}" ] || die "mutations.txt has no $id, only: ${known[*]}"
    done
}

copy_source() {
    mkdir "$work/source"
    tar -C "$source" --exclude=./build --exclude='./build-*' --exclude=./.git \
        --exclude=node_modules -c . | tar -x -C "$work/source"
    cmake -S "$work/source" -B "$work/build" -G Ninja -DTWOFOLD_TESTS=ON >"$work/log" 2>&1 ||
        { cat "$work/log"; die "the copy cannot be configured"; }
}

# compile TARGET...: false, with the compiler's words in the log, when it does not compile.
compile() {
    cmake --build "$work/build" -j "$jobs" --target "$@" >"$work/log" 2>&1
}

# run REGEX: 0 all green, 8 some not; anything else is no answer.
run() {
    local status=0
    ctest --test-dir "$work/build" -j "$jobs" --no-tests=error --output-on-failure -R "$1" \
        >"$work/log" 2>&1 || status=$?
    return $status
}

# red REGEX: the tests of that name that the last run found red.
red() {
    local name
    ! grep -q 'Test failed with exception' "$work/log" || return 0 # a signal that cmocka caught
    sed -n '/^The following tests FAILED:/,$s/^.*[0-9] - \([^ ]*\) (Failed).*/\1/p' "$work/log" |
        while IFS= read -r name; do
            [[ ! $name =~ $1 ]] || echo "$name"
        done
}

demand_green() {
    local id all='' status=0
    local -a targets=() more=()
    for id in "${ids[@]}"; do
        read -ra more <<<"${build[$id]}"
        targets+=("${more[@]}")
        all+="${all:+|}${tests[$id]}"
    done
    compile "${targets[@]}" || { cat "$work/log"; die "the unchanged copy does not build"; }
    run "$all" || status=$?
    [ $status = 0 ] || { cat "$work/log"; die "not green to begin with"; }
    if grep -q '\*\*\*Skipped' "$work/log"; then
        grep '\*\*\*Skipped' "$work/log"
        die "a test that is skipped guards nothing"
    fi
}

# take_out ID: replaces the lines, or says why it cannot.
take_out() {
    local path=$work/source/${file[$1]} text rest
    text=$(cat "$path" && echo .)
    rest=${text#*"${old[$1]}"}
    [ "$rest" != "$text" ] ||
        { echo "mutations.txt no longer fits ${file[$1]}: mend its lines"; return 1; }
    [ "${rest#*"${old[$1]}"}" = "$rest" ] ||
        { echo "its lines are twice in ${file[$1]}"; return 1; }
    text=${text%%"${old[$1]}"*}${new[$1]}$rest
    printf '%s' "${text%.}" >"$path"
}

# guarded ID: prints by which tests, or why not.
guarded() {
    local status=0 by
    local -a targets=()
    read -ra targets <<<"${build[$1]}"
    take_out "$1" || return 1
    compile "${targets[@]}" || { echo "does not build without it"; cat "$work/log"; return 1; }
    run "${tests[$1]}" || status=$?
    [ $status != 0 ] || { echo "its test is green without it"; return 1; }
    by=$(red "${tests[$1]}" | paste -sd ' ')
    if [ $status != 8 ] || [ -z "$by" ]; then
        echo "ctest ended $status, and no test of it has said no"
        cat "$work/log"
        return 1
    fi
    echo "$by"
}

# Nothing is built: for the lints.
check_fit() {
    local id bad=0
    for id in "${ids[@]}"; do
        mkdir -p "$work/source/$(dirname "${file[$id]}")"
        cp "$source/${file[$id]}" "$work/source/${file[$id]}"
        take_out "$id" || bad=1
    done
    return $bad
}

read_table
if [ -n "$only_fits" ]; then check_fit; exit; fi
copy_source
demand_green
count=0
for id in "${ids[@]}"; do
    verdict='guarded by'
    cp "$work/source/${file[$id]}" "$work/kept"
    if said=$(guarded "$id"); then count=$((count + 1)); else verdict='NOT guarded:'; fi
    # Not with its old time: what was built without the defence must be built again.
    cp "$work/kept" "$work/source/${file[$id]}"
    printf '%-4s %-58s %s %s\n' "$id" "${defence[$id]}" "$verdict" "$said"
done
echo "$(word "$count") of $(word "${#ids[@]}") defences guarded"
[ "$count" = "${#ids[@]}" ]
