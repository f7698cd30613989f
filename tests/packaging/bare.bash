# Bare Debians for the tests of packages: source it after lib.bash. Wants root, debootstrap and the
# package mirror of this machine.
# shellcheck shell=bash

[ "$(id -u)" = 0 ] || skip "making a bare Debian needs root"
command -v debootstrap >/dev/null || skip "debootstrap is missing"
. /etc/os-release
[ "${ID:-}" = debian ] || skip "this is not Debian"

bare=$(mktemp -d /var/tmp/lensweep-bare.XXXXXX) # debootstrap takes no path with a space
chmod 755 "$bare" # its users need their root folder
trap 'umount "$bare/proc" 2>/dev/null; rm -rf "$work" "$bare"' EXIT

# bare_debian RELEASE: in $bare.
bare_debian() {
    local mirror
    # shellcheck disable=SC2016 # $(SITE) is apt's
    mirror=$(apt-get indextargets --format '$(SITE)' "Codename: $VERSION_CODENAME" | head -1)
    [ -n "$mirror" ] || skip "apt knows no mirror of $VERSION_CODENAME"
    debootstrap --variant=minbase "$1" "$bare" "$mirror" >"$work/log" 2>&1 ||
        skip "no bare Debian can be made: $(tail -1 "$work/log")"
    cp -r /etc/apt/apt.conf.d/. "$bare/etc/apt/apt.conf.d/"
    cp /etc/resolv.conf "$bare/etc/resolv.conf"
    mount -t proc proc "$bare/proc"
    ends 0 in_bare apt-get -q update
}

in_bare() {
    chroot "$bare" env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root DEBIAN_FRONTEND=noninteractive \
        OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1 "$@"
}

# small_job: a model, a query and a config in the bare Debian's /tmp; its result is /tmp/out/result.h5.
small_job() {
    cp -r "$models" "$bare/tmp/models"
    echo '{"ids": [1, 2, 3, 4], "targets": {"answer_1": 5}, "target": "answer_1"}' >"$bare/tmp/queries.jsonl"
    cat >"$bare/tmp/config.yaml" <<YAML
model: {path: /tmp/models/${small##*/}}
data: {path: /tmp/queries.jsonl}
output: /tmp/out
experiments:
  - {name: decode, kind: decode}
  - {name: heads, kind: ablation, site: head, operation: {kind: zero}}
YAML
}
