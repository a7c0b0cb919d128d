/** Programs between marks of other formats than Markdown: LaTeX, AsciiDoc, XML's CDATA, those of chat models, slips of a fence. */

/** What stands between two marks. */
export interface Delimited {
  /** The language that the mark names, in small letters; empty where it names none. */
  readonly name: string;
  /** First and last line of the content, as cut out of the text; empty where the closing mark follows at once. */
  readonly lines: readonly string[];
  /** The text ended before the closing mark. */
  readonly isOpen: boolean;
  /** The line behind the closing mark. */
  readonly next: number;
}

interface Opening {
  readonly name: string;
  /** Where the content begins. */
  readonly line: number;
  readonly at: number;
  readonly close: RegExp;
  /** Whether nothing stands before the mark on its line. */
  readonly isFirst: boolean;
  /** The text's end closes it too. */
  readonly endsWithText: boolean;
}

const escaped = (text: string): string => text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');

/** `\begin{lstlisting}[language=Python]`, `\begin{minted}[linenos]{python}`; options may go on over some lines. */
function latex(lines: readonly string[], at: number): Opening | null {
  const found =
    /\\begin\{((?:lstlisting|[vV]erbatim|BVerbatim|minted|alltt|code|python|pythoncode|pycode|pyverbatim|javascript)\*?)\}/.exec(
      lines[at] ?? '',
    );
  if (found === null) return null;
  const [mark, environment = ''] = found;
  const begin = found.index + mark.length;
  const head = [(lines[at] ?? '').slice(begin), ...lines.slice(at + 1, at + 10)].join('\n');
  const options = /^[ \t]*(?:\[[^\]]*\])?[ \t]*(?:\{([\w+-]*)\})?/.exec(head) ?? [''];
  const language =
    options[1] ?? /language\s*=\s*\{?(?:\[[^\]]*\])?\s*(\w+)/i.exec(options[0])?.[1] ?? /^py|^java/.exec(environment)?.input ?? '';
  const numLines = options[0].split('\n').length - 1;
  const line = at + numLines;
  return {
    name: language.toLowerCase().replace(/^py(?:thon)?(?:code|verbatim)$/, 'python'),
    line,
    at: numLines === 0 ? begin + options[0].length : options[0].length - options[0].lastIndexOf('\n') - 1,
    close: new RegExp(`\\\\end\\{${escaped(environment)}\\}`),
    isFirst: (lines[at] ?? '').slice(0, found.index).trim() === '',
    endsWithText: false,
  };
}

/** `[source,python]`, perhaps a title, and a line of four or more equal signs that comes again. */
function asciiDoc(lines: readonly string[], at: number): Opening | null {
  const attributes = /^\s*\[(?:source|listing|source%[\w%]+|)((?:,[^\]]*)?)\]\s*$/.exec(lines[at] ?? '')?.[1];
  if (attributes === undefined) return null;
  const line = /^\.\w/.test((lines[at + 1] ?? '').trim()) ? at + 2 : at + 1;
  const mark = /^\s*(-{4,}|\.{4,}|={4,})\s*$/.exec(lines[line] ?? '')?.[1];
  if (mark === undefined) return null;
  const name = (attributes.split(',')[1] ?? '').trim().toLowerCase();
  return { name, line: line + 1, at: 0, close: new RegExp(`^\\s*${escaped(mark)}\\s*$`), isFirst: true, endsWithText: false };
}

/** Marks that a line holds, and what closes each. */
const pairs: readonly { readonly open: RegExp; readonly close: (mark: string, name: string) => RegExp }[] = [
  { open: /<!\[CDATA\[()/, close: () => /\]\]>/ },
  // Whatever mark comes next ends what a chat model hands to an interpreter.
  { open: /<\|(python|javascript)(?:_tag|_start)?\|>/i, close: () => /<\|[\w/]+\|>/ },
  { open: /(?<![\w\])"'`])\[(python|javascript|js|code)\](?![([])/i, close: (_, name) => new RegExp(`\\[/${name}\\]`, 'i') },
  // A fence with too few marks, or of quotes: nothing but a language's name stands behind.
  {
    open: /^\s*(?:`{1,2}|'{3}|"{3})(python3?|py|javascript|js)\s*$/i,
    close: (mark, name) => new RegExp(`^\\s*${mark.slice(0, mark.length - name.length)}\\s*$`),
  },
];

function paired(lines: readonly string[], at: number): Opening | null {
  const line = lines[at] ?? '';
  for (const { open, close } of pairs) {
    const found = open.exec(line);
    if (found === null) continue;
    const [mark, word = ''] = [found[0].trim(), found[1]?.toLowerCase()];
    const isHandedOver = mark.startsWith('<|');
    return {
      name: word === 'code' ? '' : word,
      line: at,
      at: found.index + found[0].length,
      close: close(mark, word),
      isFirst: isHandedOver || line.slice(0, found.index).trim() === '',
      endsWithText: isHandedOver,
    };
  }
  return null;
}

const hint =
  /\\begin\{|^\s*\[|<!\[CDATA\[|<\|(?:python|javascript)|\[(?:python|javascript|js|code)\]|^\s*(?:`{1,2}|'{3}|"{3})(?:py|ja?v?a?s)/i;

/**
 * The block that a mark on a line opens; null where none does. One that nothing closes has to begin its line, and no fence may follow:
 * elsewhere the mark is spoken of.
 *
 * @param lines those of the whole text.
 * @param unclosed closing marks that were looked for in vain, so that no text is read again and again.
 */
export function readDelimited(lines: readonly string[], at: number, unclosed: Set<string>): Delimited | null {
  if (!hint.test(lines[at] ?? '')) return null;
  const opening = latex(lines, at) ?? asciiDoc(lines, at) ?? paired(lines, at);
  if (opening === null || unclosed.has(opening.close.source)) return null;
  const { name, close, isFirst, endsWithText } = opening;
  const content: string[] = [];
  for (let i = opening.line; i < lines.length; i++) {
    const line = i === opening.line ? (lines[i] ?? '').slice(opening.at) : (lines[i] ?? '');
    const end = close.exec(line);
    if (end !== null) return { name, lines: [...content, line.slice(0, end.index)], isOpen: false, next: i + 1 };
    content.push(line);
  }
  if (isFirst && !content.some((line) => /^\s*(?:`{3}|~{3})/.test(line)))
    return { name, lines: content, isOpen: !endsWithText, next: lines.length };
  unclosed.add(close.source);
  return null;
}
