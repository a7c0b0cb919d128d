/** Our own format: `POST /v1/score`, `GET /v1/problems`, `GET /v1/health`. */
import { HttpRefusal } from '../../lib/http-server.ts';
import { askedProblem } from '../asked-problem.ts';
import { type Call, completionOf, type Format, json, type Reply, type ServeParts } from '../format.ts';
import type { Scored, ScoreRequest } from '../scorer.ts';

/** Most completions of one request. */
const maxCompletions = 4096;

/** One completion's verdict; `reward` is null where there is none, and `unscorable` says why. */
interface Line {
  readonly index: number;
  readonly reward: number | null;
  readonly parts: Readonly<Record<string, number>>;
  readonly correct: boolean | null;
  readonly flags: readonly string[];
  readonly unscorable: { readonly kind: string; readonly message: string } | null;
  readonly outcome: Scored['outcome'];
  /** What the solver said of the program, where the request asks for it; null where it was not run. */
  readonly said?: string | null;
}

export function scoreFormat(parts: ServeParts): Format {
  const { store, health } = parts;
  return {
    name: 'evom',
    routes: [
      { method: 'GET', path: '/v1/health', isOpen: true, handle: () => json(health()) },
      { method: 'GET', path: '/v1/ping', isOpen: true, handle: () => json('pong') },
      {
        method: 'GET',
        path: '/v1/problems',
        handle: ({ query }) => {
          const problems = store.ofSplit(query.get('split') ?? undefined);
          const [offset, limit] = [wholeOf(query, 'offset', 0), wholeOf(query, 'limit', problems.length)];
          return { type: 'lines', lines: each(problems.slice(offset, offset + limit), (problem) => store.publicOf(problem)) };
        },
      },
      { method: 'POST', path: '/v1/score', handle: (call) => score(parts, call) },
    ],
  };
}

async function score({ store, scorer }: ServeParts, { body, gone, headers }: Call): Promise<Reply> {
  const { completions, truncated } = body;
  if (!Array.isArray(completions)) throw new HttpRefusal(422, '"completions" is not a list of texts');
  if (completions.length > maxCompletions)
    throw new HttpRefusal(413, `${completions.length} completions; at most ${maxCompletions} can be sent at once`);
  if (truncated !== undefined && !(Array.isArray(truncated) && truncated.length === completions.length))
    throw new HttpRefusal(422, '"truncated" is not a list of booleans, one a completion');
  const problem = askedProblem(store, body);
  const requests = completions.map(
    (completion: unknown, index): ScoreRequest => ({
      problem,
      completion: completionOf(completion, `completions[${index}]`),
      isTruncated: (truncated as unknown[] | undefined)?.[index] === true,
      gone,
    }),
  );
  const wantsSaid = body.said === true;
  const toLine = (scored: Scored, index: number): Line => ({
    ...lineOf(scored, index),
    ...(wantsSaid ? { said: scored.said?.() ?? null } : {}),
  });
  const isStreamed = body.stream === true || /application\/x-ndjson/i.test(headers.accept ?? '');
  if (isStreamed) {
    scorer.admit(requests.length);
    return { type: 'lines', lines: asScored(toLine, (onScored) => scorer.scoreAll(requests, onScored)) };
  }
  const lines = (await scorer.scoreAll(requests)).map(toLine);
  return json({
    problem: problem.id,
    rewards: lines.map(({ reward }) => reward),
    parts: lines.map((line) => line.parts),
    outcomes: lines.map(({ index: _index, reward: _reward, parts: _parts, ...rest }) => rest),
  });
}

function lineOf(scored: Scored, index: number): Line {
  if (scored.type === 'scored') {
    const { reward, parts, correct, flags, outcome } = scored;
    return { index, reward, parts, correct, flags, unscorable: null, outcome };
  }
  const { kind, message, outcome } = scored;
  return { index, reward: null, parts: {}, correct: null, flags: [], unscorable: { kind, message }, outcome };
}

/** The verdicts in the order that they come. */
async function* asScored(
  toLine: (scored: Scored, index: number) => Line,
  work: (onScored: (scored: Scored, index: number) => void) => Promise<unknown>,
): AsyncGenerator<Line> {
  const ready: Line[] = [];
  let wake = (): void => {};
  const state = { isDone: false };
  const done = work((scored, index) => {
    ready.push(toLine(scored, index));
    wake();
  }).finally(() => {
    state.isDone = true;
    wake();
  });
  // Its fault is thrown by the last line; until then it must not end the process.
  done.catch(() => {});
  for (;;) {
    yield* ready.splice(0);
    if (ready.length > 0) continue;
    if (state.isDone) break;
    await new Promise<void>((resolve) => {
      wake = resolve;
    });
  }
  await done;
}

async function* each<Item>(items: readonly Item[], shown: (item: Item) => unknown): AsyncGenerator<unknown> {
  for (const item of items) yield shown(item);
}

function wholeOf(query: URLSearchParams, name: string, otherwise: number): number {
  const text = query.get(name);
  if (text === null) return otherwise;
  if (!/^\d{1,15}$/.test(text)) throw new HttpRefusal(422, `${name}=${text} is not a whole number`);
  return Number(text);
}
