/** A training step on paper: sampling, programs, learning, weights out, with what each takes and costs. */
import { smallest } from '../../dist/lib/extremes.js';
import { randomStream } from '../../dist/lib/random.js';
import { assumed, measured, model, prices, run } from './assumptions.mjs';
import { simulateHosts } from './hosts.mjs';

/**
 * @param gpus of all, of which `samplerShare` sample and the others learn.
 * @param hosts solver hosts of `slots` programs at once, one a machine.
 * @param batchFactor groups a step, as a multiple of the run's.
 * @param licences programs at once over all hosts.
 * @param works processor seconds of a program; the measured ones of a small linear program when left out.
 * @returns seconds by part, programs a second while they run, bytes, dollars, and what a step waits for most.
 */
export function simulateStep({
  gpus,
  hosts,
  slots = assumed.coresPerHost,
  samplerShare = 0.5,
  batchFactor = 1,
  licences,
  works,
  seed = 1,
}) {
  const samplers = Math.max(1, Math.round(gpus * samplerShare));
  const learners = Math.max(1, gpus - samplers);
  const tokens = lengths({ count: Math.round(run.problems * batchFactor) * run.samples, seed });
  const sampled = sampling(tokens, samplers);
  const programs = sampled.ends.map((arrives, i) => ({ arrives, waits: 0, works: workOf(works, seed, i) }));
  const verified = simulateHosts({
    programs,
    hosts,
    slots,
    machine: { cores: assumed.coresPerHost },
    nodeS: measured.nodeS,
    clientS: measured.clientS,
    networkS: assumed.networkS,
    ...(licences === undefined ? {} : { licences }),
  });
  const trained = tokens.reduce((sum, own) => sum + own + run.promptTokens, 0);
  const learnS = learning(trained, learners);
  const weights = fanOut(samplers);
  const batchBytes = trained * measured.batchBytesPerToken;
  const parts = {
    sampling: sampled.seconds,
    verifying: Math.max(0, verified.seconds - sampled.seconds),
    learning: learnS,
    weights: weights.seconds,
    exchange: batchBytes / assumed.readerBytes + assumed.fixedS,
  };
  const seconds = Object.values(parts).reduce((sum, value) => sum + value, 0);
  const perHour = gpus * prices.gpu + hosts * slots * prices.core + (licences ?? 0) * prices.licence;
  return {
    ...{ gpus, hosts, programs: programs.length, seconds, parts },
    programsPerSecond: programs.length / seconds,
    wait: { mean: verified.waitMean, p95: verified.waitP95 },
    busy: { slots: verified.slotsBusy, client: verified.clientBusy },
    bytes: { batch: batchBytes, weights: weights.bytes },
    dollars: (perHour * seconds) / 3600,
    longest: Object.entries(parts).sort((a, b) => b[1] - a[1])[0][0],
  };
}

/** Completion lengths: log-normal around the run's mean, cut off at its limit. */
function lengths({ count, seed }) {
  const stream = randomStream(seed, 'scale', 'tokens');
  const location = Math.log(run.meanTokens) - run.spreadTokens ** 2 / 2;
  return Array.from({ length: count }, () => Math.min(run.maxTokens, Math.round(Math.exp(location + run.spreadTokens * normal(stream)))));
}

/** When each completion ends: every sampler has its share side by side, in the order of their lengths, at its tokens a second. */
function sampling(tokens, samplers) {
  const rate = assumed.sampledTokensPerS(model.weights);
  const each = rate / assumed.sideBySide; // a request alone is no faster than one of many
  const ends = new Array(tokens.length);
  let seconds = 0;
  for (let sampler = 0; sampler < samplers; sampler++) {
    const own = tokens.flatMap((length, i) => (i % samplers === sampler ? [{ length, i }] : []));
    const free = new Array(assumed.sideBySide).fill(0);
    for (const { length, i } of own) {
      const place = free.indexOf(smallest(free));
      free[place] += length / each;
      ends[i] = free[place];
      seconds = Math.max(seconds, ends[i]);
    }
  }
  return { ends, seconds };
}

/** Compute, and under it gathering weights and scattering gradients once a micro-batch over the machines' network. */
function learning(tokens, learners) {
  const compute = (6 * model.weights * tokens) / (learners * assumed.learnerFlops);
  const machines = Math.ceil(learners / assumed.gpusPerMachine);
  const traffic = machines === 1 ? 0 : (3 * model.weights * model.bytesPerWeight) / assumed.networkBytes;
  return Math.max(compute, traffic) + traffic;
}

/** Every machine with samplers reads the whole model from the storage that all see, once: its servers share what the machine has read. */
export function fanOut(samplers) {
  const size = model.weights * model.bytesPerWeight;
  const readers = Math.ceil(samplers / assumed.gpusPerMachine);
  const write = size / assumed.readerBytes;
  const read = Math.max(size / assumed.readerBytes, (readers * size) / assumed.storageBytes);
  return { seconds: write + read + assumed.reloadS, bytes: size * (1 + readers) };
}

function workOf(works, seed, i) {
  const mean = works ?? measured.programS;
  // Exponential: most programs are short, some run into their limit of 10 s.
  return Math.min(10, -mean * Math.log(1 - randomStream(seed, 'scale', 'work', i).next()));
}

function normal(stream) {
  return Math.sqrt(-2 * Math.log(1 - stream.next())) * Math.cos(2 * Math.PI * stream.next());
}
