/** From an instance to its text: wordings drawn for every slot, parts in free order, distractors between them. */
import { type RandomStream, randomStream } from '../../lib/random.ts';
import { fillWording, numSeen, type SlotName, slots } from '../wordings/slots.ts';
import type { Difficulty, Draft, Sentence, Table } from './family.ts';
import { type NumberForms, numberWriter } from './number-text.ts';

/** `seen`: only wordings for training; `held_out`: at least one held-out wording; `any`: all alike. */
export type Wordings = 'seen' | 'held_out' | 'any';

export interface Telling {
  readonly text: string;
  /** Order of the model's rows in the text. */
  readonly rowOrder: readonly number[];
  /** Slot to index of its wording. */
  readonly wordingIds: Readonly<Record<string, number>>;
  readonly wordings: 'seen' | 'held_out';
  readonly distractor: boolean;
  readonly numberForms: NumberForms;
  readonly layout: string;
}

export interface TellRequest {
  readonly seed: readonly (string | number)[];
  readonly difficulty: Difficulty;
  readonly wordings: Wordings;
  /** Chance that a slot of a `held_out` problem uses a held-out wording. */
  readonly heldOutShare: number;
  readonly distractorShare: number;
  readonly numberForms: NumberForms | 'by_difficulty';
}

function drawForms(random: RandomStream, difficulty: Difficulty): NumberForms {
  const words = random.next();
  const thousands = random.next();
  return difficulty === 1 ? { words: false, thousands: false } : { words: words < 0.2, thousands: thousands < 0.5 };
}

/** Draws a wording for each slot in use. */
function drawWordings(random: RandomStream, names: readonly SlotName[], request: TellRequest): Map<SlotName, number> {
  const unique = [...new Set(names)];
  const forced = unique.length > 0 ? random.pick(unique) : undefined;
  return new Map(
    unique.map((name): [SlotName, number] => {
      const { length } = slots[name];
      const seen = numSeen(name);
      const isHeldOut = request.wordings === 'held_out' && (name === forced || random.next() < request.heldOutShare);
      if (request.wordings === 'any') return [name, random.int(0, length - 1)];
      return [name, isHeldOut ? random.int(seen, length - 1) : random.int(0, seen - 1)];
    }),
  );
}

const isTable = (part: Sentence | Table): part is Table => 'lines' in part;

/** Tells a draft as text. */
export function tell(draft: Draft, request: TellRequest): Telling {
  const key = [...request.seed, 'text'] as const;
  const random = randomStream(...key);
  const numberForms = request.numberForms === 'by_difficulty' ? drawForms(random, request.difficulty) : request.numberForms;
  const write = numberWriter(numberForms, random);
  const story = draft.tell({ random, difficulty: request.difficulty, write });
  const distractor = random.next() < request.distractorShare;
  const parts: (readonly (Sentence | Table)[])[] = random.shuffle(story.parts);
  if (distractor) {
    const fill = { k: String(random.int(3, 40)), year: String(random.int(1950, 2019)), big: write(random.int(12, 90) * 100) };
    parts.splice(random.int(0, parts.length), 0, [{ slot: 'distractor', fill }]);
  }
  const goalFirst = random.next() < 0.3;
  const sequence: (Sentence | Table)[] = [
    ...(story.opening ? [story.opening] : []),
    ...(goalFirst ? [story.goal] : []),
    ...parts.flat(),
    ...(goalFirst ? [] : [story.goal]),
  ];
  const names = sequence.flatMap((part) => (isTable(part) ? [] : [part.slot]));
  const chosen = drawWordings(random, names, request);
  const chunks: string[] = [];
  for (const part of sequence) {
    if (isTable(part)) chunks.push(`\n${part.lines.join('\n')}\n`);
    else chunks.push(fillWording(part.slot, chosen.get(part.slot) ?? 0, part.fill));
  }
  const order = [...new Set(sequence.flatMap((part) => part.rows ?? []))];
  const rest = draft.model.constraints.map((_, i) => i).filter((i) => !order.includes(i));
  const heldOut = [...chosen].some(([name, index]) => index >= numSeen(name));
  return {
    text: chunks
      .join(' ')
      .replaceAll(/ ?\n ?/g, '\n')
      .trim(),
    rowOrder: [...order, ...rest],
    wordingIds: Object.fromEntries([...chosen].toSorted(([a], [b]) => (a < b ? -1 : 1))),
    wordings: heldOut ? 'held_out' : 'seen',
    distractor,
    numberForms,
    layout: story.layout,
  };
}
