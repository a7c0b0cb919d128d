/** The lines of MPS text: headings, and fields in free or fixed columns. */

const sections = [
  'NAME',
  'OBJSENSE',
  'OBJNAME',
  'ROWS',
  'USERCUTS',
  'LAZYCONS',
  'COLUMNS',
  'RHS',
  'RANGES',
  'BOUNDS',
  'INDICATORS',
  'ENDATA',
] as const;
export type Section = (typeof sections)[number];

/** Sections of models that are not linear, and what to call them. */
export const beyondLinear: Readonly<Record<string, string>> = {
  QUADOBJ: 'a quadratic objective',
  QMATRIX: 'a quadratic objective',
  QSECTION: 'a quadratic objective',
  QCMATRIX: 'quadratic constraints',
  CSECTION: 'cones',
  SOS: 'special ordered sets',
  SOS1: 'special ordered sets',
  SOS2: 'special ordered sets',
  SETS: 'special ordered sets',
  GENCONS: 'general constraints',
  PWLOBJ: 'piecewise-linear objectives',
  PWLNAM: 'piecewise-linear constraints',
  PWLCON: 'piecewise-linear constraints',
  SCENARIOS: 'scenarios',
  BRANCH: 'branching priorities',
};

/** Where the fields of a fixed-format line stand: type, three names and two numbers. */
const fixedColumns = [
  [1, 3],
  [4, 12],
  [14, 22],
  [24, 36],
  [39, 47],
  [49, 61],
] as const;

/** A word at the start of a line is a heading, unless fields follow it as they follow the name of a set. */
export function headerOf(word: string, numFields: number): Section | null {
  const section = sections.find((name) => name === word.toUpperCase());
  const mayGoOn = section === 'NAME' || section === 'OBJSENSE' || section === 'OBJNAME';
  return section === undefined || (numFields > 1 && !mayGoOn) ? null : section;
}

/**
 * Fields without the comment that a field begins which begins with `$`.
 *
 * @param from the first field that may begin one: a row's name and a column's name may begin with `$` where they are declared.
 */
export function withoutComment(fields: readonly string[], from: number, isName: (word: string) => boolean): readonly string[] {
  const at = fields.findIndex((field, k) => k >= from && field.startsWith('$') && !isName(field));
  return at === -1 ? fields : fields.slice(0, at);
}

/** Blanks, control characters and what takes no room, but for space and tab, which part fields. */
export const oddBlank = /(?![ \t])[\p{Z}\p{Cc}\u200b\u2060\ufeff\u180e]/u;

/** The fields of a line, parted by spaces and tabs. */
export const freeFields = (text: string): string[] => text.split(/[ \t]+/).filter((field) => field !== '');

/**
 * The fields of a fixed-format line without the type where it is blank; an empty one in front keeps the others in place.
 *
 * @returns null for a line that does not keep to the columns.
 */
export function fixedFields(line: string, isName: (word: string) => boolean): string[] | null {
  const fields: string[] = [];
  // Fields 3 and 5 may begin a comment, which keeps to no columns.
  const comment = [14, 39].find((at) => line[at] === '$' && !isName(line.slice(at, at + 8).trim()));
  const text = line.slice(0, comment);
  let gap = 0;
  for (const [from, to] of fixedColumns) {
    if (text.slice(gap, from).trim() !== '') return null;
    fields.push(text.slice(from, to).trim());
    gap = to;
  }
  if (text.slice(gap).trim() !== '') return null;
  if (fields[0] === '') fields.shift();
  while (fields.at(-1) === '') fields.pop();
  return fields;
}

/** A number of MPS text, also with Fortran's exponent `1d5`; null where there is none. */
export function mpsNumber(text: string): number | null {
  if (/^[+-]?inf(inity)?$/i.test(text)) return text.startsWith('-') ? -Infinity : Infinity;
  return /^[+-]?(\d+\.?\d*|\.\d+)([ed][+-]?\d+)?$/i.test(text) ? Number(text.replace(/d/i, 'e')) : null;
}
