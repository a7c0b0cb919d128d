/** All sentence slots, and which of their wordings are held out. */
import { networkSlots } from './network.ts';
import { pickSlots } from './pick.ts';
import { sharedSlots } from './shared.ts';
import { timeSlots } from './time.ts';
import { variedSlots } from './varied.ts';

export const slots = { ...sharedSlots, ...pickSlots, ...networkSlots, ...timeSlots, ...variedSlots } satisfies Readonly<
  Record<string, readonly string[]>
>;

export type SlotName = keyof typeof slots;

/** How many wordings of a slot are seen in training: the first 62 %; the others are held out. */
export function numSeen(slot: SlotName): number {
  const { length } = slots[slot];
  return length - Math.round(0.38 * length);
}

/** The text of a wording with its placeholders filled; "a" becomes "an" where the next word asks for it. */
export function fillWording(slot: SlotName, index: number, fill: Readonly<Record<string, string>>): string {
  const template: string | undefined = slots[slot][index];
  if (template === undefined) throw new RangeError(`slot ${slot} has no wording ${index}`);
  const text = template.replace(/\{(\w+)\}/g, (_, key: string) => {
    const value = fill[key];
    if (value === undefined) throw new RangeError(`wording ${index} of slot ${slot} asks for {${key}}, which is not given`);
    return value;
  });
  return text.replace(/\b([Aa]) (?=(?:hour|[aeio])[a-z]*)/g, (match, article: string, at: number) =>
    /^\S+ (one|once)\b/.test(text.slice(at)) ? match : `${article}n `,
  );
}
