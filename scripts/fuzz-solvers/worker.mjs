/** A thread of the fuzzer: takes a stretch of models of one kind, asks every solver, and counts what proofs contradict. */
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { parentPort, workerData } from 'node:worker_threads';
import { judge, proveModel, withPoint } from './judge.mjs';
import { randomModel } from './kinds.mjs';
import { shrink } from './shrink.mjs';
import { evomBackends, highspyNames, startHighspy } from './solvers.mjs';

const { seed, root, backends: backendNames, highspy: highspyOptions, heartbeat } = workerData;
const backends = await evomBackends(root, backendNames);
const highspy = highspyOptions === null ? null : await startHighspy(highspyOptions.python, highspyOptions.script);
const load = (path) => import(pathToFileURL(join(root, 'dist', path)).href);
const [{ writeLp }, { parseLp }] = await Promise.all([load('solvers/lp-format.js'), load('solvers/lp-reader.js')]);
heartbeat[2] = highspy?.pid ?? 0;
const versions = Object.fromEntries([
  ...backends.map(({ name, version }) => [name, version]),
  ...(highspy === null ? [] : [['highspy', highspy.version]]),
]);
parentPort.postMessage({ type: 'ready', versions });

/** Says what is under way, to a watchdog that ends this thread when it stays so. */
const beat = (index, solver) => {
  heartbeat[0] = index;
  heartbeat[1] = solver;
  Atomics.add(heartbeat, 3, 1);
};
const count = (counts, key, by = 1) => {
  counts[key] = (counts[key] ?? 0) + by;
};

/** What a point found by any solver proves is known to all of them. */
function sharpened(model, truth, verdicts) {
  return verdicts.reduce((known, { values }) => withPoint(model, known, values), truth);
}

/** The model as text, made small while the solver stays wrong about the text as it is read back. */
function smallText(model, backend) {
  const stillFails = (candidate) => {
    try {
      const read = parseLp(writeLp(candidate, { flavor: 'cplex' }));
      const verdict = backend.solve(read);
      return judge(read, verdict, proveModel(read)) === 'wrong';
    } catch {
      return false;
    }
  };
  const isText = stillFails(model);
  return { lp: writeLp(isText ? shrink(model, stillFails) : model, { flavor: 'cplex' }), isText };
}

async function stretch({ kind, from, to, skip, maxShrunk }) {
  const models = Array.from({ length: to - from }, (_, k) => randomModel(seed, kind, from + k));
  const isSkipped = (index, solver) => skip.some((s) => s.index === index && s.solver === solver);
  const asked = models.filter((_, k) => !isSkipped(from + k, backends.length));
  if (highspy !== null) await highspy.ask(asked);
  const result = { kind, from, to, models: models.length, truth: {}, proofs: {}, points: 0, solvers: {}, failures: [] };
  let numShrunk = 0;
  for (const [k, model] of models.entries()) {
    const index = from + k;
    const answers = [];
    for (const [at, backend] of backends.entries()) {
      if (isSkipped(index, at)) {
        answers.push({ name: backend.name, verdict: { status: 'hung', objective: null, values: null } });
        continue;
      }
      beat(index, at);
      const verdict = backend.solve(model);
      await backend.settled();
      answers.push({ name: backend.name, verdict, backend });
    }
    if (highspy !== null && !isSkipped(index, backends.length)) {
      beat(index, backends.length);
      for (const [at, { status, values }] of (await highspy.next()).entries()) {
        const objective =
          values === null ? null : model.variables.reduce((sum, v, j) => sum + (v.cost === 0 ? 0 : v.cost * values[j]), model.offset);
        answers.push({ name: highspyNames[at], verdict: { status, objective, values } });
      }
    } else if (highspy !== null)
      for (const name of highspyNames) answers.push({ name, verdict: { status: 'hung', objective: null, values: null } });
    beat(index, backends.length + 1);
    const proven = proveModel(model);
    const truth = sharpened(
      model,
      proven,
      answers.map(({ verdict }) => verdict),
    );
    count(result.truth, truth.status);
    count(result.proofs, truth.proof);
    result.points += truth.numPoints ?? 0;
    for (const { name, verdict, backend } of answers) {
      result.solvers[name] ??= { agrees: 0, wrong: 0, tolerance: 0, open: 0, unsure: {}, certificates: {} };
      const tally = result.solvers[name];
      const said = judge(model, verdict, truth);
      if (said === 'unsure') count(tally.unsure, verdict.status);
      else tally[said] += 1;
      if (typeof verdict.certificate === 'string') count(tally.certificates, verdict.certificate);
      if (said !== 'wrong' || backend === undefined) continue;
      const shrunk = numShrunk < maxShrunk ? smallText(model, backend) : { lp: writeLp(model, { flavor: 'cplex' }), isText: null };
      numShrunk += 1;
      result.failures.push({
        kind,
        index,
        solver: name,
        said: [verdict.status, verdict.objective],
        proven: [truth.status, truth.objective, truth.proof],
        ...shrunk,
      });
    }
  }
  return result;
}

parentPort.on('message', (task) => {
  if (task === null) {
    highspy?.close();
    parentPort.close();
    return;
  }
  void stretch(task).then(
    (result) => parentPort.postMessage({ type: 'done', result }),
    (error) => parentPort.postMessage({ type: 'failed', message: error instanceof Error ? (error.stack ?? error.message) : String(error) }),
  );
});
