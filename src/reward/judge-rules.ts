/** The published rules that say when a value is the right answer, by name. One stored outcome is scored under any of them. */

/** How a rule takes a label of `infeasible` or `unbounded`. */
export type NoSolutionRule =
  | 'same' // the status must be the label's
  | 'any' // infeasible, unbounded and "infeasible or unbounded" are one answer, as "No Best Solution" is in the labels of ORLM
  | 'never'; // the rule has no such answer: always wrong

export interface JudgeRule {
  readonly name: JudgeRuleName;
  /** The rule in words, for reports. */
  readonly definition: string;
  readonly source: string;
  readonly noSolution: NoSolutionRule;
  /** Whether `value` answers a problem whose label is `label`; both finite. */
  readonly matches: (value: number, label: number) => boolean;
}

export type JudgeRuleName =
  | 'evom'
  | 'evom-strict'
  | 'evom-train'
  | 'sirl'
  | 'orlm'
  | 'evostep'
  | 'mamo'
  | 'agent'
  | 'optibench'
  | 'exact'
  | 'indusopt';

/** Below this size a label counts as this size in EVOM's relative error, so that a label of 0 can be met. */
const evomDelta = 1e-12;

/** Python's `round(x)`: halves go to the even neighbour. */
function pythonRound(value: number): number {
  const floor = Math.floor(value);
  if (value - floor !== 0.5) return Math.round(value);
  return floor % 2 === 0 ? floor : floor + 1;
}

/** `|value - label| / |label| <= tolerance` of rounded numbers; for a label of 0, `|value| <= tolerance`. */
function roundedRelative(tolerance: number): (value: number, label: number) => boolean {
  return (value, label) => {
    const [v, a] = [pythonRound(value), pythonRound(label)];
    return a === 0 ? Math.abs(v) <= tolerance : Math.abs((v - a) / a) <= tolerance;
  };
}

const relativeToLabel =
  (tolerance: number) =>
  (value: number, label: number): boolean =>
    Math.abs(value - label) / Math.max(Math.abs(label), evomDelta) <= tolerance;

/** Digits after the point of a number as JavaScript writes it. */
const decimals = (value: number): number => /\.(\d+)$/.exec(String(value))?.[1]?.length ?? 0;

function mamoMatches(value: number, label: number): boolean {
  // With a label of 0 the original multiplies where it otherwise divides: |v| 1e-4 <= 1e-4.
  if (label === 0) return Math.abs(value) <= 1;
  const unit = 10 ** Math.min(20, Math.max(2, decimals(label)));
  return Math.abs(value * unit - label * unit) < 1 || Math.abs((value - label) / label) <= 1e-4;
}

const rules: readonly JudgeRule[] = [
  {
    name: 'sirl',
    definition: '|a - v| / (|a| + 1) < 1e-6; without a solution: the same status',
    // SIRL itself takes any None for None, so that a program without a solve proves infeasibility. Here a solver must say so.
    source: 'Solver-Informed RL (arXiv:2505.11792), its reward function',
    noSolution: 'same',
    matches: (value, label) => Math.abs(label - value) / (Math.abs(label) + 1) < 1e-6,
  },
  {
    name: 'evom',
    definition: `|v - a| / max(|a|, ${evomDelta}) <= 0.05; without a solution: the same status`,
    source: 'EVOM, main accuracy',
    noSolution: 'same',
    matches: relativeToLabel(0.05),
  },
  {
    name: 'evom-strict',
    definition: `|v - a| / max(|a|, ${evomDelta}) <= 1e-4; without a solution: the same status`,
    source: 'EVOM, strict accuracy',
    noSolution: 'same',
    matches: relativeToLabel(1e-4),
  },
  {
    name: 'evom-train',
    definition: `|v - a| < 1e-4 or |v - a| / max(|a|, ${evomDelta}) < 1e-4; without a solution: the same status`,
    source: 'EVOM, answer reward of training (arXiv:2604.00442, appendices A to D)',
    noSolution: 'same',
    matches: (value, label) => Math.abs(value - label) < 1e-4 || Math.abs(value - label) / Math.max(Math.abs(label), evomDelta) < 1e-4,
  },
  {
    name: 'orlm',
    definition: 'both rounded to whole numbers, |v - a| / |a| <= 0.05 (a = 0: |v| <= 0.05); any "no solution" matches',
    source: 'ORLM, eval/execute.py',
    noSolution: 'any',
    matches: roundedRelative(0.05),
  },
  {
    name: 'evostep',
    definition: 'both rounded to whole numbers, |v - a| / |a| <= 1e-4; any "no solution" matches',
    source: 'Evo-Step, test/coptpy_code.py',
    noSolution: 'any',
    matches: roundedRelative(1e-4),
  },
  {
    name: 'mamo',
    definition: '|v - a| < 1 in the last of max(2, digits of a) decimals, or relative 1e-4 (a = 0: |v| <= 1); "no solution" is wrong',
    source: 'MAMO, optimization/3.run_code_comp_optimization.py',
    noSolution: 'never',
    matches: mamoMatches,
  },
  {
    name: 'agent',
    definition: '|v - a| < 0.1; any "no solution" matches',
    source: 'OR-LLM-Agent, utils.py',
    noSolution: 'any',
    matches: (value, label) => Math.abs(value - label) < 0.1,
  },
  {
    name: 'optibench',
    definition: '|v - a| <= 1e-4; "no solution" is wrong',
    source: 'OptiBench (ReSocratic), eval_sft_code.py, for the objective alone',
    noSolution: 'never',
    matches: (value, label) => Math.abs(value - label) <= 1e-4,
  },
  {
    name: 'exact',
    definition: 'v = a; "no solution" is wrong',
    source: 'Chain-of-Experts, test_generated_code.py',
    noSolution: 'never',
    matches: (value, label) => value === label,
  },
  {
    name: 'indusopt',
    // The host has checked the point against the program's own constraints before an outcome says `optimal`.
    definition: '|v - a| <= max(1e-6, 1e-6 max(|v|, |a|)) with a point that satisfies its constraints; without a solution: the same status',
    source: 'IndusOPT, without its mapping to a reference model',
    noSolution: 'same',
    matches: (value, label) => Math.abs(value - label) <= Math.max(1e-6, 1e-6 * Math.max(Math.abs(value), Math.abs(label))),
  },
];

const byName: ReadonlyMap<string, JudgeRule> = new Map(rules.map((rule) => [rule.name, rule]));

export const judgeRuleNames: readonly JudgeRuleName[] = rules.map((rule) => rule.name);

/** The rule of a name, or null when there is none. */
export function judgeRule(name: string): JudgeRule | null {
  return byName.get(name) ?? null;
}
