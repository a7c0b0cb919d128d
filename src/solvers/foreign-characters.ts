/** Characters beyond ASCII that look like a blank, a sign or a comparison: inside a name they would make another model without a word. */

/** What to type for a sign; the class is looked up character by character. */
const signs: readonly (readonly [RegExp, string])[] = [
  [/[\p{Pd}−⁻₋➖]/u, 'a minus; type -'],
  [/[＋⁺₊➕﬩]/u, 'a plus; type +'],
  [/[≤≦⩽≲⪯＜≺]/u, 'a comparison; type <='],
  [/[≥≧⩾≳⪰＞≻]/u, 'a comparison; type >='],
  [/[＝≡≈≅≃≔]/u, 'a comparison; type ='],
  [/[×⋅∙·∗＊✕✖⨯]/u, 'a product; type a coefficient, a blank and the name'],
  [/∞/u, 'infinity; type inf'],
  [/[⁰¹²³⁴⁵⁶⁷⁸⁹]/u, 'a power; only linear models can be taken, and a name is typed with plain digits'],
  [/[\p{Sm}\p{Ps}\p{Pe}、。]/u, 'a sign of mathematics or punctuation; type the ASCII one'],
];
/** Blanks, control characters and what takes no room. The two joiners are part of words in Persian and the languages of India. */
const invisible = /[\p{Z}\p{C}]/u;
const joiners = /[\u200c\u200d]/u;

const codePoint = (character: string): string => `U+${(character.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0')}`;

/** Why a character cannot stand in a word, or null when it can. */
function fault(character: string, before: string, after: string): string | null {
  if (joiners.test(character) && /[\p{L}\p{M}]/u.test(before) && /\p{L}/u.test(after)) return null;
  if (invisible.test(character)) return `${codePoint(character)} looks like a blank or like nothing; type a space, or leave it out`;
  // Catalan writes l·l.
  if (character === '·' && /l/i.test(before) && /l/i.test(after)) return null;
  const sign = signs.find(([looks]) => looks.test(character));
  if (sign !== undefined) return `"${character}" (${codePoint(character)}) looks like ${sign[1]}`;
  if (before === '' && /\p{N}/u.test(character))
    return `"${character}" (${codePoint(character)}) looks like a number; type the digits 0 to 9`;
  const plain = character.normalize('NFKC');
  return /^[!-/:-@[-^`{-~]$/.test(plain) ? `"${character}" (${codePoint(character)}) looks like ${plain}; type ${plain}` : null;
}

/**
 * The first character of a word that looks like something else than a part of a name. Letters of all languages, their marks and
 * digits, and pictures are parts of names.
 *
 * @returns where it stands (UTF-16 units from 0) and what to type, or null.
 */
export function foreignCharacter(word: string): { readonly at: number; readonly why: string } | null {
  let at = 0;
  let before = '';
  for (const character of word) {
    if (character > '\u007f') {
      const after = String.fromCodePoint(word.codePointAt(at + character.length) ?? 32);
      const why = fault(character, before, after);
      if (why !== null) return { at, why };
    }
    before = character;
    at += character.length;
  }
  return null;
}

/** Names as they were first written, by their composed form. */
export class Spellings {
  readonly #first = new Map<string, string>();

  /** Why a name that was not met before cannot be told from one that was, or null: the same letters composed and decomposed look alike. */
  fault(name: string): string | null {
    if (/^[\0-\x7F]*$/.test(name)) return null;
    const composed = name.normalize('NFC');
    const first = this.#first.get(composed);
    if (first === undefined) this.#first.set(composed, name);
    return first === undefined || first === name
      ? null
      : `"${name}" was written with other characters before, which look the same (Unicode's NFC and NFD); write it alike everywhere`;
  }
}
