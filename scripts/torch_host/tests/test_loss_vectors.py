"""Loss, gradient and correction values that verl, TRL and OpenRLHF gave for one small input (float32, tolerance 1e-6)."""

import json
import math

import pytest
import torch
from golden import GOLDEN

from evom_torch.batch import Batch, Row
from evom_torch.loss import TokenColumns, kl_term, row_scale, sampler_weights, token_loss

LP = [[-1, -0.5, -2], [-0.7, -1.2, -9]]
OLD = [[-1.2, -0.5, -1.5], [-0.9, -1, -1]]
REF = [[-1.1, -0.6, -1], [-0.7, -2, 0]]
ROLL = [[-1.3, -0.5, -1.5], [-0.9, -3, -1]]
MASK = [[1, 1, 1], [1, 1, 0]]
PPO = dict(
    type="policy_gradient", clipLow=0.2, clipHigh=0.2, dualClip=3.0, ratio="token", surrogate="ppo", aggregation="token_mean", normLength=None,
    klCoef=0.0, klEstimator="k3",
)


def evaluate(loss, *, lp=LP, mask=MASK, old=OLD, sampler=OLD, ref=REF, advantages=(1.0, -1.0), kl_weights=None, loss_weights=(1.0, 1.0), dtype=torch.float32):
    """The batch's loss and its gradient by `lp`, through the same rows, weights and token loss as in training."""
    used = [i for i in range(len(lp)) if sum(mask[i]) > 0 and loss_weights[i] > 0]
    import numpy as np

    rows = [
        Row("s", "g", np.arange(len(m)), np.array(m, np.uint8), np.zeros(len(m)), None, None, 0.0, None, None, w, 1.0)
        for m, w in zip(mask, loss_weights)
    ]
    batch = Batch(tuple(rows), loss, sum(sum(mask[i]) for i in used), len(used), {})
    at = [(i, t) for i in used for t, bit in enumerate(mask[i]) if bit]
    take = lambda values: torch.tensor([values[i][t] for i, t in at], dtype=dtype)
    columns = TokenColumns(
        weight=torch.tensor([row_scale(rows[i], batch) for i, _ in at], dtype=dtype), advantage=torch.tensor([advantages[i] for i, _ in at], dtype=dtype),
        sampler=take(sampler), old=take(old), ref=take(ref), kl_weight=take(kl_weights) if kl_weights else torch.ones(len(at), dtype=dtype),
        row=torch.tensor([used.index(i) for i, _ in at], dtype=torch.long), num_rows=max(1, len(used)),
    )
    leaf = take(lp).requires_grad_()
    total = (columns.weight * token_loss(loss, leaf, columns).loss).sum()
    total.backward()
    gradient = [[0.0] * len(m) for m in mask]
    for (i, t), value in zip(at, leaf.grad.tolist()):
        gradient[i][t] = value
    return total.item(), gradient, columns


RUNAWAY = [LP[0], [-0.9 + math.log(5), -1.2, -9]]


@pytest.mark.parametrize(
    ("change", "lp", "expected"),
    [
        ({}, LP, -0.1532795),
        ({"clipHigh": 0.28}, LP, -0.15756),
        ({"aggregation": "seq_mean_token_mean"}, LP, 0.0422783),
        ({"clipHigh": 0.28, "aggregation": "seq_mean_token_mean"}, LP, 0.0387112),
        ({"aggregation": "seq_mean_token_sum"}, LP, -0.3831986),
        ({"aggregation": "seq_mean_token_sum_norm", "normLength": 3}, LP, -0.1277329),  # TRL's dr_grpo
        ({"aggregation": "seq_mean_token_sum_norm", "normLength": 1.5}, LP, -0.2554657),  # verl does not divide by the rows
        ({"clipHigh": 0.28, "aggregation": "seq_mean_token_sum_norm", "normLength": 3}, LP, -0.1313),
        ({"clipHigh": 0.28, "aggregation": "seq_mean_token_sum_norm", "normLength": 1.5}, LP, -0.2625999),
        ({"dualClip": 3.0}, RUNAWAY, 0.20244),
        ({"dualClip": 10.0}, RUNAWAY, 0.60244),
        ({"dualClip": None}, RUNAWAY, 0.60244),
        ({"ratio": "sequence", "dualClip": None, "aggregation": "seq_mean_token_mean"}, LP, 0.0475813),
        ({"ratio": "sequence", "dualClip": None}, LP, -0.1429025),
        ({"surrogate": "cispo", "clipHigh": 0.28}, LP, 0.2967888),
        ({"surrogate": "cispo", "clipLow": 1.0, "clipHigh": 4.0}, LP, 0.2194011),
        ({"surrogate": "cispo", "clipLow": 1.0, "clipHigh": 0.28}, LP, 0.2194011),
        ({"klCoef": 0.1}, LP, -0.1337337),
        ({"klCoef": 0.1, "klUnbiased": True}, LP, -0.1402687),
        ({"surrogate": "sapo", "dualClip": None, "aggregation": "seq_mean_token_mean"}, LP, -0.0097027),
    ],
)
def test_loss(change, lp, expected):
    assert evaluate({**PPO, **change}, lp=lp)[0] == pytest.approx(expected, abs=2e-6)


def test_gradients_of_verl():
    _, gradient, _ = evaluate({**PPO, "clipHigh": 0.28})
    assert sum(gradient, []) == pytest.approx([-0.2442806, -0.2, -0.1213061, 0.2442806, 0.1637461, 0], abs=1e-6)
    assert evaluate(PPO)[1][0][0] == 0
    # Past the dual clip nothing is left to learn from the token.
    assert evaluate(PPO, lp=RUNAWAY)[1][1][0] == 0


def test_masked_rows_and_batches():
    half = [[1, 1, 1], [0, 0, 0]]
    assert evaluate({**PPO, "aggregation": "seq_mean_token_mean"}, mask=half)[0] == pytest.approx(-0.9355102, abs=1e-6)
    assert evaluate(PPO, mask=[[0, 0, 0], [0, 0, 0]])[0] == 0


def test_on_policy_is_minus_the_advantage():
    assert evaluate(PPO, old=LP)[0] == pytest.approx(-0.2, abs=1e-6)
    assert evaluate({**PPO, "aggregation": "seq_mean_token_mean"}, old=LP)[0] == pytest.approx(0, abs=1e-6)


def test_kl_terms():
    lp, ref = torch.tensor(LP), torch.tensor(REF)
    expected = {
        "k1": [[0.1, 0.1, -1], [0, 0.8, -9]],
        "k2": [[0.005, 0.005, 0.5], [0, 0.32, 40.5]],
        "k3": [[0.0048374, 0.0048374, 0.7182817], [0, 0.249329, 10]],
    }
    for name, values in expected.items():
        assert kl_term(name, lp, ref).flatten().tolist() == pytest.approx(sum(values, []), abs=1e-6)
    _, _, columns = evaluate(PPO)
    assert kl_term("k3", torch.tensor([-1, -0.5, -2, -0.7, -1.2]), columns.ref).mean().item() == pytest.approx(0.1954571, abs=1e-6)


def test_partial_kl_counts_only_the_weighted_tokens():
    whole = evaluate({**PPO, "klCoef": 0.1})[0] - evaluate(PPO)[0]
    program_only = evaluate({**PPO, "klCoef": 0.1}, kl_weights=[[0, 0, 1], [0, 1, 1]])[0] - evaluate(PPO)[0]
    rest = evaluate({**PPO, "klCoef": 0.1}, kl_weights=[[1, 1, 0], [1, 0, 0]])[0] - evaluate(PPO)[0]
    assert program_only + rest == pytest.approx(whole, abs=1e-6)
    assert program_only == pytest.approx(0.1 / 5 * (0.7182817 + 0.249329), abs=1e-6)


def test_prime_rl_drops_what_moved_too_far():
    # kl_tau 1e-3 on the squared log-ratio to the sampler; prime-rl sums over the tokens.
    logs = lambda values: [[math.log(v) for v in values]]
    loss = {**PPO, "surrogate": "dppo", "dualClip": None, "klCoef": 2e-3, "klEstimator": "k2"}
    half = logs([0.5, 0.5, 0.5])
    losses = []
    for advantage, mask in ((1.0, [[1, 1, 0]]), (-1.0, [[0, 0, 1]])):
        value, _, columns = evaluate(loss, lp=logs([0.9, 0.5, 0.2]), mask=mask, old=half, sampler=half, ref=half, advantages=(advantage,), loss_weights=(1.0,))
        losses.append(value * len(columns.weight))
    assert sum(losses) == pytest.approx(-0.998815, abs=1e-6)


def test_off_policy_mask_of_trl():
    mask = {"type": "off_policy_mask", "threshold": 1.0}
    old = [[-3.0], [-1.5], [-3.0]]
    _, _, columns = evaluate(PPO, lp=old, mask=[[1]] * 3, old=old, sampler=[[-1.0]] * 3, ref=old, advantages=(1.0, -1.0, -1.0), loss_weights=(1.0,) * 3)
    assert sampler_weights(mask, columns.old, columns).tolist() == [1, 1, 0]


def correction(kind, level, low, high):
    return {"type": kind, "level": level, "low": low, "high": high}


def test_truncated_weights_of_verl():
    _, _, columns = evaluate(PPO, sampler=ROLL)
    assert sampler_weights(correction("truncate", "token", 0, 2), columns.old, columns).tolist() == pytest.approx([1.105171, 1, 1, 1, 2], abs=1e-6)
    sequence = sampler_weights(correction("truncate", "sequence", 0, 2), columns.old, columns)
    assert sequence.tolist() == pytest.approx([1.105171, 1.105171, 1.105171, 2, 2], abs=1e-6)
    # TRL's sequence_mask: the second sequence's product is e^2 > 3, so it goes.
    assert sampler_weights(correction("mask", "sequence", 0, 3), columns.old, columns).tolist()[3:] == [0, 0]


@pytest.mark.parametrize(
    ("kind", "level", "expected"), [("truncate", "token", 0.4717334), ("mask", "token", -0.3469973), ("mask", "geometric", 0.8629321)]
)
def test_corrected_losses_of_openrlhf(kind, level, expected):
    loss = {**PPO, "clipHigh": 0.28, "dualClip": None, "samplerCorrection": correction(kind, level, 0.5, 5)}
    assert evaluate(loss, sampler=ROLL)[0] == pytest.approx(expected, abs=1e-6)


def test_a_correction_without_old_logprobs_takes_the_learners_own():
    loss = {**PPO, "samplerCorrection": correction("truncate", "token", 0, 2)}
    unknown = [[math.nan] * 3, [math.nan] * 3]
    value, gradient, _ = evaluate(loss, old=unknown, sampler=ROLL)
    weights = [min(2.0, math.exp(LP[i][t] - ROLL[i][t])) for i, t in [(0, 0), (0, 1), (0, 2), (1, 0), (1, 1)]]
    signs = [1, 1, 1, -1, -1]
    assert value == pytest.approx(-sum(w * s for w, s in zip(weights, signs)) / 5, abs=1e-6)
    assert [g for row in gradient for g in row][:5] == pytest.approx([-w * s / 5 for w, s in zip(weights, signs)], abs=1e-6)


SURROGATES = json.loads((GOLDEN.parent / "surrogate.json").read_text())


@pytest.mark.parametrize("case", SURROGATES["cases"], ids=lambda case: "-".join(str(v) for v in list(case["loss"].values())[1:9]))
def test_every_surrogate_equals_the_float64_reference(case):
    rows = SURROGATES["rows"]
    column = lambda name: [row[name] for row in rows]
    value, gradients, _ = evaluate(
        case["loss"], lp=column("lp"), mask=[[int(bit) for bit in row["mask"]] for row in rows], old=column("old"), sampler=column("old"), ref=column("ref"),
        advantages=column("advantage"), kl_weights=column("kl_weights"), loss_weights=column("loss_weight"), dtype=torch.float64,
    )
    assert value == pytest.approx(case["value"], rel=1e-9, abs=1e-12)
    for i, (found, expected) in enumerate(zip(gradients, case["gradients"])):
        masked = [e if m else 0 for e, m in zip(expected, rows[i]["mask"])] if rows[i]["loss_weight"] > 0 else [0] * len(expected)
        assert found == pytest.approx(masked, rel=1e-9, abs=1e-12)
