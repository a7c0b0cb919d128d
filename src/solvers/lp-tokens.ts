/** CPLEX LP text as tokens: one pass over the characters, because every verified program comes through here. */
import { EvomError } from '../lib/errors.ts';
import { foreignCharacter } from './foreign-characters.ts';

/** Whose reading of LP text: all of the format, or only what HiGHS reads as it is meant. */
export type LpFlavor = 'cplex' | 'highs';

export type TokenKind =
  | 'number'
  | 'name'
  | 'sign' // + or -
  | 'comparison' // normalised to <=, >= or =
  | 'colon'
  | 'operator' // * / ^ [ ] of products, powers and quadratic parts
  | 'arrow'; // ->

export interface Token {
  readonly kind: TokenKind;
  readonly text: string;
  /** Of a number; 0 for others. */
  readonly value: number;
  /** From 1. */
  readonly line: number;
  /** From 1, in UTF-16 units. */
  readonly column: number;
  /** Nothing but blanks stands before it on its line. */
  readonly startsLine: boolean;
}

/** An error at a place of a text; lines and columns from 1. */
export function faultIn(format: string, source: string | undefined, line: number, what: string, column?: number): EvomError {
  const place =
    source === undefined
      ? `${format} text, line ${line}${column === undefined ? '' : `, column ${column}`}`
      : `${source}:${line}${column === undefined ? '' : `:${column}`}`;
  return new EvomError('E_DATA', `${place}: ${what}`);
}

/** What a character below 128 can be; every other one belongs to names. */
const classes = { blank: 1, newline: 2, digit: 3, sign: 4, comparison: 5, name: 6, other: 7 } as const;
const classOf = new Uint8Array(128).fill(classes.name);
for (const [characters, kind] of [
  [' \t\v\f\0', classes.blank],
  ['\n\r', classes.newline],
  ['0123456789', classes.digit],
  ['+-', classes.sign],
  ['<>=', classes.comparison],
  ['.*/^:[]\\', classes.other],
] as const) {
  for (const character of characters) classOf[character.charCodeAt(0)] = kind;
}
const [plus, minus, dot, slash, colon] = [43, 45, 46, 47, 58] as const;
const [less, equals, greater, open, backslash] = [60, 61, 62, 91, 92] as const;
const [lf, cr, noBreakSpace, byteOrderMark] = [10, 13, 0xa0, 0xfeff] as const;
const isBlank = (c: number): boolean => (c < 128 ? classOf[c] === classes.blank : c === noBreakSpace || c === byteOrderMark);
const isAscii = /^[\0-\x7f]*$/;
const isDigit = (c: number): boolean => c >= 48 && c <= 57;

/** The end of the number that starts at `at`, or `at` when none does. */
function numberEnd(text: string, at: number): number {
  let end = at;
  while (isDigit(text.charCodeAt(end))) end++;
  let digits = end - at;
  if (text.charCodeAt(end) === dot) {
    end++;
    const fraction = end;
    while (isDigit(text.charCodeAt(end))) end++;
    digits += end - fraction;
  }
  if (digits === 0) return at;
  // An exponent needs a digit: "3e" is 3 and a variable e.
  if ((text.charCodeAt(end) | 32) === 101) {
    const sign = text.charCodeAt(end + 1);
    const from = end + (sign === plus || sign === minus ? 2 : 1);
    let last = from;
    while (isDigit(text.charCodeAt(last))) last++;
    if (last > from) return last;
  }
  return end;
}

const notInIndex = /[\s^\\\]]/g;

/** Where the bracketed index that opens at `at` closes; -1 where a blank, a power or a comment comes before. */
function indexEnd(text: string, at: number): number {
  notInIndex.lastIndex = at;
  const found = notInIndex.exec(text);
  return found?.[0] === ']' ? found.index : -1;
}

/** The end of the name that starts at `at`; in the full format a name goes on over a bracketed index such as [1,2]. */
function nameEnd(text: string, at: number, full: boolean): number {
  let end = at;
  for (; end < text.length; end++) {
    const c = text.charCodeAt(end);
    if (c >= 128) {
      if (isBlank(c)) break;
      continue;
    }
    const kind = classOf[c];
    if (kind === classes.name || kind === classes.digit || c === dot || (full && c === slash && end > at)) continue;
    const last = full && c === open && end > at ? indexEnd(text, end) : -1;
    if (last === -1) break;
    end = last;
  }
  return end;
}

/**
 * The tokens of LP text; comments begin with a backslash.
 *
 * @throws {EvomError} E_DATA naming the line, at a character that begins no token.
 */
export function tokenizeLp(text: string, flavor: LpFlavor, source?: string): Token[] {
  const full = flavor === 'cplex';
  const tokens: Token[] = [];
  let line = 1;
  let lineStart = 0;
  let startsLine = true;
  const push = (kind: TokenKind, at: number, word: string, value = 0): void => {
    tokens.push({ kind, text: word, value, line, column: at - lineStart + 1, startsLine });
    startsLine = false;
  };
  const refuse = (at: number): EvomError => {
    const rest = text.slice(at, at + 12).split(/[\r\n]/, 1)[0] ?? '';
    const why = /^[<>!=]/.test(rest)
      ? 'write <=, >= or ='
      : /^[[\]^]/.test(rest)
        ? 'powers and products of variables cannot be taken'
        : 'write sums of "coefficient name", with the product left out';
    return faultIn('LP', source, line, `cannot read "${rest}"; ${why}`, at - lineStart + 1);
  };
  for (let at = 0; at < text.length; ) {
    const c = text.charCodeAt(at);
    const kind = c < 128 ? classOf[c] : isBlank(c) ? classes.blank : classes.name;
    if (kind === classes.blank) at++;
    else if (kind === classes.newline) {
      if (c === cr && text.charCodeAt(at + 1) === lf) at++;
      at++;
      line++;
      lineStart = at;
      startsLine = true;
    } else if (kind === classes.name) {
      const end = nameEnd(text, at, full);
      const word = text.slice(at, end);
      const foreign = isAscii.test(word) ? null : foreignCharacter(word);
      if (foreign !== null) throw faultIn('LP', source, line, foreign.why, at + foreign.at - lineStart + 1);
      push('name', at, word);
      at = end;
    } else if (kind === classes.digit || (c === dot && numberEnd(text, at) > at)) {
      const end = numberEnd(text, at);
      const word = text.slice(at, end);
      push('number', at, word, Number(word));
      at = end;
    } else if (kind === classes.sign) {
      const isArrow = full && c === minus && text.charCodeAt(at + 1) === greater;
      push(isArrow ? 'arrow' : 'sign', at, isArrow ? '->' : c === minus ? '-' : '+');
      at += isArrow ? 2 : 1;
    } else if (kind === classes.comparison) {
      const end = comparisonEnd(text, at, full);
      if (end === at) throw refuse(at);
      const word = text.slice(at, end);
      push('comparison', at, word.includes('<') ? '<=' : word.includes('>') ? '>=' : '=');
      at = end;
    } else if (c === colon) {
      push('colon', at, ':');
      at++;
    } else if (c === backslash) {
      while (at < text.length && classOf[text.charCodeAt(at)] !== classes.newline) at++;
    } else if (full && c !== dot) {
      push('operator', at, text.charAt(at));
      at++;
    } else throw refuse(at);
  }
  return tokens;
}

/** `<`, `<=`, `=<`, `=` and their like; HiGHS takes only `<=`, `>=` and `=`. */
function comparisonEnd(text: string, at: number, full: boolean): number {
  const [first, second] = [text.charCodeAt(at), text.charCodeAt(at + 1)];
  const isEqual = (c: number): boolean => c === equals;
  const isSide = (c: number): boolean => c === less || c === greater;
  if (isSide(first) && isEqual(second)) return at + 2;
  if (isEqual(first) && !isSide(second)) return full && isEqual(second) ? at + 2 : at + 1;
  if (full && isEqual(first)) return at + 2;
  return full && isSide(first) && !isSide(second) ? at + 1 : at;
}
