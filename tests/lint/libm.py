#!/usr/bin/env python3
"""No function of the C library whose last bit depends on its version or processor makes a result.

    tests/lint/libm.py BUILD_FOLDER     status 1 if an object of src/ takes one that is not allowed

The undefined symbols of every floor's library are read with nm. Functions that are exact by their
definition or rounded correctly by IEEE 754 are not looked for: sqrt, fma, floor, ceil, rint, trunc,
round, fmod, fmin, fmax, ldexp, frexp, fabs. base/real.h and base/kernels.h have the others.
"""

import pathlib
import re
import subprocess
import sys

NAMES = """acos acosh asin asinh atan atan2 atanh cbrt cos cosh erf erfc exp exp10 exp2 expm1 hypot
j0 j1 jn lgamma lgamma_r log log10 log1p log2 pow pow10 sin sincos sinh tan tanh tgamma y0 y1
yn""".split()
# Also in float and long double, as glibc's own __exp_finite, and as vectors of its libmvec.
INEXACT = re.compile(rf"(?:__|_ZGV\w+_)?(?:{'|'.join(NAMES)})[fl]?(?:_finite)?")

# floor: what it may use, for text and pictures: counts of digits, ticks, odds in words. No number
# that a result file or an export holds comes from these.
TEXT = {"report": {"pow", "log2", "log10"}}


def undefined(library):
    text = subprocess.run(["nm", "--undefined-only", library], check=True, capture_output=True,
                          text=True).stdout
    member = ""
    for line in text.split("\n"):
        if line.endswith(":"):
            member = line[:-1]
        elif line.strip():
            yield member, line.split()[-1].split("@")[0]


def main():
    libraries = sorted(pathlib.Path(sys.argv[1]).glob("src/*/libls_*.a"))
    problems = functions = 0
    for library in libraries:
        floor = library.parent.name
        for member, symbol in undefined(library):
            functions += 1
            if INEXACT.fullmatch(symbol) and symbol not in TEXT.get(floor, set()):
                print(f"src/{floor}/{member}: {symbol} of the C library; base/real.h and "
                      "base/kernels.h have their own")
                problems += 1
    print(f"{len(libraries)} libraries, {functions} undefined symbols, {problems} problems")
    return 1 if problems or not libraries else 0


def self_test():
    for symbol in ("exp", "expf", "logl", "__log_finite", "_ZGVdN8v_sinf", "lgamma", "sincosf"):
        assert INEXACT.fullmatch(symbol), symbol
    for symbol in ("sqrt", "sqrtf", "fma", "fmaf", "floor", "real_exp", "log_sum_exp", "explain"):
        assert not INEXACT.fullmatch(symbol), symbol
    return 0


if __name__ == "__main__":
    sys.exit(self_test() or main())
