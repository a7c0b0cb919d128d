/** Small problems with their models and a line of reasoning: shown before the question where a prompt asks for examples. */
import type { LinearModel } from '../core/linear-model.ts';

export interface WorkedExample {
  readonly question: string;
  /** What to think before writing the program. */
  readonly reasoning: string;
  readonly model: LinearModel;
}

const whole = (name: string, cost: number) => ({ name, lower: 0, upper: Infinity, integer: true, cost });
const amount = (name: string, cost: number) => ({ ...whole(name, cost), integer: false });
const row = (name: string, lower: number, coefficients: readonly number[], upper: number) => ({
  name,
  lower,
  upper,
  columns: coefficients.map((_, j) => j),
  coefficients,
});

/** In the order in which they are shown: whole numbers with a budget, a blend with shares, a choice between fixed costs. */
export const workedExamples: readonly WorkedExample[] = [
  {
    question:
      'A workshop makes stools and benches. A stool takes 2 hours and earns 15 dollars, a bench takes 5 hours and earns 40 dollars. There are 60 hours, and at least 6 stools are ordered. How much can it earn at most?',
    reasoning:
      'Decide how many stools and benches to make; both are whole numbers. Hours limit both together, the order sets a least number of stools, and earnings are to be as large as possible.',
    model: {
      sense: 'max',
      offset: 0,
      variables: [whole('stools', 15), whole('benches', 40)],
      constraints: [row('hours', -Infinity, [2, 5], 60), row('ordered', 6, [1, 0], Infinity)],
    },
  },
  {
    question:
      'A farmer mixes 100 kg of feed from maize at 0.3 dollars a kg and soy at 0.5 dollars a kg. The feed needs at least 22 kg of protein; maize is 10 % protein and soy 40 %. What is the least cost?',
    reasoning:
      'Decide the kilograms of maize and of soy, which may be fractions. Together they are 100 kg, their protein is at least 22 kg, and the cost is to be as small as possible.',
    model: {
      sense: 'min',
      offset: 0,
      variables: [amount('maize', 0.3), amount('soy', 0.5)],
      constraints: [row('weight', 100, [1, 1], 100), row('protein', 22, [0.1, 0.4], Infinity)],
    },
  },
  {
    question:
      'A shop can rent a van for 90 dollars a day, which carries 40 parcels, or a truck for 150 dollars a day, which carries 75. It has 200 parcels to move in one day and room for at most 2 trucks. What is the least rent?',
    reasoning:
      'Decide how many vans and trucks to rent, in whole numbers. Together they must carry 200 parcels, trucks are at most 2, and the rent is to be as small as possible.',
    model: {
      sense: 'min',
      offset: 0,
      variables: [whole('vans', 90), { ...whole('trucks', 150), upper: 2 }],
      constraints: [row('parcels', 200, [40, 75], Infinity)],
    },
  },
];

/** A model as lines of mathematics. */
export function modelText({ sense, offset, variables, constraints }: LinearModel): string {
  const linear = (terms: readonly (readonly [number, string])[]): string =>
    terms
      .filter(([a]) => a !== 0)
      .map(([a, name]) => (a === 1 ? name : `${a} ${name}`))
      .join(' + ') || '0';
  const name = (j: number): string => variables[j]?.name ?? '';
  const rows = constraints.map((c) => {
    const left = linear(c.columns.map((j, k) => [c.coefficients[k] ?? 0, name(j)] as const));
    if (c.lower === c.upper) return `${left} = ${c.upper}`;
    return Number.isFinite(c.upper) ? `${left} <= ${c.upper}` : `${left} >= ${c.lower}`;
  });
  const bounds = variables.map((v) => {
    const upper = Number.isFinite(v.upper) ? ` and at most ${v.upper}` : '';
    return `${v.name} ${v.integer ? 'whole, ' : ''}at least ${v.lower}${upper}`;
  });
  const objective = `${sense === 'max' ? 'maximize' : 'minimize'} ${linear(variables.map((v) => [v.cost, v.name] as const))}${offset === 0 ? '' : ` + ${offset}`}`;
  return [objective, 'subject to', ...rows, ...bounds].join('\n');
}
