/** Texts that share most of their word sequences, numbers kept. */
import { gramIndex } from './gram-index.ts';

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

/** For every text of `a` its nearest one in `b`, where the overlap reaches the threshold. */
export function nearDuplicates(a: readonly Text[], b: readonly Text[], threshold: number): NearDuplicate[] {
  const index = gramIndex(b.map(({ text }) => text));
  return a.flatMap(({ id, text }) => {
    const { grams, matches } = index.lookUp(text);
    const best = matches.reduce<(typeof matches)[number] | null>(
      (most, match) => (match.shared > (most?.shared ?? 0) ? match : most),
      null,
    );
    const overlap = best === null || grams === 0 ? 0 : best.shared / grams;
    return best !== null && overlap >= threshold ? [{ a: id, b: b[best.index]?.id ?? '', overlap }] : [];
  });
}
