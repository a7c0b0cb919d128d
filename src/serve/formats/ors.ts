/** The Open Reward Standard (ors-sdk 0.1, openreward, TRL's `OpenRewardSpec`): sessions over HTTP, a tool call answered by server-sent events. */
import { randomUUID } from 'node:crypto';
import { HttpRefusal } from '../../lib/http-server.ts';
import { problemById } from '../asked-problem.ts';
import { type Call, completionOf, type Format, isObject, json, type Reply, type ServeParts } from '../format.ts';
import { type Scored, type Unscorable, unscorableText } from '../scorer.ts';
import { type Episode, NoRoom, runOnly, runsLeft, submit } from '../sessions.ts';
import { inEnvironment, problemAt, taskOf } from './tasks.ts';

const input = {
  type: 'object',
  properties: { completion: { type: 'string', description: 'the whole answer, or the program alone' } },
  required: ['completion'],
} as const;

const submitTool = {
  name: 'submit_program',
  description: 'Submits the answer with its program. The program is run, its model is solved, and the episode ends with the reward.',
  input_schema: input,
} as const;

/** Of an episode of several turns. */
const runTool = {
  name: 'run_program',
  description: 'Runs a program and tells what the solver says of its model. Nothing is submitted yet.',
  input_schema: input,
} as const;

const toolsOf = ({ turns }: ServeParts) => (turns > 1 ? [runTool, submitTool] : [submitTool]);

export function orsFormat(parts: ServeParts): Format {
  const { store, sessions } = parts;
  return {
    name: 'ors',
    routes: [
      ...inEnvironment([
        { method: 'GET', path: '/tools', handle: () => json({ tools: toolsOf(parts) }) },
        { method: 'GET', path: '/task_tools', handle: (call) => withEpisode(parts, call, () => json({ tools: toolsOf(parts) })) },
        {
          method: 'GET',
          path: '/prompt',
          handle: (call) =>
            withEpisode(parts, call, ({ problem }) =>
              json(taskOf(store, problem).prompt.map(({ content }) => ({ type: 'text', text: content, detail: null }))),
            ),
        },
        { method: 'POST', path: '/call', handle: (call) => withEpisode(parts, call, (episode) => callTool(parts, call, episode)) },
      ]),
      {
        method: 'POST',
        path: '/create_session',
        handle: () => ({
          type: 'events',
          events: eventsOf([
            ['task_id', randomUUID()],
            ['end', ''],
          ]),
        }),
      },
      { method: 'POST', path: '/create', handle: (call) => create(parts, call) },
      { method: 'POST', path: '/ping', handle: (call) => withEpisode(parts, call, () => json({ status: 'ok' })) },
      ...['/delete', '/delete_session'].map((path) => ({
        method: 'POST' as const,
        path,
        handle: (call: Call) => {
          const sid = sessionId(call);
          sessions.close(sid);
          return json({ sid });
        },
      })),
    ],
  };
}

function create({ store, sessions }: ServeParts, call: Call): Reply {
  const sid = sessionId(call);
  if (sessions.find(sid) !== null) throw new HttpRefusal(400, 'Session already exists');
  const { task_spec: task } = call.body;
  if (task !== undefined && task !== null && !isObject(task)) throw new HttpRefusal(422, 'task_spec is not a task of POST /evom/tasks');
  const problem = isObject(task) ? problemById(store, task.id) : problemAt(store, call.body);
  try {
    sessions.open(problem, sid);
  } catch (error) {
    if (error instanceof NoRoom) throw new HttpRefusal(503, error.message);
    throw error;
  }
  return json({ sid });
}

function callTool(parts: ServeParts, { body }: Call, episode: Episode): Reply {
  const taskId = typeof body.task_id === 'string' ? body.task_id : randomUUID();
  const answered = async (): Promise<unknown> => {
    const tools = toolsOf(parts).map(({ name }) => name as string);
    if (!tools.includes(String(body.name))) return refused(`there is no tool ${String(body.name)}; ${tools.join(' and ')} are`);
    const input = isObject(body.input) ? body.input : {};
    if (input.completion === undefined) return refused('"completion" is missing');
    const completion = completionOf(input.completion, 'completion');
    // Scored to its end although the client may leave: one that lost the answer asks for it again.
    const score = () => parts.scorer.score({ problem: episode.problem, completion });
    return body.name === runTool.name ? ran(parts, episode, completion, score) : submitted(episode, completion, score);
  };
  async function* events(): AsyncGenerator<readonly [string, string]> {
    yield ['task_id', taskId];
    try {
      yield ['end', JSON.stringify(await answered())];
    } catch (error) {
      // The head of the answer is out, so a refusal is an answer without a reward.
      yield ['end', JSON.stringify({ ok: false, error: error instanceof Error ? error.message : String(error) })];
    }
  }
  return { type: 'events', events: events() };
}

const refused = (error: string) => ({ ok: false, error });
const blocks = (text: string) => [{ type: 'text', text, detail: null }];

/** What the solver said of a program that is not submitted: no reward, and nothing that hangs on the problem's answer. */
async function ran({ turns }: ServeParts, episode: Episode, completion: string, score: () => Promise<Scored>): Promise<unknown> {
  if (episode.submitted !== null) return refused('the episode is over: its program was scored');
  const scored = await runOnly(episode, completion, turns, score);
  if (scored === null) return refused(`no run is left: ${turns} programs are run in an episode; submit one`);
  if (scored.said === null) return refused(unscorableText(scored as Unscorable));
  const { status = null, objective = null, error = null } = scored.outcome ?? {};
  const metadata = { status, objective, error, runs_left: runsLeft(episode, turns) };
  return { ok: true, output: { blocks: blocks(scored.said()), metadata, reward: null, finished: false } };
}

async function submitted(episode: Episode, completion: string, score: () => Promise<Scored>): Promise<unknown> {
  const scored = await submit(episode, completion, score);
  if (scored === null) return refused('the episode is over: its program was scored');
  if (scored.type === 'unscorable') return refused(unscorableText(scored));
  const { reward, parts, flags, outcome, said } = scored;
  const { status, objective, error } = outcome;
  const metadata = { status, objective, error, reward_parts: parts, flags };
  return { ok: true, output: { blocks: blocks(said()), metadata, reward, finished: true } };
}

function sessionId({ headers }: Call): string {
  const id = headers['x-session-id'];
  if (typeof id === 'string' && id.trim() !== '') return id.trim();
  throw new HttpRefusal(400, 'X-Session-ID header is required');
}

function withEpisode({ sessions }: ServeParts, call: Call, work: (episode: Episode) => Reply): Reply {
  const episode = sessions.find(sessionId(call));
  if (episode === null) throw new HttpRefusal(404, 'Active environment not found');
  return work(episode);
}

async function* eventsOf(events: readonly (readonly [string, string])[]): AsyncGenerator<readonly [string, string]> {
  yield* events;
}
