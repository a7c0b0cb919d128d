/** NeMo-Gym 0.7's resources server: `/seed_session`, `/verify`, `/close_session`. */
import type { Problem } from '../../core/problem.ts';
import { HttpRefusal } from '../../lib/http-server.ts';
import { askedProblem, contentText, labelledProblem, problemById } from '../asked-problem.ts';
import { type Body, type Call, completionOf, type Format, isObject, json, type Reply, type ServeParts } from '../format.ts';
import type { Unscorable } from '../scorer.ts';
import { NoRoom } from '../sessions.ts';

/** NeMo-Gym's words for why a sample is masked (failure_kinds.py); what is not here is `verifier_error`. */
const failureKinds: Readonly<Record<string, string>> = {
  Deadline: 'transport_timeout',
  HostUnavailable: 'transport_unreachable',
  LicenceRefused: 'provider_quota_exhausted',
  Starved: 'provider_oom_killed',
  Killed: 'kill_shaped',
  Gone: 'cancelled',
  Stopped: 'shutdown',
};

export const failureKindOf = ({ kind }: Pick<Unscorable, 'kind'>): string => failureKinds[kind] ?? 'verifier_error';

export function nemoGymFormat(parts: ServeParts): Format {
  return {
    name: 'nemo-gym',
    routes: [
      { method: 'POST', path: '/seed_session', handle: (call) => seed(parts, call) },
      { method: 'POST', path: '/verify', handle: (call) => verify(parts, call) },
      {
        method: 'POST',
        path: '/close_session',
        handle: ({ body }) => {
          const id = idOf(body);
          parts.sessions.close(id, { isFinal: true });
          return json({ resources_session_id: id });
        },
      },
    ],
  };
}

const idOf = (body: Body): string => {
  const id = body.resources_session_id;
  if (typeof id === 'string' && id !== '') return id;
  throw new HttpRefusal(422, '"resources_session_id" is not a text');
};

/** A task is `{taskset, task_id}`; a bare id is taken too. */
const taskName = (task: unknown): unknown => (isObject(task) ? task.task_id : task);

/** A row of a data set begins nothing here; a typed session begins an episode, and begins it once however often it is asked for. */
function seed({ store, sessions }: ServeParts, { body }: Call): Reply {
  if (body.resources_session_id === undefined) return json({});
  const id = idOf(body);
  if (sessions.isClosed(id)) throw new HttpRefusal(409, `session ${id} was closed`);
  const { task_data: data, task_id: task } = body;
  const problem =
    isObject(data) && (data.problem !== undefined || data.question !== undefined)
      ? askedProblem(store, data)
      : problemById(store, taskName(task));
  try {
    if (sessions.find(id) === null) sessions.open(problem, id);
  } catch (error) {
    if (error instanceof NoRoom) throw new HttpRefusal(503, error.message);
    throw error;
  }
  return json({ resources_session_id: id });
}

async function verify(parts: ServeParts, { body, gone }: Call): Promise<Reply> {
  const { response } = body;
  if (!isObject(response)) throw new HttpRefusal(422, '"response" is not an object of the Responses API');
  const scored = await parts.scorer.score({
    problem: problemOfRow(parts, body),
    completion: completionOf(lastAnswer(response), 'the answer'),
    isTruncated: response.status === 'incomplete',
    gone,
  });
  if (scored.type === 'unscorable') {
    const failure = { mask_sample: true, failure_kind: failureKindOf(scored), failure_reason: `${scored.kind}: ${scored.message}` };
    return json({ ...body, reward: 0, ...failure });
  }
  const { reward, parts: terms, correct, outcome } = scored;
  return json({
    ...body,
    reward,
    reward_components: terms,
    mask_sample: false,
    failure_kind: null,
    failure_reason: null,
    correct: correct === true ? 1 : 0,
    status: outcome.status,
    ...(typeof outcome.objective === 'number' ? { objective: outcome.objective } : {}),
  });
}

/** Of the session where there is one, else of the row: its metadata, or the question that it asks. */
function problemOfRow({ store, sessions }: ServeParts, body: Body): Problem {
  const { resources_session_id: id, verifier_metadata: metadata, responses_create_params: params } = body;
  const episode = typeof id === 'string' ? sessions.find(id) : null;
  if (episode !== null) return episode.problem;
  if (isObject(metadata) && (metadata.problem !== undefined || metadata.question !== undefined)) return askedProblem(store, metadata);
  return labelledProblem(store, isObject(params) ? params.input : undefined, undefined);
}

/** The text of the assistant's last message. */
function lastAnswer({ output }: Body): string {
  const messages = Array.isArray(output) ? output.filter((item) => isObject(item) && item.type === 'message') : [];
  const last = messages.at(-1) as Body | undefined;
  return last === undefined ? '' : contentText(last.content);
}
