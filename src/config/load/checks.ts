/** Combinations that each key allows and the whole does not. */
import { longestEpisode } from '../schema/episode-length.ts';
import { resolveDialects, resolveSft, resolveTrain, type SftInput, type TrainInput } from '../schema/schema.ts';
import {
  defaultSolverHosts,
  dialects,
  dialectsOfBackend,
  groupEstimators,
  hostedDialects,
  isModulePath,
  simulatorDialects,
} from '../schema/vocabulary.ts';
import type { KeyPath } from './tree.ts';

/** A finding: the keys that it is about (the first is where it is shown) and what to do. */
export interface Finding {
  readonly keys: readonly [KeyPath, ...KeyPath[]];
  readonly message: string;
}

const found = (condition: boolean, message: string, ...keys: [KeyPath, ...KeyPath[]]): Finding[] => (condition ? [{ keys, message }] : []);

const builtInTerms = { format: 0, executes: 0, answer: 0, solution: 0, consistency: 0, cross_solver: 0, overlong: 0 } as const;

/** What is impossible in a `kind: train` file. */
export function checkTrain(input: TrainInput): Finding[] {
  const { algorithm, sampling, reward } = resolveTrain(input);
  const { estimator, dynamic_sampling: dynamic } = algorithm;
  const overlong = input.reward.overlong;
  return [
    ...checkShared(input),
    ...found(input.policy.checkpoint === '' && input.policy.type !== 'chat', 'is missing', ['policy', 'checkpoint']),
    ...found(
      sampling.group_size < 2 && groupEstimators.has(estimator),
      `${estimator} compares the samples of a group: at least 2, not ${sampling.group_size}`,
      ['sampling', 'group_size'],
      ['algorithm', 'estimator'],
    ),
    ...found(
      algorithm.updates_per_batch > algorithm.groups_per_step,
      `a batch of ${algorithm.groups_per_step} groups cannot be cut into ${algorithm.updates_per_batch} mini-batches`,
      ['algorithm', 'updates_per_batch'],
      ['algorithm', 'groups_per_step'],
    ),
    ...found(
      algorithm.groups_per_step % algorithm.updates_per_batch !== 0 && algorithm.updates_per_batch < algorithm.groups_per_step,
      `must divide groups_per_step (${algorithm.groups_per_step}), so that mini-batches are equal`,
      ['algorithm', 'updates_per_batch'],
      ['algorithm', 'groups_per_step'],
    ),
    ...found(
      algorithm.dual_clip !== null && algorithm.surrogate !== 'ppo',
      `${algorithm.surrogate} has no dual clip; remove dual_clip or take surrogate: ppo`,
      ['algorithm', 'dual_clip'],
      ['algorithm', 'surrogate'],
    ),
    ...found(
      algorithm.surrogate === 'dppo' && algorithm.ratio === 'sequence',
      'dppo looks at the probability of each token; take ratio: token',
      ['algorithm', 'ratio'],
      ['algorithm', 'surrogate'],
    ),
    ...found(
      algorithm.kl.unbiased && algorithm.ratio === 'sequence',
      'weighs the penalty of a token by its own ratio; take ratio: token',
      ['algorithm', 'kl', 'unbiased'],
      ['algorithm', 'ratio'],
    ),
    ...found(
      algorithm.kl.reference === 'sampler' && algorithm.kl.coef === 0,
      'nothing holds the policy near the sampler while kl.coef is 0',
      ['algorithm', 'kl', 'reference'],
      ['algorithm', 'kl', 'coef'],
    ),
    ...found(
      input.algorithm.norm_length != null && algorithm.aggregation !== 'seq_mean_token_sum_norm',
      `only seq_mean_token_sum_norm divides by it; aggregation is ${algorithm.aggregation}`,
      ['algorithm', 'norm_length'],
      ['algorithm', 'aggregation'],
    ),
    ...found(dynamic.band[0] >= dynamic.band[1], `no accuracy lies between ${dynamic.band[0]} and ${dynamic.band[1]}`, [
      'algorithm',
      'dynamic_sampling',
      'band',
    ]),
    ...found(
      dynamic.stale_groups === 'keep' && algorithm.sampler_correction === null,
      'groups of an older policy are only trained on under algorithm.sampler_correction; set it, or drop them',
      ['algorithm', 'dynamic_sampling', 'stale_groups'],
      ['algorithm', 'sampler_correction'],
    ),
    ...found(
      overlong !== null && overlong.buffer >= sampling.max_tokens,
      `the buffer must be shorter than sampling.max_tokens (${sampling.max_tokens})`,
      ['reward', 'overlong', 'buffer'],
      ['sampling', 'max_tokens'],
    ),
    ...found(
      reward.answer + reward.executes + reward.format + reward.solution + reward.consistency + reward.cross_solver === 0 &&
        reward.terms.every((term) => term.weight === 0),
      'every weight is 0: all rewards would be equal',
      ['reward'],
      ['reward', 'answer'],
      ['reward', 'executes'],
      ['reward', 'format'],
    ),
    ...found(
      reward.cross_solver > 0 && input.audit.cross_solve === 'off',
      'pays for the word of a second backend, and audit.cross_solve asks none',
      ['reward', 'cross_solver'],
      ['audit', 'cross_solve'],
    ),
    ...(['format_rule', 'off_form'] as const).flatMap((key) =>
      found(
        reward.format_tags.length === 0 && reward[key] !== (key === 'format_rule' ? 'whole' : 'run'),
        `${reward[key]} looks at the elements of format_tags, and none are asked for; name them, e.g. [think, code]`,
        ['reward', key],
        ['reward', 'format_tags'],
      ),
    ),
    ...reward.terms.flatMap(({ name }, i) =>
      found(
        Object.hasOwn(builtInTerms, name) || reward.terms.findIndex((other) => other.name === name) < i,
        `"${name}" names another term too`,
        ['reward', 'terms', i, 'name'],
      ),
    ),
    ...found(
      sampling.max_tokens > input.learner.micro_batch_tokens,
      `a completion of ${sampling.max_tokens} tokens does not fit into a micro-batch of ${input.learner.micro_batch_tokens}`,
      ['learner', 'micro_batch_tokens'],
      ['sampling', 'max_tokens'],
    ),
    ...checkTurns(input),
    ...checkSplits(input),
    ...found(
      input.policy.type === 'openai' && input.policy.openai.servers.length === 0 && input.policy.openai.discover === undefined,
      'name at least one running server, such as http://localhost:8000, or where servers are looked up (discover)',
      ['policy', 'openai', 'servers'],
      ['policy', 'type'],
    ),
    ...found(
      input.policy.openai.servers.length > 0 && input.policy.openai.discover !== undefined,
      'names servers, and discover looks them up; leave one of the two out',
      ['policy', 'openai', 'servers'],
      ['policy', 'openai', 'discover'],
    ),
    ...found(
      input.policy.type === 'openai' && (sampling.top_k > 0 || sampling.top_p < 1),
      'servers report log-probabilities after top-k and top-p, which the learner cannot repeat; leave both off',
      ['sampling', sampling.top_k > 0 ? 'top_k' : 'top_p'],
      ['policy', 'type'],
    ),
    ...(['url', 'model'] as const).flatMap((key) =>
      found(
        input.policy.type === 'chat' && input.policy.chat[key] === undefined,
        key === 'url' ? 'name the address of the API, such as https://api.example.com/v1' : 'name the model that the API is to answer with',
        ['policy', 'chat', key],
        ['policy', 'type'],
      ),
    ),
    ...found(
      input.policy.type === 'colocated' && input.learner.type !== 'torch',
      'a colocated policy samples in the PyTorch process that trains; set learner.type: torch',
      ['policy', 'type'],
      ['learner', 'type'],
    ),
    ...found(
      input.policy.type === 'colocated' && (input.learner.torch.launch !== 'spawn' || input.learner.torch.processes > 1),
      'a colocated policy and its learner are one process, started by the trainer',
      ['learner', 'torch', input.learner.torch.launch === 'spawn' ? 'processes' : 'launch'],
      ['policy', 'type'],
    ),
    ...found(
      input.policy.type === 'colocated' && input.async.steps_ahead > 0,
      'a colocated policy samples and learns in turn, in one process; set 0, or sample elsewhere (policy.type: openai or onnx)',
      ['async', 'steps_ahead'],
      ['policy', 'type'],
    ),
  ];
}

/** What is impossible with several turns. */
function checkTurns({ rollout, sampling, policy, learner }: TrainInput): Finding[] {
  if (rollout.turns === 1) return [];
  const { episode_tokens: most } = rollout;
  return [
    ...found(
      policy.type === 'chat' || policy.type === 'recorded',
      `policy.type ${policy.type} answers a prompt once; several turns need onnx, colocated or openai`,
      ['rollout', 'turns'],
      ['policy', 'type'],
    ),
    ...found(
      most !== null && most <= sampling.max_tokens,
      `leaves no room for a second turn beside the first of up to sampling.max_tokens (${sampling.max_tokens})`,
      ['rollout', 'episode_tokens'],
      ['sampling', 'max_tokens'],
    ),
    ...found(
      longestEpisode({ sampling, rollout }) > learner.micro_batch_tokens && sampling.max_tokens <= learner.micro_batch_tokens,
      `an episode of up to ${longestEpisode({ sampling, rollout })} tokens does not fit into a micro-batch of ${learner.micro_batch_tokens}; set episode_tokens, or raise learner.micro_batch_tokens`,
      ['rollout', most === null ? 'turns' : 'episode_tokens'],
      ['learner', 'micro_batch_tokens'],
    ),
  ];
}

/** What is impossible in a `kind: sft` file. */
export function checkSft(input: SftInput): Finding[] {
  const model = input.model;
  const findings = [...checkShared(input), ...checkDialectNames(input), ...checkSplits(input)];
  if (model.type === 'new') {
    const kvHeads = model.kv_heads ?? model.heads;
    return [
      ...findings,
      ...found(
        model.hidden_size % model.heads !== 0 || (model.hidden_size / model.heads) % 2 !== 0,
        `must be an even multiple of heads (${model.heads}): rotary embedding turns pairs`,
        ['model', 'hidden_size'],
        ['model', 'heads'],
      ),
      ...found(model.heads % kvHeads !== 0, `must divide heads (${model.heads})`, ['model', 'kv_heads'], ['model', 'heads']),
      ...found(
        model.max_length > input.batch_tokens,
        `a sequence of model.max_length (${model.max_length}) tokens does not fit into a batch`,
        ['batch_tokens'],
        ['model', 'max_length'],
      ),
      ...found(
        input.sampling.max_tokens >= model.max_length,
        `leaves no room for a prompt in model.max_length (${model.max_length})`,
        ['sampling', 'max_tokens'],
        ['model', 'max_length'],
      ),
    ];
  }
  return findings;
}

/** What both kinds share: dialect and backend, schedule, evaluation sets. */
function checkShared(input: TrainInput | SftInput): Finding[] {
  const { schedule, run } = input.kind === 'train' ? resolveTrain(input) : resolveSft(input);
  return [
    ...checkDialects(input),
    ...found(
      input.policy.precision !== 'float32' && input.policy.type !== 'onnx' && !isModulePath(input.policy.type),
      `is of the embedded policy (policy.type: onnx), not of ${input.policy.type}; a PyTorch policy has learner.torch.precision, a server its own settings`,
      ['policy', 'precision'],
      ['policy', 'type'],
    ),
    ...found(
      input.solver_hosts.discover !== undefined && input.solver_hosts.urls.join() !== defaultSolverHosts.join(),
      'names hosts, and discover looks them up; leave one of the two out',
      ['solver_hosts', 'urls'],
      ['solver_hosts', 'discover'],
    ),
    ...found(
      input.learner.type === 'torch' && input.optimizer.type !== 'adamw',
      `learner.type torch runs AdamW, not ${input.optimizer.type}`,
      ['optimizer', 'type'],
      ['learner', 'type'],
    ),
    ...found(
      (input.prompt.template === 'bare' || input.prompt.template === 'brief') && input.prompt.examples > 0,
      `a ${input.prompt.template} prompt has no examples; take template: instruct, evom or sirl`,
      ['prompt', 'examples'],
      ['prompt', 'template'],
    ),
    ...found(
      schedule.warmup_steps >= schedule.total && schedule.warmup_steps > 0,
      `the warm-up would never end: the schedule has ${schedule.total} steps; say --set schedule.warmup_steps=0 for a short run`,
      ['schedule', 'warmup_steps'],
      ['schedule', 'total'],
      ['run', 'steps'],
    ),
    ...found(
      run.eval_every > 0 && input.dataset.eval.length === 0,
      'nothing to evaluate on: dataset.eval is empty',
      ['run', 'eval_every'],
      ['dataset', 'eval'],
    ),
    ...input.dataset.eval.flatMap((set, i) => [
      ...found(input.dataset.eval.findIndex((other) => other.name === set.name) < i, `"${set.name}" names an earlier set too`, [
        'dataset',
        'eval',
        i,
        'name',
      ]),
      ...found(
        set.greedy && set.samples > 1,
        'greedy decoding gives the same completion every time; take samples: 1',
        ['dataset', 'eval', i, 'samples'],
        ['dataset', 'eval', i, 'greedy'],
      ),
    ]),
  ];
}

function checkDialects(input: TrainInput | SftInput): Finding[] {
  const { backend } = input;
  if (isModulePath(backend)) return [];
  const own: readonly string[] = dialectsOfBackend[backend as keyof typeof dialectsOfBackend];
  // Python dialects bring their own solver: in a list they mix with any backend.
  const spoken = typeof input.dialect === 'string' ? own : [...new Set([...own, ...hostedDialects])];
  return resolveDialects(input.dialect, backend).flatMap(({ name }, i) =>
    found(
      !spoken.includes(name) && !isModulePath(name),
      `backend ${backend} does not speak ${name}; take ${spoken.join(' or ')}, or dialect: auto`,
      typeof input.dialect === 'string' ? ['dialect'] : ['dialect', i, 'name'],
      ['backend'],
    ),
  );
}

/** Programs to imitate are text: any built-in dialect will do, whatever the backend. */
function checkDialectNames(input: SftInput): Finding[] {
  const all = [...dialects, ...simulatorDialects];
  return input.dataset.train.flatMap((part, i) =>
    part.dialects.flatMap(({ name }, j) =>
      found(!all.includes(name), `unknown dialect; one of ${all.join(', ')}`, ['dataset', 'train', i, 'dialects', j, 'name']),
    ),
  );
}

/** Held-out problems must be held out: a generated evaluation set may not use the generator split of training. */
function checkSplits(input: TrainInput | SftInput): Finding[] {
  const { train } = input.dataset;
  const parts = Array.isArray(train) ? train : train.type === 'mixture' ? train.parts : [train];
  const splits = new Set(parts.flatMap((part) => (part.type === 'generated' ? [part.split] : [])));
  return input.dataset.eval.flatMap((set, i) =>
    (set.type === 'mixture' ? set.parts : [set]).flatMap((part, j) =>
      found(
        part.type === 'generated' && splits.has(part.split),
        'training draws its problems from the same split; take another',
        set.type === 'mixture' ? ['dataset', 'eval', i, 'parts', j, 'split'] : ['dataset', 'eval', i, 'split'],
      ),
    ),
  );
}
