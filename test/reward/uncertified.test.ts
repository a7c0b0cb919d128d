import { emptyOutcome, type Outcome, rewardPresets, scoreOutcome } from 'evom';
import { describe, expect, it } from 'vitest';
import { column, model, row } from '../solvers/models.ts';

const small = model('max', [column('x', 3), column('y', 2)], [row('c', 0, [[0, 1], [1, 1]], 4)]); // biome-ignore format: one line
const problem = { id: 'p', question: 'Each x earns 3, each y 2, of 4 in all.', answer: 12, source: 'test' };
const outcome = (certificate: Outcome['certificate']): Outcome => ({
  ...emptyOutcome('optimal', { dialect: 'highs-js', backend: 'highs' }),
  objective: 12,
  certificate,
  model: small,
  solution: { x: 4, y: 0 },
  solves: [{ status: 'optimal', objective: 12, certificate, modelHash: 'h', numVariables: 2, numIntegers: 0, numConstraints: 1, ms: 0 }],
});
const { evom } = rewardPresets;

describe('a right answer that no certificate stands behind', () => {
  it('is flagged, and counts by default', () => {
    expect(scoreOutcome({ outcome: outcome('none'), problem }, evom)).toMatchObject({
      flags: ['uncertified'],
      parts: { answer: 1 },
      correct: true,
    });
  });

  it('is worth a share, or nothing, where the configuration says so', () => {
    const earned = (uncertified: 'soft' | 'denied') =>
      scoreOutcome({ outcome: outcome('none'), problem }, { ...evom, softFlagWeight: 0.25, uncertified }).parts.answer;
    expect([earned('soft'), earned('denied')]).toEqual([0.25, 0]);
  });

  it('is paid in full where it counts, and where there is no model that a certificate could be of', () => {
    const earned = (given: Outcome, uncertified: 'pays' | 'soft') =>
      scoreOutcome({ outcome: given, problem }, { ...evom, softFlagWeight: 0.25, uncertified }).parts.answer;
    expect(earned(outcome('none'), 'pays')).toBe(1);
    expect(earned(outcome('dual'), 'soft')).toBe(1);
    expect(earned({ ...outcome('none'), model: null, solution: null }, 'soft')).toBe(1);
  });

  it('is no other answer, and no answer with a certificate', () => {
    for (const certificate of ['dual', 'second_look', 'second_solver'] as const)
      expect(scoreOutcome({ outcome: outcome(certificate), problem }, { ...evom, uncertified: 'denied' })).toMatchObject({
        flags: [],
        parts: { answer: 1 },
      });
    expect(scoreOutcome({ outcome: outcome('none'), problem: { ...problem, answer: 13 } }, evom).flags).toEqual([]);
  });
});
