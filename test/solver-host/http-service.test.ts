import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { request as httpRequest } from 'node:http';
import { connect } from 'node:net';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { packageRoot } from '../../src/config/load/find-file.ts';
import type { Service } from '../../src/lib/http-server.ts';
import { serveSolverHost } from '../../src/solver-host/http-service.ts';
import type { SolverHost } from '../../src/solver-host/solver-host.ts';
import type { ExecuteLine, Health } from '../../src/solver-host/wire.ts';
import { environmentDirectory, skipReason, startHost } from './environment.ts';

const token = 'a-token';
const solves =
  'import highspy\nh = highspy.Highs()\nx = h.addVariable(ub=3)\ny = h.addVariable()\nh.addConstr(x + 2 * y <= 4)\nh.maximize(x + y)';

describe.skipIf(skipReason !== null)('a solver host over HTTP', () => {
  let host: SolverHost;
  let service: Service;
  beforeAll(async () => {
    host = await startHost(['highspy']);
    service = await serveSolverHost(host, { port: 0, address: '127.0.0.1', token });
  });
  afterAll(async () => {
    await service?.close();
    await host?.close();
  });
  const post = (path: string, body: string, auth = `Bearer ${token}`): Promise<Response> =>
    fetch(`${service.url}${path}`, { method: 'POST', body, headers: { authorization: auth, 'content-type': 'application/json' } });

  it('says what it serves, how it is jailed and what runs', async () => {
    const health = (await (await fetch(`${service.url}/v1/health`)).json()) as Health;
    expect(health).toMatchObject({
      service: 'evom-solver-host',
      unjailed: false,
      resolver: expect.stringMatching(/^HiGHS 1\./),
      dialects: [{ dialect: 'highspy', state: 'ready', backend: 'highspy', licence: 'free', concurrency: expect.any(Number) }],
    });
    expect(Object.values(health.dialects[0]?.isolation ?? {})).not.toContain(false);
  });

  it('streams the outcomes of a batch by index, an unknown dialect as a fault of ours', async () => {
    const programs = [solves, 'x = 1', 'import numpy\nopen("data.json").read()'].map((code) => ({
      dialect: 'highspy',
      code,
      files: { 'data.json': '{}' },
    }));
    const response = await post('/v1/execute', JSON.stringify({ programs: [...programs, { dialect: 'gurobipy', code: '' }] }));
    const lines = (await response.text())
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as ExecuteLine);
    const byIndex = lines.sort((a, b) => a.index - b.index).map(({ outcome }) => [outcome.status, outcome.objective]);
    expect(byIndex).toEqual([
      ['optimal', 3.5],
      ['no_solve', null],
      ['no_solve', null],
      ['infra_error', null],
    ]);
  });

  it.each([
    ['/v1/execute', '{"programs": []}', 'Bearer wrong', 401, /token/],
    ['/v1/execute', 'no JSON', `Bearer ${token}`, 400, /the request body is not valid JSON/],
    ['/v1/execute', '{"programs": [{"code": 3}]}', `Bearer ${token}`, 400, /programs\[0\]/],
    [
      '/v1/execute',
      '{"programs": [{"dialect": "highspy", "code": "", "files": {"../x": ""}}]}',
      `Bearer ${token}`,
      400,
      /programs\[0\]\.files: file name "\.\.\/x"/,
    ],
    ['/v1/execute', JSON.stringify({ programs: Array(4097).fill({}) }), `Bearer ${token}`, 413, /4097 programs; at most 4096/],
    ['/v2/execute', '{}', `Bearer ${token}`, 404, /POST \/v1\/execute/],
  ])('refuses %s with %s', async (path, body, auth, status, message) => {
    const response = await post(path, body, auth);
    expect(response.status).toBe(status);
    expect(((await response.json()) as { error: string }).error).toMatch(message);
  });

  /** A request with headers that `fetch` does not let through; the answer's status and error. */
  const raw = (at: string, path: string, headers: Readonly<Record<string, string>>, body?: string): Promise<[number | undefined, string]> =>
    new Promise((resolve, reject) => {
      const { hostname, port } = new URL(at);
      const sent = httpRequest({ hostname, port, path, method: body === undefined ? 'GET' : 'POST', headers }, async (response) => {
        let text = '';
        for await (const chunk of response) text += String(chunk);
        resolve([response.statusCode, text]);
      });
      sent.on('error', reject);
      sent.end(body);
    });
  const json = { 'content-type': 'application/json' };

  it('is not there for web pages, with a token or without', async () => {
    const open = await serveSolverHost(host, { port: 0, address: '127.0.0.1', token: null });
    const body = '{"programs": []}';
    try {
      // A page's form or fetch, which a browser sends without asking first.
      for (const type of ['text/plain', 'application/x-www-form-urlencoded', 'multipart/form-data; boundary=x'])
        for (const path of ['/v1/execute', '/run_code'])
          expect(await raw(open.url, path, { 'content-type': type }, body)).toEqual([415, expect.stringContaining('application/json')]);
      expect((await raw(open.url, '/v1/execute', {}, body))[0]).toBe(415);
      // The origin of a page, also of one without a name and of one on this machine.
      for (const origin of ['https://example.org', 'null', 'http://localhost:3000']) {
        expect((await raw(open.url, '/v1/execute', { ...json, origin }, body))[0]).toBe(403);
        expect((await raw(open.url, '/v1/health', { origin }))[0]).toBe(403);
        expect((await raw(service.url, '/v1/execute', { ...json, origin, authorization: `Bearer ${token}` }, body))[0]).toBe(403);
      }
      // A name that was made to lead here.
      for (const name of [
        'evil.example',
        'evil.example:8650',
        '127.0.0.1.evil.example',
        'localhost.evil.example',
        '127.0.0.1@evil.example',
      ])
        for (const [path, sent] of [
          ['/v1/execute', body],
          ['/v1/health', undefined],
        ] as const)
          expect((await raw(open.url, path, { ...json, host: name }, sent))[0]).toBe(403);
      for (const name of ['127.0.0.1', '127.0.0.1:1', 'localhost:8650', '[::1]:8650', '10.0.0.7:8650'])
        expect((await raw(open.url, '/v1/execute', { ...json, host: name }, body))[0]).toBe(200);
      expect((await raw(open.url, '/v1/execute', { 'content-type': 'Application/JSON; charset=utf-8' }, body))[0]).toBe(200);
      expect((await raw(open.url, '//', json, body))[0]).toBe(404);
      expect((await raw(service.url, '/v1/execute', { ...json, host: 'solver-2', authorization: `Bearer ${token}` }, body))[0]).toBe(200);
    } finally {
      await open.close();
    }
  });

  it('waits for an answer however long it takes, and for a request only so long', async () => {
    const hasty = await serveSolverHost(host, { port: 0, address: '127.0.0.1', token: null, sendingMs: 400 });
    try {
      const slow = { programs: [{ dialect: 'highspy', code: 'import time\ntime.sleep(1.5)' }] };
      const [status, text] = await raw(hasty.url, '/v1/execute', json, JSON.stringify(slow));
      expect([status, (JSON.parse(text) as ExecuteLine).outcome.status]).toEqual([200, 'no_solve']);
      const socket = connect(Number(new URL(hasty.url).port), '127.0.0.1');
      socket.write('POST /v1/execute HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-type: application/json\r\ncontent-length: 1000\r\n\r\n{');
      const trickle = setInterval(() => socket.write(' '), 100);
      socket.on('error', () => undefined);
      socket.resume();
      await once(socket, 'close'); // or the test's own time ends
      clearInterval(trickle);
    } finally {
      await hasty.close();
    }
  });

  it('warns of no leak when a batch waits', async () => {
    const warnings: string[] = [];
    const note = (warning: Error): void => void warnings.push(warning.name);
    process.on('warning', note);
    try {
      const programs = Array.from({ length: 30 }, (_, k) => ({ dialect: 'highspy', code: `x = ${k}` }));
      expect((await (await post('/v1/execute', JSON.stringify({ programs }))).text()).trim().split('\n')).toHaveLength(30);
    } finally {
      process.off('warning', note);
    }
    expect(warnings).toEqual([]);
  });

  it('answers as SandboxFusion does', async () => {
    const run = async (body: object) => (await (await post('/run_code', JSON.stringify(body))).json()) as Record<string, unknown>;
    const [fine, raised, slow, other] = await Promise.all([
      run({ code: 'import json\nprint(json.load(open("in.json"))["n"] + 1)', language: 'python', files: { 'in.json': btoa('{"n": 1}') } }),
      run({ code: 'import sys\nprint("before")\nraise ValueError("wrong")' }),
      run({ code: 'while True: pass', run_timeout: 1 }),
      run({ code: 'puts 1', language: 'ruby' }),
    ]);
    expect(fine).toMatchObject({ status: 'Success', run_result: { status: 'Finished', return_code: 0, stdout: '2\n', stderr: '' } });
    expect(raised).toMatchObject({ status: 'Failed', run_result: { status: 'Error', return_code: 1, stdout: 'before\n' } });
    expect((raised.run_result as { stderr: string }).stderr).toContain('ValueError: wrong');
    expect(slow).toMatchObject({ status: 'Failed', run_result: { status: 'TimeLimitExceeded', return_code: null } });
    expect(other).toMatchObject({ status: 'SandboxError', run_result: null });
  });

  it('does not run what a client that went away had queued', async () => {
    const { concurrency } = host.health().dialects[0] ?? { concurrency: 1 };
    const sleeps = { dialect: 'highspy', code: 'import time\ntime.sleep(5)' };
    const going = new AbortController();
    const body = JSON.stringify({ programs: Array.from({ length: concurrency + 40 }, () => sleeps) });
    const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' };
    const response = await fetch(`${service.url}/v1/execute`, { method: 'POST', body, headers, signal: going.signal });
    expect(response.status).toBe(200);
    await expect.poll(() => host.health().queued, { timeout: 4000 }).toBe(40);
    going.abort();
    // Run one after the other, they would take longer than this.
    await expect.poll(() => host.health().queued, { timeout: 1000 }).toBe(0);
    await expect.poll(() => host.health().running, { timeout: 20_000 }).toBe(0);
  });

  it('is made anew when its fork server is killed, and the program under way is a fault of ours', async () => {
    const underWay = host.execute({ dialect: 'highspy', code: 'while True: pass' });
    await new Promise((resolve) => setTimeout(resolve, 300));
    for (const pid of host.pids) process.kill(pid, 'SIGKILL');
    expect(await underWay).toMatchObject({ status: 'infra_error', error: { type: 'HostFault' } });
    expect(await host.execute({ dialect: 'highspy', code: solves })).toMatchObject({ status: 'optimal', objective: 3.5 });
  });

  it('refuses to run where the kernel gives no namespaces, naming what is missing, unless told to in words', async (context) => {
    const main = join(packageRoot, 'dist/cli/main.js');
    const serve = `node ${main} solver-host --dialects highspy --environment ${environmentDirectory} --port 0 --json`;
    // In a user namespace of its own that forbids further ones, as some machines do.
    const within = (command: string): Promise<{ stdout: string; stderr: string; code?: number }> =>
      promisify(execFile)('unshare', ['-Ur', 'sh', '-c', `echo 0 > /proc/sys/user/max_user_namespaces && ${command}`]).catch(
        (error) => error,
      );
    if ((await within('echo fine')).stdout !== 'fine\n') return context.skip('unshare cannot make a user namespace here');
    const refused = await within(serve);
    expect(refused.code).toBe(1);
    expect(refused.stderr).toMatch(/E_SANDBOX .*lacks namespaces, private_scratch.*--unsafe-no-jail/);
    const allowed = spawn('unshare', ['-Ur', 'sh', '-c', `echo 0 > /proc/sys/user/max_user_namespaces && exec ${serve} --unsafe-no-jail`]);
    const [said] = await once(allowed.stdout, 'data');
    allowed.kill('SIGINT');
    expect(JSON.parse(String(said))).toMatchObject({ unjailed: true, dialects: [{ isolation: { namespaces: false, seccomp: true } }] });
    expect((await once(allowed, 'exit'))[0]).toBe(0);
  });
});
