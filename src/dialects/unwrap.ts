/** What a block's text is written in beside its program: XML's CDATA, a call of a tool in JSON, the entities of HTML. */
import { jsonValue } from '../lib/json-value.ts';
import { loadsLibrary } from './infer.ts';
import { bareCode, type Language } from './language.ts';

/** The program in a block's text; the text itself where nothing is wrapped around it. */
export function unwrapped(code: string, isElement: boolean, language: Language): string {
  const opening = /^\s*<!\[CDATA\[(?:[ \t]*\n)?/.exec(code)?.[0];
  const inside = opening === undefined ? code : code.slice(opening.length).replace(/\]\]>\s*$/, '');
  return programInJson(inside, language) ?? withoutEntities(inside, isElement, language);
}

/** Values inside values that are looked through: arguments of a call are often JSON text in JSON. */
const maxDepth = 6;

/** The last string in a JSON value that loads a solver library; null where no string does, or where the text is not JSON. */
export function programInJson(text: string, language: Language, depth = maxDepth): string | null {
  if (!/^\s*[[{]/.test(text)) return null;
  return programIn(jsonValue(text), language, depth);
}

function programIn(value: unknown, language: Language, depth: number): string | null {
  if (depth === 0) return null;
  if (typeof value === 'string') return loadsLibrary(value, language) ? value : programInJson(value, language, depth - 1);
  if (typeof value !== 'object' || value === null) return null;
  let last: string | null = null;
  for (const inner of Object.values(value)) last = programIn(inner, language, depth - 1) ?? last;
  return last;
}

const entities: Readonly<Record<string, string>> = {
  lt: '<',
  gt: '>',
  amp: '&',
  quot: '"',
  apos: "'",
  nbsp: ' ',
  '#39': "'",
  '#x27': "'",
  '#34': '"',
  '#x22': '"',
  '#60': '<',
  '#x3c': '<',
  '#62': '>',
  '#x3e': '>',
  '#38': '&',
  '#x26': '&',
};
const entity = new RegExp(`&(${Object.keys(entities).join('|')});`, 'gi');

/**
 * A text that was escaped for HTML as it was before: one without any `<` of its own, and in a fence only where an entity stands
 * outside strings and comments, where no program has one.
 */
function withoutEntities(code: string, isElement: boolean, language: Language): string {
  if (!code.includes('&') || code.includes('<')) return code;
  if (code.search(entity) === -1 || (!isElement && bareCode(code, language).code.search(entity) === -1)) return code;
  return code.replace(entity, (whole, name: string) => entities[name.toLowerCase()] ?? whole);
}
