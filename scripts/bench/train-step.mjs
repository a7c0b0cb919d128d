// Gradient step of the embedded learner: 64 sequences of 256 tokens (128 prompt + 128 completion), of s1 (d128 L4 H4
// ffn344 vocab 1024) or s3 (d256 L4 H8 ffn688 vocab 2048), without and with prompt sharing (8 groups of 8), AdamW and Muon; or 8 such
// sequences (2 groups of 4) of SmolLM2-135M's shape (d576 L30 H9 KV3 ffn1536 vocab 49152). Needs `npm run build` first.
//
//   node scripts/bench/train-step.mjs [threads] [repeats] [micro-batch tokens] [s1 | s3 | smollm2] [case,case]
//
// Prints one JSON line of milliseconds a step, wall and CPU (for machines with other work); compare with train_step.py run alternately on the same machine.

import { decoderParameters, parseDecoderConfig } from '../../dist/checkpoint/decoder-config.js';
import { initialWeights } from '../../dist/checkpoint/init.js';
import { createOnnxLearner } from '../../dist/embedded/learner/onnx-learner.js';
import { randomStream } from '../../dist/lib/random.js';
import { adamwDefaults, muonDefaults } from '../../dist/policy/optimizer-config.js';

const [threads = 2, repeats = 5, microBatchTokens = 2048] = process.argv.slice(2, 5).map(Number);
const shapes = {
  s1: { vocab_size: 1024, hidden_size: 128, intermediate_size: 344, num_hidden_layers: 4, num_attention_heads: 4 },
  s3: { vocab_size: 2048, hidden_size: 256, intermediate_size: 688, num_hidden_layers: 4, num_attention_heads: 8 },
  smollm2: {
    vocab_size: 49152,
    hidden_size: 576,
    intermediate_size: 1536,
    num_hidden_layers: 30,
    num_attention_heads: 9,
    num_key_value_heads: 3,
  },
};
const shape = shapes[process.argv[5] ?? 's1'];
const [groups, size] = process.argv[5] === 'smollm2' ? [2, 4] : [8, 8];
const [prompt, completion] = [128, 128];
const config = parseDecoderConfig({
  architectures: ['LlamaForCausalLM'],
  ...shape,
  max_position_embeddings: 512,
  tie_word_embeddings: true,
});
const tensors = initialWeights(decoderParameters(config), { numLayers: config.numLayers, seed: 0 });
const stream = randomStream('bench');
const loss = {
  type: 'policy_gradient',
  clipLow: 0.2,
  clipHigh: 0.28,
  dualClip: null,
  ratio: 'token',
  surrogate: 'ppo',
  aggregation: 'token_mean',
  normLength: null,
  klCoef: 0.01,
  klEstimator: 'k3',
};

function batch(isShared) {
  const rows = [];
  for (let g = 0; g < groups; g++) {
    const promptIds = Array.from({ length: prompt }, () => stream.int(0, shape.vocab_size - 1));
    for (let i = 0; i < size; i++) {
      const length = prompt + completion;
      const filled = new Float32Array(length).fill(-7, prompt);
      rows.push({
        sampleId: `${g}.${i}`,
        groupId: isShared ? `${g}` : `${g}.${i}`,
        inputIds: Int32Array.from([...promptIds, ...Array.from({ length: completion }, () => stream.int(0, shape.vocab_size - 1))]),
        promptLength: prompt,
        lossMask: new Uint8Array(length).fill(1, prompt),
        samplerLogprobs: filled,
        oldLogprobs: null,
        refLogprobs: filled,
        advantage: stream.next() - 0.5,
        tokenAdvantages: null,
        klWeights: null,
        lossWeight: 1,
        temperature: 1,
      });
    }
  }
  return { metadata: { loss, globalLossTokens: rows.length * completion, globalLossRows: rows.length }, rows };
}

const cases = [
  ['unshared_adamw', adamwDefaults, batch(false)],
  ['shared_adamw', adamwDefaults, batch(true)],
  ['shared_muon', muonDefaults, batch(true)],
];
const chosen = process.argv[6]?.split(',') ?? cases.map(([name]) => name);
const times = {};
for (const [name, optimizer, data] of cases.filter(([one]) => chosen.includes(one))) {
  const learner = await createOnnxLearner({ model: { config, tensors }, optimizer, threads, microBatchTokens });
  await learner.step(data, { learningRateFactor: 1 });
  times[name] = [];
  times[`${name}_cpu`] = [];
  for (let i = 0; i < repeats; i++) {
    const start = performance.now();
    const cpu = process.cpuUsage();
    await learner.step(data, { learningRateFactor: 1 });
    times[name].push(Math.round(10 * (performance.now() - start)) / 10);
    const { user, system } = process.cpuUsage(cpu);
    times[`${name}_cpu`].push(Math.round((user + system) / 100) / 10);
  }
  await learner.close();
}
console.log(JSON.stringify({ ...times, rss_mb: Math.round(process.resourceUsage().maxRSS / 1024) }));
