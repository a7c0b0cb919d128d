/** A server over a few small problems, on a free port, with what its tests send. */
import { openVerification, type Verification, type VerifySettings, verifySettings } from '../../src/config/build/verify-settings.ts';
import type { Problem } from '../../src/core/problem.ts';
import { openRewardServer, type RewardServer, type RewardServerOptions } from '../../src/serve/open-server.ts';

export const settings: VerifySettings = verifySettings({ backend: 'highs', workers: 1, hosts: [], set: [] });

export const question = 'Maximize x + y where x + 2 y is at most 4 and x is at most 3.';
export const problems: readonly Problem[] = [
  { id: 'mugs', question: 'Make boots and mugs for most profit: 68 and 62 each.', answer: 1904, source: 'test', split: 'train' },
  { id: 'lp', question, answer: 3.5, source: 'test', split: 'train' },
  { id: 'open', question: 'A question that nobody has answered: maximize x, x at most 7.', answer: null, source: 'test', split: 'test' },
];

const code = (lp: string): string => `const h = await require("highs")();\nreport(h.solve(\`${lp}\`).ObjectiveValue);`;
const fenced = (text: string): string => `Here it is.\n\n\`\`\`js\n${text}\n\`\`\`\n`;

/** Answers to `lp` and what each earns under the preset `evom`. */
export const answers: readonly (readonly [completion: string, reward: number])[] = [
  [fenced(code('Max\nx + y\nst\nx + 2 y <= 4\nx <= 3\nEnd')), 1.1],
  [fenced(code('Max\nx + y\nst\nx + 2 y <= 4\nx <= 2\nEnd')), 0.1],
  ['I would rather not.', 0],
];
export const right = answers[0]?.[0] as string;

export async function openServer(
  change: Partial<RewardServerOptions> = {},
  verified: VerifySettings = settings,
): Promise<{ readonly server: RewardServer; readonly verification: Verification; readonly close: () => Promise<void> }> {
  const verification = await openVerification(['highs-js'], verified, ['sirl']);
  const server = await openRewardServer({
    port: 0,
    address: '127.0.0.1',
    token: null,
    sets: [{ name: 'test', problems }],
    asking: { dialect: 'highs-js', template: 'instruct', examples: 0 },
    verify: verification.verify,
    atOnce: 16,
    maxWaiting: 1000,
    deadlineMs: 50_000,
    maxSessions: 100,
    idleMs: 60_000,
    unscorable: 'error',
    turns: 1,
    version: 'test',
    runCode: null,
    ...change,
  });
  return {
    server,
    verification,
    close: async () => {
      await server.close();
      await verification.close();
    },
  };
}

export interface Answered {
  readonly status: number;
  // biome-ignore lint/suspicious/noExplicitAny: answers of eight formats
  readonly body: any;
}

export async function post(
  { url }: Pick<RewardServer, 'url'>,
  path: string,
  body: unknown,
  headers: Readonly<Record<string, string>> = {},
): Promise<Answered> {
  const sent = body === undefined ? {} : { body: JSON.stringify(body) };
  const type = body === undefined ? {} : { 'content-type': 'application/json' };
  const response = await fetch(`${url}${path}`, { method: 'POST', ...sent, headers: { ...type, ...headers } });
  const text = await response.text();
  return { status: response.status, body: response.headers.get('content-type') === 'application/json' ? JSON.parse(text) : text };
}

export async function get(
  { url }: Pick<RewardServer, 'url'>,
  path: string,
  headers: Readonly<Record<string, string>> = {},
): Promise<Answered> {
  const response = await fetch(`${url}${path}`, { headers });
  const text = await response.text();
  return { status: response.status, body: response.headers.get('content-type') === 'application/json' ? JSON.parse(text) : text };
}

/** The last event of an answer in server-sent events. */
export const endOf = (text: string): unknown => JSON.parse(/event: end\ndata: (.*)\n/.exec(text)?.[1] ?? 'null');
