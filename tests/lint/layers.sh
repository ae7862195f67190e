#!/bin/bash
# Who may include whom: arrows only downward (service/DESIGN.md, "Layers").
set -euo pipefail
cd "$(dirname "$0")/../../service"

# folder: what it may include of ours. A name with a slash is a single header.
declare -A may=(
    [base]="base"
    [crypto]="base crypto"
    [core]="base core crypto/mac.h"
    [store]="base core crypto store"
    [qr]="base qr"
    [rpc]="base core crypto store/store.h qr/qr.h rpc twofold/v1"
    [transport]="base crypto/sign.h core/base32.h transport"
    [audit]="base store/store.h transport/bus.h transport/stream.h transport/stream_read.h audit twofold/v1/audit.pb-c.h"
    [config]="base config"
    [tools]="base core crypto store rpc/own_event.h rpc/checkpoint.h audit transport/ask.h transport/bus.h transport/json.h transport/stream.h transport/stream_read.h config tools"
)
bad=0
for folder in "${!may[@]}"; do
    while IFS=: read -r file _ include; do
        header=${include#*[\"<]}
        header=${header%[\">]*}
        case $header in */*) ;; *) continue ;; esac
        case $header in
        base/* | crypto/* | core/* | store/* | qr/* | rpc/* | transport/* | audit/* | config/* | tools/* | twofold/*) ;;
        *) continue ;;
        esac
        allowed=0
        for ok in ${may[$folder]}; do
            [[ $header == "$ok" || $header == "$ok"/* ]] && allowed=1
        done
        if [ $allowed = 0 ]; then
            echo "service/$file: $folder must not include $header"
            bad=1
        fi
    done < <(grep -nE '^#include [<"]' "$folder"/*.[ch] "$folder"/*.def 2>/dev/null || true)
done

# Each library's header has one home; OpenSSL's is one folder's files of its name.
for header in nats/nats.h lmdb.h openssl/ qrencode.h png.h jansson.h seccomp.h; do
    homes=$(grep -lE "^#include <$header" -- */*.c */*.h *.c 2>/dev/null |
        sed -E 's|^crypto/[a-z]+_openssl\.c$|crypto/*_openssl.c|' | sort -u || true)
    if [ "$(printf '%s' "$homes" | grep -c .)" -gt 1 ]; then
        echo "<$header> is included by more than one file of the service:" $homes
        bad=1
    fi
done
exit $bad
