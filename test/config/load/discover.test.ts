/** The key `discover` from a file or a flag to what a run works with. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { policyOverrides } from '../../../src/cli/arguments.ts';
import { verifySettings } from '../../../src/config/build/verify-settings.ts';
import { loadConfig, resolvedYaml } from '../../../src/config/load/load.ts';

let cwd: string;
beforeEach(() => {
  cwd = mkdtempSync(join(tmpdir(), 'evom-discover-'));
  mkdirSync(join(cwd, 'configs'));
  mkdirSync(join(cwd, 'model'));
  write('');
});
afterEach(() => rmSync(cwd, { recursive: true, force: true }));
const write = (more: string): void =>
  writeFileSync(join(cwd, 'configs/run.yaml'), `policy: { checkpoint: model }\ndataset: { train: { type: generated } }\n${more}`);
const load = (...overrides: Parameters<typeof loadConfig>[1]['overrides'] & object) => loadConfig('run.yaml', { cwd, overrides });
const refused = (...overrides: string[]): string => {
  try {
    load(...overrides);
    return 'accepted';
  } catch (error) {
    return (error as Error).message;
  }
};

describe('discover', () => {
  it('takes a text or settings, and is not written where it is not used', () => {
    expect(load('solver_hosts.discover=dns://hosts:8650').config.solver_hosts.discover).toEqual({
      from: 'dns://hosts:8650',
      every_s: 2,
      wait_s: 60,
    });
    write('solver_hosts: { discover: { from: "dns://_evom._tcp.lab", wait_s: 5 } }\n');
    expect(load('solver_hosts.discover.every_s=1').config.solver_hosts.discover).toEqual({
      from: 'dns://_evom._tcp.lab',
      every_s: 1,
      wait_s: 5,
    });
    const { config } = load('solver_hosts.discover=null');
    expect(config.solver_hosts).toMatchObject({ urls: ['http://127.0.0.1:8650'], discover: undefined });
    // A run that was begun by an earlier release goes on.
    expect(resolvedYaml(config)).not.toMatch(/discover:/);
  });

  it('gives a settled configuration that is read again as it stands', () => {
    writeFileSync(join(cwd, 'configs/run.yaml'), 'extends: other.yaml\nsolver_hosts: { discover: "dns://hosts:8650" }\n');
    writeFileSync(
      join(cwd, 'configs/other.yaml'),
      'policy: { type: openai, checkpoint: model, openai: { discover: "file:gpus.txt" } }\ndataset: { train: { type: generated } }\n',
    );
    const settled = resolvedYaml(load().config);
    writeFileSync(join(cwd, 'again.yaml'), settled);
    expect(resolvedYaml(loadConfig('again.yaml', { cwd }).config)).toBe(settled);
  });

  it('finds a file beside the configuration, else from the working directory, whether it is there or not', () => {
    expect(load('solver_hosts.discover=file:hosts.txt').config.solver_hosts.discover?.from).toBe(`file:${join(cwd, 'hosts.txt')}`);
    writeFileSync(join(cwd, 'configs/hosts.txt'), '');
    expect(load('solver_hosts.discover=file:hosts.txt').config.solver_hosts.discover?.from).toBe(`file:${join(cwd, 'configs/hosts.txt')}`);
  });

  it('refuses what it does not understand, and a list beside it', () => {
    expect(refused('solver_hosts.discover=dns://hosts')).toMatch(
      /solver_hosts\.discover: lacks a port; write it as dns:\/\/name:port, not "dns:\/\/hosts"/,
    );
    expect(refused('policy.openai.discover=3')).toMatch(
      /policy\.openai\.discover: must be dns:\/\/name:port, .* or \{from, every_s, wait_s\}/,
    );
    expect(refused('solver_hosts.discover={from: "dns://a:1", wait: 3}')).toMatch(/wait: unknown key; did you mean wait_s/);
    expect(refused('solver_hosts.discover=dns://a:1', 'solver_hosts.urls=["http://b:1"]')).toMatch(/leave one of the two out/);
    expect(refused('policy.openai.discover=dns://a:1', 'policy.openai.servers=["http://b:1"]')).toMatch(/leave one of the two out/);
    expect(refused('policy.type=openai')).toMatch(/or where servers are looked up \(discover\)/);
    expect(refused('policy.type=openai', 'policy.openai.discover=dns://gpus:8000')).toBe('accepted');
  });

  it('is what --host may say instead of addresses, over whatever the file says', () => {
    write('solver_hosts: { urls: ["http://a:1"] }\n');
    const flag = (host: string[]) => policyOverrides({ host });
    const looked = load(...flag(['dns://hosts:8650']));
    expect(looked.config.solver_hosts).toMatchObject({ discover: { from: 'dns://hosts:8650' } });
    expect(looked.source.overrides).toEqual(['--host dns://hosts:8650']);
    write('solver_hosts: { discover: "dns://hosts:8650" }\n');
    expect(load(...flag(['http://b:2,http://c:3'])).config.solver_hosts).toMatchObject({
      urls: ['http://b:2', 'http://c:3'],
      discover: undefined,
    });
    expect(() => flag(['dns://hosts:8650', 'http://b:2'])).toThrow(/give it alone, or addresses alone/);
    const about = { backend: 'highs', workers: null, set: [] };
    expect(verifySettings({ ...about, hosts: ['file:hosts.txt'] }).solver_hosts.discover).toMatchObject({ from: 'file:hosts.txt' });
    expect(verifySettings({ ...about, hosts: ['http://b:2'] }).solver_hosts).toMatchObject({ urls: ['http://b:2'], discover: undefined });
  });
});
