/** A place in the tokens of LP text, and the small things that every part of the reader takes from there. */
import { isInfinity } from './lp-names.ts';
import { findHeadings, type Heading } from './lp-sections.ts';
import { faultIn, type LpFlavor, type Token, tokenizeLp } from './lp-tokens.ts';

export class LpCursor {
  at = 0;
  readonly flavor: LpFlavor;
  readonly tokens: readonly Token[];
  private readonly source: string | undefined;
  private readonly headings: ReadonlyMap<number, Heading>;

  constructor(text: string, flavor: LpFlavor, source: string | undefined) {
    this.flavor = flavor;
    this.source = source;
    this.tokens = tokenizeLp(text, flavor, source);
    this.headings = findHeadings(this.tokens, flavor);
  }

  comparison(expected: string): string {
    const token = this.hasMore() ? this.next() : this.peek();
    if (token?.kind === 'comparison') return token.text;
    throw this.fault(token?.line ?? this.lastLine(), `${expected}, not ${token === undefined ? 'its end' : `"${token.text}"`}`);
  }

  /** The product of the signs that stand here, or null when none does. */
  signs(): 1 | -1 | null {
    let sign: 1 | -1 | null = null;
    for (let token = this.peek(); token?.kind === 'sign'; token = this.peek()) {
      this.at++;
      sign = ((sign ?? 1) * (token.text === '-' ? -1 : 1)) as 1 | -1;
    }
    return sign;
  }

  number(expected: string): number {
    const sign = this.signs() ?? 1;
    const token = this.next();
    if (token?.kind === 'number') return sign * token.value;
    if (token !== undefined && isInfinity(token)) return sign * Infinity;
    throw this.fault(token?.line ?? this.lastLine(), `${expected}, not ${token === undefined ? 'nothing' : `"${token.text}"`}`);
  }

  label(): string | null {
    const name = this.tokens[this.at];
    if (name?.kind !== 'name' || this.tokens[this.at + 1]?.kind !== 'colon') return null;
    if (this.flavor === 'highs' && /^inf/i.test(name.text))
      throw this.fault(name.line, `"${name.text}" begins like infinity; choose another name`);
    this.at += 2;
    return name.text;
  }

  isWord(word: string): boolean {
    const token = this.peek();
    return token?.kind === 'name' && token.text.toLowerCase() === word;
  }

  heading(): Heading | undefined {
    return this.headings.get(this.at);
  }

  hasMore(): boolean {
    return this.at < this.tokens.length && !this.headings.has(this.at);
  }

  peek(): Token | undefined {
    return this.tokens[this.at];
  }

  next(): Token | undefined {
    return this.tokens[this.at++];
  }

  line(): number {
    return this.peek()?.line ?? this.lastLine();
  }

  lastLine(): number {
    return this.tokens.at(-1)?.line ?? 1;
  }

  fault(line: number, what: string): Error {
    return faultIn('LP', this.source, line, what);
  }

  /** An error that also names the column. */
  faultAt(token: Token, what: string): Error {
    return faultIn('LP', this.source, token.line, what, token.column);
  }

  /** Whether a label stands at a token. */
  isLabel(at: number): boolean {
    return this.tokens[at]?.kind === 'name' && this.tokens[at + 1]?.kind === 'colon';
  }

  /** Whether what is read ends before a token: at a heading, a label or the end. */
  isBoundary(at: number): boolean {
    return at >= this.tokens.length || this.headings.has(at) || this.isLabel(at);
  }
}
