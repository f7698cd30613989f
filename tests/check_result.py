#!/usr/bin/env python3
"""Reads a result file as others would: h5py, xarray over h5netcdf, and netCDF4 where it is installed.

    tests/check_result.py result.h5     status 1 and a line for each violation of docs/results.md
    tests/check_result.py               the sample of $LENSWEEP_BUILD/tests/test_h5file, whose values
                                        are checked too

Status 77 = skipped: a package is missing.
"""

import os
import subprocess
import sys
import tempfile

try:
    import h5py
    import numpy as np
    import xarray as xr
    import h5netcdf  # noqa: F401
except ImportError as missing:
    print(f"skip: no Python package {missing.name}")
    sys.exit(77)

ENGINES = ["h5netcdf"]
try:
    import netCDF4  # noqa: F401

    ENGINES.append("netcdf4")
except ImportError:
    print("netCDF4 is not installed: only h5netcdf is checked")

# Coordinates that every group has under the same name, and their types; None = string.
COORDINATES = {"query": "i8", "item": None, "subject": None, "dataset": None, "template": "i1",
               "step": "i1", "layer": "i4", "head": "i4", "kv_head": "i4", "target": None,
               "component": None, "token_set": None, "site": None, "role": None, "metric": None}
ON_QUERY = ["item", "subject", "dataset", "template", "step"]

violations = []


def claim(truth, where, what):
    if not truth:
        violations.append(f"{where}: {what}")


def is_text(dataset):
    return h5py.check_string_dtype(dataset.dtype) is not None


def name_of(h5object):
    return h5object.name.rsplit("/", 1)[1]


def scale_of(variable, i):
    scales = list(variable.dims[i].values())
    return scales[0] if len(scales) == 1 else None


def coordinates_of(variable):
    return variable.attrs.get("coordinates", "").split()


def check_type(d):
    if is_text(d):
        kind = h5py.check_string_dtype(d.dtype)
        claim(kind.encoding == "utf-8" and kind.length is None, d.name, "text is not variable UTF-8")
    else:
        claim(d.dtype.str in ("|i1", "<i4", "<i8", "<f4", "<f8"), d.name, f"type {d.dtype.str}")
    if name_of(d) in COORDINATES:
        want = COORDINATES[name_of(d)]
        if want is None:
            claim(is_text(d), d.name, "is not a text")
        else:
            claim(not is_text(d) and d.dtype == np.dtype(want), d.name, f"is no {want}")


def check_scale(d):
    claim(d.ndim == 1, d.name, "a dimension with more than one dimension")
    claim(d.attrs["NAME"] == name_of(d).encode(), d.name, "NAME is not the dimension's name")
    claim("_FillValue" not in d.attrs, d.name, "a dimension's coordinate with _FillValue")


def check_dimensions(group, d):
    for i in range(d.ndim):
        scale = scale_of(d, i)
        claim(scale is not None, d.name, f"dimension {i} has not exactly one scale")
        if scale is None:
            continue
        claim(scale.shape == (d.shape[i],), d.name, f"{scale.name} is of another length")
        claim(scale.parent in (group, group.file["/"]), d.name, f"{scale.name} is in another group")
        claim(name_of(scale) != name_of(d) or scale.parent != group, d.name, "is its own scale")


def check_attributes(d, coordinate):
    text = d.attrs.get("long_name")
    claim(isinstance(text, str) and text, d.name, "no long_name")
    if "units" in d.attrs:
        claim(isinstance(d.attrs["units"], str) and d.attrs["units"], d.name, "units is not a text")
    if coordinate:
        claim("_FillValue" not in d.attrs, d.name, "a coordinate with _FillValue")
    elif is_text(d):
        claim("_FillValue" not in d.attrs, d.name, "text with _FillValue")
    else:
        fill = d.attrs.get("_FillValue")
        ok = fill is not None and fill.shape == (1,) and fill.dtype == d.dtype
        claim(ok, d.name, "_FillValue is missing or of another type")
        if ok:
            good = np.isnan(fill[0]) if d.dtype.kind == "f" else fill[0] == -1
            claim(good, d.name, f"_FillValue is {fill[0]}")
            claim(np.array_equal(d.fillvalue, fill[0], equal_nan=d.dtype.kind == "f"), d.name,
                  "what is unwritten is not _FillValue")


def dims_of(d):
    if d.is_scale:
        return {d.name}
    return {scale_of(d, i).name for i in range(d.ndim) if scale_of(d, i) is not None}


def check_coordinates(group, d):
    for name in coordinates_of(d):
        claim(name in group, d.name, f"coordinate {name} is not in its group")
        if name in group:
            claim(dims_of(group[name]) <= dims_of(d), d.name, f"coordinate {name} does not fit")


def check_storage(d):
    size = d.dtype.itemsize
    if not is_text(d) and d.ndim and d.size:
        claim(d.fletcher32, d.name, "numbers without a checksum")
    if d.chunks is None:
        claim(d.size * size < 1 << 12 or d.ndim == 0, d.name, "large and not chunked")
        return
    chunk = int(np.prod(d.chunks)) * size
    claim(chunk <= 4 << 20, d.name, f"chunks of {chunk} bytes")
    if not is_text(d) and d.size * size >= 1 << 12:
        claim(d.compression == "gzip" and d.shuffle, d.name, "chunked and not compressed")


def check_group_h5py(group, whole_result):
    datasets = [d for d in group.values() if isinstance(d, h5py.Dataset)]
    coordinates = {name for d in datasets for name in coordinates_of(d)}
    for d in datasets:
        check_type(d)
        check_storage(d)
        if d.is_scale:
            check_scale(d)
            continue
        check_dimensions(group, d)
        check_attributes(d, name_of(d) in coordinates)
        check_coordinates(group, d)
        on_query = f"{group.name}/query" in dims_of(d) and name_of(d) not in coordinates
        if whole_result and on_query:
            for name in ON_QUERY:
                claim(name in coordinates_of(d), d.name, f"coordinate {name} is not named")


def check_group_xarray(path, group, engine):
    where = f"{group.name} ({engine})"
    with xr.open_dataset(path, group=group.name, engine=engine) as ds:
        for d in group.values():
            if not isinstance(d, h5py.Dataset):
                continue
            name = name_of(d)
            claim(name in ds.variables, where, f"{name} is not there")
            if name not in ds.variables:
                continue
            v = ds[name]
            want = (name,) if d.is_scale else tuple(name_of(scale_of(d, i)) for i in range(d.ndim))
            claim(v.dims == want, where, f"{name} has dimensions {v.dims}, not {want}")
            if d.is_scale:
                claim(name in ds.indexes, where, f"{name} is not an index")
            if is_text(d):
                claim(all(isinstance(s, str) for s in v.values.flat), where, f"{name} is not a str")
            elif d.dtype.kind == "f":
                claim(v.dtype == d.dtype, where, f"{name} became {v.dtype}")
            for c in coordinates_of(d):
                claim(c in v.coords, where, f"{name} lacks coordinate {c}")


def check_file(path, whole_result):
    groups = []
    with h5py.File(path, "r") as f:
        f.visititems(lambda _, o: groups.append(o) if isinstance(o, h5py.Group) else None)
        claim(groups, path, "no groups")
        for group in [f["/"], *groups]:
            check_group_h5py(group, whole_result)
            for engine in ENGINES:
                check_group_xarray(path, group, engine)


def check_sample(path):
    """The values that tests/unit/test_h5file.c writes."""
    for engine in ENGINES:
        with xr.open_dataset(path, group="decode", engine=engine) as ds:
            q, layer, target = np.ogrid[:4, :30, :4]
            want = ((q * 1000 + layer * 10 + target) / 8).astype("f4")
            claim(np.array_equal(ds.logit.values[:4], want), engine, "logit")
            claim(np.isnan(ds.logit.values[4]).all(), engine, "logit that was not written")
            claim(list(ds.item.values) == ["Zürich", "日本", "", "bad \ufffd\ufffd", ""], engine,
                  f"item {ds.item.values}")
            claim(list(ds.status.values) == ["ok"] * 4 + [""], engine, "status")
            claim(list(ds.step.values) == [1, 2, 3, 1, -1] and ds.step.dtype == "i1", engine, "step")
            claim(list(ds["query"].values) == [3, 4, 5, 1 << 40, -1], engine, "query")
            claim(list(ds.layer.values) == list(range(30)), engine, "layer")
            claim(np.isnan(ds["rank"].values).all(), engine, "rank is not masked")
            claim(float(ds.logit.sel(target="subject", query=4, layer=2)) == 1023 / 8, engine, "sel")
            claim(ds.attrs["kind"] == "decode" and ds.attrs["seed"] == 1 << 40, engine, "attributes")
            claim(set(ds.logit.coords) == {"query", "layer", "target", "item", "step", "kv_head"},
                  engine, f"coordinates {set(ds.logit.coords)}")
        with xr.open_dataset(path, group="queries", engine=engine) as ds:
            claim(ds["span"].dims == ("query", "span", "bound"), engine, "span")
            claim(list(ds["span"].values.flat) == [1, 2, 5, 7], engine, "span's values")
            claim(list(ds["span_name"].values) == ["answer_1", "answer_2"], engine, "span_name")


def main():
    if len(sys.argv) == 2:
        check_file(sys.argv[1], True)
    else:
        writer = os.path.join(os.environ.get("LENSWEEP_BUILD", "."), "tests", "test_h5file")
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "sample.h5")
            subprocess.run([writer, "--write", path], check=True)
            check_file(path, False)
            check_sample(path)
    for line in violations:
        print(line)
    print(f"{len(violations)} violations")
    sys.exit(1 if violations else 0)


if __name__ == "__main__":
    main()
