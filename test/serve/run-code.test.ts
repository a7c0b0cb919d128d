/** SandboxFusion's `POST /run_code` by way of `evom serve`: handed on as it was sent, answered as the host answers. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { main } from '../../src/cli/command-line.ts';
import { serveSolverHost } from '../../src/solver-host/http-service.ts';
import { fakeIo } from '../cli/fake-io.ts';
import { skipReason, startHost } from '../solver-host/environment.ts';
import { post, question } from './open.ts';

const cwd = mkdtempSync(join(tmpdir(), 'evom-run-code-'));
beforeAll(() => writeFileSync(join(cwd, 'set.jsonl'), `${JSON.stringify({ id: 'lp', question, answer: 3.5 })}\n`));
afterAll(() => rmSync(cwd, { recursive: true, force: true }));

const toClose: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of toClose.splice(0).toReversed()) await close();
});

/** `evom serve` in front of a host; its address. */
async function serving(host: string): Promise<{ readonly url: string }> {
  const io = fakeIo({ cwd });
  const ended = main(['serve', '--dataset', 'set.jsonl', '--host', host, '--port', '0', '--workers', '1', '--json'], io);
  toClose.push(async () => {
    io.interrupt();
    expect(await ended).toBe(0);
  });
  await Promise.race([expect.poll(io.out, { timeout: 60_000 }).toContain('\n'), ended]);
  return JSON.parse(io.out()) as { url: string };
}

/** A host that answers by a function; what it was sent. */
async function listening(answer: (path: string, body: unknown, token: string | undefined) => { status: number; body: unknown }) {
  const server = createServer(async (request: IncomingMessage, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const text = Buffer.concat(chunks).toString();
    const { status, body } = answer(request.url ?? '', text === '' ? null : JSON.parse(text), request.headers.authorization);
    response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  toClose.push(() => new Promise((resolve) => server.close(resolve)));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

// As verl's and SkyRL's sandbox clients send it.
const request = {
  code: 'print(6 * 7)',
  language: 'python',
  stdin: '',
  compile_timeout: 10,
  run_timeout: 10,
  memory_limit_MB: 512,
  files: {},
};

describe('POST /run_code', () => {
  it('goes to the first host, word for word, with the token of solver hosts, and comes back as it is', async () => {
    const seen: unknown[] = [];
    const said = { status: 'Success', message: '', compile_result: null, run_result: { stdout: '42\n', return_code: 0 }, files: {} };
    const host = await listening((path, body, token) => {
      seen.push([path, body, token]);
      return { status: 200, body: said };
    });
    process.env.EVOM_SOLVER_HOST_TOKEN = 'secret';
    try {
      const server = await serving(`${host}/`);
      expect(await post(server, '/run_code', request)).toEqual({ status: 200, body: said });
      expect(seen).toEqual([['/run_code', request, 'Bearer secret']]);
    } finally {
      delete process.env.EVOM_SOLVER_HOST_TOKEN;
    }
  });

  it("is SandboxFusion's SandboxError where the host refuses or is away: a fault of ours, and none of the program", async () => {
    const refusing = await listening(() => ({ status: 422, body: { error: 'language is cpp' } }));
    const { status, body } = await post(await serving(refusing), '/run_code', { ...request, language: 'cpp' });
    expect([status, body.status, body.run_result]).toEqual([200, 'SandboxError', null]);
    expect(body.message).toContain('language is cpp');
  });

  it.skipIf(skipReason !== null)(`runs on a real host${skipReason === null ? '' : ` (${skipReason})`}`, async () => {
    const host = await startHost(['highspy']);
    const service = await serveSolverHost(host, { port: 0, address: '127.0.0.1', token: null });
    toClose.push(async () => {
      await service.close();
      await host.close();
    });
    const { body } = await post(await serving(service.url), '/run_code', request);
    expect(body).toMatchObject({ status: 'Success', run_result: { stdout: '42\n', return_code: 0 } });
  });
});
