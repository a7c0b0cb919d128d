/** OpenRLHF 0.11's remote reward model: `POST /get_reward {query, prompts, labels}`. */
import { HttpRefusal } from '../../lib/http-server.ts';
import { labelledProblem } from '../asked-problem.ts';
import { type Call, completionOf, type Format, json, plainReward, type Reply, type ServeParts } from '../format.ts';

/** Below the client's 180 s, after which it tries again. */
const deadlineMs = 150_000;

export const openRlhfFormat = (parts: ServeParts): Format => ({
  name: 'openrlhf',
  routes: [{ method: 'POST', path: '/get_reward', handle: (call) => getReward(parts, call) }],
});

async function getReward(parts: ServeParts, { body, gone }: Call): Promise<Reply> {
  const { query, prompts, labels } = body;
  if (!Array.isArray(query) || !Array.isArray(prompts)) throw new HttpRefusal(422, '"query" and "prompts" are not lists');
  if (prompts.length !== query.length || (Array.isArray(labels) && labels.length !== query.length))
    throw new HttpRefusal(422, '"query", "prompts" and "labels" are not of one length');
  const requests = query.map((text: unknown, i) => ({
    problem: labelledProblem(parts.store, prompts[i], Array.isArray(labels) ? labels[i] : null),
    completion: answerIn(text, prompts[i], i),
    gone,
    deadlineMs,
  }));
  // All of them or none: the client tries the whole list again.
  parts.scorer.admit(requests.length);
  const scored = await Promise.all(requests.map((request) => plainReward(parts, request)));
  const rewards = scored.map(({ reward }) => reward);
  const right = scored.map((one) => (one.scored.type === 'scored' && one.scored.correct === true ? 1 : 0));
  const faults = scored.map((one) => (one.scored.type === 'unscorable' ? 1 : 0));
  return json({ rewards, scores: rewards, extra_logs: { correct: right, unscorable: faults } });
}

/** A query is the prompt, after the mark of the sequence's beginning perhaps, then the answer with the mark of its end. */
function answerIn(query: unknown, prompt: unknown, index: number): string {
  if (typeof query !== 'string' || typeof prompt !== 'string')
    throw new HttpRefusal(422, `query[${index}] and prompts[${index}] are not texts`);
  const at = query.indexOf(prompt);
  // Without this a worked example of the prompt could be taken for the answer.
  if (at < 0) throw new HttpRefusal(422, `query[${index}] does not hold prompts[${index}], so that the answer cannot be told from it`);
  return completionOf(query.slice(at + prompt.length).replace(/(?:<\|[a-z_]+\|>|<\/s>|<eos>)\s*$/, ''), `query[${index}]`);
}
