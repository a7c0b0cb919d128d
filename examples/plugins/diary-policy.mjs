/** A policy: the checkpoint's own, with a line for each completion in `diary.jsonl`, or the file that EVOM_DIARY names. `policy.type: ./diary-policy.mjs` */
import { appendFile } from 'node:fs/promises';
import { createOnnxPolicy } from 'evom/embedded';

export default async function createDiaryPolicy({ directory, threads, version }) {
  const policy = await createOnnxPolicy({ directory, threads, batchRows: 16, version });
  const diary = process.env.EVOM_DIARY ?? 'diary.jsonl';
  return {
    modelId: policy.modelId,
    maxLength: policy.maxLength,
    get version() {
      return policy.version;
    },
    async sample(requests, params, options) {
      const groups = await policy.sample(requests, params, options);
      const lines = groups.flatMap((group, i) =>
        group.map(({ tokenIds, finishReason, policyVersion }, j) =>
          JSON.stringify({ seed: requests[i].seeds[j], policyVersion, finishReason, tokens: tokenIds.length }),
        ),
      );
      if (lines.length > 0) await appendFile(diary, `${lines.join('\n')}\n`);
      return groups;
    },
    score: (requests, temperature) => policy.score(requests, temperature),
    update: (weights) => policy.update(weights),
    close: () => policy.close(),
  };
}
