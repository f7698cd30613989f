# The Debian package, installed with what it depends on in a bare Debian of the same release, runs a
# config there, and leaves nothing when it is removed.
. tests/integration/lib.bash
. tests/packaging/bare.bash

bare_debian "$VERSION_CODENAME"
(cd "$LENSWEEP_BUILD" && cpack -G DEB -B "$work/package") >"$work/log" 2>&1 || wrong "$(tail -5 "$work/log")"
cp "$work"/package/lensweep_*.deb "$bare/tmp/lensweep.deb"
small_job
ends 0 in_bare apt-get -q install -y --no-install-recommends /tmp/lensweep.deb
ends 0 in_bare lensweep --version
ends 0 in_bare mpirun -q --oversubscribe --bind-to none -n 2 lensweep run /tmp/config.yaml
[ -s "$bare/tmp/out/result.h5" ] || wrong "there is no result"
ends 0 in_bare apt-get -q remove -y lensweep
[ ! -e "$bare/usr/share/lensweep" ] || wrong "removing the package leaves $(find "$bare/usr/share/lensweep" | head -3)"
finish
