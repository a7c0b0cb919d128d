/** Where the sections of LP text begin. In the full format a word is a heading by where it stands, not by what it is. */
import type { LpFlavor, Token } from './lp-tokens.ts';

export type Section =
  | 'min'
  | 'max'
  | 'rows'
  | 'bounds'
  | 'general'
  | 'binary'
  | 'semi_continuous'
  | 'semi_integer'
  | 'sos'
  | 'end'
  | 'refused';

export interface Heading {
  readonly section: Section;
  /** Tokens that it takes up. */
  readonly width: number;
  /** As written, for messages. */
  readonly text: string;
}

const words: readonly (readonly [Section, readonly string[]])[] = [
  ['min', ['min', 'minimize', 'minimise', 'minimum']],
  ['max', ['max', 'maximize', 'maximise', 'maximum']],
  ['rows', ['st', 's.t.', 'st.', 'subject to', 'such that']],
  ['bounds', ['bound', 'bounds']],
  ['general', ['gen', 'general', 'generals', 'int', 'integer', 'integers']],
  ['binary', ['bin', 'binary', 'binaries']],
  ['semi_continuous', ['semi', 'semis', 'semi-continuous', 'semicontinuous']],
  ['semi_integer', ['semi-integer', 'semiinteger', 'sin']],
  ['sos', ['sos', 'sos1', 'sos2']],
  ['end', ['end']],
];
/** Rows that a solver may add late: they are rows all the same. */
const lateRows: readonly string[] = ['lazy constraints', 'user cuts'];
const beyondLinear: readonly string[] = ['general constraints', 'general constraint', 'gencons', 'pwlobj', 'scenario', 'partition'];

const sectionOf = new Map<string, Section>(words.flatMap(([section, list]) => list.map((word) => [word, section] as const)));
const fullSectionOf = new Map<string, Section>([
  ...sectionOf,
  ...lateRows.map((word) => [word, 'rows'] as const),
  ...beyondLinear.map((word) => [word, 'refused'] as const),
]);
/** HiGHS knows fewer words. */
const highsSectionOf = new Map<string, Section>([...sectionOf].filter(([word]) => !['int', 'st.', 'semicontinuous', 'sin'].includes(word)));
const longestWord = 19;

function phraseAt(tokens: readonly Token[], at: number, known: ReadonlyMap<string, Section>): Heading | null {
  const token = tokens[at];
  if (token?.kind !== 'name' || token.text.length > longestWord) return null;
  const word = token.text.toLowerCase();
  const next = tokens[at + 1];
  const onSameLine = next !== undefined && next.line === token.line;
  if (onSameLine && next.kind === 'name') {
    const section = known.get(`${word} ${next.text.toLowerCase()}`);
    if (section !== undefined) return { section, width: 2, text: `${token.text} ${next.text}` };
  }
  if (word === 'semi' && onSameLine && next.text === '-') {
    const last = tokens[at + 2];
    const section = last?.kind === 'name' ? known.get(`semi-${last.text.toLowerCase()}`) : undefined;
    if (section !== undefined) return { section, width: 3, text: `${token.text}-${last?.text}` };
  }
  const section = known.get(word);
  return section === undefined ? null : { section, width: 1, text: token.text };
}

/**
 * The headings of a text, by the index of their first token.
 *
 * HiGHS takes such a word for a heading wherever it stands, unless a colon follows. In the full format it begins a line, and
 * neither a term before it nor an operator behind it makes it a variable.
 */
export function findHeadings(tokens: readonly Token[], flavor: LpFlavor): ReadonlyMap<number, Heading> {
  const headings = new Map<number, Heading>();
  const known = flavor === 'highs' ? highsSectionOf : fullSectionOf;
  let hasRows = false;
  for (let at = 0; at < tokens.length; at++) {
    const token = tokens[at] as Token;
    if (token.kind !== 'name' || (flavor === 'cplex' && !token.startsLine)) continue;
    const heading = phraseAt(tokens, at, known);
    if (heading === null) continue;
    const isObjective = heading.section === 'min' || heading.section === 'max';
    const next = tokens[at + heading.width];
    if (next?.kind === 'colon' && !isObjective && (flavor === 'highs' || heading.section !== 'rows' || hasRows)) continue;
    if (flavor === 'cplex') {
      const before = tokens[at - 1]?.kind;
      if (before === 'sign' || before === 'operator' || before === 'comparison' || before === 'arrow') continue;
      const follows = next !== undefined && next.line === token.line ? next.kind : null;
      const maySign = isObjective || heading.section === 'rows' || heading.section === 'bounds';
      if (follows === 'comparison' || follows === 'arrow' || (follows === 'sign' && !maySign)) continue;
    }
    if (heading.section === 'rows') hasRows = true;
    headings.set(at, heading);
    at += heading.width - 1;
  }
  return headings;
}
