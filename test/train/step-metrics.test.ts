import { describe, expect, it } from 'vitest';
import type { Rollout, RolloutGroup } from '../../src/core/rollout.ts';
import { onlyFormatTells, outcomeMetrics, slowestNames, verificationMetrics } from '../../src/train/step-metrics.ts';

const rollout = (parts: Record<string, number> | null, status = 'optimal', flags: string[] = []): Rollout =>
  ({
    outcome: { status },
    reward: { value: parts === null ? null : Object.values(parts).reduce((sum, part) => sum + part, 0), parts: parts ?? {}, flags },
  }) as unknown as Rollout;
const group = (...rollouts: Rollout[]): RolloutGroup => ({ rollouts }) as unknown as RolloutGroup;

describe('outcomeMetrics', () => {
  it('gives shares of endings and flags, and means of the reward terms over scorable samples', () => {
    const rollouts = [
      rollout({ format: 0.1, answer: 1 }),
      rollout({ format: 0.1, answer: 0 }, 'infeasible', ['value_only', 'value_only']),
      rollout({ format: 0 }, 'runtime_error'),
      rollout(null, 'infra_error'),
    ];
    const metrics = outcomeMetrics(rollouts);
    expect(metrics).toEqual({
      'outcomes/infeasible': 0.25,
      'outcomes/infra_error': 0.25,
      'outcomes/optimal': 0.25,
      'outcomes/runtime_error': 0.25,
      'flags/value_only': 0.25,
      'reward_parts/answer': expect.closeTo(1 / 3),
      'reward_parts/format': expect.closeTo(0.2 / 3),
    });
  });
});

describe('verificationMetrics', () => {
  it('gives nearest ranks and the three slowest with their samples', () => {
    const times = Array.from({ length: 100 }, (_, i) => ({ problem: `p${i}`, sampleIndex: i % 4, seconds: (i + 1) / 100 }));
    expect(verificationMetrics(times)).toEqual({
      'time/verify_p50_s': 0.5,
      'time/verify_p99_s': 0.99,
      'time/verify_slowest_1_s': 1,
      'time/verify_slowest_2_s': 0.99,
      'time/verify_slowest_3_s': 0.98,
    });
    expect(slowestNames(times)).toEqual({
      'time/verify_slowest_1': 'p99#3',
      'time/verify_slowest_2': 'p98#2',
      'time/verify_slowest_3': 'p97#1',
    });
    expect(verificationMetrics([])).toEqual({});
  });
});

describe('onlyFormatTells', () => {
  const formatAlone = group(rollout({ format: 0.1, answer: 0 }), rollout({ format: 0, answer: 0 }));
  it('is so where every mixed group differs in the format term alone', () => {
    expect(onlyFormatTells([formatAlone, group(rollout({ format: 0.1 }), rollout({ format: 0.1 }))])).toBe(true);
    expect(onlyFormatTells([formatAlone, group(rollout({ format: 0.1, answer: 1 }), rollout({ format: 0.1, answer: 0 }))])).toBe(false);
    expect(onlyFormatTells([group(rollout({ format: 0.1 }), rollout({ format: 0.1 }))])).toBe(false);
  });
});
