/**
 * What model files can say beyond rows and bounds, said with rows and binary variables: semi-continuous variables, special ordered
 * sets and indicator constraints. Exact, not approximate; where a bound is missing that this needs, an error asks for it.
 */
import type { Constraint, Variable } from '../core/linear-model.ts';

export type LogicalPart =
  /** The variable is 0 or between its bounds. */
  | { readonly type: 'semi'; readonly column: number; readonly line: number }
  /** Of the variables in order at most one is not 0, or two that are neighbours. */
  | { readonly type: 'sos1' | 'sos2'; readonly name: string; readonly columns: readonly number[]; readonly line: number }
  /** The row holds where the binary variable has the value. */
  | { readonly type: 'indicator'; readonly column: number; readonly value: 0 | 1; readonly row: Constraint; readonly line: number };

type Draft = { -readonly [key in keyof Variable]: Variable[key] };

/** The model as it is read, which gets what the parts need. */
export interface ModelDraft {
  readonly variables: Draft[];
  readonly constraints: Constraint[];
}

/**
 * Adds rows and binary variables for each part.
 *
 * @param fault an error at a line of the text.
 * @throws what `fault` makes, where a variable has no finite bound that is needed, or an indicator is not binary.
 */
export function reformulate(draft: ModelDraft, parts: readonly LogicalPart[], fault: (line: number, what: string) => Error): void {
  const taken = new Set(draft.variables.map((v) => v.name));
  const add = (name: string, terms: readonly (readonly [number, number])[], lower: number, upper: number): void => {
    const kept = terms.filter(([, a]) => a !== 0);
    draft.constraints.push({ name, lower, upper, columns: kept.map(([j]) => j), coefficients: kept.map(([, a]) => a) });
  };
  const addBinary = (wanted: string): number => {
    let name = wanted;
    while (taken.has(name)) name += '_';
    taken.add(name);
    return draft.variables.push({ name, lower: 0, upper: 1, integer: true, cost: 0 }) - 1;
  };
  // The rows of the text itself; what is added below must not imply anything.
  const rows = draft.constraints.slice();
  /** Bounds of a column, implied by a row where it has none of its own. */
  const reach = (column: number): { lower: number; upper: number } => {
    const { lower, upper } = draft.variables[column] as Draft;
    if (Number.isFinite(lower) && Number.isFinite(upper)) return { lower, upper };
    const implied = impliedBounds(draft.variables, rows, column);
    return { lower: Math.max(lower, implied.lower), upper: Math.min(upper, implied.upper) };
  };
  /** `lower * on <= x <= upper * on`, where `on` is a sum of binaries. */
  const switchBetween = (column: number, on: readonly number[], lower: number, upper: number, line: number): void => {
    const { name } = draft.variables[column] as Draft;
    if (!Number.isFinite(lower) || !Number.isFinite(upper))
      throw fault(line, `"${name}" needs a finite lower and upper bound here; give it both in the bounds section`);
    if (upper !== 0) add(`${name}_off_above`, [[column, 1], ...on.map((j) => [j, -upper] as const)], -Infinity, 0);
    if (lower !== 0) add(`${name}_off_below`, [[column, 1], ...on.map((j) => [j, -lower] as const)], 0, Infinity);
  };
  /** The variable is 0 where the sum of binaries is. */
  const switchOff = (column: number, on: readonly number[], line: number): void => {
    const { lower, upper } = reach(column);
    switchBetween(column, on, Math.min(0, lower), Math.max(0, upper), line);
  };
  const isBinary = ({ integer, lower, upper }: Draft): boolean => integer && lower >= 0 && upper <= 1;

  // Semi-continuous variables first: the others count on the bounds that they leave, with 0 among them.
  const semis = parts.flatMap((part) => {
    if (part.type !== 'semi') return [];
    const variable = draft.variables[part.column] as Draft;
    const { lower, upper } = variable;
    variable.lower = Math.min(0, lower);
    variable.upper = Math.max(0, upper);
    // Where 0 lies between the bounds, the choice adds nothing.
    return lower <= 0 && upper >= 0 ? [] : [{ ...part, lower, upper }];
  });
  for (const { column, line, lower, upper } of semis) {
    const { name } = draft.variables[column] as Draft;
    const bounds = reach(column);
    const on = addBinary(`${name}_on`);
    // On, the variable keeps the bounds it was given; a missing one is as far as the rows let it go.
    switchBetween(column, [on], lower === -Infinity ? bounds.lower : lower, upper === Infinity ? bounds.upper : upper, line);
  }
  for (const part of parts) {
    switch (part.type) {
      case 'semi':
        break;
      case 'sos1': {
        const on = part.columns.map((column) => {
          const variable = draft.variables[column] as Draft;
          if (isBinary(variable)) return column;
          const binary = addBinary(`${variable.name}_on`);
          switchOff(column, [binary], part.line);
          return binary;
        });
        add(
          part.name,
          on.map((j) => [j, 1]),
          -Infinity,
          1,
        );
        break;
      }
      case 'sos2': {
        // One binary for each pair of neighbours; a variable may differ from 0 beside the pair that is chosen.
        const pairs = part.columns.slice(1).map((_, k) => addBinary(`${part.name || 'sos'}_pair_${k + 1}`));
        for (const [k, column] of part.columns.entries()) {
          const on = pairs.slice(Math.max(0, k - 1), k + 1);
          if (on.length > 0) switchOff(column, on, part.line);
        }
        add(
          part.name,
          pairs.map((j) => [j, 1]),
          -Infinity,
          1,
        );
        break;
      }
      case 'indicator':
        addIndicator(part);
        break;
      default:
        part satisfies never;
    }
  }

  function addIndicator({ column, value, row, line }: Extract<LogicalPart, { type: 'indicator' }>): void {
    const indicator = draft.variables[column] as Draft;
    if (!isBinary(indicator)) throw fault(line, `"${indicator.name}" decides over a row and has to be binary; list it under binaries`);
    let smallest = 0;
    let largest = 0;
    for (const [k, j] of row.columns.entries()) {
      const a = row.coefficients[k] ?? 0;
      const { lower, upper } = reach(j);
      smallest += a > 0 ? a * lower : a * upper;
      largest += a > 0 ? a * upper : a * lower;
    }
    const terms = row.columns.map((j, k) => [j, row.coefficients[k] ?? 0] as const);
    const relax = (name: string, extreme: number, side: number, isUpper: boolean): void => {
      if (!Number.isFinite(extreme))
        throw fault(line, `the row that "${indicator.name}" decides over needs bounds on its variables; give them in the bounds section`);
      // The side gives way by what the row can be beyond it: expression <= side + excess * (1 - b), or with b for the value 0.
      const excess = isUpper ? Math.max(0, extreme - side) : Math.min(0, extreme - side);
      const [factor, bound] = value === 1 ? [excess, side + excess] : [-excess, side];
      const position = row.columns.indexOf(column);
      const all =
        position === -1 ? [...terms, [column, factor] as const] : terms.map(([j, a], k) => [j, k === position ? a + factor : a] as const);
      add(name, all, isUpper ? -Infinity : bound, isUpper ? bound : Infinity);
    };
    if (row.upper !== Infinity) relax(row.name, largest, row.upper, true);
    if (row.lower !== -Infinity) relax(row.upper === Infinity ? row.name : `${row.name}_lower`, smallest, row.lower, false);
  }
}

/** How far the rows let a column go, from the bounds of the others. */
function impliedBounds(variables: readonly Draft[], rows: readonly Constraint[], column: number): { lower: number; upper: number } {
  let [lower, upper] = [-Infinity, Infinity];
  for (const row of rows) {
    const at = row.columns.indexOf(column);
    const own = row.coefficients[at] ?? 0;
    if (at === -1 || own === 0) continue;
    let [smallest, largest] = [0, 0];
    for (const [k, j] of row.columns.entries()) {
      const a = row.coefficients[k] ?? 0;
      const other = variables[j];
      if (k === at || a === 0 || other === undefined) continue;
      smallest += a > 0 ? a * other.lower : a * other.upper;
      largest += a > 0 ? a * other.upper : a * other.lower;
    }
    const ends = [(row.upper - smallest) / own, (row.lower - largest) / own];
    if (own < 0) ends.reverse();
    const [high = Infinity, low = -Infinity] = ends;
    if (!Number.isNaN(high)) upper = Math.min(upper, high);
    if (!Number.isNaN(low)) lower = Math.max(lower, low);
  }
  return { lower, upper };
}
