/** Minimum Bayes risk decoding over structured extractions: the record that the others are least unlike, component by component. */
import { largest } from '../lib/extremes.ts';
import { checkExtraction, type Extraction, parameterValues } from './extraction.ts';
import { type LinearExpression, parseLinear, parseRelation } from './linear-expression.ts';

export interface ComponentWeights {
  readonly variables: number;
  readonly objective: number;
  readonly constraints: number;
}

/** Constraints count twice: they are where records differ most (42 % of NEMO's errors). */
export const defaultComponentWeights: ComponentWeights = { variables: 1, objective: 1, constraints: 2 };

export interface BayesChoice {
  readonly extraction: Extraction;
  /** Index of the candidate each component is from. */
  readonly from: { readonly variables: number; readonly objective: number; readonly constraints: number };
  /** Whether all components come from one candidate because the best of each did not fit together. */
  readonly isWhole: boolean;
  /** [N] expected risk of each candidate as a whole, in [0, 1]. */
  readonly risks: readonly number[];
}

/** The parts of a record as sets of canonical texts. */
interface Signature {
  readonly variables: ReadonlyMap<string, number>;
  readonly objective: ReadonlyMap<string, number>;
  readonly constraints: ReadonlyMap<string, number>;
}

/**
 * The record with the least expected risk, `argmin_a sum_b w_b (1 - similarity(a, b))`, chosen component by component.
 *
 * Risk between two records is the weighted mean over variables, objective and constraints of `1 - similarity`. Components are compared as
 * multisets of canonical texts (a linear relation up to scale and order; else its words) by the Jaccard index. The best components are
 * put together if the whole passes `checkExtraction`; else the candidate with the least risk is taken whole (NEMO leaves open how
 * components are joined).
 *
 * @param candidates [N] records of one problem.
 * @param weights [N] how likely each candidate is; default equal.
 * @returns null for no candidate.
 */
export function minimumBayesRisk(
  candidates: readonly Extraction[],
  {
    weights = candidates.map(() => 1),
    components = defaultComponentWeights,
  }: {
    readonly weights?: readonly number[];
    readonly components?: ComponentWeights;
  } = {},
): BayesChoice | null {
  const signatures = candidates.map(signatureOf);
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  if (candidates.length === 0 || !(total > 0)) return null;
  const riskBy = (part: keyof Signature): number[] =>
    signatures.map((a) => signatures.reduce((sum, b, j) => sum + ((weights[j] ?? 0) / total) * (1 - jaccard(a[part], b[part])), 0));
  const [variables, objective, constraints] = [riskBy('variables'), riskBy('objective'), riskBy('constraints')];
  const scale = components.variables + components.objective + components.constraints;
  const risks = candidates.map(
    (_, i) =>
      (components.variables * (variables[i] ?? 0) +
        components.objective * (objective[i] ?? 0) +
        components.constraints * (constraints[i] ?? 0)) /
      scale,
  );
  const whole = least(risks);
  const from = { variables: least(variables, risks), objective: least(objective, risks), constraints: least(constraints, risks) };
  const joined = join(candidates, from);
  const fits = joined !== null && 'extraction' in checkExtraction(joined);
  return fits
    ? { extraction: joined, from, isWhole: from.variables === from.objective && from.objective === from.constraints, risks }
    : {
        extraction: candidates[whole] as Extraction,
        from: { variables: whole, objective: whole, constraints: whole },
        isWhole: true,
        risks,
      };
}

/** Similarity in [0, 1] of each component of two records, as the risk has it. */
export function componentSimilarity(a: Extraction, b: Extraction): ComponentWeights {
  const [first, second] = [signatureOf(a), signatureOf(b)];
  return {
    variables: jaccard(first.variables, second.variables),
    objective: jaccard(first.objective, second.objective),
    constraints: jaccard(first.constraints, second.constraints),
  };
}

/** Index of the smallest value; of equals that with the smaller `second`, then the first. */
function least(values: readonly number[], second: readonly number[] = values): number {
  return values.reduce((best, value, i) => {
    const gap = value - (values[best] ?? 0);
    return gap < -1e-12 || (Math.abs(gap) <= 1e-12 && (second[i] ?? 0) < (second[best] ?? 0) - 1e-12) ? i : best;
  }, 0);
}

/** Variables of one, objective of another, constraints of a third, with all parameters that they name. */
function join(candidates: readonly Extraction[], from: BayesChoice['from']): Extraction | null {
  const [variables, objective, constraints] = [candidates[from.variables], candidates[from.objective], candidates[from.constraints]];
  if (!variables || !objective || !constraints) return null;
  const parameters = new Map<string, Extraction['parameters'][number]>();
  for (const { parameters: given } of [variables, objective, constraints]) {
    for (const parameter of given) {
      const known = parameters.get(parameter.name);
      if (known !== undefined && known.value !== parameter.value) return null; // one name for two numbers
      parameters.set(parameter.name, parameter);
    }
  }
  return {
    variables: variables.variables,
    parameters: [...parameters.values()],
    objective: objective.objective,
    constraints: constraints.constraints,
  };
}

function signatureOf(extraction: Extraction): Signature {
  const values = parameterValues(extraction);
  const objective = parseLinear(extraction.objective.expression, values);
  return {
    variables: counted(
      extraction.variables.map((v) => `${v.name} ${v.type} ${v.lower === undefined ? 0 : (v.lower ?? '-')} ${v.upper ?? '-'}`),
    ),
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
