/** A solver host as its pod runs it: another user, no capability, a root that cannot be written to, and the seccomp profile. */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { packageRoot } from '../../src/config/load/find-file.ts';
import { pythonOf } from '../../src/solver-host/environment.ts';
import { environmentDirectory, skipReason } from '../solver-host/environment.ts';
import { folder } from './manifests.ts';

const profile = join(folder, 'evom-jail.seccomp.json');
const script = join(packageRoot, 'test/deploy/as-in-a-pod.sh');
const noPod = ((): string | null => {
  if (skipReason !== null) return skipReason;
  if (process.getuid?.() !== 0) return 'only root can make the mounts of a pod';
  const { status, stderr } = spawnSync('bash', [script, profile, '--', 'true'], { encoding: 'utf8' });
  return status === 0 ? null : `a pod cannot be imitated here: ${stderr.trim().split('\n').at(-1)}`;
})();

/** Folder of the environment's Python where it lies in root's home, which the pod's user may not enter. */
const hidden = (): string => {
  const { stdout } = spawnSync(pythonOf(environmentDirectory), ['-c', 'import sys; print(sys.base_prefix)'], { encoding: 'utf8' });
  return stdout.startsWith(`${homedir()}/`) ? stdout.trim().split('/').slice(0, 3).join('/') : '';
};

function startInPod(...options: string[]): { child: ChildProcess; said: () => string } {
  const host = ['node', join(packageRoot, 'dist/cli/main.js'), 'solver-host', '--dialects', 'gurobipy', '--port', '0', '--json'];
  const args = [script, profile, ...options, '--', ...host, '--environment', environmentDirectory];
  const child = spawn('bash', args, { env: { ...process.env, EVOM_POD_SHOWS: hidden() }, stdio: ['ignore', 'pipe', 'pipe'] });
  let said = '';
  for (const stream of [child.stdout, child.stderr]) stream?.on('data', (chunk) => (said += chunk));
  return { child, said: () => said };
}

async function until<T>(ask: () => T | null, what: () => string): Promise<T> {
  for (let tries = 0; tries < 1200; tries++) {
    const found = ask();
    if (found !== null) return found;
    await new Promise((done) => setTimeout(done, 50));
  }
  throw new Error(what());
}

const code = [
  'import gurobipy as gp',
  'm = gp.Model()',
  'x = m.addVar(ub=3, vtype="I")',
  'm.setObjective(x, gp.GRB.MAXIMIZE)',
  'open("/tmp/notes", "w").write("a scratch folder")',
  'm.optimize()',
].join('\n');

it('jails its programs in full, and runs them', { timeout: 120_000 }, async (context) => {
  if (noPod !== null) return context.skip(noPod);
  const { child, said } = startInPod();
  try {
    const line = await until(() => /^\{"url".*\}$/m.exec(said())?.[0] ?? (child.exitCode === null ? null : ''), said);
    const { url, unjailed, dialects } = JSON.parse(line);
    expect(unjailed).toBe(false);
    expect(dialects[0].isolation).toMatchObject({ namespaces: true, private_scratch: true, seccomp: true, no_new_privs: true });
    const body = JSON.stringify({ programs: [{ dialect: 'gurobipy', code }] });
    const answer = await fetch(`${url}/v1/execute`, { method: 'POST', body, headers: { 'content-type': 'application/json' } });
    expect(JSON.parse(await answer.text()).outcome).toMatchObject({ status: 'optimal', objective: 3 });
  } finally {
    child.kill('SIGTERM');
  }
});

it('refuses to run without the three calls that RuntimeDefault forbids, naming what is missing', { timeout: 120_000 }, async (context) => {
  if (noPod !== null) return context.skip(noPod);
  const { child, said } = startInPod('--without', 'unshare,mount,umount2');
  await until(() => child.exitCode, said);
  expect(said()).toMatch(/E_SANDBOX/);
  expect(said()).toMatch(/lacks namespaces, private_scratch/);
});

it('the profile allows unshare, mount and umount2 with the arguments of jail.py alone', () => {
  const { syscalls, defaultAction } = JSON.parse(readFileSync(profile, 'utf8')) as {
    defaultAction: string;
    syscalls: { names: string[]; action: string; args?: { index: number; value: number; op: string }[] }[];
  };
  expect(defaultAction).toBe('SCMP_ACT_ERRNO');
  const jail = readFileSync(join(packageRoot, 'scripts/solver-host/jail.py'), 'utf8');
  const rules = (name: string) => syscalls.filter(({ names }) => names.includes(name));
  // Each call of jail.py has its rule, and each rule its call: one more in jail.py must be allowed here.
  for (const [name, pattern] of [
    ['unshare', /libc\.unshare\(/g],
    ['mount', /libc\.mount\(/g],
    ['umount2', /libc\.umount2\(/g],
  ] as const) {
    expect(jail.match(pattern)?.length, name).toBe(rules(name).length);
    for (const { args } of rules(name)) expect(args).toEqual([expect.objectContaining({ op: 'SCMP_CMP_EQ' })]);
  }
  for (const name of ['setns', 'pivot_root', 'ptrace', 'bpf', 'io_uring_setup', 'keyctl', 'mount_setattr', 'open_tree'])
    expect(rules(name), name).toEqual([]);
});
