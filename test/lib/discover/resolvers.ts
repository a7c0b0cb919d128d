/** Real resolvers on loopback, whose records a test may change: dns2 in this process, and dnsmasq where it is installed. */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import dns2 from 'dns2';

export interface Records {
  /** Addresses of a name, IPv4 and IPv6. */
  readonly hosts?: Readonly<Record<string, readonly string[]>>;
  readonly services?: Readonly<Record<string, readonly { readonly target: string; readonly port: number }[]>>;
}

export interface Resolver {
  /** For `?server=`. */
  readonly server: string;
  set(records: Records): Promise<void>;
  /** Answers every question with a fault of its own (SERVFAIL), or is well again. */
  fail(isFailing: boolean): Promise<void>;
  close(): Promise<void>;
}

export async function startDns2(records: Records = {}): Promise<Resolver> {
  const { Packet } = dns2;
  const state = { records, isFailing: false };
  const server = dns2.createServer({
    udp: true,
    handle: (request, send) => {
      const response = Packet.createResponseFromRequest(request);
      const { name = '', type } = request.questions[0] as { name?: string; type?: number };
      const { hosts = {}, services = {} } = state.records;
      // The types ask for a method that the encoder does not.
      const answer = (record: object): void => void response.answers.push(record as (typeof response.answers)[number]);
      const about = { name, class: Packet.CLASS.IN, ttl: 0 };
      const wanted = type === Packet.TYPE.A ? /\./ : /:/;
      if (state.isFailing) response.header.rcode = 2;
      else if (!(name in hosts || name in services)) response.header.rcode = 3;
      else if (type === Packet.TYPE.SRV)
        for (const { target, port } of services[name] ?? []) answer({ ...about, type, priority: 1, weight: 1, target, port });
      else if (type === Packet.TYPE.A || type === Packet.TYPE.AAAA)
        for (const address of hosts[name] ?? []) if (wanted.test(address)) answer({ ...about, type, address });
      void send(response);
    },
  });
  const { udp } = await server.listen({ udp: { port: 0, address: '127.0.0.1' } });
  return {
    server: `127.0.0.1:${udp?.port}`,
    set: async (next) => {
      state.records = next;
    },
    fail: async (isFailing) => {
      state.isFailing = isFailing;
    },
    close: () => server.close(),
  };
}

/** Why the tests on dnsmasq are skipped; null where it is installed. */
export const dnsmasqReason = ((): string | null => {
  try {
    execFileSync('dnsmasq', ['--version'], { stdio: 'ignore', env: { PATH: `${process.env.PATH}:/usr/sbin:/sbin` } });
    return null;
  } catch {
    return 'dnsmasq is not installed (apt-get install dnsmasq-base)';
  }
})();

/** Runs as whoever runs the test, on a port above 1024; each change of its records is a restart, since dnsmasq reads SRV records once. */
export async function startDnsmasq(records: Records = {}): Promise<Resolver> {
  const folder = mkdtempSync(join(tmpdir(), 'evom-dnsmasq-'));
  const port = await freePort();
  let child: ChildProcess | null = null;
  const stop = async (): Promise<void> => {
    if (child === null || child.exitCode !== null || child.signalCode !== null) return;
    child.kill('SIGTERM');
    await once(child, 'exit');
  };
  const start = async ({ hosts = {}, services = {} }: Records): Promise<void> => {
    await stop();
    const lines = [
      ...Object.entries(hosts).flatMap(([name, addresses]) => addresses.map((address) => `host-record=${name},${address}`)),
      ...Object.entries(services).flatMap(([name, all]) => all.map(({ target, port }) => `srv-host=${name},${target},${port}`)),
    ];
    writeFileSync(join(folder, 'records.conf'), `${lines.join('\n')}\n`);
    const settings = [
      '--keep-in-foreground',
      `--conf-file=${join(folder, 'records.conf')}`,
      `--port=${port}`,
      '--local=/test/',
      '--no-hosts',
    ];
    const more = ['--listen-address=127.0.0.1', '--bind-interfaces', '--no-resolv', '--pid-file=', '--local-ttl=0', `--user=${userName()}`];
    child = spawn('dnsmasq', [...settings, ...more], {
      stdio: ['ignore', 'ignore', 'inherit'],
      env: { PATH: `${process.env.PATH}:/usr/sbin:/sbin` },
    });
    await untilItListens(port);
  };
  await start(records);
  return {
    server: `127.0.0.1:${port}`,
    set: start,
    fail: async (isFailing) => (isFailing ? stop() : start(records)),
    close: async () => {
      await stop();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

const userName = (): string => execFileSync('id', ['-un'], { encoding: 'utf8' }).trim();

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as { port: number };
  server.close();
  await once(server, 'close');
  return port;
}

/** It takes questions by TCP too: a connection shows that it is there. */
async function untilItListens(port: number): Promise<void> {
  const { connect } = await import('node:net');
  for (;;) {
    const isOpen = await new Promise<boolean>((resolve) => {
      const socket = connect(port, '127.0.0.1');
      socket.once('connect', () => {
        socket.destroy();
        resolve(true);
      });
      socket.once('error', () => resolve(false));
    });
    if (isOpen) return;
    await sleep(20);
  }
}
