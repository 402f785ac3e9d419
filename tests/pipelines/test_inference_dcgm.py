"""DCGM's samples: GPU time held and busy, by pod and node."""

import random
from datetime import datetime
from itertools import pairwise

import pytest

from pipelines.inference.dcgm import FORMAT, NO_POD
from tests.pipelines.inference_logs import read_logs, write_text
from tests.pipelines.metric_series import BLANK, active, at, utilised

POD = {"namespace": "rec", "pod": "dlrm-v12-7c", "container": "srv"}
SECOND = 10**6
EVERY = 15
FIRST = at(1)


def read(root, *lines, name="m.prom"):
    path = write_text(root / name, "\n".join(lines) + "\n")
    return read_logs(root, path, format=FORMAT)


def times(found, *columns):
    """Busy and held seconds of each row."""
    rows = found.usage.sort("hour", "model", *columns).select(
        *columns, "gpu_microseconds", "gpu_held_microseconds"
    )
    return [
        (*row[:-2], None if row[-2] is None else row[-2] / SECOND, row[-1] / SECOND)
        for row in rows.iter_rows()
    ]


def every(values, write=active, start=FIRST, **labels):
    return [write(v, start + n * EVERY * 1000, **labels) for n, v in enumerate(values)]


def test_a_pod_holds_its_gpu_for_as_long_as_it_is_sampled_and_is_busy_by_its_share(tmp_path):
    found = read(
        tmp_path,
        "# HELP DCGM_FI_PROF_GR_ENGINE_ACTIVE Ratio of time the graphics engine is active.",
        "# TYPE DCGM_FI_PROF_GR_ENGINE_ACTIVE gauge",
        *every([0.31, 0.5, 0, 1], device="nvidia0", **POD),
    )
    columns = ("model", "resource_id", "grain", "requests", "requests_with_gpu_time")
    assert times(found, *columns) == [("rec/dlrm-v12-7c", "n1", "sample", 0, 0, 27.15, 60)]
    assert found.coverage.select("resource_id", "watched_from").rows() == [
        ("n1", datetime(2026, 9, 1))
    ]


def test_a_sample_stands_until_the_next_one_at_most_three_usual_intervals(tmp_path):
    before = every([1, 1, 1, 1], **POD)
    after = every([1, 1, 1], start=at(30), **POD)
    found = read(tmp_path, *before, *after)
    # 3 intervals, the gap as 3 more, 2 after it, and the last sample as one.
    assert times(found) == [(15 * (3 + 3 + 2 + 1), 15 * (3 + 3 + 2 + 1))]


def test_what_lasts_over_the_hour_lies_in_both(tmp_path):
    found = read(tmp_path, *every([1, 1], start=at(59, 50), **POD))
    assert times(found, "hour") == [
        (datetime(2026, 9, 1, 0), 10, 10),
        (datetime(2026, 9, 1, 1), 20, 20),
    ]


def test_a_blank_reading_is_held_and_not_measured(tmp_path):
    found = read(tmp_path, *every([0.5, BLANK, 9.3e18, 0.5], **POD))
    assert times(found) == [(15, 60)]
    assert found.bad_lines() == []
    only_blanks = read(tmp_path, *every([BLANK, BLANK], **POD))
    assert times(only_blanks) == [(None, 30)]


def test_utilisation_counts_where_the_profile_is_not_read(tmp_path):
    found = read(
        tmp_path,
        *every([0.2, 0.2], **POD),
        *every([90, 90], utilised, **POD),
        *every([BLANK, BLANK], start=at(61), **POD),
        *every([50, 50], utilised, at(61), **POD),
    )
    assert times(found, "hour")[0] == (datetime(2026, 9, 1, 0), 0.2 * 15 * (1 + 3), 60)
    assert times(found, "hour")[1] == (datetime(2026, 9, 1, 1), 15, 30)


def test_a_gpu_without_a_pod_is_watched_and_nobodys(tmp_path):
    exporter = {"namespace": "gpu-operator", "pod": "nvidia-dcgm-exporter-x7"}
    found = read(
        tmp_path,
        *every([0.5, 0.5], exported_namespace="rec", exported_pod="dlrm", **exporter),
        *every([0, 0], start=at(1.5), **exporter),
        *every([0.25, 0.25], Hostname="bare-metal-7"),
    )
    assert times(found, "model", "resource_id") == [
        (NO_POD, "n1", 0, 30),
        ("bare-metal-7", "bare-metal-7", 7.5, 30),
        ("rec/dlrm", "n1", 15, 30),
    ]


def test_a_mig_instance_is_its_slices_of_a_gpu_and_the_gpu_is_not_counted_beside_it(tmp_path):
    found = read(
        tmp_path,
        *every([0.5, 0.5], GPU_I_ID="1", GPU_I_PROFILE="2g.20gb", namespace="a", pod="x"),
        *every([1, 1], GPU_I_ID="5", GPU_I_PROFILE="1g.10gb", namespace="a", pod="y"),
        *every([0.9, 0.9]),
        *every([77, 77], utilised, GPU_I_ID="9", GPU_I_PROFILE="3g.40gb", namespace="a", pod="z"),
        *every(
            [1, 1],
            UUID="GPU-2",
            modelName="NVIDIA A30",
            GPU_I_ID="1",
            GPU_I_PROFILE="1g.6gb",
            namespace="a",
            pod="w",
        ),
    )
    assert times(found, "model") == [
        ("a/w", 7.5, 7.5),
        ("a/x", round(30 / 7, 6), round(60 / 7, 6)),
        ("a/y", round(30 / 7, 6), round(30 / 7, 6)),
        ("a/z", None, round(90 / 7, 6)),
    ]


def test_pods_that_take_turns_on_a_gpu_share_it_equally(tmp_path):
    lines = [line for pod in ("a", "b", "c") for line in every([0.6, 0.6], namespace="s", pod=pod)]
    alone = every([0.6], start=at(1.5), namespace="s", pod="a")
    found = read(tmp_path, *lines, *alone)
    assert times(found, "model") == [("s/a", 15, 25), ("s/b", 6, 10), ("s/c", 6, 10)]


def test_samples_read_twice_change_nothing(tmp_path):
    lines = every([0.3, 0.6, 0.9], **POD)
    once = read(tmp_path / "a", *lines)
    twice = read_logs(
        tmp_path / "b",
        write_text(tmp_path / "b/1.prom", "\n".join(lines)),
        write_text(tmp_path / "b/2.prom.gz", "\n".join(reversed(lines))),
        format=FORMAT,
    )
    assert once.usage.equals(twice.usage)
    assert twice.files["duplicates"].to_list() == [0, 3]


def test_values_that_cannot_be_are_rejects(tmp_path):
    found = read(
        tmp_path,
        *every([0.5, "NaN", "Inf", -0.1, 1.5, 1.004], **POD),
        *every([101.5], utilised, **POD),
    )
    assert found.bad_lines() == [
        ("m.prom", 3, "value", "infinite"),
        ("m.prom", 4, "value", "negative"),
        ("m.prom", 5, "value", "above the highest there can be"),
        ("m.prom", 7, "value", "above the highest there can be"),
    ]
    # NaN ends the first; the last one stands for the median of two gaps of 15 and 60 seconds.
    assert times(found) == [(7.5 + 15, 30)]


def test_a_single_sample_stands_for_no_known_time(tmp_path):
    found = read(tmp_path, active(1, at(5), **POD))
    assert found.usage.is_empty()
    assert found.files.select("records", "left_out").rows() == [(1, 1)]


@pytest.mark.parametrize("seed", range(3))
def test_any_samples_in_any_order_hold_and_work_as_reckoned_by_hand(tmp_path, seed):
    chance = random.Random(seed)  # noqa: S311 -- no secret
    lines, held, busy = [], 0.0, 0.0
    for gpu in range(3):
        seconds, moments = 0, []
        for _ in range(80):
            moments.append((seconds, chance.randrange(101) / 100))
            seconds += chance.choice([15] * 8 + [30, 600])
        for (start, value), (end, _) in pairwise([*moments, (moments[-1][0] + 15, 0)]):
            lasts = min(end - start, 45)
            held += lasts
            busy += value * lasts
        lines += [active(v, at(0, s), UUID=f"G{gpu}", **POD) for s, v in moments]
    lines += chance.sample(lines, 30)
    chance.shuffle(lines)
    found = read(tmp_path, *lines)
    assert found.total("gpu_held_microseconds") == round(held * SECOND)
    assert found.total("gpu_microseconds") == round(busy * SECOND)
    assert found.files["duplicates"].to_list() == [30]
