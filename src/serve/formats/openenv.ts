/** OpenEnv 0.10: episodes over a WebSocket, stateless HTTP beside it, and what its validator looks at. */
import type { Problem } from '../../core/problem.ts';
import { HttpRefusal } from '../../lib/http-server.ts';
import { hasSolution } from '../../verify/feedback.ts';
import { problemById } from '../asked-problem.ts';
import { type Body, type Conversation, completionOf, type Format, isObject, json, type ServeParts } from '../format.ts';
import { type Scored, type Unscorable, unscorableText } from '../scorer.ts';
import { type Episode, NoRoom, runOnly, submit } from '../sessions.ts';
import { problemAt, taskOf } from './tasks.ts';

type ErrorCode = 'INVALID_JSON' | 'UNKNOWN_TYPE' | 'VALIDATION_ERROR' | 'EXECUTION_ERROR' | 'CAPACITY_REACHED' | 'SESSION_ERROR';

const text = { type: 'string' } as const;
const orNull = (type: string) => ({ type: [type, 'null'] });

const schemas = {
  // Not "Action": a client takes a schema of that title for a server of tools.
  action: {
    title: 'EvomAction',
    type: 'object',
    additionalProperties: false,
    required: ['completion'],
    properties: {
      completion: { ...text, description: 'what the model answered, with its program' },
      problem_id: { ...text, description: 'only over HTTP, where a step knows no reset' },
      run_only: {
        type: 'boolean',
        description: 'true: run the program and tell what the solver says; false: submit it; left out: submitted where it has a solution',
      },
      metadata: { type: 'object' },
    },
  },
  observation: {
    title: 'EvomObservation',
    type: 'object',
    properties: {
      text: {
        ...text,
        description: 'the question as the model is asked it; what the solver said after a step that goes on; empty at the end',
      },
      prompt: { type: 'array', items: { type: 'object', properties: { role: text, content: text } } },
      problem_id: text,
      dialect: text,
      status: orNull('string'),
      objective: orNull('number'),
      error: orNull('string'),
      reward_parts: { type: 'object' },
      flags: { type: 'array', items: text },
      metadata: { type: 'object' },
    },
  },
  state: { title: 'State', type: 'object', properties: { episode_id: orNull('string'), step_count: { type: 'integer' } } },
} as const;

const paths = ['/reset', '/step', '/state', '/health', '/metadata', '/schema', '/mcp'];

export function openEnvFormat(parts: ServeParts): Format {
  const { store, version, sessions } = parts;
  return {
    name: 'openenv',
    routes: [
      { method: 'GET', path: '/health', isOpen: true, handle: () => json({ status: 'healthy' }) },
      {
        method: 'GET',
        path: '/metadata',
        handle: () =>
          json({
            name: 'evom',
            description: `${store.size} optimization problems, answered by programs in ${store.asking.dialect} that a solver verifies`,
            version,
          }),
      },
      { method: 'GET', path: '/schema', handle: () => json({ ...schemas, reset_observation: schemas.observation }) },
      {
        method: 'GET',
        path: '/openapi.json',
        handle: () =>
          json({
            openapi: '3.1.0',
            // The version of the interface, by which a validator chooses its profile.
            info: { title: 'evom', version: '1.0.0' },
            paths: Object.fromEntries(paths.map((path) => [path, ['/reset', '/step', '/mcp'].includes(path) ? { post: {} } : { get: {} }])),
          }),
      },
      { method: 'POST', path: '/mcp', handle: ({ body }) => json(mcp(body)) },
      { method: 'POST', path: '/reset', handle: ({ body }) => json(asked(parts, problemOfReset(parts, body, nextOf(parts)))) },
      { method: 'GET', path: '/state', handle: () => json({ episode_id: null, step_count: 0 }) },
      {
        method: 'POST',
        path: '/step',
        handle: async ({ body, gone }) => {
          const action = actionOf(body.action);
          if (action.runOnly === true) throw new HttpRefusal(422, 'run_only is of an episode; use the WebSocket /ws');
          if (action.problem_id === undefined)
            throw new HttpRefusal(422, 'a step over HTTP knows no reset; name the problem in action.problem_id, or use the WebSocket /ws');
          const problem = problemById(store, action.problem_id);
          const scored = await parts.scorer.score({ problem, completion: action.completion, gone });
          if (scored.type === 'unscorable') throw new HttpRefusal(503, unscorableText(scored));
          return json(stepped(problem, scored));
        },
      },
    ],
    socket: { path: '/ws', open: () => conversation(parts, nextOf(parts), sessions) },
  };
}

const places = new WeakMap<ServeParts, { next: number }>();

/** The next problem in order, over all clients that name none. */
function nextOf(parts: ServeParts): () => Problem {
  const place = places.get(parts) ?? { next: 0 };
  places.set(parts, place);
  return () => {
    const problems = parts.store.ofSplit();
    const problem = problems[place.next % problems.length];
    place.next += 1;
    if (problem === undefined) throw new HttpRefusal(422, 'this server holds no problems; start it with --dataset');
    return problem;
  };
}

/** Which problem a reset asks for: by id, by index in a split, by a seed, else the next one. */
function problemOfReset({ store }: ServeParts, data: Body, next: () => Problem): Problem {
  const { problem_id: id, task_id: task, index, seed, split } = data;
  if (id !== undefined || task !== undefined) return problemById(store, id ?? task);
  if (index !== undefined && index !== null) return problemAt(store, data);
  if (Number.isSafeInteger(seed)) {
    const size = store.ofSplit(typeof split === 'string' ? split : undefined).length;
    return problemAt(store, { split, index: (((seed as number) % size) + size) % size });
  }
  if (split !== undefined && split !== null) return problemAt(store, { split, index: 0 });
  return next();
}

interface Action {
  readonly completion: string;
  readonly problem_id: unknown;
  readonly runOnly: boolean | null;
}

function actionOf(action: unknown): Action {
  if (!isObject(action)) throw new HttpRefusal(422, 'action is not an object {"completion": "..."}');
  const unknown = Object.keys(action).find((key) => !Object.hasOwn(schemas.action.properties, key));
  if (unknown !== undefined) throw new HttpRefusal(422, `action.${unknown} is not known; see GET /schema`);
  const { problem_id, run_only: runOnly = null } = action;
  if (runOnly !== null && typeof runOnly !== 'boolean') throw new HttpRefusal(422, 'action.run_only is not true or false');
  return { completion: completionOf(action.completion, 'action.completion'), problem_id, runOnly };
}

/** What an episode begins with. */
function asked({ store }: ServeParts, problem: Problem) {
  const { id, prompt, dialect } = taskOf(store, problem);
  const observation = {
    text: prompt.at(-1)?.content ?? '',
    prompt,
    problem_id: id,
    dialect,
    status: null,
    objective: null,
    error: null,
    reward_parts: {},
    flags: [],
    metadata: {},
  };
  return { observation, reward: null, done: false };
}

function stepped(problem: Problem, { reward, parts, flags, outcome }: Extract<Scored, { type: 'scored' }>) {
  const { status, objective, error, dialect } = outcome;
  const observation = {
    text: '',
    prompt: [],
    problem_id: problem.id,
    dialect,
    status,
    objective: typeof objective === 'number' ? objective : null,
    error: error === null ? null : `${error.type}: ${error.message}`,
    reward_parts: parts,
    flags,
    metadata: {},
  };
  return { observation, reward, done: true };
}

/** What an episode that goes on is told: no reward yet, which is 0 here, and nothing that hangs on the problem's answer. */
function told(problem: Problem, { outcome }: Scored, text: string) {
  const { status = null, objective = null, error = null, dialect = '' } = outcome ?? {};
  const observation = {
    text,
    prompt: [],
    problem_id: problem.id,
    dialect,
    status,
    objective: typeof objective === 'number' ? objective : null,
    error: error === null ? null : `${error.type}: ${error.message}`,
    reward_parts: {},
    flags: [],
    metadata: {},
  };
  return { observation, reward: 0, done: false };
}

/** There are no tools here: the answer says so as JSON-RPC wants it. */
function mcp(request: Body) {
  const id = request.id ?? null;
  const isValid = request.jsonrpc === '2.0' && typeof request.method === 'string';
  const error = isValid
    ? { code: -32601, message: `Method not found: ${String(request.method)}` }
    : { code: -32600, message: 'Invalid request' };
  return { jsonrpc: '2.0', id, ...(isValid && request.method === 'tools/list' ? { result: { tools: [] } } : { error }) };
}

/** Programs that were run, the submitted one too. */
const stepsOf = ({ ran, submitted }: Episode): number => ran.size + (submitted !== null && !ran.has(submitted.completion) ? 1 : 0);

const answer = (type: string, data: unknown): string => JSON.stringify({ type, data });
const fault = (code: ErrorCode, message: string): string => answer('error', { message, code });

/** One client's episodes, one after another. */
function conversation(parts: ServeParts, next: () => Problem, sessions: ServeParts['sessions']): Conversation {
  const gone = new AbortController();
  let episode: Episode | null = null;
  const end = (): void => {
    if (episode !== null) sessions.close(episode.id);
    episode = null;
  };
  const reset = (data: Body): string => {
    const problem = problemOfReset(parts, data, next);
    end();
    episode = sessions.open(problem);
    return answer('observation', asked(parts, problem));
  };
  const step = async (data: unknown): Promise<string> => {
    const { completion, runOnly: asked } = actionOf(data);
    const current = episode === null ? null : sessions.find(episode.id);
    if (current === null) return fault('EXECUTION_ERROR', 'no episode is open: send a reset first; idle ones are closed');
    const score = () => parts.scorer.score({ problem: current.problem, completion, gone: gone.signal });
    if (current.submitted === null && asked !== false) {
      const ran = await runOnly(current, completion, parts.turns, score);
      if (ran === null && asked === true)
        return fault('EXECUTION_ERROR', `no run is left: ${parts.turns} programs are run in an episode; submit one`);
      if (ran !== null && ran.said === null) return fault('EXECUTION_ERROR', unscorableText(ran as Unscorable));
      const goesOn = asked === true || (ran?.outcome != null && !hasSolution(ran.outcome));
      if (ran?.said && goesOn) return answer('observation', told(current.problem, ran, ran.said()));
    }
    // A program that was run is not run again to be submitted.
    const scored = await submit(current, completion, () => current.ran.get(completion) ?? score());
    if (scored === null) return fault('EXECUTION_ERROR', 'the episode is over: send a reset');
    if (scored.type === 'unscorable') return fault('EXECUTION_ERROR', unscorableText(scored));
    return answer('observation', stepped(current.problem, scored));
  };
  return {
    hear: async (heard) => {
      let message: unknown;
      try {
        message = JSON.parse(heard);
      } catch {
        return fault('INVALID_JSON', 'the message is not valid JSON');
      }
      if (!isObject(message)) return fault('VALIDATION_ERROR', 'the message is not an object {"type", "data"}');
      const data = message.data ?? {};
      try {
        switch (message.type) {
          case 'reset':
            return reset(isObject(data) ? data : {});
          case 'step':
            return await step(data);
          case 'state':
            return answer('state', { episode_id: episode?.id ?? null, step_count: episode === null ? 0 : stepsOf(episode) });
          case 'mcp':
            return answer('mcp', mcp(isObject(data) ? data : {}));
          case 'close':
            return null;
          default:
            return fault('UNKNOWN_TYPE', `Unknown message type: ${String(message.type)}`);
        }
      } catch (error) {
        if (error instanceof NoRoom) return fault('CAPACITY_REACHED', error.message);
        if (error instanceof HttpRefusal) return fault(error.status >= 500 ? 'EXECUTION_ERROR' : 'VALIDATION_ERROR', error.message);
        return fault('EXECUTION_ERROR', error instanceof Error ? error.message : String(error));
      }
    },
    end: () => {
      gone.abort();
      end();
    },
  };
}
