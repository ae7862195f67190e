#!/bin/bash
# Goal: both programs are built so that a fault in them is hard to use: loaded anywhere, tables of
# addresses read-only from the start, stacks guarded and not executable, calls of libc checked.
set -euo pipefail
bin=${TEST_BIN:?folder with twofoldd and twofold}
bad=0
complain() { echo "$program: $*"; bad=1; }
# has TEXT-OF-READELF PATTERN WHAT
has() { grep -qE -- "$2" <<<"$1" || complain "no $3"; }

for program in twofoldd twofold; do
    file=$bin/$program
    header=$(readelf -hW "$file") dynamic=$(readelf -dW "$file") segments=$(readelf -lW "$file")
    symbols=$(readelf --dyn-syms -W "$file") begins=$(objdump -d --disassemble=main "$file")
    if grep -q '__asan_init' <<<"$symbols"; then
        echo "skipped: this build has sanitizers"
        exit 77
    fi
    has "$header" 'Type: +DYN' 'position independence (PIE)'
    has "$dynamic" 'FLAGS_1.*PIE' 'flag that says PIE'
    has "$dynamic" 'BIND_NOW|FLAGS_1.*NOW' 'early binding (-z now)'
    has "$segments" 'GNU_RELRO' 'read-only relocations'
    has "$segments" 'GNU_STACK .* RW ' 'stack without code'
    ! grep -qE 'LOAD .* RWE|GNU_STACK .* RWE' <<<"$segments" || complain "memory that is written and run"
    has "$symbols" '__stack_chk_fail' 'stack protector'
    has "$symbols" '__[a-z]+_chk(@|$)' 'checked calls of libc (FORTIFY)'
    ! grep -qE 'RPATH|RUNPATH' <<<"$dynamic" || complain "looks for libraries in a place of its own"
    ! grep -q 'TEXTREL' <<<"$dynamic" || complain "writes to its own code while it is loaded"
    # In our code, whatever libc's own start files say of theirs (Debian's carry no marks).
    case $(uname -m) in
    x86_64) has "$begins" 'endbr64' 'marked targets of jumps (CET)' ;;
    aarch64) has "$begins" 'bti|paciasp' 'marked targets of jumps, signed returns (BTI, PAC)' ;;
    esac
done
exit $bad
