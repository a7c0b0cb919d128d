import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type HttpFault, requestDone, requestJson, requestLines, retryAfterMs, retryPauseMs, withRetries } from '../../src/lib/http.ts';
import { sharedSignal } from '../../src/lib/shared-signal.ts';

/** Answers by path: `/200/text` with a text, `/503/json` with that status and JSON, `/cut` by breaking off. */
let server: Server;
let url: string;
const asked: string[] = [];
/** What `/as` does, for the test that sets it. */
let respond: RequestListener;
beforeAll(async () => {
  server = createServer((request, response) => {
    const [, status, kind] = (request.url ?? '').split('/');
    asked.push(request.url ?? '');
    if (status === 'as') return respond(request, response);
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

describe('requestLines', () => {
  const linesOf = async (parts: readonly (string | Buffer)[]): Promise<string[]> => {
    respond = async (_, response) => {
      for (const part of parts) {
        response.write(part);
        await sleep(5); // so that it travels alone
      }
      response.end();
    };
    const lines: string[] = [];
    await requestLines(`${url}/as`, options, (line) => lines.push(line));
    return lines;
  };

  it('gives each line once, however it was cut on its way', async () => {
    const euro = Buffer.from('€');
    expect(await linesOf(['{"a"', ':1}\n{"b":2}\r', '\n\nlast ', euro.subarray(0, 1), euro.subarray(1)])).toEqual([
      '{"a":1}',
      '{"b":2}',
      '',
      'last €',
    ]);
    expect(await linesOf([])).toEqual([]);
  });

  it('ends the request when a line is not wanted, and passes on why', async () => {
    const gone = new Promise<void>((resolve) => {
      respond = (_, response) => {
        response.once('close', resolve);
        response.write('one\n');
      };
    });
    const asking = requestLines(`${url}/as`, options, () => {
      throw new TypeError('ours');
    });
    await expect(asking).rejects.toThrow('ours');
    await gone;
  });

  it('ends with the reason of the signal in the middle of an answer', async () => {
    const stop = new AbortController();
    const reason = new Error('stopped');
    respond = (_, response) => void response.write('one\n');
    const asking = requestLines(`${url}/as`, { ...options, signal: stop.signal }, () => stop.abort(reason));
    await expect(asking).rejects.toBe(reason);
  });

  it('reads a hundred megabytes to the last line', async () => {
    let sent = 0;
    const part = `${'x'.repeat(1 << 16)}\n`;
    respond = (_, response) => {
      const more = (): void => {
        while (sent < 2000) {
          sent += 1;
          if (!response.write(part)) return void response.once('drain', more);
        }
        response.end();
      };
      more();
    };
    let lines = 0;
    await requestLines(`${url}/as`, options, () => {
      lines += 1;
    });
    expect([lines, sent]).toEqual([2000, 2000]);
  });
});

describe('a server that says nothing', () => {
  const silent = { ...options, timeoutMs: 200 };

  it('is given up before its answer, and in the middle of it', async () => {
    respond = () => {};
    await expect(requestJson(`${url}/as`, silent)).rejects.toMatchObject({
      failure: 'unreachable',
      message: expect.stringMatching(/no answer within 200 ms/),
    });
    respond = (_, response) => void response.write('{');
    await expect(requestJson(`${url}/as`, silent)).rejects.toMatchObject({ failure: 'broken_off', mayPass: true });
  });

  it('is waited for while it goes on speaking, however long that takes', async () => {
    respond = async (_, response) => {
      for (const part of ['[1', ',2', ',3', ',4', ',5', ',6', ',7]']) {
        response.write(part);
        await sleep(80);
      }
      response.end();
    };
    expect(await requestJson(`${url}/as`, silent)).toEqual([1, 2, 3, 4, 5, 6, 7]);
  });
});

describe('a request', () => {
  it('says who asks: a token, or the account in the address, which no message repeats', async () => {
    respond = ({ headers }, response) => void response.writeHead(403).end(headers.authorization);
    const withAccount = `${url.replace('//', '//me:pass%20word@')}/as`;
    const fault = await requestJson(withAccount, options).catch((error: HttpFault) => error);
    expect(fault).toMatchObject({
      status: 403,
      message: `${url}/as answered 403: Basic ${Buffer.from('me:pass word').toString('base64')}`,
    });
    await expect(requestJson(withAccount, { ...options, token: 'secret' })).rejects.toThrow(/Bearer secret/);
  });

  it.each(['ftp://127.0.0.1/', 'localhost:80', 'nowhere', ''])('is not made to %s', async (address) => {
    await expect(requestJson(address, options)).rejects.toThrow(/is not an http address/);
  });

  it('shares neither its connection nor a warning with forty others under one signal', async () => {
    const warnings: Error[] = [];
    const note = (warning: Error): void => void warnings.push(warning);
    process.on('warning', note);
    const waiting: (() => void)[] = [];
    respond = (_, response) => {
      waiting.push(() => void response.end('1'));
      if (waiting.length === 40) for (const answer of waiting) answer(); // none before all are here
    };
    const { signal } = new AbortController();
    const answers = await Promise.all(
      Array.from({ length: 40 }, () => requestJson(`${url}/as`, { ...options, signal: sharedSignal(signal) })),
    );
    expect(answers).toEqual(Array.from({ length: 40 }, () => 1));
    await sleep(10);
    process.off('warning', note);
    expect(warnings).toEqual([]);
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

describe('the pause before another try', () => {
  it('doubles up to ten seconds, and is longer where the server asks, up to two minutes', () => {
    expect([0, 1, 2, 5, 6, 60].map((failures) => retryPauseMs(failures))).toEqual([200, 400, 800, 6400, 10_000, 10_000]);
    expect([0, 1000, 30_000, 1e9].map((asked) => retryPauseMs(2, asked))).toEqual([800, 1000, 30_000, 120_000]);
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
