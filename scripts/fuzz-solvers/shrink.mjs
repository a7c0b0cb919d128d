/** Makes a failing model small: everything that can go while it still fails goes. */

const maxTries = 400;

/** Simpler numbers to try in place of one. */
const simpler = (value) =>
  [0, Math.sign(value), Math.trunc(value), Math.trunc(value / 2), value - Math.sign(value)].filter((v) => Math.abs(v) < Math.abs(value));

const withoutVariable = (model, j) => ({
  ...model,
  variables: model.variables.filter((_, k) => k !== j),
  constraints: model.constraints.flatMap((c) => {
    const kept = c.columns.flatMap((column, k) => (column === j ? [] : [k]));
    return kept.length === 0
      ? []
      : [{ ...c, columns: kept.map((k) => c.columns[k] - (c.columns[k] > j ? 1 : 0)), coefficients: kept.map((k) => c.coefficients[k]) }];
  }),
});
const withVariable = (model, j, change) => ({ ...model, variables: model.variables.map((v, k) => (k === j ? { ...v, ...change } : v)) });
const withRow = (model, i, change) => ({ ...model, constraints: model.constraints.map((c, k) => (k === i ? { ...c, ...change } : c)) });

/** Models a step simpler, the largest steps first. */
function* steps(model) {
  for (const i of model.constraints.keys()) yield { ...model, constraints: model.constraints.filter((_, k) => k !== i) };
  if (model.variables.length > 1) for (const j of model.variables.keys()) yield withoutVariable(model, j);
  for (const [i, { lower, upper }] of model.constraints.entries()) {
    if (lower !== upper && lower !== -Infinity && upper !== Infinity) {
      yield withRow(model, i, { lower: -Infinity });
      yield withRow(model, i, { upper: Infinity });
    }
  }
  for (const [i, { columns, coefficients, lower, upper }] of model.constraints.entries()) {
    for (const [k, value] of coefficients.entries()) {
      for (const to of simpler(value)) {
        if (to !== 0) yield withRow(model, i, { coefficients: coefficients.map((a, at) => (at === k ? to : a)) });
        else if (columns.length > 1)
          yield withRow(model, i, { columns: columns.filter((_, at) => at !== k), coefficients: coefficients.filter((_, at) => at !== k) });
      }
    }
    for (const side of Number.isFinite(lower) ? simpler(lower) : [])
      yield withRow(model, i, lower === upper ? { lower: side, upper: side } : { lower: side });
    if (lower !== upper) for (const side of Number.isFinite(upper) ? simpler(upper) : []) yield withRow(model, i, { upper: side });
  }
  for (const [j, { cost, lower, upper }] of model.variables.entries()) {
    for (const to of simpler(cost)) yield withVariable(model, j, { cost: to });
    for (const to of Number.isFinite(lower) ? simpler(lower) : []) yield withVariable(model, j, { lower: to });
    for (const to of Number.isFinite(upper) ? simpler(upper) : []) yield withVariable(model, j, { upper: to });
  }
}

/**
 * @param fails whether a model still shows the fault.
 * @returns the smallest model found that fails, within a few hundred tries.
 */
export function shrink(model, fails) {
  let smallest = model;
  for (let tries = 0, isSmaller = true; isSmaller; ) {
    isSmaller = false;
    for (const candidate of steps(smallest)) {
      if (++tries > maxTries) return smallest;
      if (!fails(candidate)) continue;
      smallest = candidate;
      isSmaller = true;
      break;
    }
  }
  return smallest;
}
