/**
 * The reader of CPLEX LP text. By default it takes the whole linear part of the format, as CPLEX, Gurobi, COPT, SCIP, GLPK, CBC, HiGHS, PuLP,
 * Pyomo, JuMP and OR-Tools write it, and says which feature it cannot take.
 *
 * The flavor `highs` reads what HiGHS's own reader reads as it is meant, and nothing else: that reader drops a constant on the
 * left of a row, keeps only the last of two terms `2 x + 3 x` in the objective, makes a variable of `undefined`, of `!` or of a
 * label whose colon is missing, reads `min: 3 x` as an objective of 0, and calls prose an empty model. Each of these would be a
 * wrong model that solves, so here each is an error that names its line.
 */
import type { Constraint, LinearModel, Variable } from '../core/linear-model.ts';
import { findHeadings, type Heading, type Section } from './lp-sections.ts';
import { faultIn, type LpFlavor, type Token, tokenizeLp } from './lp-tokens.ts';
import { solverBound } from './validate.ts';

export interface LpReadOptions {
  /** Default `cplex`: the whole format. `highs`: only what HiGHS reads as it is meant. */
  readonly flavor?: LpFlavor;
  /** Name of the file, for messages. */
  readonly source?: string;
}

type Draft = { -readonly [key in keyof Variable]: Variable[key] };

/** A sum of terms and a constant, on one side of a comparison. */
interface Expression {
  readonly columns: number[];
  readonly coefficients: number[];
  readonly constant: number;
  /** First variable that stands in it twice; its terms are added up. */
  readonly repeated: string | null;
  /** Terms and constants read. */
  readonly numParts: number;
}

const infinityWord = /^inf(inity)?$/i;

/** Why a word cannot be a variable's name, or null when it can. */
function nameFault(name: string, flavor: LpFlavor): string | null {
  if (/^(undefined|nan)$/i.test(name) || (flavor === 'highs' && /^(null|true|false)$/i.test(name)))
    return `"${name}" stands where a number or a name should; a value was missing when the text was made`;
  if (flavor === 'highs' && /^inf/i.test(name)) return `"${name}" begins like infinity; choose another name`;
  if (infinityWord.test(name)) return `"${name}" is no name; infinity may stand alone on one side of a comparison`;
  if (flavor === 'highs' && /^free$/i.test(name)) return '"free" is a word of the bounds section; choose another name';
  if (/^[A-Za-z0-9_.]+$/.test(name)) return null;
  let depth = 0;
  for (const character of name) {
    if (character === '(' || character === '[') depth++;
    if (character === ')' || character === ']') depth--;
    if (depth === 0 && character === ';') return `"${name}" is no name: ";" ends statements in lp_solve's format, which is another one`;
    if (depth < 0 || (depth === 0 && character === ',')) return `"${name}" is no name; write one term after another, with + or - between`;
  }
  if (depth !== 0 || (flavor === 'cplex' && name.startsWith('('))) return `"${name}" is no name: multiply brackets out`;
  return /[\p{L}\p{N}]/u.test(name) || (flavor === 'cplex' && name.includes('_'))
    ? null
    : `"${name}" is no name; write <=, >= or = between the two sides`;
}

const flipped = (comparison: string): string => (comparison === '<=' ? '>=' : comparison === '>=' ? '<=' : comparison);

/** One pass over the tokens of a text. */
class LpParser {
  private at = 0;
  private readonly sectionsSeen = new Set<Section>();
  private readonly flavor: LpFlavor;
  private readonly source: string | undefined;
  private readonly tokens: readonly Token[];
  private readonly headings: ReadonlyMap<number, Heading>;
  private readonly columnOf = new Map<string, number>();
  private readonly variables: Draft[] = [];
  private readonly constraints: Constraint[] = [];
  private readonly binaries: { readonly variable: Draft; readonly line: number }[] = [];
  /** The expression that last named each column, and where in it: finds repetitions without a map for each row. */
  private readonly seenIn: number[] = [];
  private readonly seenAt: number[] = [];
  private numExpressions = 0;

  constructor(text: string, { flavor = 'cplex', source }: LpReadOptions) {
    this.flavor = flavor;
    this.source = source;
    this.tokens = tokenizeLp(text, flavor, source);
    this.headings = findHeadings(this.tokens, flavor);
  }

  parse(): LinearModel {
    const first = this.heading();
    if (first === undefined || (first.section !== 'min' && first.section !== 'max')) {
      const token = this.peek();
      const what = token === undefined ? 'nothing' : `"${token.text}"`;
      throw this.fault(token?.line ?? 1, `the text begins with ${what}; begin with min or max`);
    }
    const sense = first.section;
    const line = this.line();
    this.at += first.width;
    const offset = this.objective(line, first.text);
    let section: Section | null = null;
    while (this.at < this.tokens.length) {
      const heading = this.heading();
      const token = this.peek() as Token;
      if (section === 'end') throw this.fault(token.line, `"${token.text}" stands after end`);
      if (heading === undefined)
        throw this.fault(token.line, `"${token.text}" stands where a section such as st, bounds or end should begin`);
      this.refuseAmbiguous(heading, token, section);
      if (this.flavor === 'highs' && this.sectionsSeen.has(heading.section))
        throw this.fault(
          token.line,
          `"${heading.text}" begins a section for the second time, which HiGHS refuses or misreads; join the two`,
        );
      this.sectionsSeen.add(heading.section);
      this.at += heading.width;
      if (heading.section === 'rows' && this.peek()?.kind === 'colon') this.at++;
      section = heading.section;
      this.section(heading, token.line);
    }
    if (section !== 'end') throw this.fault(this.lastLine(), 'the text does not finish with end; is it cut off?');
    if (this.variables.length === 0) throw this.fault(1, 'the model has no variables');
    this.narrowBinaries();
    return { sense, offset, variables: this.variables, constraints: this.constraints };
  }

  /** @returns the constant. */
  private objective(line: number, word: string): number {
    const strict = this.flavor === 'highs';
    if (this.peek()?.kind === 'colon') {
      if (strict) throw this.fault(line, `no colon may follow "${word}": HiGHS would read an objective of 0`);
      this.at++;
    }
    if (this.isWord('multi') && this.tokens[this.at + 1]?.text === '-')
      throw this.fault(this.line(), 'several objectives cannot be taken; keep one, or their weighted sum');
    this.label();
    const { columns, coefficients, constant, repeated } = this.expression('all');
    if (strict && repeated !== null)
      throw this.fault(line, `"${repeated}" stands twice in the objective, of which HiGHS keeps the last; add the terms up`);
    for (const [k, column] of columns.entries()) this.variable(column).cost = coefficients[k] ?? 0;
    return constant;
  }

  /** A lone word that names a variable and a section would be read either way without a sign that it was meant otherwise. */
  private refuseAmbiguous(heading: Heading, token: Token, current: Section | null): void {
    if (this.flavor === 'highs' || heading.width > 1 || (heading.section === 'rows' && current === null)) return;
    if (heading.section === 'end' && this.at === this.tokens.length - 1) return;
    // Where an operator has to follow a variable, and none does, the word can only be a heading.
    const next = this.tokens[this.at + 1];
    const isOperator =
      next?.kind === 'sign' || next?.kind === 'comparison' || (current === 'bounds' && next?.text.toLowerCase() === 'free');
    if ((current === 'rows' || current === 'bounds') && !isOperator) return;
    if (this.columnOf.has(token.text))
      throw this.fault(token.line, `"${token.text}" is the name of a variable and of a section; rename the variable`);
  }

  private section({ section, text }: Heading, line: number): void {
    switch (section) {
      case 'min':
      case 'max':
        throw this.fault(line, `a second objective begins here${this.flavor === 'highs' ? ', which HiGHS would drop' : ''}; keep one`);
      case 'semi_continuous':
      case 'semi_integer':
      case 'sos':
      case 'refused':
        // HiGHS's own writer ends with empty ones.
        if (!this.hasMore()) return;
        throw this.fault(line, `a section "${text}" cannot be taken; only linear models with continuous, integer and binary variables can`);
      case 'rows':
        while (this.hasMore()) this.row();
        return;
      case 'bounds':
        while (this.hasMore()) this.bound();
        return;
      case 'general':
      case 'binary':
        while (this.hasMore()) {
          const token = this.next() as Token;
          if (token.kind !== 'name') throw this.fault(token.line, `"${token.text}" stands in a list of variables`);
          const variable = this.variable(this.column(token));
          variable.integer = true;
          if (section === 'binary') this.binaries.push({ variable, line: token.line });
        }
        return;
      case 'end':
        return;
      default:
        section satisfies never;
    }
  }

  /** The bounds of a binary may lie inside 0 and 1; wider ones say nothing. HiGHS lets the wider ones win. */
  private narrowBinaries(): void {
    for (const { variable, line } of this.binaries) {
      if (this.flavor === 'highs' && (variable.lower < 0 || (variable.upper > 1 && variable.upper !== Infinity)))
        throw this.fault(line, `HiGHS would read "${variable.name}" otherwise; a binary's bounds lie inside 0 and 1`);
      variable.lower = Math.max(0, variable.lower);
      variable.upper = Math.min(1, variable.upper);
    }
  }

  private row(): void {
    const line = this.line();
    const label = this.label();
    const name = label ?? '';
    if (this.flavor === 'highs') {
      this.plainRow(name, line);
      return;
    }
    this.refuseIndicator();
    const first = this.expression('all');
    const comparison = this.comparison('a row needs <=, >= or =');
    const second = this.expression(first.columns.length === 0 && first.numParts > 0 ? 'signed_lines' : 'line');
    // HiGHS writes a row without terms as "r1: <= 0"; other formats give an earlier row its second side so.
    if ((first.numParts === 0 && label === null) || second.numParts === 0)
      throw this.fault(line, 'a row needs something on each side of its comparison');
    if (first.numParts === 0 && this.constraints.some((row) => row.name === name))
      throw this.fault(line, `the row "${name}" is there already; write both its sides as "1 <= x + y <= 5"`);
    if (this.hasMore() && this.peek()?.kind === 'comparison') this.range(name, line, first, comparison, second);
    else if (first.columns.length === 0 && second.columns.length > 0) this.addRow(name, line, second, flipped(comparison), first);
    else this.addRow(name, line, first, comparison, second);
  }

  /** As HiGHS reads it: variables on the left, one number on the right. */
  private plainRow(name: string, line: number): void {
    const left = this.expression('all');
    const comparison = this.comparison('a row needs <=, >= or =');
    if (left.columns.length === 0 && left.constant !== 0)
      throw this.fault(line, 'a row begins with its variables; write the number on the right');
    if (left.constant !== 0)
      throw this.fault(line, `the constant ${left.constant} stands left of ${comparison}, where HiGHS drops it; move it to the right`);
    const value = this.number('a row ends with a number');
    if (!Number.isFinite(solverBound(value))) throw this.fault(line, 'a row ends with a finite number');
    this.push(name, comparison === '<=' ? -Infinity : value, left, comparison === '>=' ? Infinity : value);
  }

  /** Takes a row without the terms that are 0. */
  private push(name: string, lower: number, { columns, coefficients }: Pick<Expression, 'columns' | 'coefficients'>, upper: number): void {
    const hasZeros = coefficients.includes(0);
    this.constraints.push({
      name,
      lower,
      upper,
      columns: hasZeros ? columns.filter((_, k) => coefficients[k] !== 0) : columns,
      coefficients: hasZeros ? coefficients.filter((a) => a !== 0) : coefficients,
    });
  }

  /** `first comparison second`, its variables moved to the left and its constants to the right. */
  private addRow(name: string, line: number, first: Expression, comparison: string, second: Expression): void {
    const { columns, coefficients } = first;
    for (const [k, column] of second.columns.entries()) {
      const known = columns.indexOf(column);
      const moved = -(second.coefficients[k] ?? 0);
      if (known === -1) {
        columns.push(column);
        coefficients.push(moved);
      } else coefficients[known] = (coefficients[known] ?? 0) + moved;
    }
    const value = second.constant - first.constant;
    if (Number.isNaN(value) || (Math.abs(value) === Infinity && value === (comparison === '<=' ? -Infinity : Infinity)))
      throw this.fault(line, `no number is ${comparison} ${value}; an infinite side has to leave the row open`);
    this.push(name, comparison === '<=' ? -Infinity : value, first, comparison === '>=' ? Infinity : value);
  }

  /** `first comparison second next-comparison third`, as in `1 <= x + y <= 5`. */
  private range(name: string, line: number, first: Expression, comparison: string, second: Expression): void {
    const next = this.comparison('');
    const third = this.expression('line');
    const isRange = comparison === next && next !== '=' && first.columns.length === 0 && third.columns.length === 0 && third.numParts > 0;
    if (!isRange) throw this.fault(line, 'a row between two numbers reads "1 <= x + y <= 5"');
    const [low, high] = comparison === '<=' ? [first, third] : [third, first];
    this.push(name, low.constant - second.constant, second, high.constant - second.constant);
  }

  private refuseIndicator(): void {
    const [variable, equal, value, arrow] = this.tokens.slice(this.at, this.at + 4);
    if (variable?.kind === 'name' && equal?.text === '=' && value?.kind === 'number' && arrow?.kind === 'arrow')
      throw this.fault(variable.line, 'an indicator constraint ("b = 1 -> ...") cannot be taken; write it with a big-M term');
  }

  private bound(): void {
    const token = this.peek() as Token;
    if (token.kind === 'name' && !this.isInfinity(token)) {
      this.at++;
      const variable = this.variable(this.column(token));
      if (this.isWord('free')) {
        this.at++;
        variable.lower = -Infinity;
        variable.upper = Infinity;
        return;
      }
      const follows = this.peek();
      if (follows?.kind !== 'comparison') throw this.fault(token.line, `the bound of "${token.text}" needs <=, >=, = or free`);
      this.at++;
      this.setBound(variable, follows.text, this.number('a bound ends with a number'));
      return;
    }
    const value = this.number('a bound begins with a number or a name');
    const comparison = this.next();
    const name = this.hasMore() ? this.next() : undefined;
    if (comparison?.kind !== 'comparison' || name?.kind !== 'name')
      throw this.fault(token.line, 'a bound reads "2 <= x", "x <= 8", "2 <= x <= 8", "x = 3" or "x free"');
    const variable = this.variable(this.column(name));
    this.setBound(variable, flipped(comparison.text), value);
    const second = this.peek();
    if (second?.kind !== 'comparison') return;
    this.at++;
    const mayFall = this.flavor === 'cplex' && comparison.text === '>=';
    if (second.text !== comparison.text || (comparison.text !== '<=' && !mayFall))
      throw this.fault(second.line, 'a double bound reads "2 <= x <= 8"');
    this.setBound(variable, second.text, this.number('a bound ends with a number'));
  }

  private setBound(variable: Draft, comparison: string, value: number): void {
    const bound = solverBound(value);
    if (bound === (comparison === '<=' ? -Infinity : Infinity) || (comparison === '=' && bound === -Infinity))
      throw this.fault(this.tokens[this.at - 1]?.line ?? 1, `"${variable.name}" cannot be ${comparison} ${value}`);
    if (comparison !== '<=') variable.lower = bound;
    if (comparison !== '>=') variable.upper = bound;
  }

  /**
   * Terms and constants up to the next comparison, label or section.
   *
   * @param extent how far it reaches: over all lines; to the end of the line on which it has something; or over the lines
   * that go on with a sign. The format has no mark for the end of a row, so behind a comparison the line decides.
   */
  private expression(extent: 'all' | 'line' | 'signed_lines'): Expression {
    const columns: number[] = [];
    const coefficients: number[] = [];
    let constant = 0;
    let repeated: string | null = null;
    let numParts = 0;
    const number = ++this.numExpressions;
    const isFull = this.flavor === 'cplex';
    for (;;) {
      const start = this.peek();
      if (start === undefined || start.kind === 'comparison' || this.headings.has(this.at)) break;
      if (isFull && numParts > 0) {
        if (start.startsLine && (extent === 'line' || (extent === 'signed_lines' && start.kind !== 'sign'))) break;
        if (start.kind === 'name' && this.tokens[this.at + 1]?.kind === 'colon') break;
      }
      const sign = this.signs();
      if (sign === null && numParts > 0) {
        const why = start.kind === 'name' && isFull ? nameFault(start.text, this.flavor) : null;
        throw this.fault(start.line, why ?? `"${start.text}" follows without + or -`);
      }
      const token = this.peek();
      const value = token?.kind === 'number' ? token.value : null;
      if (value !== null) this.at++;
      if (isFull && value !== null && this.peek()?.text === '*') this.at++;
      const next = this.hasMore() ? this.peek() : undefined;
      // A number alone is a constant where a section, a label or, behind a comparison, another line follows.
      const isAlone =
        value !== null &&
        (next?.kind !== 'name' || (isFull && ((extent !== 'all' && next.startsLine) || this.tokens[this.at + 1]?.kind === 'colon')));
      if (isAlone) constant += (sign ?? 1) * value;
      else if (next?.kind === 'name' && this.isInfinity(next)) constant = this.infinite(next, value, sign, numParts);
      else if (next?.kind === 'name') {
        this.at++;
        const factor = (sign ?? 1) * (value ?? 1);
        const column = this.column(next);
        if (this.seenIn[column] === number) {
          repeated ??= next.text;
          const at = this.seenAt[column] ?? 0;
          coefficients[at] = (coefficients[at] ?? 0) + factor;
        } else {
          this.seenIn[column] = number;
          this.seenAt[column] = columns.length;
          columns.push(column);
          coefficients.push(factor);
        }
      } else throw this.fault(next?.line ?? start.line, this.missingTerm(next));
      numParts++;
      if (isFull) this.refuseProduct();
    }
    return { columns, coefficients, constant, repeated, numParts };
  }

  /** Infinity as the whole of one side. */
  private infinite(token: Token, factor: number | null, sign: number | null, numParts: number): number {
    this.at++;
    const next = this.peek();
    const goesOn = next !== undefined && !next.startsLine && next.kind !== 'comparison';
    if (factor !== null || numParts > 0 || goesOn) throw this.fault(token.line, nameFault(token.text, this.flavor) ?? '');
    return (sign ?? 1) * Infinity;
  }

  private missingTerm(next: Token | undefined): string {
    if (next?.text === '[') return 'a quadratic part "[ ... ]" cannot be taken; only linear models can';
    return `a term is missing ${next === undefined ? 'at the end' : `before "${next.text}"`}`;
  }

  private refuseProduct(): void {
    const token = this.peek();
    if (token?.kind !== 'operator') return;
    if (token.text === '/') throw this.fault(token.line, 'fractions cannot be taken; write the number out');
    throw this.fault(token.line, 'powers and products of variables cannot be taken; only linear models can');
  }

  private comparison(expected: string): string {
    const token = this.hasMore() ? this.next() : this.peek();
    if (token?.kind === 'comparison') return token.text;
    throw this.fault(token?.line ?? this.lastLine(), `${expected}, not ${token === undefined ? 'its end' : `"${token.text}"`}`);
  }

  /** The product of the signs that stand here, or null when none does. */
  private signs(): 1 | -1 | null {
    let sign: 1 | -1 | null = null;
    for (let token = this.peek(); token?.kind === 'sign'; token = this.peek()) {
      this.at++;
      sign = ((sign ?? 1) * (token.text === '-' ? -1 : 1)) as 1 | -1;
    }
    return sign;
  }

  private number(expected: string): number {
    const sign = this.signs() ?? 1;
    const token = this.next();
    if (token?.kind === 'number') return sign * token.value;
    if (token !== undefined && this.isInfinity(token)) return sign * Infinity;
    throw this.fault(token?.line ?? this.lastLine(), `${expected}, not ${token === undefined ? 'nothing' : `"${token.text}"`}`);
  }

  private label(): string | null {
    const name = this.tokens[this.at];
    if (name?.kind !== 'name' || this.tokens[this.at + 1]?.kind !== 'colon') return null;
    if (this.flavor === 'highs' && /^inf/i.test(name.text))
      throw this.fault(name.line, `"${name.text}" begins like infinity; choose another name`);
    this.at += 2;
    return name.text;
  }

  private column(token: Token): number {
    const known = this.columnOf.get(token.text);
    if (known !== undefined) return known;
    const why = nameFault(token.text, this.flavor);
    if (why !== null) throw this.fault(token.line, why);
    this.columnOf.set(token.text, this.variables.length);
    return this.variables.push({ name: token.text, lower: 0, upper: Infinity, integer: false, cost: 0 }) - 1;
  }

  private variable(column: number): Draft {
    return this.variables[column] as Draft;
  }

  private isInfinity(token: Token): boolean {
    return token.kind === 'name' && infinityWord.test(token.text);
  }

  private isWord(word: string): boolean {
    const token = this.peek();
    return token?.kind === 'name' && token.text.toLowerCase() === word;
  }

  private heading(): Heading | undefined {
    return this.headings.get(this.at);
  }

  private hasMore(): boolean {
    return this.at < this.tokens.length && !this.headings.has(this.at);
  }

  private peek(): Token | undefined {
    return this.tokens[this.at];
  }

  private next(): Token | undefined {
    return this.tokens[this.at++];
  }

  private line(): number {
    return this.peek()?.line ?? this.lastLine();
  }

  private lastLine(): number {
    return this.tokens.at(-1)?.line ?? 1;
  }

  private fault(line: number, what: string): Error {
    return faultIn('LP', this.source, line, what);
  }
}

/**
 * A linear model from CPLEX LP text, or an error that names the line.
 *
 * Variables come in order of appearance. Terms that name a variable twice are added up, variables on the right of a comparison move
 * to the left, and what a `lazy constraints` or `user cuts` section holds are rows like others. A negative upper bound leaves
 * the lower bound at 0 (CPLEX's rule), so such a model is infeasible unless it states a lower bound.
 *
 * @param text at most what the caller allows: time and memory are linear in its length.
 * @throws {EvomError} E_DATA where the text is wrong or holds what a linear model cannot.
 * @example
 * ```ts
 * import assert from 'node:assert/strict';
 * import { parseLp } from 'evom';
 * const text = 'min\n cost: 3 x[1] + 2 inflow\nsubject to\n 2 <= x[1] + inflow <= 9\n x[1] >= inflow - 4\nend';
 * const { variables, constraints } = parseLp(text);
 * assert.deepEqual(variables.map((v) => v.name), ['x[1]', 'inflow']);
 * assert.deepEqual(constraints.map((c) => [c.lower, c.coefficients, c.upper]), [[2, [1, 1], 9], [-4, [1, -1], Infinity]]);
 * assert.throws(() => parseLp('min\n obj: 3 (x + y)\nst\n c: x + y >= 2\nend'), /line 2: "\(x" is no name: multiply brackets out/);
 * assert.throws(() => parseLp(text, { flavor: 'highs' }), /line 2: cannot read "\[1\]/);
 * ```
 */
export function parseLp(text: string, options: LpReadOptions = {}): LinearModel {
  return new LpParser(text, options).parse();
}
