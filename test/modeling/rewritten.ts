/** The same model written in another way: names, order and scales, with the columns' new places told. */
import { type LinearModel, randomStream } from 'evom';

/** @param seed names the draws; equal seeds write a model the same way. */
export function rewritten(original: LinearModel, seed: string): LinearModel {
  const random = randomStream(seed);
  const order = random.shuffle([...original.variables.keys()]);
  const place = new Map(order.map((j, at) => [j, at]));
  const variables = order.flatMap((j, at) => {
    const variable = original.variables[j];
    return variable === undefined ? [] : [{ ...variable, name: `v${at}` }];
  });
  const rows = original.constraints.map((row, i) => {
    const scale = random.pick([1, -1, 3, 0.1]);
    const sides = [row.lower * scale, row.upper * scale].sort((a, b) => a - b);
    const shuffled = random.shuffle([...row.columns.keys()]);
    return {
      name: `row${i}`,
      lower: sides[0] ?? 0,
      upper: sides[1] ?? 0,
      columns: shuffled.map((k) => place.get(row.columns[k] ?? 0) ?? 0),
      coefficients: shuffled.map((k) => (row.coefficients[k] ?? 0) * scale),
    };
  });
  return { ...original, variables, constraints: random.shuffle(rows) };
}
