/** What tells the two languages of programs apart from other text, without a parser: their strings, comments and words. */

export type Language = 'javascript' | 'python';

/** A text without what its strings and comments hold. */
export interface BareCode {
  /** Each string as `""`, each comment as nothing; newlines inside both stay. */
  readonly code: string;
  /** Whether the text ends inside something that Markdown's marks may stand in: a triple-quoted string of Python, a block comment of JavaScript. */
  readonly isOpen: boolean;
}

const newlinesOf = (text: string): string => text.replace(/[^\n]+/g, '');

/** Where a string that begins at `from` ends: behind its closing mark, or at the end of the line or text. */
function endOfString(text: string, from: number, mark: string, isMultiline: boolean): { readonly end: number; readonly isOpen: boolean } {
  for (let i = from + mark.length; i < text.length; i++) {
    if (text[i] === '\\') i++;
    else if (text[i] === '\n' && !isMultiline) return { end: i, isOpen: false };
    else if (text.startsWith(mark, i)) return { end: i + mark.length, isOpen: false };
  }
  return { end: text.length, isOpen: true };
}

/** Takes strings and comments out of a text that is read as code of a language. */
export function bareCode(text: string, language: Language): BareCode {
  const isPython = language === 'python';
  const marks = isPython ? /"""|'''|["'#]/g : /["'`]|\/[/*]/g;
  let code = '';
  let at = 0;
  for (let found = marks.exec(text); found !== null; found = marks.exec(text)) {
    const [mark] = found;
    code += text.slice(at, found.index);
    let end: number;
    if (mark === '#' || mark === '//') {
      const newline = text.indexOf('\n', found.index);
      end = newline === -1 ? text.length : newline;
    } else if (mark === '/*') {
      const close = text.indexOf('*/', found.index + 2);
      if (close === -1) return { code: code + newlinesOf(text.slice(found.index)), isOpen: true };
      end = close + 2;
      code += newlinesOf(text.slice(found.index, end));
    } else {
      const string = endOfString(text, found.index, mark, mark.length === 3 || mark === '`');
      // A line of three backticks ends a template of JavaScript whatever it was meant for, so that an open one protects nothing.
      if (string.isOpen && mark.length === 3) return { code: `${code}""${newlinesOf(text.slice(found.index))}`, isOpen: true };
      end = string.end;
      code += `""${newlinesOf(text.slice(found.index, end))}`;
    }
    at = end;
    marks.lastIndex = end;
  }
  return { code: code + text.slice(at), isOpen: false };
}

const words: Readonly<Record<Language, ReadonlySet<string>>> = {
  // With the soft keywords of both languages: two words side by side are code where one of them is here.
  python: new Set(
    'False None True and as assert async await break class continue def del elif else except finally for from global if import in is lambda nonlocal not or pass raise return try while with yield match case type print'.split(
      ' ',
    ),
  ),
  javascript: new Set(
    'as async await break case catch class const continue debugger default delete do else enum export extends false finally for from function get if import in instanceof interface let new null of return set static super switch this throw true try type typeof undefined var void while with yield'.split(
      ' ',
    ),
  ),
};

/** What neither language has outside strings and comments: other signs, a full stop behind a word, a row of a table. */
const foreign: Readonly<Record<Language, RegExp>> = {
  python: /[$?`]|\\.|!(?!=)|[^\W\d_]\.$|::$|^\.\. |^\|.*\|$|[^\p{L}\p{M}\p{N}\p{Pc}\s!-~]/u,
  javascript: /\\(?!u)|[^\W\d_]\.$|^\|.*\|$|[^\p{L}\p{M}\p{N}\p{Pc}\s!-~]/u,
};

/** Whether a line of bare code can stand in no program: two words side by side, a number grown into a word (`4x`), a foreign sign. */
function isForeignLine(line: string, language: Language): boolean {
  if (foreign[language].test(line)) return true;
  if (/(?<![\w.])(?!0[xXoObB])\d[\d_]*(?![\d_.])(?![eE][+-]?\d|[jJn](?!\w))[A-Za-z]/.test(line)) return true;
  const pairs = line.matchAll(/(?<![\p{L}\p{N}_])([\p{L}_][\p{L}\p{N}_]*)(?=[ \t]+([\p{L}_][\p{L}\p{N}_]*))/gu);
  for (const [, left = '', right = ''] of pairs) if (!words[language].has(left) && !words[language].has(right)) return true;
  return false;
}

/**
 * Whether a text is written for people: more of its lines can stand in no program than can. A valid program has no such line, and one
 * with a slip of the pen has few, so that it stays a program that does not parse.
 */
export function isProse(text: string, language: Language): boolean {
  const lines = bareCode(text, language)
    .code.split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '');
  const numForeign = lines.filter((line) => isForeignLine(line, language)).length;
  return 2 * numForeign > lines.length;
}

/** Statements that no sentence or formula begins with: what loads, defines, branches over lines, prints, or calls a method. */
const statement: Readonly<Record<Language, RegExp>> = {
  python:
    /^[ \t]*(?:import[ \t]+\w|from[ \t]+[\w.]+[ \t]+import\b|@\w|(?:async[ \t]+)?def[ \t]+\w+[ \t]*\(|class[ \t]+\w+.*:|(?:for|while|with|if|try)\b.*:[ \t]*$|(?:print|exec|__import__)[ \t]*\(|(?:[\w, \t[\]]+=[ \t]*)?\w+(?:\[[^\]\n]*\])?(?:\.\w+)+[ \t]*\()/,
  javascript:
    /^[ \t]*(?:import\b.*["'`]|export[ \t]|(?:module\.)?exports\b|(?:const|let|var)[ \t]+[\w$[{]|(?:async[ \t]+)?function\b|class[ \t]+\w|(?:if|for|while)[ \t]*\(|(?:report|require)[ \t]*\(|(?:await[ \t]+)?[\w$]+(?:\.[\w$]+)+[ \t]*\(|[\w$.]+[ \t]*=[^=].*\(.*;[ \t]*$|\(?(?:async[ \t]*)?\([^()]*\)[ \t]*=>)/,
};

/** Whether a text that nobody calls code reads as such: it has a statement of the language, and most lines can be code. */
export function readsAsCode(text: string, language: Language): boolean {
  const lines = bareCode(text, language).code.split('\n');
  return lines.some((line) => statement[language].test(line) && !isForeignLine(line.trim(), language)) && !isProse(text, language);
}
