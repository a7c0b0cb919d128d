/** A model behind an address that follows instructions, by scenario: it knows one problem of chairs and tables, optimum 2,200. */
import { dialectByName } from '../../src/dialects/registry.ts';
import { parseLp } from '../../src/solvers/lp-reader.ts';
import { type ChatAnswer, type ChatServer, message, startChatServer } from '../fakes/chat-server.ts';

export const workshop =
  'A workshop makes chairs and tables. A chair earns 20 dollars and a table 40. A chair takes 1 hour of labour and a table 2, and there are 120 hours. A chair takes 3 planks of wood and a table 10, and there are 400 planks. At most 75 chairs can be sold; fractions of a piece are allowed. How much can it earn?';

const lp = (rows: string, objective = '20 chairs + 40 tables') => parseLp(`max\n ${objective}\nst\n ${rows}\nend`);
const labour = 'chairs + 2 tables <= 120\n chairs <= 75';
export const models = {
  /** 2,200 */
  right: lp(`${labour}\n 3 chairs + 10 tables <= 400`),
  /** 2,400: the wood is forgotten. */
  noWood: lp(labour),
  /** No solution: a demand that the text does not have. */
  infeasible: lp(`${labour}\n 3 chairs + 10 tables <= 400\n chairs + tables >= 500`),
};
type Model = (typeof models)['right'];

const js = (code: string): string => `Here it is.\n\`\`\`js\n${code}\n\`\`\``;
export const program = (model: Model, change = (code: string) => code): string => js(change(dialectByName('highs-js').render(model)));
export const renamed = (model: Model, to: (name: string) => string): Model => ({
  ...model,
  variables: model.variables.map((variable) => ({ ...variable, name: to(variable.name) })),
});
/** @param tests in the simulator's own words; left out: none. */
export const simulator = (model: Model, tests = ''): string => js(`${dialectByName('simulator-js').render(model)}\n${tests}`);
/** Tests that are right of the problem, and one that a simulator without the wood fails. */
export const rightTests =
  'module.exports.tests = [{ x: { chairs: 10, tables: 10 }, objective: 600, holds: true }, { x: { chairs: 0, tables: 60 }, objective: 2400, holds: false }];';

export interface RecordChange {
  readonly objective?: string;
  readonly rows?: readonly string[];
}
export const rightRows = ['chairs + 2 tables <= 120', '3 chairs + 10 tables <= 400', 'chairs <= 75'];
export const record = ({ objective = '20 chairs + 40 tables', rows = rightRows }: RecordChange = {}) => ({
  variables: [
    { name: 'chairs', type: 'continuous', lower: 0 },
    { name: 'tables', type: 'continuous', lower: 0 },
  ],
  parameters: [],
  objective: { sense: 'max', expression: objective },
  constraints: rows.map((expression) => ({ expression })),
});

export interface Asked {
  readonly kind: 'record' | 'judge' | 'simulator' | 'program' | 'other';
  /** Of this kind, from 0; repairs count on. */
  readonly k: number;
  /** All that was said, and the last of it. */
  readonly text: string;
  readonly last: string;
  readonly messages: readonly { readonly role: string; readonly content: string }[];
  /** A program was answered before, and this is what was said to it. */
  readonly isRepair: boolean;
}

const kindOf = (system: string): Asked['kind'] => {
  if (system.includes('Write down the decision process')) return 'record';
  if (system.includes('RECORD:')) return 'judge';
  return system.includes('checks a solution') ? 'simulator' : 'program';
};

export interface WorkshopServer extends ChatServer {
  readonly asked: Asked[];
}

/** Right answers where the script says nothing. */
export async function startWorkshop(script: (asked: Asked) => string | ChatAnswer | null): Promise<WorkshopServer> {
  const counts = new Map<string, number>();
  const asked: Asked[] = [];
  const server = await startChatServer(({ path, body }) => {
    if (path.endsWith('/models')) return { type: 'answer', body: { object: 'list', data: [{ id: 'big-1' }] } };
    const messages = body.messages as Asked['messages'];
    const kind = kindOf(messages[0]?.content ?? '');
    const k = counts.get(kind) ?? 0;
    counts.set(kind, k + 1);
    const last = messages.at(-1)?.content ?? '';
    const text = messages.map(({ content }) => content).join('\n');
    const one: Asked = { kind, k, text, last, messages, isRepair: kind === 'program' && !last.includes('A workshop makes') };
    asked.push(one);
    const answer = script(one) ?? usual[kind]();
    return typeof answer === 'string' ? message(answer) : answer;
  });
  return { ...server, asked };
}

const usual: Readonly<Record<Asked['kind'], () => string>> = {
  record: () => JSON.stringify(record()),
  judge: () => 'RECORD: 1',
  simulator: () => simulator(models.right, rightTests),
  program: () => program(models.right),
  other: () => '',
};
