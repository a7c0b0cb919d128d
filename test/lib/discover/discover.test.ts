import { mkdtempSync, renameSync, rmSync, unlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { parseAddresses } from '../../../src/lib/discover/address-file.ts';
import { addressSource, isAddressSource } from '../../../src/lib/discover/address-source.ts';
import { AddressWatch, readAddresses } from '../../../src/lib/discover/address-watch.ts';
import { Flapping } from '../../../src/lib/discover/flapping.ts';
import { dnsmasqReason, type Resolver, startDns2, startDnsmasq } from './resolvers.ts';

describe('addressSource', () => {
  it('reads names, services, resolvers and files', () => {
    expect(addressSource('dns://hosts.evom.svc:8650')).toMatchObject({ name: 'hosts.evom.svc', port: 8650, server: null, scheme: 'http' });
    expect(addressSource('dns://_evom._tcp.lab.test?server=127.0.0.1:5353&scheme=https')).toMatchObject({
      name: '_evom._tcp.lab.test',
      port: null,
      server: '127.0.0.1:5353',
      scheme: 'https',
    });
    expect(addressSource('dns://a:1/?server=[::1]:53')).toMatchObject({ server: '[::1]:53' });
    expect(addressSource('file:hosts.txt')).toMatchObject({ type: 'file', path: 'hosts.txt' });
    expect(addressSource('file:///shared/hosts.txt')).toMatchObject({ path: '/shared/hosts.txt' });
    expect(['dns://a:1', 'file:a', 'http://a:1'].map(isAddressSource)).toEqual([true, true, false]);
  });

  it.each([
    ['http://a:1', /is not dns:\/\/name:port, dns:\/\/_service/],
    ['dns://', /is not dns:\/\/name:port/],
    ['dns://a', /lacks a port; write it as dns:\/\/name:port/],
    ['dns://a:0', /not between 1 and 65535/],
    ['dns://a:70000', /not between 1 and 65535/],
    ['dns://_evom._tcp.a:8650', /SRV records say its ports; leave the port out/],
    ['dns://a:1?sever=1.1.1.1', /says sever, and only server and scheme/],
    ['dns://a:1?server=ns.example', /take an IP address/],
    ['dns://a:1?scheme=ftp', /scheme ftp; take http or https/],
    ['file:', /names no file/],
    ['file://elsewhere/hosts.txt', /names no file of this machine/],
  ])('refuses %s', (text, why) => {
    expect(() => addressSource(text)).toThrow(expect.objectContaining({ code: 'E_CONFIG', message: expect.stringMatching(why) }));
  });
});

describe('parseAddresses', () => {
  it('takes comments, empty lines, carriage returns, names twice and addresses without http://', () => {
    const text = '\uFEFF# ours\r\nhttp://a:8650/\r\n\r\n  b:8650  # new\nhttp://a:8650\nhttps://gate/hosts/3\n[::1]:8650\nc:80';
    expect(parseAddresses(text, 'hosts.txt')).toEqual({
      type: 'list',
      addresses: ['http://a:8650', 'http://b:8650', 'https://gate/hosts/3', 'http://[::1]:8650', 'http://c'],
    });
  });

  it.each(['a', 'http://', 'ftp://a:1', 'a:99999', 'a:1 b:2', '#a\n{', 'x y'])('names the file and the line of %j', (text) => {
    const line = text.split('\n').length + 1;
    expect(parseAddresses(`http://a:1\n${text}\n`, 'hosts.txt')).toEqual({
      type: 'faulty',
      why: expect.stringMatching(new RegExp(`^hosts.txt:${line}: ".*" is not an address such as http://10.0.0.7:8650; correct the line$`)),
    });
  });
});

describe('Flapping', () => {
  it('lets new addresses in at once, and holds back for longer each time what comes back', () => {
    const flapping = new Flapping();
    expect(flapping.steady(['a', 'b'], 0)).toEqual(['a', 'b']);
    let now = 0;
    for (const holdMs of [1000, 2000, 4000, 8000, 16_000, 32_000, 60_000, 60_000]) {
      expect(flapping.steady(['b'], now + 1)).toEqual(['b']);
      expect(flapping.steady(['a', 'b'], now + 2)).toEqual(['b']);
      expect(flapping.steady(['a', 'b'], now + 1 + holdMs)).toEqual(['b']);
      expect(flapping.steady(['a', 'b'], now + 2 + holdMs)).toEqual(['a', 'b']);
      now += 2 + holdMs;
    }
    // Five quiet minutes later it is as good as new.
    flapping.steady(['a', 'b'], now + 300_001);
    flapping.steady(['b'], now + 300_002);
    flapping.steady(['a', 'b'], now + 300_003);
    expect(flapping.steady(['a', 'b'], now + 301_003)).toEqual(['a', 'b']);
  });
});

const everyMs = 100;
const watches: AddressWatch[] = [];
afterEach(() => {
  for (const watch of watches.splice(0)) watch.close();
});
async function watched(from: string, ms = everyMs): Promise<AddressWatch> {
  const watch = await AddressWatch.open({ from, everyMs: ms, waitMs: 0 });
  watches.push(watch);
  return watch;
}
/** Waits for what a watch says; the test's own limit ends a wait in vain. */
const says = async (watch: AddressWatch, addresses: readonly string[], why: RegExp | null = null): Promise<void> => {
  const isSaid = () => watch.addresses.join() === addresses.join() && (why === null ? watch.why === null : why.test(watch.why ?? ''));
  while (!isSaid()) await sleep(20);
};

describe('a file of addresses', () => {
  let folder: string;
  let path: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'evom-hosts-'));
    path = join(folder, 'hosts.txt');
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));
  const replace = (text: string): void => {
    writeFileSync(`${path}.new`, text);
    renameSync(`${path}.new`, path);
  };

  it('is read again when it is replaced, written in place, or emptied', async () => {
    replace('http://a:1\n');
    const watch = await watched(`file:${path}`);
    expect(watch.addresses).toEqual(['http://a:1']);
    replace('http://a:1\nhttp://b:2\nhttp://b:2\n');
    await says(watch, ['http://a:1', 'http://b:2']);
    writeFileSync(path, 'http://b:2\n');
    await says(watch, ['http://b:2']);
    writeFileSync(path, '');
    await says(watch, []);
  });

  it('keeps what was known while it is missing or has a bad line, and says which', async () => {
    replace('http://a:1\n');
    const watch = await watched(`file:${path}`);
    replace('http://a:1\nnonsense\n');
    await says(watch, ['http://a:1'], /hosts\.txt:2: "nonsense" is not an address/);
    expect(watch.isFaulty).toBe(true);
    unlinkSync(path);
    await says(watch, ['http://a:1'], /cannot read .*hosts\.txt: no such file/);
    expect(watch.isFaulty).toBe(false);
    replace('http://c:3\n');
    await says(watch, ['http://c:3']);
  });

  it('does not take the half of an address while somebody writes', async () => {
    replace('http://a:1\n');
    const seen = new Set<string>();
    const watch = await watched(`file:${path}`, 1500); // much longer than the writer's pauses
    watch.onChange(() => {
      for (const address of watch.addresses) seen.add(address);
    });
    const whole = 'http://a:1\nhttp://127.0.0.1:8650\n';
    for (let length = 0; length <= whole.length; length += 3) {
      writeFileSync(path, whole.slice(0, length));
      await sleep(30);
    }
    writeFileSync(path, whole);
    await says(watch, ['http://a:1', 'http://127.0.0.1:8650']);
    expect([...seen]).toEqual(['http://a:1', 'http://127.0.0.1:8650']);
  });

  it('takes a last line without its end once it stays so', async () => {
    writeFileSync(path, 'http://a:1\nhttp://b:2');
    expect((await watched(`file:${path}`)).addresses).toEqual(['http://a:1', 'http://b:2']);
    expect(await readAddresses(`file:${path}`)).toMatchObject({ addresses: ['http://a:1', 'http://b:2'] });
  });
});

for (const [name, start, reason] of [
  ['dns2', startDns2, null],
  ['dnsmasq', startDnsmasq, dnsmasqReason],
] as const)
  describe(`the resolver ${name}`, () => {
    if (reason !== null) return it.skip(`needs dnsmasq: ${reason}`, () => {});
    let resolver: Resolver;
    beforeAll(async () => {
      resolver = await start();
    });
    afterAll(() => resolver.close());
    const look = (text: string) => readAddresses(`${text}?server=${resolver.server}`);

    it('names the machines of a name, by IPv4, and by IPv6 where there is no other', async () => {
      await resolver.set({ hosts: { 'hosts.test': ['127.0.0.3', '127.0.0.2'], 'both.test': ['127.0.0.2', '::1'], 'six.test': ['::1'] } });
      expect(await look('dns://hosts.test:8650')).toEqual({ type: 'list', addresses: ['http://127.0.0.2:8650', 'http://127.0.0.3:8650'] });
      expect(await look('dns://both.test:8650')).toEqual({ type: 'list', addresses: ['http://127.0.0.2:8650'] });
      expect(await look('dns://six.test:8650')).toEqual({ type: 'list', addresses: ['http://[::1]:8650'] });
      expect(await readAddresses(`dns://six.test:443?scheme=https&server=${resolver.server}`)).toMatchObject({
        addresses: ['https://[::1]:443'],
      });
    });

    it('names the ports of a service, and leaves out targets without an address', async () => {
      await resolver.set({
        hosts: { 'a.test': ['127.0.0.1'], 'b.test': ['127.0.0.2'] },
        services: {
          '_evom._tcp.test': [
            { target: 'a.test', port: 8651 },
            { target: 'a.test', port: 8650 },
            { target: 'b.test', port: 8650 },
            { target: 'gone.test', port: 8650 },
          ],
        },
      });
      expect(await look('dns://_evom._tcp.test')).toEqual({
        type: 'list',
        addresses: ['http://127.0.0.1:8650', 'http://127.0.0.1:8651', 'http://127.0.0.2:8650'],
      });
    });

    it('tells a name without machines from a resolver in trouble', async () => {
      await resolver.set({ hosts: { 'hosts.test': ['127.0.0.2'] } });
      expect(await look('dns://nobody.test:8650')).toEqual({ type: 'list', addresses: [] });
      expect(await look('dns://_evom._tcp.nobody.test')).toEqual({ type: 'list', addresses: [] });
      const watch = await watched(`dns://hosts.test:8650?server=${resolver.server}`);
      await resolver.fail(true);
      await says(watch, ['http://127.0.0.2:8650'], /does not answer for hosts\.test \((?:ESERVFAIL|ECONNREFUSED|ETIMEOUT)\)/);
      await resolver.fail(false);
      await resolver.set({ hosts: { 'hosts.test': ['127.0.0.4'] } });
      await says(watch, ['http://127.0.0.4:8650']);
    });
  });

it('finds names of this machine that no resolver knows', async () => {
  expect(await readAddresses('dns://localhost:8650')).toEqual({
    type: 'list',
    addresses: [expect.stringMatching(/^http:\/\/(?:127\.0\.0\.1|\[::1\]):8650$/)],
  });
});
