/** Minimum Bayes risk decoding over structured extractions: of several records the one that the others are least unlike, taken whole. */
import { largest } from '../lib/extremes.ts';
import { type Extraction, parameterValues } from './extraction.ts';
import { type LinearExpression, parseLinear, parseRelation } from './linear-expression.ts';

/** How much each component of a record counts. */
export interface ComponentWeights {
  readonly variables: number;
  readonly parameters: number;
  readonly objective: number;
  readonly constraints: number;
}

/** NEMO's: constraints are where records differ most (42 % of its errors). */
export const defaultComponentWeights: ComponentWeights = { variables: 0.2, parameters: 0.1, objective: 0.1, constraints: 0.6 };

export interface BayesChoice {
  readonly extraction: Extraction;
  /** [N] expected risk of each candidate, in [0, 1]: 1 minus its utility. */
  readonly risks: readonly number[];
  /** [N] candidates by risk, least first, of equal ones the earlier. */
  readonly order: readonly number[];
}

export interface BayesOptions {
  /** [N] how likely each candidate is; default equal. */
  readonly weights?: readonly number[];
  readonly components?: ComponentWeights;
  /** Whether two candidates say the same whatever their names are; such a pair has no risk. Default: only their texts are compared. */
  readonly isSame?: (a: Extraction, b: Extraction) => boolean;
}

/** The parts of a record as multisets of canonical texts. */
type Signature = Readonly<Record<keyof ComponentWeights, ReadonlyMap<string, number>>>;

/**
 * The record with the least expected risk, `argmin_a sum_b p_b (1 - similarity(a, b))`, over whole records: components of different records
 * are never put together, so the answer is one that somebody wrote (NEMO, arXiv:2601.21372).
 *
 * The similarity of two records is the weighted sum over variables, parameters, objective and constraints of the Jaccard index of their
 * canonical texts (a linear relation up to scale and order; else its words). The paper compares embeddings of each component instead.
 *
 * @param candidates [N] records of one problem.
 * @returns null for no candidate.
 */
export function minimumBayesRisk(candidates: readonly Extraction[], options: BayesOptions = {}): BayesChoice | null {
  const { weights = candidates.map(() => 1), components = defaultComponentWeights, isSame = () => false } = options;
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  if (candidates.length === 0 || !(total > 0)) return null;
  const signatures = candidates.map(signatureOf);
  const scale = partsOfRecord.reduce((sum, part) => sum + components[part], 0);
  const unlike = (i: number, j: number): number => {
    const [a, b] = [candidates[i] as Extraction, candidates[j] as Extraction];
    if (i === j || isSame(a, b)) return 0;
    const [first, second] = [signatures[i] as Signature, signatures[j] as Signature];
    return partsOfRecord.reduce((sum, part) => sum + components[part] * (1 - jaccard(first[part], second[part])), 0) / scale;
  };
  const risks = candidates.map((_, i) => candidates.reduce((sum, __, j) => sum + ((weights[j] ?? 0) / total) * unlike(i, j), 0));
  const order = [...risks.keys()].sort((i, j) => {
    const gap = (risks[i] ?? 0) - (risks[j] ?? 0);
    return Math.abs(gap) <= 1e-12 ? i - j : gap;
  });
  return { extraction: candidates[order[0] ?? 0] as Extraction, risks, order };
}

const partsOfRecord = ['variables', 'parameters', 'objective', 'constraints'] as const;

/** Similarity in [0, 1] of each component of two records, as the risk has it. */
export function componentSimilarity(a: Extraction, b: Extraction): ComponentWeights {
  const [first, second] = [signatureOf(a), signatureOf(b)];
  return {
    variables: jaccard(first.variables, second.variables),
    parameters: jaccard(first.parameters, second.parameters),
    objective: jaccard(first.objective, second.objective),
    constraints: jaccard(first.constraints, second.constraints),
  };
}

function signatureOf(extraction: Extraction): Signature {
  const values = parameterValues(extraction);
  const objective = parseLinear(extraction.objective.expression, values);
  return {
    variables: counted(
      extraction.variables.map((v) => `${v.name} ${v.type} ${v.lower === undefined ? 0 : (v.lower ?? '-')} ${v.upper ?? '-'}`),
    ),
    parameters: counted(extraction.parameters.map(({ value }) => short(value))), // their names are the writer's own
    objective: counted([
      extraction.objective.sense,
      ...(objective === null ? words(extraction.objective.expression) : termTexts(objective, 1)),
    ]),
    constraints: counted(
      extraction.constraints.map(({ expression }) => {
        const relation = parseRelation(expression, values);
        if (relation === null) return words(expression).join(' ');
        const { left, right } = relation;
        const size = Math.max(0, largest([...left.coefficients.values()].map(Math.abs))) || 1;
        // a >= b is -a <= -b; of an equality the first name's coefficient is made positive.
        const names = [...left.coefficients.keys()].sort();
        const flip = relation.relation === '>=' || (relation.relation === '=' && (left.coefficients.get(names[0] ?? '') ?? 0) < 0);
        const scale = (flip ? -1 : 1) / size;
        return `${termTexts(left, scale).join(' ')} ${relation.relation === '=' ? '=' : '<='} ${short(right * scale)}`;
      }),
    ),
  };
}

const short = (value: number): string => String(Number(value.toPrecision(9)) + 0);
const termTexts = ({ coefficients, constant }: LinearExpression, scale: number): string[] => [
  ...[...coefficients].map(([name, value]) => `${name}*${short(value * scale)}`).sort(),
  ...(constant === 0 ? [] : [short(constant * scale)]),
];
const words = (text: string): string[] => text.toLowerCase().match(/[\w.]+|[<>=]+/g) ?? [];

function counted(items: readonly string[]): Map<string, number> {
  const counts = new Map<string, number>();
  for (const item of items) counts.set(item, (counts.get(item) ?? 0) + 1);
  return counts;
}

/** Jaccard index of two multisets; two empty ones are alike. */
function jaccard(a: ReadonlyMap<string, number>, b: ReadonlyMap<string, number>): number {
  let [shared, all] = [0, 0];
  for (const [item, count] of a) {
    shared += Math.min(count, b.get(item) ?? 0);
    all += Math.max(count, b.get(item) ?? 0);
  }
  for (const [item, count] of b) if (!a.has(item)) all += count;
  return all === 0 ? 1 : shared / all;
}
