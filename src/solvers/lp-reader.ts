/**
 * A strict reader of CPLEX LP text. HiGHS's own reader takes much for granted: it drops a constant on the left of a row, keeps
 * only the last of two terms `2 x + 3 x` in the objective, makes a variable of `undefined`, of `!` or of a label whose colon is
 * missing, reads `min: 3 x` as an objective of 0, and calls prose an empty model. Each of these would be a wrong model that
 * solves, so here each is an error that names its line.
 */
import { EvomError } from '../core/errors.ts';
import type { Constraint, LinearModel, Variable } from '../core/linear-model.ts';
import { solverBound } from './validate.ts';

type Section = 'min' | 'max' | 'rows' | 'bounds' | 'general' | 'binary' | 'end' | 'refused';
type Token =
  | { readonly type: 'section'; readonly section: Section; readonly text: string; readonly line: number }
  | { readonly type: 'number'; readonly value: number; readonly text: string; readonly line: number }
  | { readonly type: 'name' | 'sign' | 'comparison' | 'colon'; readonly text: string; readonly line: number };

const sectionWords: readonly (readonly [Section, readonly string[]])[] = [
  ['min', ['min', 'minimize', 'minimise', 'minimum']],
  ['max', ['max', 'maximize', 'maximise', 'maximum']],
  ['rows', ['st', 's.t.', 'subject to', 'such that']],
  ['bounds', ['bound', 'bounds']],
  ['general', ['gen', 'general', 'generals', 'integer', 'integers']],
  ['binary', ['bin', 'binary', 'binaries']],
  ['refused', ['semi', 'semis', 'sos', 'sos1', 'sos2']],
  ['end', ['end']],
];
const sectionOf = new Map(sectionWords.flatMap(([section, words]) => words.map((word) => [word, section] as const)));

const tokenPattern =
  /\s+|(?<comment>\\.*)|(?<two>(?:subject\s+to|such\s+that|semi-continuous)(?=\s|$))|(?<number>(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?)|(?<comparison><=|>=|=(?![<>]))|(?<sign>[+-])|(?<colon>:)|(?<name>[^\s\d.+*/^<>=:[\]\\-][^\s+*/^<>=:[\]\\-]*)/giy;

function fault(line: number, what: string): EvomError {
  return new EvomError('E_DATA', `LP text, line ${line}: ${what}`);
}

function tokenize(text: string): Token[] {
  const tokens: Token[] = [];
  const lines = text.split(/\r\n|\r|\n/);
  for (const [index, content] of lines.entries()) {
    const line = index + 1;
    tokenPattern.lastIndex = 0;
    while (tokenPattern.lastIndex < content.length) {
      const at = tokenPattern.lastIndex;
      const groups = tokenPattern.exec(content)?.groups;
      if (groups === undefined) {
        const rest = content.slice(at, at + 12);
        const why = /^[<>!=]/.test(rest)
          ? 'write <=, >= or ='
          : /^[[^]/.test(rest)
            ? 'powers and products of variables cannot be taken'
            : 'write sums of "coefficient name", with the product left out';
        throw fault(line, `cannot read "${rest}"; ${why}`);
      }
      if (groups.number !== undefined) tokens.push({ type: 'number', value: Number(groups.number), text: groups.number, line });
      else if (groups.two !== undefined) {
        const words = groups.two.toLowerCase().replace(/\s+/g, ' ');
        tokens.push({ type: 'section', section: sectionOf.get(words) ?? 'refused', text: words, line });
      } else if (groups.comparison !== undefined) tokens.push({ type: 'comparison', text: groups.comparison, line });
      else if (groups.sign !== undefined) tokens.push({ type: 'sign', text: groups.sign, line });
      else if (groups.colon !== undefined) tokens.push({ type: 'colon', text: ':', line });
      else if (groups.name !== undefined) {
        const isLabel = /^\s*:/.test(content.slice(tokenPattern.lastIndex));
        const section = isLabel && !/^(min|max)/i.test(groups.name) ? undefined : sectionOf.get(groups.name.toLowerCase());
        tokens.push(
          section === undefined ? { type: 'name', text: groups.name, line } : { type: 'section', section, text: groups.name, line },
        );
      }
    }
  }
  return tokens;
}

/** Why a word cannot be a variable's name, or null when it can. */
function nameFault(name: string): string | null {
  if (/^(undefined|nan|null|true|false)$/i.test(name))
    return `"${name}" stands where a number or a name should; a value was missing when the text was made`;
  if (/^inf/i.test(name)) return `"${name}" begins like infinity; choose another name`;
  if (/^free$/i.test(name)) return '"free" is a word of the bounds section; choose another name';
  let depth = 0;
  for (const character of name) {
    if (character === '(') depth++;
    if (character === ')') depth--;
    if (depth < 0 || (depth === 0 && /[,;]/.test(character)))
      return `"${name}" is no name; write one term after another, with + or - between`;
  }
  if (depth !== 0) return `"${name}" is no name: multiply brackets out`;
  return /[\p{L}\p{N}]/u.test(name) ? null : `"${name}" is no name; write <=, >= or = between the two sides`;
}

interface Expression {
  readonly terms: ReadonlyMap<number, number>;
  readonly constant: number;
  /** First name that stands in it twice. */
  readonly repeated: string | null;
  readonly numTerms: number;
}

/** One pass over the tokens of a text. */
class LpParser {
  private at = 0;
  private readonly tokens: readonly Token[];
  private readonly columnOf = new Map<string, number>();
  private readonly variables: { name: string; lower: number; upper: number; integer: boolean; cost: number }[] = [];
  private readonly constraints: Constraint[] = [];
  private readonly binaries: { lower: number; upper: number }[] = [];

  constructor(text: string) {
    this.tokens = tokenize(text);
  }

  parse(): LinearModel {
    const first = this.next();
    if (first?.type !== 'section' || (first.section !== 'min' && first.section !== 'max'))
      throw fault(first?.line ?? 1, `the text begins with ${first === undefined ? 'nothing' : `"${first.text}"`}; begin with min or max`);
    const sense = first.section;
    if (this.peek()?.type === 'colon') throw fault(first.line, `no colon may follow "${first.text}": HiGHS would read an objective of 0`);
    this.label();
    const objective = this.expression();
    if (objective.repeated !== null)
      throw fault(first.line, `"${objective.repeated}" stands twice in the objective, of which HiGHS keeps the last; add the terms up`);
    for (const [column, cost] of objective.terms) this.variable(column).cost = cost;
    let section: Section | null = null;
    for (let token = this.next(); token !== undefined; token = this.next()) {
      if (section === 'end') throw fault(token.line, `"${token.text}" stands after end`);
      if (token.type !== 'section')
        throw fault(token.line, `"${token.text}" stands where a section such as st, bounds or end should begin`);
      section = token.section;
      this.section(section, token);
    }
    if (section !== 'end') throw fault(this.tokens.at(-1)?.line ?? 1, 'the text does not finish with end');
    if (this.variables.length === 0) throw fault(1, 'the model has no variables');
    // Bounds of a binary may lie inside 0 and 1; HiGHS lets wider ones win, which the caller's comparison finds.
    for (const binary of this.binaries) {
      binary.lower = Math.max(0, binary.lower);
      binary.upper = Math.min(1, binary.upper);
    }
    return { sense, offset: objective.constant, variables: this.variables, constraints: this.constraints };
  }

  private section(section: Section, token: Token): void {
    switch (section) {
      case 'min':
      case 'max':
        throw fault(token.line, 'a second objective begins here, which HiGHS would drop; keep one');
      case 'refused':
        // HiGHS's own writer ends with empty ones.
        if (!this.hasMore()) return;
        throw fault(
          token.line,
          `a section "${token.text}" cannot be taken; only linear models with continuous, integer and binary variables can`,
        );
      case 'rows':
        while (this.hasMore()) this.row();
        return;
      case 'bounds':
        while (this.hasMore()) this.bound();
        return;
      case 'general':
      case 'binary':
        for (const name of this.names()) {
          const variable = this.variable(this.column(name));
          variable.integer = true;
          if (section === 'binary') this.binaries.push(variable);
        }
        return;
      case 'end':
        return;
      default:
        section satisfies never;
    }
  }

  private row(): void {
    const line = this.peek()?.line ?? 1;
    const name = this.label() ?? '';
    const { terms, constant, numTerms } = this.expression();
    const comparison = this.next();
    if (comparison?.type !== 'comparison')
      throw fault(
        comparison?.line ?? line,
        `a row needs <=, >= or =, not ${comparison === undefined ? 'its end' : `"${comparison.text}"`}`,
      );
    if (numTerms === 0 && constant !== 0) throw fault(line, 'a row begins with its variables; write the number on the right');
    if (constant !== 0)
      throw fault(line, `the constant ${constant} stands left of ${comparison.text}, where HiGHS drops it; move it to the right`);
    const value = this.number('a row ends with a number');
    this.constraints.push({
      name,
      lower: comparison.text === '<=' ? -Infinity : value,
      upper: comparison.text === '>=' ? Infinity : value,
      columns: [...terms.keys()],
      coefficients: [...terms.values()],
    });
  }

  private bound(): void {
    const token = this.peek();
    if (token?.type === 'name' && !/^inf(inity)?$/i.test(token.text)) {
      const variable = this.variable(this.column(this.next() as Token));
      const follows = this.next();
      if (follows?.type === 'name' && follows.text.toLowerCase() === 'free') {
        variable.lower = -Infinity;
        variable.upper = Infinity;
        return;
      }
      if (follows?.type !== 'comparison') throw fault(token.line, `the bound of "${token.text}" needs <=, >=, = or free`);
      this.setBound(variable, follows.text, this.number('a bound ends with a number'));
      return;
    }
    const value = this.number('a bound begins with a number or a name');
    const comparison = this.next();
    const name = this.next();
    if (comparison?.type !== 'comparison' || name?.type !== 'name')
      throw fault(token?.line ?? 1, 'a bound reads "2 <= x", "x <= 8", "2 <= x <= 8", "x = 3" or "x free"');
    const variable = this.variable(this.column(name));
    this.setBound(variable, { '<=': '>=', '>=': '<=' }[comparison.text] ?? '=', value);
    if (this.peek()?.type !== 'comparison') return;
    const second = this.next() as Token;
    if (comparison.text !== '<=' || second.text !== '<=') throw fault(second.line, 'a double bound reads "2 <= x <= 8"');
    this.setBound(variable, '<=', this.number('a bound ends with a number'));
  }

  private setBound(variable: { lower: number; upper: number }, comparison: string, value: number): void {
    if (comparison !== '<=') variable.lower = solverBound(value);
    if (comparison !== '>=') variable.upper = solverBound(value);
  }

  /** Terms and constants up to the next comparison or section, or the end. */
  private expression(): Expression {
    const terms = new Map<number, number>();
    let constant = 0;
    let repeated: string | null = null;
    let numTerms = 0;
    for (let isFirst = true; ; isFirst = false) {
      const start = this.peek();
      if (start === undefined || start.type === 'section' || start.type === 'comparison') return { terms, constant, repeated, numTerms };
      const sign = this.signs();
      if (sign === null && !isFirst) throw fault(start.line, `"${start.text}" follows without + or -`);
      const number = this.peek()?.type === 'number' ? (this.next() as Token & { type: 'number' }).value : null;
      const token = this.peek();
      if (token?.type === 'name') {
        this.at++;
        const column = this.column(token);
        if (terms.has(column)) repeated ??= token.text;
        terms.set(column, (terms.get(column) ?? 0) + (sign ?? 1) * (number ?? 1));
        numTerms++;
      } else if (number !== null) constant += (sign ?? 1) * number;
      else throw fault(token?.line ?? start.line, `a term is missing ${token === undefined ? 'at the end' : `before "${token.text}"`}`);
    }
  }

  /** The product of the signs that stand here, or null when none does. */
  private signs(): 1 | -1 | null {
    let sign: 1 | -1 | null = null;
    while (this.peek()?.type === 'sign') sign = ((sign ?? 1) * ((this.next() as Token).text === '-' ? -1 : 1)) as 1 | -1;
    return sign;
  }

  private number(expected: string): number {
    const sign = this.signs() ?? 1;
    const token = this.next();
    if (token?.type === 'number') return sign * token.value;
    if (token?.type === 'name' && /^inf(inity)?$/i.test(token.text)) return sign * Infinity;
    throw fault(token?.line ?? this.tokens.at(-1)?.line ?? 1, `${expected}, not ${token === undefined ? 'nothing' : `"${token.text}"`}`);
  }

  private *names(): Generator<Token> {
    while (this.hasMore()) {
      const token = this.next() as Token;
      if (token.type !== 'name') throw fault(token.line, `"${token.text}" stands in a list of variables`);
      yield token;
    }
  }

  private label(): string | null {
    const name = this.tokens[this.at];
    if (name?.type !== 'name' || this.tokens[this.at + 1]?.type !== 'colon') return null;
    this.at += 2;
    return name.text;
  }

  private column(token: Token): number {
    const known = this.columnOf.get(token.text);
    if (known !== undefined) return known;
    const why = nameFault(token.text);
    if (why !== null) throw fault(token.line, why);
    this.columnOf.set(token.text, this.variables.length);
    return this.variables.push({ name: token.text, lower: 0, upper: Infinity, integer: false, cost: 0 }) - 1;
  }

  private variable(column: number): { -readonly [key in keyof Variable]: Variable[key] } {
    return this.variables[column] as (typeof this.variables)[number];
  }

  private hasMore(): boolean {
    return this.at < this.tokens.length && this.peek()?.type !== 'section';
  }

  private peek(): Token | undefined {
    return this.tokens[this.at];
  }

  private next(): Token | undefined {
    return this.tokens[this.at++];
  }
}

/**
 * A linear model from CPLEX LP text, or an error that names the line.
 *
 * @param text at most what the caller allows: time and memory are linear in its length.
 * @throws {EvomError} E_DATA where the text is wrong, or where HiGHS would read something else than it says.
 * @example
 * ```ts
 * import assert from 'node:assert/strict';
 * import { parseLp } from 'evom';
 * assert.equal(parseLp('min\n obj: 3 x + 2 y\nst\n c: x + y >= 2\nend').constraints[0]?.lower, 2);
 * assert.throws(() => parseLp('min\n obj: 3 (x + y)\nst\n c: x + y >= 2\nend'), /line 2: "\(x" is no name: multiply brackets out/);
 * ```
 */
export function parseLp(text: string): LinearModel {
  return new LpParser(text).parse();
}
