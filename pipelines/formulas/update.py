"""Update: what a new version costs beside its predecessor, by mode, with roll-out and delivery.

    C_update = sum over updates j of f_j x [training by its mode + evaluation
               + artefact x regions x bandwidth price + old and new replicas side by side]

An update belongs to the version that it produces; what the base model cost is shown there as
inherited, and is never summed twice. Each mode is a formula, and several kinds of update of one
month are several uses of them. What delivery moves is `push_gigabytes`.
"""

from collections.abc import Callable
from dataclasses import replace
from typing import Final

from pipelines.formulas.flop import CHINCHILLA, LORA, MODEL, flop_of_lora, flop_of_model
from pipelines.formulas.formula import Formula, Symbol, Value
from pipelines.formulas.goodput import GOODPUT
from pipelines.formulas.mfu import WINDOW_MFU, gpu_hours_cautions
from pipelines.formulas.symbols import GPUS_PER_REPLICA, PEAK_FLOPS, TOKENS, UPDATES
from pipelines.formulas.training import EVALUATION

_TABLES = "rows written x dimension x bytes of a value x (1 + optimiser slots); FLOP about 0"
_OVERLAP = "blue-green roll-out: both fleets are billed while the load moves"

_RUN: Final = (PEAK_FLOPS, WINDOW_MFU, GOODPUT, EVALUATION)
NEW_TOKENS: Final = replace(
    TOKENS, name="new_tokens", sign="D_new", meaning="tokens that the predecessor was not given"
)
REPLAY_TOKENS: Final = Symbol(
    "replay_tokens", "D_rep", "tokens", "earlier tokens trained on again", default=0
)
UNSERVED_SHARE: Final = Symbol(
    "unserved_share",
    "s_u",
    "",
    "share of the added replicas that served nothing: what they served is inference",
    high=1,
    default=1,
)


def _hours(flop_of: Callable[..., Value]) -> Callable[..., Value]:
    def of(
        *,
        updates: Value,
        peak_flops: Value,
        window_mfu: Value,
        goodput: Value,
        evaluation_gpu_hours: Value,
        **model: Value,
    ) -> Value:
        busy = flop_of(**model) / (3600 * peak_flops * window_mfu)
        return updates * (busy / goodput + evaluation_gpu_hours)

    return of


def _flop_incremental(*, new_tokens: Value, replay_tokens: Value, **model: Value) -> Value:
    return flop_of_model(tokens=new_tokens + replay_tokens, **model)


def _written(
    updates: Value,
    rows: Value,
    dimension: Value,
    bytes_per_value: Value,
    optimiser_slots: Value,
) -> Value:
    return updates * rows * dimension * bytes_per_value * (1 + optimiser_slots) / 10**9


def _overlap(
    updates: Value,
    added_replicas: Value,
    gpus_per_replica: Value,
    overlap_time: Value,
    unserved_share: Value,
) -> Value:
    return updates * added_replicas * gpus_per_replica * overlap_time * unserved_share


def _cost(
    updates: Value,
    gpu_hour_price: Value,
    run_gpu_hours: Value,
    overlap_gpu_hours: Value,
    bandwidth_price: Value,
    pushed: Value,
) -> Value:
    hardware = gpu_hour_price * (run_gpu_hours + overlap_gpu_hours)
    return updates * (hardware + bandwidth_price * pushed)


FORMULAS: Final = (
    Formula(
        "update_gpu_hours",
        "Accelerator-hours billed for updates that train the whole model",
        "H = f [(6 N_a D + 12 L d S c D) / (3600 F_peak MFU_w) / g + H_eval]",
        (UPDATES, *MODEL, *_RUN),
        "GPU-h",
        _hours(flop_of_model),
        CHINCHILLA,
        component="update",
        element="hardware",
        cautions=gpu_hours_cautions,
    ),
    Formula(
        "update_gpu_hours_lora",
        "Accelerator-hours billed for updates that train added low-rank parameters alone",
        "H = f [(4 N_a D + 12 L d S c D) / (3600 F_peak MFU_w) / g + H_eval]",
        (UPDATES, *MODEL, *_RUN),
        "GPU-h",
        _hours(flop_of_lora),
        LORA,
        component="update",
        element="hardware",
        cautions=gpu_hours_cautions,
    ),
    Formula(
        "update_gpu_hours_incremental",
        "Accelerator-hours billed for updates on new data, with some of the old replayed",
        "H = f [(6 N_a + 12 L d S c) (D_new + D_rep) / (3600 F_peak MFU_w) / g + H_eval]",
        (
            UPDATES,
            NEW_TOKENS,
            REPLAY_TOKENS,
            *(symbol for symbol in MODEL if symbol is not TOKENS),
            *_RUN,
        ),
        "GPU-h",
        _hours(_flop_incremental),
        CHINCHILLA,
        component="update",
        element="hardware",
        cautions=gpu_hours_cautions,
    ),
    Formula(
        "update_embedding_traffic",
        "Bytes that updates of embeddings alone write: they compute next to nothing",
        "G = f rows dim b (1 + slots)",
        (
            UPDATES,
            Symbol("rows", "rows", "", "rows written by one update"),
            Symbol("dimension", "dim", "", "values in a row", low_is_in=False),
            Symbol("bytes_per_value", "b", "", "4 at 32 bits", low_is_in=False, default=4),
            Symbol("optimiser_slots", "slots", "", "values of optimiser per value", default=0),
        ),
        "GB",
        _written,
        _TABLES,
        component="update",
        element="bandwidth",
    ),
    Formula(
        "rollout_overlap_gpu_hours",
        "Accelerator-hours billed while old and new replicas stand side by side",
        "H = f R_add n_r T_o s_u",
        (
            UPDATES,
            Symbol("added_replicas", "R_add", "", "replicas of the new version beside the old"),
            GPUS_PER_REPLICA,
            Symbol("overlap_time", "T_o", "h", "how long both stand"),
            UNSERVED_SHARE,
        ),
        "GPU-h",
        _overlap,
        _OVERLAP,
        component="update",
        element="hardware",
    ),
    Formula(
        "update_cost",
        "What a month's updates cost: the articles' hardware and bandwidth, with f of them",
        "C_update = f [p (H_run + H_overlap) + p_e G]",
        (
            UPDATES,
            Symbol("gpu_hour_price", "p", "money/GPU-h", "price of an accelerator-hour"),
            Symbol("run_gpu_hours", "H_run", "GPU-h", "hours of one run and its evaluation"),
            Symbol("overlap_gpu_hours", "H_overlap", "GPU-h", "one roll-out's overlap", default=0),
            Symbol("bandwidth_price", "p_e", "money/GB", "price of moving a GB", default=0),
            Symbol("pushed", "G", "GB", "what one update moves", default=0),
        ),
        "money",
        _cost,
        "the articles' C_update, each term with its own quantity",
        component="update",
    ),
    Formula(
        "relative_change",
        "How a quantity changed: what another version, precision or chip does to it",
        "after / before - 1",
        (
            Symbol("before", "a", "", "the quantity before", low_is_in=False),
            Symbol("after", "b", "", "the quantity after"),
        ),
        "",
        lambda before, after: after / before - 1,
        "identity",
    ),
)
