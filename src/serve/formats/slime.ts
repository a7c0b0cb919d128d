/** slime's remote reward model (`--rm-type remote_rm`): `POST /rm {prompt, response, label}`, answered by a number. */
import { labelledProblem } from '../asked-problem.ts';
import { type Call, completionOf, type Format, json, plainReward, type Reply, type ServeParts } from '../format.ts';

/** Below the client's 120 s, after which it tries again. */
const deadlineMs = 100_000;

export const slimeFormat = (parts: ServeParts): Format => ({
  name: 'slime',
  routes: [
    { method: 'POST', path: '/rm', handle: async (call) => json((await scoreSample(parts, call)).reward) },
    // For `--reward-key score`: the number with what is behind it.
    {
      method: 'POST',
      path: '/rm_details',
      handle: async (call): Promise<Reply> => {
        const { reward, scored } = await scoreSample(parts, call);
        if (scored.type === 'unscorable') return json({ score: reward, acc: 0, unscorable: 1, kind: scored.kind });
        return json({ score: reward, acc: scored.correct === true ? 1 : 0, unscorable: 0, status: scored.outcome.status });
      },
    },
  ],
});

const scoreSample = (parts: ServeParts, { body, gone }: Call): ReturnType<typeof plainReward> =>
  plainReward(parts, {
    problem: labelledProblem(parts.store, body.prompt, body.label),
    completion: completionOf(body.response, '"response"'),
    gone,
    deadlineMs,
  });
