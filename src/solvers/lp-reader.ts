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
import { Spellings } from './foreign-characters.ts';
import { LpCursor } from './lp-cursor.ts';
import { type Expression, ExpressionReader } from './lp-expression.ts';
import { isInfinity, nameFault } from './lp-names.ts';
import type { Heading, Section } from './lp-sections.ts';
import type { LpFlavor, Token } from './lp-tokens.ts';
import { type LogicalPart, type ModelDraft, reformulate } from './reformulate.ts';
import { solverBound } from './validate.ts';

export interface LpReadOptions {
  /** Default `cplex`: the whole format. `highs`: only what HiGHS reads as it is meant. */
  readonly flavor?: LpFlavor;
  /** Name of the file, for messages. */
  readonly source?: string;
}

type Draft = { -readonly [key in keyof Variable]: Variable[key] };

const flipped = (comparison: string): string => (comparison === '<=' ? '>=' : comparison === '>=' ? '<=' : comparison);

/** One pass over the tokens of a text. */
class LpParser implements ModelDraft {
  private readonly cursor: LpCursor;
  private readonly expressions: ExpressionReader;
  private readonly isStrict: boolean;
  private readonly sectionsSeen = new Set<Section>();
  private readonly columnOf = new Map<string, number>();
  private readonly spellings = new Spellings();
  readonly variables: Draft[] = [];
  readonly constraints: Constraint[] = [];
  private readonly rowNames = new Set<string>();
  /** What becomes rows and binaries at the end, when all bounds are known. */
  private readonly logic: LogicalPart[] = [];
  /** Stands in front of the row under way. */
  private indicator: Omit<Extract<LogicalPart, { type: 'indicator' }>, 'row'> | null = null;
  private readonly binaries: { readonly variable: Draft; readonly line: number }[] = [];

  constructor(text: string, { flavor = 'cplex', source }: LpReadOptions) {
    this.isStrict = flavor === 'highs';
    this.cursor = new LpCursor(text, flavor, source);
    this.expressions = new ExpressionReader(this.cursor, (name) => this.column(name));
  }

  parse(): LinearModel {
    const first = this.cursor.heading();
    if (first === undefined || (first.section !== 'min' && first.section !== 'max')) {
      const token = this.cursor.peek();
      const what = token === undefined ? 'nothing' : `"${token.text}"`;
      throw this.cursor.fault(token?.line ?? 1, `the text begins with ${what}; begin with min or max`);
    }
    const sense = first.section;
    const line = this.cursor.line();
    this.cursor.at += first.width;
    const offset = this.objective(line, first.text);
    let section: Section | null = null;
    while (this.cursor.at < this.cursor.tokens.length) {
      const heading = this.cursor.heading();
      const token = this.cursor.peek() as Token;
      if (section === 'end') throw this.cursor.fault(token.line, `"${token.text}" stands after end`);
      if (heading === undefined)
        throw this.cursor.fault(token.line, `"${token.text}" stands where a section such as st, bounds or end should begin`);
      this.refuseAmbiguous(heading, token, section);
      if (this.isStrict && this.sectionsSeen.has(heading.section))
        throw this.cursor.fault(
          token.line,
          `"${heading.text}" begins a section for the second time, which HiGHS refuses or misreads; join the two`,
        );
      this.sectionsSeen.add(heading.section);
      this.cursor.at += heading.width;
      if (heading.section === 'rows' && this.cursor.peek()?.kind === 'colon') this.cursor.at++;
      section = heading.section;
      this.section(heading, token.line);
    }
    if (section !== 'end') throw this.cursor.fault(this.cursor.lastLine(), 'the text does not finish with end; is it cut off?');
    if (this.variables.length === 0) throw this.cursor.fault(1, 'the model has no variables');
    this.narrowBinaries();
    reformulate(this, this.logic, (at, what) => this.cursor.fault(at, what));
    return { sense, offset, variables: this.variables, constraints: this.constraints };
  }

  /** @returns the constant. */
  private objective(line: number, word: string): number {
    if (this.cursor.peek()?.kind === 'colon') {
      if (this.isStrict) throw this.cursor.fault(line, `no colon may follow "${word}": HiGHS would read an objective of 0`);
      this.cursor.at++;
    }
    if (this.cursor.isWord('multi') && this.cursor.tokens[this.cursor.at + 1]?.text === '-')
      throw this.cursor.fault(this.cursor.line(), 'several objectives cannot be taken; keep one, or their weighted sum');
    this.cursor.label();
    const { columns, coefficients, constant, repeated } = this.expressions.read('all');
    if (this.isStrict && repeated !== null)
      throw this.cursor.fault(line, `"${repeated}" stands twice in the objective, of which HiGHS keeps the last; add the terms up`);
    for (const [k, column] of columns.entries()) this.variable(column).cost = coefficients[k] ?? 0;
    return constant;
  }

  /** A lone word that names a variable and a section would be read either way without a sign that it was meant otherwise. */
  private refuseAmbiguous(heading: Heading, token: Token, current: Section | null): void {
    if (this.isStrict || heading.width > 1 || (heading.section === 'rows' && current === null)) return;
    if (heading.section === 'end' && this.cursor.at === this.cursor.tokens.length - 1) return;
    // Where an operator has to follow a variable, and none does, the word can only be a heading.
    const next = this.cursor.tokens[this.cursor.at + 1];
    const isOperator =
      next?.kind === 'sign' || next?.kind === 'comparison' || (current === 'bounds' && next?.text.toLowerCase() === 'free');
    if ((current === 'rows' || current === 'bounds') && !isOperator) return;
    if (this.columnOf.has(token.text))
      throw this.cursor.fault(token.line, `"${token.text}" is the name of a variable and of a section; rename the variable`);
  }

  private section({ section, text }: Heading, line: number): void {
    switch (section) {
      case 'min':
      case 'max':
        throw this.cursor.fault(line, `a second objective begins here${this.isStrict ? ', which HiGHS would drop' : ''}; keep one`);
      case 'semi_continuous':
      case 'semi_integer':
      case 'sos':
      case 'refused':
        // HiGHS's own writer ends with empty ones.
        if (!this.cursor.hasMore()) return;
        if (!this.isStrict && section !== 'refused') {
          while (this.cursor.hasMore()) {
            if (section === 'sos') this.specialOrderedSet();
            else this.semiContinuous(section === 'semi_integer');
          }
          return;
        }
        throw this.cursor.fault(
          line,
          `a section "${text}" cannot be taken; only linear models with continuous, integer and binary variables can`,
        );
      case 'rows':
        for (let isFirst = true; this.cursor.hasMore(); isFirst = false) this.row(isFirst);
        return;
      case 'bounds':
        while (this.cursor.hasMore()) this.bound();
        return;
      case 'general':
      case 'binary':
        while (this.cursor.hasMore()) {
          const { column, line } = this.listed();
          const variable = this.variable(column);
          variable.integer = true;
          if (section === 'binary') this.binaries.push({ variable, line });
        }
        return;
      case 'end':
        return;
      default:
        section satisfies never;
    }
  }

  /** A variable in a list of them. */
  private listed(): { readonly column: number; readonly line: number } {
    const token = this.cursor.next() as Token;
    if (token.kind !== 'name') throw this.cursor.fault(token.line, `"${token.text}" stands in a list of variables`);
    if (/[,;]/.test(token.text) && !this.columnOf.has(token.text))
      throw this.cursor.faultAt(token, `"${token.text}" is the name of no variable; part the names of a list with blanks`);
    return { column: this.column(token), line: token.line };
  }

  private semiContinuous(isInteger: boolean): void {
    const { column, line } = this.listed();
    if (isInteger) this.variable(column).integer = true;
    this.logic.push({ type: 'semi', column, line });
  }

  /** `name: S1:: x:1 y:2`; the weights give the order. */
  private specialOrderedSet(): void {
    const line = this.cursor.line();
    // A set may itself be called s1: two colons make the kind.
    const isKind = (at: number): boolean =>
      /^s[12]$/i.test(this.cursor.tokens[at]?.text ?? '') &&
      this.cursor.tokens[at + 1]?.kind === 'colon' &&
      this.cursor.tokens[at + 2]?.kind === 'colon';
    const name = isKind(this.cursor.at) ? '' : (this.cursor.label() ?? '');
    const kind = this.cursor.label()?.toLowerCase();
    if ((kind !== 's1' && kind !== 's2') || this.cursor.next()?.kind !== 'colon')
      throw this.cursor.fault(line, 'a special ordered set reads "name: S1:: x:1 y:2" or "name: S2:: x:1 y:2"');
    const members: { readonly column: number; readonly weight: number }[] = [];
    while (this.cursor.hasMore() && !isKind(this.cursor.at) && !isKind(this.cursor.at + 2)) {
      const { column } = this.listed();
      if (this.cursor.next()?.kind !== 'colon')
        throw this.cursor.fault(line, 'each variable of a special ordered set has a weight, as in x:1');
      members.push({ column, weight: this.cursor.number('a weight is a number') });
    }
    members.sort((a, b) => a.weight - b.weight);
    this.logic.push({ type: kind === 's1' ? 'sos1' : 'sos2', name, columns: members.map(({ column }) => column), line });
  }

  /** The bounds of a binary may lie inside 0 and 1; wider ones say nothing. HiGHS lets the wider ones win. */
  private narrowBinaries(): void {
    for (const { variable, line } of this.binaries) {
      if (this.isStrict && (variable.lower < 0 || (variable.upper > 1 && variable.upper !== Infinity)))
        throw this.cursor.fault(line, `HiGHS would read "${variable.name}" otherwise; a binary's bounds lie inside 0 and 1`);
      variable.lower = Math.max(0, variable.lower);
      variable.upper = Math.min(1, variable.upper);
    }
  }

  private row(isFirst: boolean): void {
    const line = this.cursor.line();
    const label = this.cursor.label();
    const name = label ?? '';
    if (this.isStrict) {
      this.plainRow(name, line);
      return;
    }
    this.takeIndicator();
    const first = this.expressions.read('all');
    const comparison = this.cursor.comparison('a row needs <=, >= or =');
    const isNumberFirst = first.columns.length === 0 && first.numParts > 0;
    const second = this.rightSide(line, isNumberFirst ? comparison : null);
    // HiGHS writes a row without terms as "r1: <= 0"; other formats give an earlier row its second side so.
    if ((first.numParts === 0 && label === null && !isFirst) || second.numParts === 0)
      throw this.cursor.fault(line, 'a row needs something on each side of its comparison');
    if (first.numParts === 0 && name !== '' && this.rowNames.has(name))
      throw this.cursor.fault(line, `the row "${name}" is there already; write both its sides as "1 <= x + y <= 5"`);
    if (this.cursor.hasMore() && this.cursor.peek()?.kind === 'comparison') this.range(name, line, first, comparison, second);
    else if (first.columns.length === 0 && second.columns.length > 0) this.addRow(name, line, second, flipped(comparison), first);
    else this.addRow(name, line, first, comparison, second);
  }

  /**
   * What stands behind a comparison. The format has no mark for the end of a row: it ends with its line, unless only what follows can
   * complete it. A line that could as well go on with it as begin another row is refused, because either guess could be another model.
   *
   * @param opening the comparison behind a number, which a second one may follow on a later line; else null.
   */
  private rightSide(line: number, opening: string | null): Expression {
    const { cursor } = this;
    const begin = cursor.at;
    const side = this.expressions.read('line');
    const goesOn = cursor.peek();
    const isLoneNumber = cursor.tokens[cursor.at - 1]?.kind === 'number';
    if (goesOn === undefined || cursor.isBoundary(cursor.at)) return side;
    if (goesOn.kind !== 'sign' && !(goesOn.kind === 'name' && isLoneNumber)) return side;
    let at = cursor.at;
    let mayBeginLater = false;
    for (; !cursor.isBoundary(at) && cursor.tokens[at]?.kind !== 'comparison'; at++) {
      const token = cursor.tokens[at] as Token;
      const before = cursor.tokens[at - 1]?.kind;
      if (at > cursor.at && token.startsLine && before !== 'sign' && before !== 'operator') mayBeginLater = true;
    }
    if (cursor.isBoundary(at)) {
      // No row begins here, for none is complete without a comparison.
      cursor.at = begin;
      return this.expressions.read('all');
    }
    if (mayBeginLater || (opening !== null && cursor.tokens[at]?.text === opening && opening !== '=' && this.isLastSide(at + 1)))
      throw cursor.faultAt(
        goesOn,
        `"${goesOn.text}" may go on with the row of line ${line} or begin another; write each row on one line, or give each a label and end a line that goes on with its + or -`,
      );
    return side;
  }

  /** Whether a number, and nothing else of a row, stands at a token: the second side of a row between two numbers. */
  private isLastSide(from: number): boolean {
    const { tokens } = this.cursor;
    let at = from;
    while (tokens[at]?.kind === 'sign') at++;
    if (tokens[at]?.kind !== 'number' && !isInfinity(tokens[at])) return false;
    const next = tokens[at + 1];
    return next === undefined || next.startsLine || this.cursor.isBoundary(at + 1);
  }

  /** As HiGHS reads it: variables on the left, one number on the right. */
  private plainRow(name: string, line: number): void {
    const left = this.expressions.read('all');
    const comparison = this.cursor.comparison('a row needs <=, >= or =');
    if (left.columns.length === 0 && left.constant !== 0)
      throw this.cursor.fault(line, 'a row begins with its variables; write the number on the right');
    if (left.constant !== 0)
      throw this.cursor.fault(
        line,
        `the constant ${left.constant} stands left of ${comparison}, where HiGHS drops it; move it to the right`,
      );
    const value = this.cursor.number('a row ends with a number');
    if (!Number.isFinite(solverBound(value))) throw this.cursor.fault(line, 'a row ends with a finite number');
    this.push(name, comparison === '<=' ? -Infinity : value, left, comparison === '>=' ? Infinity : value);
  }

  /** Takes a row without the terms that are 0. */
  private push(name: string, lower: number, { columns, coefficients }: Pick<Expression, 'columns' | 'coefficients'>, upper: number): void {
    const hasZeros = coefficients.includes(0);
    const row: Constraint = {
      name,
      lower,
      upper,
      columns: hasZeros ? columns.filter((_, k) => coefficients[k] !== 0) : columns,
      coefficients: hasZeros ? coefficients.filter((a) => a !== 0) : coefficients,
    };
    this.rowNames.add(name);
    if (this.indicator === null) this.constraints.push(row);
    else this.logic.push({ ...this.indicator, row });
  }

  /** `first comparison second`, its variables moved to the left and its constants to the right. */
  private addRow(name: string, line: number, first: Expression, comparison: string, second: Expression): void {
    const { columns, coefficients } = first;
    const placeOf = new Map(second.columns.length === 0 ? [] : columns.map((column, k) => [column, k]));
    for (const [k, column] of second.columns.entries()) {
      const known = placeOf.get(column);
      const moved = -(second.coefficients[k] ?? 0);
      if (known === undefined) {
        columns.push(column);
        coefficients.push(moved);
      } else coefficients[known] = (coefficients[known] ?? 0) + moved;
    }
    const value = second.constant - first.constant;
    if (Number.isNaN(value) || (Math.abs(value) === Infinity && value === (comparison === '<=' ? -Infinity : Infinity)))
      throw this.cursor.fault(line, `no number is ${comparison} ${value}; an infinite side has to leave the row open`);
    this.push(name, comparison === '<=' ? -Infinity : value, first, comparison === '>=' ? Infinity : value);
  }

  /** `first comparison second next-comparison third`, as in `1 <= x + y <= 5`. */
  private range(name: string, line: number, first: Expression, comparison: string, second: Expression): void {
    const next = this.cursor.comparison('');
    const third = this.rightSide(line, null);
    const isRange = comparison === next && next !== '=' && first.columns.length === 0 && third.columns.length === 0 && third.numParts > 0;
    if (!isRange) throw this.cursor.fault(line, 'a row between two numbers reads "1 <= x + y <= 5"');
    const [low, high] = comparison === '<=' ? [first, third] : [third, first];
    this.push(name, low.constant - second.constant, second, high.constant - second.constant);
  }

  /** Takes "b = 1 ->" in front of a row. */
  private takeIndicator(): void {
    const { cursor } = this;
    const [name, equal, value, arrow] = cursor.tokens.slice(cursor.at, cursor.at + 4);
    this.indicator = null;
    if (name?.kind !== 'name' || equal?.text !== '=' || value?.kind !== 'number' || arrow?.kind !== 'arrow') return;
    if (value.value !== 0 && value.value !== 1)
      throw cursor.fault(name.line, 'an indicator constraint begins with "b = 1 ->" or "b = 0 ->"');
    this.indicator = { type: 'indicator', column: this.column(name), value: value.value, line: name.line };
    cursor.at += 4;
  }

  private bound(): void {
    const token = this.cursor.peek() as Token;
    if (token.kind === 'name' && !isInfinity(token)) {
      this.cursor.at++;
      const variable = this.variable(this.column(token));
      if (this.cursor.isWord('free')) {
        this.cursor.at++;
        variable.lower = -Infinity;
        variable.upper = Infinity;
        return;
      }
      const follows = this.cursor.peek();
      if (follows?.kind !== 'comparison') throw this.cursor.fault(token.line, `the bound of "${token.text}" needs <=, >=, = or free`);
      this.cursor.at++;
      this.setBound(variable, follows.text, this.cursor.number('a bound ends with a number'));
      return;
    }
    const value = this.cursor.number('a bound begins with a number or a name');
    const comparison = this.cursor.next();
    const name = this.cursor.hasMore() ? this.cursor.next() : undefined;
    if (comparison?.kind !== 'comparison' || name?.kind !== 'name')
      throw this.cursor.fault(token.line, 'a bound reads "2 <= x", "x <= 8", "2 <= x <= 8", "x = 3" or "x free"');
    const variable = this.variable(this.column(name));
    this.setBound(variable, flipped(comparison.text), value);
    const second = this.cursor.peek();
    if (second?.kind !== 'comparison') return;
    this.cursor.at++;
    const mayFall = !this.isStrict && comparison.text === '>=';
    if (second.text !== comparison.text || (comparison.text !== '<=' && !mayFall))
      throw this.cursor.fault(second.line, 'a double bound reads "2 <= x <= 8"');
    this.setBound(variable, second.text, this.cursor.number('a bound ends with a number'));
  }

  private setBound(variable: Draft, comparison: string, value: number): void {
    const bound = solverBound(value);
    if (bound === (comparison === '<=' ? -Infinity : Infinity) || (comparison === '=' && bound === -Infinity))
      throw this.cursor.fault(this.cursor.tokens[this.cursor.at - 1]?.line ?? 1, `"${variable.name}" cannot be ${comparison} ${value}`);
    if (comparison !== '<=') variable.lower = bound;
    if (comparison !== '>=') variable.upper = bound;
  }

  private column(token: Token): number {
    const known = this.columnOf.get(token.text);
    if (known !== undefined) return known;
    const why = nameFault(token.text, this.cursor.flavor) ?? this.spellings.fault(token.text);
    if (why !== null) throw this.cursor.fault(token.line, why);
    this.columnOf.set(token.text, this.variables.length);
    return this.variables.push({ name: token.text, lower: 0, upper: Infinity, integer: false, cost: 0 }) - 1;
  }

  private variable(column: number): Draft {
    return this.variables[column] as Draft;
  }
}

/**
 * A linear model from CPLEX LP text, or an error that names the line.
 *
 * Variables come in order of appearance. Terms that name a variable twice are added up, variables on the right of a comparison move
 * to the left, and what a `lazy constraints` or `user cuts` section holds are rows like others. Semi-continuous variables, special
 * ordered sets and indicator constraints are said with rows and further binary variables, which come last. A negative upper bound leaves
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
 * assert.throws(() => parseLp('min\n obj: 3 (x + y)\nst\n c: x + y >= 2\nend'), /line 2: "\(x" is not a name: multiply brackets out/);
 * assert.throws(() => parseLp(text, { flavor: 'highs' }), /line 2, column 11: cannot read "\[1\]/);
 * ```
 */
export function parseLp(text: string, options: LpReadOptions = {}): LinearModel {
  return new LpParser(text, options).parse();
}
