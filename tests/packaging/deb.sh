# The Debian package, installed with what it depends on in a bare Debian of the same release, runs a
# config there. Needs root, debootstrap and the machine's own package mirror.
. tests/integration/lib.bash

[ "$(id -u)" = 0 ] || skip "making a bare Debian needs root"
command -v debootstrap >/dev/null || skip "debootstrap is missing"
. /etc/os-release
[ "${ID:-}" = debian ] || skip "this is not Debian"
mirror=$(apt-get indextargets --format '$(SITE)' "Codename: $VERSION_CODENAME" | head -1)
[ -n "$mirror" ] || skip "apt knows no mirror of $VERSION_CODENAME"

bare=$(mktemp -d /var/tmp/lensweep-bare.XXXXXX) # debootstrap takes no path with a space
trap 'umount "$bare/proc" 2>/dev/null; rm -rf "$work" "$bare"' EXIT
(cd "$LENSWEEP_BUILD" && cpack -G DEB -B "$work/package") >"$work/log" 2>&1 || wrong "$(tail -5 "$work/log")"
debootstrap --variant=minbase "$VERSION_CODENAME" "$bare" "$mirror" >"$work/log" 2>&1 ||
    skip "no bare Debian can be made: $(tail -1 "$work/log")"
cp "$work"/package/lensweep_*.deb "$bare/tmp/lensweep.deb"
cp -r "$models" "$bare/tmp/models"
cp -r /etc/apt/apt.conf.d/. "$bare/etc/apt/apt.conf.d/"
cp /etc/resolv.conf "$bare/etc/resolv.conf"
mount -t proc proc "$bare/proc"
in_bare() { chroot "$bare" env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin DEBIAN_FRONTEND=noninteractive "$@"; }

ends 0 in_bare apt-get -q update
ends 0 in_bare apt-get -q install -y --no-install-recommends /tmp/lensweep.deb
ends 0 in_bare lensweep --version
ends 0 in_bare lensweep logits "/tmp/models/${small##*/}" --ids '1 2 3'
cat >"$bare/tmp/config.yaml" <<YAML
model: {path: /tmp/models/${small##*/}}
data: {path: /tmp/queries.jsonl}
output: /tmp/out
experiments:
  - {name: decode, kind: decode}
YAML
echo '{"ids": [1, 2, 3, 4], "targets": {"answer_1": 5}}' >"$bare/tmp/queries.jsonl"
ends 0 in_bare env OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1 \
    mpirun -q --oversubscribe --bind-to none -n 2 lensweep run /tmp/config.yaml
[ -s "$bare/tmp/out/result.h5" ] || wrong "there is no result"
ends 0 in_bare apt-get -q remove -y lensweep
[ ! -e "$bare/usr/share/lensweep" ] || wrong "removing the package leaves $(find "$bare/usr/share/lensweep" | head -3)"
finish
