/** The simulation of scripts/simulate-scale against what is known on paper: fixed times, shared cores, and the waits of queueing theory. */
import { describe, expect, it } from 'vitest';
import { simulateHosts } from '../../scripts/simulate-scale/hosts.mjs';
import { simulateStep } from '../../scripts/simulate-scale/step.mjs';
import { randomStream } from '../../src/lib/random.ts';

const equal = (count: number, program: { waits?: number; works?: number }) =>
  Array.from({ length: count }, () => ({ arrives: 0, waits: 0, works: 0, ...program }));
const idle = { cores: 1000 };

describe('programs over hosts', () => {
  it('run as many at once as there are slots', () => {
    const { seconds, programsPerSecond, slotsBusy } = simulateHosts({
      programs: equal(100, { waits: 1 }),
      hosts: 2,
      slots: 5,
      machine: idle,
    });
    expect(seconds).toBeCloseTo(10, 9);
    expect(programsPerSecond).toBeCloseTo(10, 9);
    expect(slotsBusy).toBeCloseTo(1, 9);
  });

  it('share the cores of one machine, with others who want them', () => {
    const work = { programs: equal(120, { works: 1 }), hosts: 2, slots: 3, areTogether: true };
    expect(simulateHosts({ ...work, machine: { cores: 2 } }).seconds).toBeCloseTo(60, 6);
    // Six of ours and six others share two cores: ours have one.
    expect(simulateHosts({ ...work, machine: { cores: 2, others: 6 } }).seconds).toBeCloseTo(120, 6);
    // On machines of their own each host has its cores.
    expect(simulateHosts({ ...work, areTogether: false, machine: { cores: 2 } }).seconds).toBeCloseTo(30, 6);
  });

  it('are no faster than licences allow, whatever the hosts', () => {
    const { seconds, licencesMost } = simulateHosts({ programs: equal(60, { waits: 1 }), hosts: 10, slots: 6, machine: idle, licences: 6 });
    expect(licencesMost).toBe(6);
    expect(seconds).toBeCloseTo(10, 9);
  });

  it('are no faster than the one thread of the trainer', () => {
    const { programsPerSecond, clientBusy } = simulateHosts({
      ...{ programs: equal(2000, { waits: 0.1 }), hosts: 100, slots: 10, machine: idle, clientS: 0.002 },
    });
    expect(programsPerSecond).toBeGreaterThan(450);
    expect(programsPerSecond).toBeLessThanOrEqual(500);
    expect(clientBusy).toBeGreaterThan(0.9);
  });

  it('wait as long as Erlang says when they come at random', () => {
    const [servers, mean, load] = [4, 1, 0.8];
    const stream = randomStream(5, 'erlang');
    const exponential = (by: number) => -by * Math.log(1 - stream.next());
    let at = 0;
    const programs = Array.from({ length: 60_000 }, () => {
      at += exponential(mean / (servers * load));
      return { arrives: at, waits: exponential(mean), works: 0 };
    });
    const { waitMean, slotsBusy } = simulateHosts({ programs, hosts: 1, slots: servers, machine: idle });
    // Erlang C: the chance to wait, then the mean wait of M/M/c.
    const offered = servers * load;
    const terms = Array.from({ length: servers }, (_, k) => offered ** k / factorial(k));
    const last = offered ** servers / factorial(servers) / (1 - load);
    const expected = (last / (terms.reduce((sum, term) => sum + term, 0) + last)) * (mean / (servers * (1 - load)));
    expect(slotsBusy).toBeCloseTo(load, 1);
    expect(Math.abs(waitMean - expected) / expected).toBeLessThan(0.1);
  });

  it('all end', () => {
    const stream = randomStream(6, 'all');
    const programs = Array.from({ length: 500 }, () => ({ arrives: 5 * stream.next(), waits: stream.next(), works: stream.next() }));
    for (const hosts of [1, 3, 7])
      expect(
        simulateHosts({ programs, hosts, slots: 2, machine: { cores: 2 }, nodeS: 0.01, clientS: 0.001, networkS: 0.01, licences: 5 }).done,
      ).toBe(500);
  });
});

const factorial = (n: number): number => (n <= 1 ? 1 : n * factorial(n - 1));

describe('a step', () => {
  it('is the same for the same seed, and another for another', () => {
    const once = simulateStep({ gpus: 8, hosts: 2, seed: 3 });
    expect(simulateStep({ gpus: 8, hosts: 2, seed: 3 })).toEqual(once);
    expect(simulateStep({ gpus: 8, hosts: 2, seed: 4 }).seconds).not.toBe(once.seconds);
  });

  it('takes as long as its parts, and costs what they cost', () => {
    const { parts, seconds, dollars } = simulateStep({ gpus: 8, hosts: 2 });
    expect(Object.values(parts).reduce((sum, value) => sum + value, 0)).toBeCloseTo(seconds, 9);
    expect(dollars).toBeCloseTo((seconds / 3600) * (8 * 2.5 + 2 * 16 * 0.04), 9);
  });

  it('is limited by hosts when programs are hard, and by the weights on their way when servers are many', () => {
    expect(simulateStep({ gpus: 8, hosts: 1, works: 4 }).longest).toBe('verifying');
    expect(simulateStep({ gpus: 8, hosts: 100, works: 4 }).longest).toBe('sampling');
    expect(simulateStep({ gpus: 512, hosts: 10, batchFactor: 8 }).longest).toBe('weights');
  });
});
