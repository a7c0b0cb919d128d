/** What may be a name in LP text. */
import type { LpFlavor, Token } from './lp-tokens.ts';

const infinityWord = /^inf(inity)?$/i;

/** Why a word cannot be a variable's name, or null when it can. */
export function nameFault(name: string, flavor: LpFlavor): string | null {
  if (/^(undefined|nan)$/i.test(name) || (flavor === 'highs' && /^(null|true|false)$/i.test(name)))
    return `"${name}" stands where a number or a name should; a value was missing when the text was made`;
  if (flavor === 'highs' && /^inf/i.test(name)) return `"${name}" begins like infinity; choose another name`;
  if (infinityWord.test(name)) return `"${name}" is not a name; infinity may stand alone on one side of a comparison`;
  if (flavor === 'highs' && /^free$/i.test(name)) return '"free" is a word of the bounds section; choose another name';
  if (/^[A-Za-z0-9_.]+$/.test(name)) return null;
  let depth = 0;
  let separator = '';
  for (const [at, character] of [...name].entries()) {
    if (character === '(' || character === '[') depth++;
    if (character === ')' || character === ']') depth--;
    if (depth < 0) separator = ',';
    // Inside a name CPLEX takes both; at its ends they part words, or are a decimal comma.
    const isInside = flavor === 'cplex' && at > 0 && at < name.length - 1;
    if (depth === 0 && (character === ',' || character === ';') && !isInside) separator ||= character;
  }
  if (separator === ';') return `"${name}" is not a name: ";" ends statements in lp_solve's format, which is another one`;
  if (separator === ',') return `"${name}" is not a name; write one term after another, with + or - between, and numbers with a point`;
  if (depth !== 0 || (flavor === 'cplex' && name.startsWith('('))) return `"${name}" is not a name: multiply brackets out`;
  return /[\p{L}\p{N}]/u.test(name) || (flavor === 'cplex' && name.includes('_'))
    ? null
    : `"${name}" is not a name; write <=, >= or = between the two sides`;
}

/** Whether a token is a word for infinity, which no variable may be called. */
export function isInfinity(token: Token | undefined): boolean {
  return token?.kind === 'name' && infinityWord.test(token.text);
}
