/** Linear expressions in the words of an extraction: `2 x + 3*(y - 1)`, with the values of named parameters put in. */

/** `sum(coefficients) + constant`; a coefficient that cancels out is left out. */
export interface LinearExpression {
  readonly coefficients: ReadonlyMap<string, number>;
  readonly constant: number;
}

export interface LinearRelation {
  readonly left: LinearExpression;
  readonly relation: '<=' | '>=' | '=';
  /** The constant that the left side is compared with: everything is brought to the left but this. */
  readonly right: number;
}

const tokenPattern = /\s*(?:(\d+\.?\d*(?:[eE][+-]?\d+)?|\.\d+)|([A-Za-z_][\w.]*(?:\[[\w, ]*\])?)|([-+*/()]))/y;

/** Deepest nesting of brackets; more is no one's model and would fill the stack. */
const maxDepth = 50;

/**
 * Reads a linear expression.
 *
 * @param parameters values of names that are no variables.
 * @returns null for what is not linear or not an expression.
 */
export function parseLinear(text: string, parameters: ReadonlyMap<string, number> = new Map()): LinearExpression | null {
  const tokens: string[] = [];
  tokenPattern.lastIndex = 0;
  const source = text.trimEnd();
  while (tokenPattern.lastIndex < source.length) {
    const match = tokenPattern.exec(source);
    if (match === null) return null;
    tokens.push(match[0].trim());
  }
  let at = 0;
  let depth = 0;

  const sum = (): LinearExpression | null => {
    let total: LinearExpression | null = null;
    do {
      let sign = 1;
      while (tokens[at] === '+' || tokens[at] === '-') sign *= tokens[at++] === '-' ? -1 : 1;
      const next = product();
      if (next === null) return null;
      total = total === null ? scaled(next, sign) : added(total, scaled(next, sign));
    } while (tokens[at] === '+' || tokens[at] === '-');
    return total;
  };
  const product = (): LinearExpression | null => {
    let left = factor();
    while (left !== null && at < tokens.length && !['+', '-', ')'].includes(tokens[at] ?? '')) {
      const divides = tokens[at] === '/';
      if (divides || tokens[at] === '*') at++;
      const right = factor();
      if (right === null) return null;
      if (divides) left = right.coefficients.size === 0 && right.constant !== 0 ? scaled(left, 1 / right.constant) : null;
      else if (right.coefficients.size === 0) left = scaled(left, right.constant);
      else left = left.coefficients.size === 0 ? scaled(right, left.constant) : null; // a product of variables is not linear
    }
    return left;
  };
  const factor = (): LinearExpression | null => {
    const token = tokens[at++];
    if (token === undefined) return null;
    if (token === '-') {
      const inner = factor();
      return inner === null ? null : scaled(inner, -1);
    }
    if (token === '(') {
      if (++depth > maxDepth) return null;
      const inner = sum();
      depth--;
      return tokens[at++] === ')' ? inner : null;
    }
    if (/^[\d.]/.test(token)) return { coefficients: new Map(), constant: Number(token) };
    if (!/^[A-Za-z_]/.test(token)) return null;
    const value = parameters.get(token);
    return value === undefined ? { coefficients: new Map([[token, 1]]), constant: 0 } : { coefficients: new Map(), constant: value };
  };

  const result = tokens.length === 0 ? null : sum();
  return at === tokens.length ? result : null;
}

const scaled = ({ coefficients, constant }: LinearExpression, factor: number): LinearExpression =>
  factor === 1
    ? { coefficients, constant }
    : { coefficients: new Map([...coefficients].map(([name, value]) => [name, value * factor])), constant: constant * factor };

function added(a: LinearExpression, b: LinearExpression): LinearExpression {
  const coefficients = new Map(a.coefficients);
  for (const [name, value] of b.coefficients) {
    const total = (coefficients.get(name) ?? 0) + value;
    if (total === 0) coefficients.delete(name);
    else coefficients.set(name, total);
  }
  return { coefficients, constant: a.constant + b.constant };
}

/**
 * Reads `expression <= expression`, with `>=`, `=`, `==`, `<` and `>` too (strict ones as in linear programs: not strict).
 *
 * @returns all variables on the left, all constants on the right; null for what is no linear relation.
 */
export function parseRelation(text: string, parameters: ReadonlyMap<string, number> = new Map()): LinearRelation | null {
  const match = /^([^<>=]+)(<=|>=|==|=|<|>)([^<>=]+)$/.exec(text.replaceAll('≤', '<=').replaceAll('≥', '>='));
  if (match === null) return null;
  const left = parseLinear(match[1] ?? '', parameters);
  const right = parseLinear(match[3] ?? '', parameters);
  if (left === null || right === null) return null;
  const all = added(left, scaled(right, -1));
  const relation = match[2]?.startsWith('<') ? '<=' : match[2]?.startsWith('>') ? '>=' : '=';
  return { left: { coefficients: all.coefficients, constant: 0 }, relation, right: all.constant === 0 ? 0 : -all.constant };
}
