/** The colocated host: one Python process that samples and trains, and the requests that drive it. */

import { randomBytes } from 'node:crypto';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { EvomError } from '../lib/errors.ts';
import { unlessMissing } from '../lib/file-fault.ts';
import { HttpFault, requestJson, requestLines } from '../lib/http.ts';
import { logFileOf, type PythonProcess, startPython } from './python-process.ts';

export interface TorchHostOptions {
  readonly python: string;
  /** Arguments of `evom_torch.host` besides the address. */
  readonly args: readonly string[];
  /** Folder for its log and its address; null for a temporary one, which goes with the host that closes and stays where one fails. */
  readonly directory: string | null;
  /** Longest wait for its start. */
  readonly startMs: number;
}

export interface HostHealth {
  readonly version: number;
  readonly model: string;
  readonly max_length: number;
  readonly vocab_size: number;
  readonly stop_ids: readonly number[];
  readonly device: string;
}

export interface HostCompletion {
  readonly request: number;
  readonly sample: number;
  readonly token_ids: readonly number[];
  readonly logprobs: readonly number[];
  readonly entropy: number;
  readonly finish_reason: 'stop' | 'length';
  readonly policy_version: number;
}

type Line = HostCompletion | { readonly done: true } | { readonly error: string };

export interface TorchHost {
  readonly health: HostHealth;
  generate(
    body: Readonly<Record<string, unknown>>,
    onCompletion: (completion: HostCompletion) => void,
    signal?: AbortSignal,
  ): Promise<void>;
  post<T>(path: '/score' | '/train_step' | '/save', body: Readonly<Record<string, unknown>>): Promise<T>;
  close(): Promise<void>;
}

/** @throws {EvomError} `E_LEARNER` with the end of its log when it does not start. */
export async function startTorchHost(options: TorchHostOptions): Promise<TorchHost> {
  const directory = options.directory ?? (await mkdtemp(join(tmpdir(), 'evom-host-')));
  const addressFile = join(directory, 'logs', 'host.address');
  await rm(addressFile, { force: true });
  // Through the environment: a command line can be read by other users of the machine.
  const token = randomBytes(24).toString('hex');
  const child = startPython({
    name: 'host',
    python: options.python,
    args: ['-m', 'evom_torch.host', '--address-file', addressFile, '--parent', String(process.pid), ...options.args],
    logFile: logFileOf(directory, 'host'),
    env: { EVOM_HOST_TOKEN: token },
  });
  const waiting = new AbortController();
  try {
    const address = await Promise.race([addressIn(addressFile, options.startMs, waiting.signal), child.ended]);
    const health = await requestJson<HostHealth>(`${address}/health`, { token, code: 'E_LEARNER' });
    return new RunningHost(child, address, token, health, options.directory === null ? directory : null);
  } catch (error) {
    await child.stop();
    throw error;
  } finally {
    waiting.abort();
  }
}

async function addressIn(path: string, startMs: number, signal: AbortSignal): Promise<string> {
  const deadline = performance.now() + startMs;
  for (;;) {
    const text = (await unlessMissing(path, readFile(path, 'utf8'))) ?? '';
    if (text !== '') return text;
    if (performance.now() > deadline)
      throw new EvomError('E_LEARNER', `the host wrote no address to ${path} within ${startMs} ms; look at its log`);
    await sleep(50, undefined, { signal });
  }
}

class RunningHost implements TorchHost {
  readonly health: HostHealth;
  private readonly child: PythonProcess;
  private readonly address: string;
  private readonly token: string;
  private readonly temporaryDirectory: string | null;

  constructor(child: PythonProcess, address: string, token: string, health: HostHealth, temporaryDirectory: string | null) {
    this.child = child;
    this.address = address;
    this.token = token;
    this.health = health;
    this.temporaryDirectory = temporaryDirectory;
  }

  async generate(
    body: Readonly<Record<string, unknown>>,
    onCompletion: (completion: HostCompletion) => void,
    signal?: AbortSignal,
  ): Promise<void> {
    let done = false;
    const options = { body, token: this.token, code: 'E_POLICY', ...(signal ? { signal } : {}) } as const;
    await this.racing(
      requestLines(`${this.address}/generate`, options, (text) => {
        const line = JSON.parse(text) as Line;
        if ('error' in line) throw new EvomError('E_POLICY', `the host could not sample: ${line.error}`);
        if ('done' in line) done = true;
        else onCompletion(line);
      }),
    );
    if (!done) throw new EvomError('E_POLICY', 'the host ended its answer early; look at its log');
  }

  post<T>(path: '/score' | '/train_step' | '/save', body: Readonly<Record<string, unknown>>): Promise<T> {
    return this.racing(
      requestJson<T>(`${this.address}${path}`, { body, token: this.token, code: path === '/score' ? 'E_POLICY' : 'E_LEARNER' }),
    );
  }

  /** When the process dies, its own last words say more than the broken connection. */
  private async racing<T>(request: Promise<T>): Promise<T> {
    try {
      return await Promise.race([request, this.child.ended]);
    } catch (error) {
      if (error instanceof HttpFault && (error.failure === 'unreachable' || error.failure === 'broken_off'))
        await Promise.race([this.child.ended, sleep(2000)]);
      throw error;
    }
  }

  async close(): Promise<void> {
    await this.child.stop();
    if (this.temporaryDirectory !== null) await rm(this.temporaryDirectory, { recursive: true, force: true });
  }
}
