/** Sums of terms in LP text. */
import type { LpCursor } from './lp-cursor.ts';
import { isInfinity, nameFault } from './lp-names.ts';
import type { Token } from './lp-tokens.ts';

/** A sum of terms and a constant, on one side of a comparison. */
export interface Expression {
  readonly columns: number[];
  readonly coefficients: number[];
  readonly constant: number;
  /** First variable that stands in it twice; its terms are added up. */
  readonly repeated: string | null;
  /** Terms and constants read. */
  readonly numParts: number;
}

/** Reads expressions at a cursor. */
export class ExpressionReader {
  private readonly cursor: LpCursor;
  private readonly columnOf: (name: Token) => number;
  /** The expression that last named each column, and where in it: finds repetitions without a map for each row. */
  private readonly seenIn: number[] = [];
  private readonly seenAt: number[] = [];
  private numExpressions = 0;

  /** @param columnOf index of the variable that a token names; a new one where it names none yet. */
  constructor(cursor: LpCursor, columnOf: (name: Token) => number) {
    this.cursor = cursor;
    this.columnOf = columnOf;
  }

  /**
   * Terms and constants up to the next comparison, label or section.
   *
   * @param extent how far it reaches: over all lines, or to the end of the line on which it has something.
   */
  read(extent: 'all' | 'line'): Expression {
    const { cursor } = this;
    const columns: number[] = [];
    const coefficients: number[] = [];
    let constant = 0;
    let repeated: string | null = null;
    let numParts = 0;
    const number = ++this.numExpressions;
    const isFull = cursor.flavor === 'cplex';
    for (;;) {
      const start = cursor.peek();
      if (start === undefined || start.kind === 'comparison' || !cursor.hasMore()) break;
      if (isFull && numParts > 0) {
        if (start.startsLine && extent === 'line') break;
        if (cursor.isLabel(cursor.at)) break;
      }
      const sign = cursor.signs();
      if (sign === null && numParts > 0) {
        const why = start.kind === 'name' && isFull ? nameFault(start.text, cursor.flavor) : null;
        throw cursor.fault(start.line, why ?? `"${start.text}" follows without + or -`);
      }
      const token = cursor.peek();
      const value = token?.kind === 'number' ? token.value : null;
      if (value !== null) cursor.at++;
      const isFactor = isFull && value !== null && cursor.peek()?.text === '*';
      if (isFactor) cursor.at++;
      const next = cursor.hasMore() ? cursor.peek() : undefined;
      // A number alone is a constant where a section, a label or, behind a comparison, another line follows.
      const isAlone =
        value !== null &&
        !isFactor &&
        (next?.kind !== 'name' || (isFull && ((extent === 'line' && next.startsLine) || cursor.isLabel(cursor.at))));
      if (isAlone) constant += (sign ?? 1) * value;
      else if (next?.kind === 'name' && isInfinity(next)) constant = this.infinite(next, value, sign, numParts);
      else if (next?.kind === 'name') {
        cursor.at++;
        const factor = (sign ?? 1) * (value ?? 1);
        const column = this.columnOf(next);
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
      } else throw cursor.fault(next?.line ?? start.line, this.missingTerm(next));
      numParts++;
      if (isFull) this.refuseProduct();
    }
    return { columns, coefficients, constant, repeated, numParts };
  }

  /** Infinity as the whole of one side. */
  private infinite(token: Token, factor: number | null, sign: number | null, numParts: number): number {
    const { cursor } = this;
    cursor.at++;
    const next = cursor.peek();
    const goesOn = next !== undefined && !next.startsLine && next.kind !== 'comparison';
    if (factor !== null || numParts > 0 || goesOn) throw cursor.fault(token.line, nameFault(token.text, cursor.flavor) ?? '');
    return (sign ?? 1) * Infinity;
  }

  private missingTerm(next: Token | undefined): string {
    if (next?.text === '[') return 'a quadratic part "[ ... ]" cannot be taken; only linear models can';
    return `a term is missing ${next === undefined ? 'at the end' : `before "${next.text}"`}`;
  }

  private refuseProduct(): void {
    const { cursor } = this;
    const token = cursor.peek();
    if (token?.kind !== 'operator') return;
    if (token.text === '/') throw cursor.fault(token.line, 'fractions cannot be taken; write the number out');
    throw cursor.fault(token.line, 'powers and products of variables cannot be taken; only linear models can');
  }
}
