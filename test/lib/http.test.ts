import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type HttpFault, requestDone, requestJson, retryAfterMs, withRetries } from '../../src/lib/http.ts';

/** Answers by path: `/200/text` with a text, `/503/json` with that status and JSON, `/cut` by breaking off. */
let server: Server;
let url: string;
const asked: string[] = [];
beforeAll(async () => {
  server = createServer((request, response) => {
    const [, status, kind] = (request.url ?? '').split('/');
    asked.push(request.url ?? '');
    if (status === 'cut') {
      response.writeHead(200, { 'content-length': 100 });
      response.write('{"a":');
      return void setTimeout(() => response.destroy(), 10);
    }
    response.writeHead(Number(status));
    response.end(kind === 'json' ? '{"done": true}' : kind === 'empty' ? '' : 'Success: done.');
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterAll(() => {
  server.closeAllConnections();
  server.close();
});
const options = { code: 'E_POLICY' } as const;
const faultOf = (path: string): Promise<HttpFault> =>
  requestJson(`${url}${path}`, options).then(
    () => {
      throw new Error('no fault');
    },
    (fault: unknown) => fault as HttpFault,
  );

describe('requestJson and requestDone', () => {
  it('read JSON, and nothing as null', async () => {
    expect(await requestJson(`${url}/200/json`, options)).toEqual({ done: true });
    expect(await requestJson(`${url}/200/empty`, options)).toBeNull();
  });

  it('take a text where the answer is not read, and refuse it where it is', async () => {
    await requestDone(`${url}/200/text`, options);
    await expect(requestJson(`${url}/200/text`, options)).rejects.toThrow(/something else than JSON: Success: done[.]/);
    await expect(requestDone(`${url}/400/text`, options)).rejects.toThrow(/answered 400: Success/);
  });

  it.each([
    ['/400/text', 'refused', 400, false],
    ['/404/json', 'refused', 404, false],
    ['/408/text', 'refused', 408, true],
    ['/429/text', 'refused', 429, true],
    ['/500/text', 'refused', 500, true],
    ['/503/json', 'refused', 503, true],
    ['/200/text', 'unreadable', 200, false],
    ['/cut', 'broken_off', 200, true],
  ] as const)('tell of %s that it is %s, status %s, and whether it may pass: %s', async (path, failure, status, mayPass) => {
    const fault = await faultOf(path);
    expect([fault.failure, fault.status, fault.mayPass]).toEqual([failure, status, mayPass]);
  });

  it('tell a server that is away', async () => {
    const fault = await requestJson('http://127.0.0.1:9', options).catch((error: HttpFault) => error);
    expect(fault).toMatchObject({ failure: 'unreachable', status: null, mayPass: true });
  });
});

describe('withRetries', () => {
  const ask = (path: string, retries: number, signal?: AbortSignal): Promise<number> => {
    asked.length = 0;
    return withRetries(() => requestDone(`${url}${path}`, options), retries, signal).then(
      () => asked.length,
      () => asked.length,
    );
  };

  it('asks again while the fault may pass, and no oftener than told', async () => {
    expect(await ask('/503/text', 2)).toBe(3);
    expect(await ask('/503/text', 0)).toBe(1);
    expect(await ask('/400/text', 5)).toBe(1);
    expect(await ask('/200/text', 5)).toBe(1);
  });

  it('does not wait for the pause when it is aborted', async () => {
    const stop = new AbortController();
    const reason = new Error('stopped');
    const pending = withRetries(() => requestDone(`${url}/503/text`, options), 20, stop.signal);
    setTimeout(() => stop.abort(reason), 50);
    await expect(pending).rejects.toBe(reason);
  });

  it('passes on what is not a fault of a server', async () => {
    let times = 0;
    const broken = (): Promise<never> => {
      times += 1;
      return Promise.reject(new TypeError('ours'));
    };
    await expect(withRetries(broken, 5)).rejects.toThrow('ours');
    expect(times).toBe(1);
  });
});

describe('Retry-After', () => {
  it('is seconds or a date, never in the past, and nothing where it says neither', () => {
    const now = Date.parse('2026-01-01T00:00:00Z');
    expect(
      ['2', '0', '0.5', 'Thu, 01 Jan 2026 00:00:10 GMT', 'Wed, 31 Dec 2025 23:00:00 GMT'].map((header) => retryAfterMs(header, now)),
    ).toEqual([2000, 0, 500, 10_000, 0]);
    expect([undefined, '', 'soon'].map((header) => retryAfterMs(header, now))).toEqual([null, null, null]);
  });
});
