#!/bin/bash
# Goal: the Go peer, of what Debian packages, and nothing else: GOPATH mode, no network.
#
#     build.sh SOURCE FOLDER      makes FOLDER/peer; exit 77 where a package is missing
#
# Debian: golang-go golang-github-nats-io-go-nats-dev golang-github-pquerna-otp-dev golang-github-coreos-bbolt-dev
# golang-google-protobuf-dev protobuf-compiler
set -euo pipefail
source=$(realpath "$1")
mkdir -p "$2"
folder=$(realpath "$2")
debian=/usr/share/gocode
for needed in github.com/nats-io/nats.go github.com/pquerna/otp go.etcd.io/bbolt google.golang.org/protobuf; do
    if ! command -v go >/dev/null || [ ! -d "$debian/src/$needed" ]; then
        echo "the Go peer is not built: there is no $needed, or no Go" >&2
        exit 77
    fi
done
exec {lock}>"$folder/lock" # ctest and the bench may both want it
flock "$lock"
export GO111MODULE=off GOFLAGS='' GOPATH=$folder/gopath:$debian GOCACHE=$folder/cache

# The generator comes with the runtime that its code needs.
go build -o "$folder/protoc-gen-go" google.golang.org/protobuf/cmd/protoc-gen-go
mkdir -p "$folder/gopath/src/peer/wire"
mapfile -t files < <(cd "$source/proto" && ls twofold/v1/{admin,audit,enrollment,error,verification}.proto)
mapfile -t options < <(printf -- '--go_opt=M%s=peer/wire\n' "${files[@]}")
protoc -I "$source/proto" --plugin="$folder/protoc-gen-go" --go_out="$folder/gopath/src" "${options[@]}" "${files[@]}"
cp "$source"/tests/bench/peers/go/*.go "$folder/gopath/src/peer/"
go build -o "$folder/peer" peer
