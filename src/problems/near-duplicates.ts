/** Texts that share most of their word sequences, numbers kept. */

export interface NearDuplicate {
  readonly a: string;
  readonly b: string;
  /** Share of `a`'s 8-grams that stand in `b`, in [0, 1]. */
  readonly overlap: number;
}

interface Text {
  readonly id: string;
  readonly text: string;
}

const gramSize = 8;

/** The distinct 8-grams of a text's words and numbers, in lower case; a shorter text is one gram. */
export function wordGrams(text: string): Set<string> {
  const words = text.toLowerCase().match(/[a-z]+|\d+(?:[.,]\d+)*/g) ?? [];
  if (words.length <= gramSize) return new Set(words.length > 0 ? [words.join(' ')] : []);
  return new Set(Array.from({ length: words.length - gramSize + 1 }, (_, i) => words.slice(i, i + gramSize).join(' ')));
}

/** For every text of `a` its nearest one in `b`, where the overlap reaches the threshold. */
export function nearDuplicates(a: readonly Text[], b: readonly Text[], threshold: number): NearDuplicate[] {
  const holders = new Map<string, number[]>();
  for (const [index, { text }] of b.entries()) {
    for (const gram of wordGrams(text)) {
      const list = holders.get(gram);
      if (list === undefined) holders.set(gram, [index]);
      else list.push(index);
    }
  }
  return a.flatMap(({ id, text }) => {
    const grams = wordGrams(text);
    const counts = new Map<number, number>();
    for (const gram of grams) for (const index of holders.get(gram) ?? []) counts.set(index, (counts.get(index) ?? 0) + 1);
    let best = -1;
    let most = 0;
    for (const [index, count] of counts) {
      if (count > most) {
        best = index;
        most = count;
      }
    }
    const overlap = grams.size === 0 ? 0 : most / grams.size;
    return overlap >= threshold && best >= 0 ? [{ a: id, b: b[best]?.id ?? '', overlap }] : [];
  });
}
