#!/usr/bin/env python3
"""Prints the coefficients of the polynomials in src/base/v16_math.h, and their errors.

    tests/reference/fit_kernels.py      needs mpmath; takes a minute

Each is the minimax polynomial of a function under a weight, found by Remez' exchange in 200 bits,
its coefficients rounded to float32. The errors are relative to the function's result, before and
after that rounding; 2^-24 is half a unit in the last place of a result just below a power of two.
"""

import mpmath as mp

mp.mp.prec = 200
STEPS = 2000


def error(c, f, w, x):
    return w(x) * (f(x) - mp.polyval(c[::-1], x))


def extrema(e):
    """Where |e| is largest between its changes of sign."""
    found, first = [], 0
    for i in range(1, len(e) + 1):
        if i == len(e) or (e[i] > 0) != (e[first] > 0):
            found.append(max(range(first, i), key=lambda k: abs(e[k])))
            first = i
    return found


def minimax(f, w, a, b, degree):
    """The polynomial p that makes the largest |w (f - p)| on [a, b] least, from its lowest power."""
    grid = [(a + b) / 2 - (b - a) / 2 * mp.cos(mp.pi * i / STEPS) for i in range(STEPS + 1)]
    x = [(a + b) / 2 - (b - a) / 2 * mp.cos(mp.pi * i / (degree + 1)) for i in range(degree + 2)]
    while True:
        rows = [[v**j for j in range(degree + 1)] + [(-1)**i / w(v)] for i, v in enumerate(x)]
        solved = mp.lu_solve(mp.matrix(rows), mp.matrix([f(v) for v in x]))
        c, level = list(solved[:degree + 1]), abs(solved[degree + 1])
        e = [error(c, f, w, v) for v in grid]
        at = extrema(e)
        while len(at) > degree + 2:
            at.pop(0 if abs(e[at[0]]) < abs(e[at[-1]]) else -1)
        if max(map(abs, e)) < level * mp.mpf("1.001") or len(at) < degree + 2:
            return c, grid
        x = [grid[k] for k in at]


def float32(x):
    """Rounded to 24 bits, half to even; every coefficient here is a normal number."""
    mantissa, exponent = mp.frexp(x)
    return mp.ldexp(mp.nint(mantissa * 2**24), exponent - 24)


def show(name, f, w, a, b, degree):
    c, grid = minimax(f, w, mp.mpf(a), mp.mpf(b), degree)
    rounded = [float32(v) for v in c]
    worst = [max(abs(error(k, f, w, v)) for v in grid) for k in (c, rounded)]
    print(f"{name}: 2^{mp.nstr(mp.log(worst[0], 2), 4)}, rounded 2^{mp.nstr(mp.log(worst[1], 2), 4)}")
    print("    " + ", ".join(float(v).hex() for v in rounded))


def main():
    half = mp.log(2) / 2 * mp.mpf("1.0005")
    tiny = mp.mpf(10)**-30
    show("q of exp: e^r = 1 + r + r^2 q(r)", lambda r: (mp.expm1(r) - r) / r**2 if r else mp.mpf(0.5),
         lambda r: r**2 / mp.exp(r) + tiny, -half, half, 5)
    show("c of tanh: tanh(x) = x + x^3 c(x^2)",
         lambda u: (mp.tanh(mp.sqrt(u)) / mp.sqrt(u) - 1) / u,
         lambda u: u * mp.sqrt(u) / mp.tanh(mp.sqrt(u)), "1e-6", 1, 6)
    show("c of erf: erf(x) = x + x c(x^2)", lambda u: mp.erf(mp.sqrt(u)) / mp.sqrt(u) - 1,
         lambda u: mp.sqrt(u) / mp.erf(mp.sqrt(u)), "1e-8", 1, 6)
    show("g of erf: erf(x) = 1 - exp(-g(x))", lambda x: -mp.log(mp.erfc(x)), mp.erfc, 1, 4, 6)


if __name__ == "__main__":
    main()
