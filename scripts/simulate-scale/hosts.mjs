/**
 * Programs over solver hosts, event by event, as src/solver-host/remote-verifier.ts hands them out: to the host with the fewest in flight,
 * at most `batch` at once, at most twice as many as it runs at once; first come, first served, on each host.
 */
import { EventQueue } from './event-queue.mjs';

/**
 * @param programs `{ arrives, waits, works }` in seconds: when it is asked for, how long it neither works nor ends (a sleep, a licence
 * server), and how much processor time it needs.
 * @param hosts how many.
 * @param slots programs that one runs at once.
 * @param machine of every host (or of all, where `areTogether`): its `cores`, and `others`, how many other threads want them.
 * @param nodeS processor seconds of a program in the host's one thread of Node, after it ended.
 * @param clientS the same in the trainer's one thread.
 * @param networkS one way.
 * @param licences programs that may run at once over all hosts.
 * @returns `seconds` to the last outcome, `programsPerSecond`, seconds that a program waits before it runs (`waitMean`, `waitP95`), shares
 * of the time in which something is busy (`slotsBusy`, `coresBusy`, `clientBusy`), `licencesMost` in use.
 */
export function simulateHosts({
  programs,
  hosts: count,
  slots,
  machine,
  areTogether = false,
  nodeS = 0,
  clientS = 0,
  networkS = 0,
  batch = 32,
  licences = Number.POSITIVE_INFINITY,
}) {
  const events = new EventQueue();
  const shared = areTogether ? new Machine(events, machine) : null;
  const hosts = Array.from({ length: count }, () => ({
    machine: shared ?? new Machine(events, machine),
    node: new Line(events),
    inFlight: 0,
    running: 0,
    queue: [],
  }));
  const client = new Line(events);
  const waits = [];
  const queue = [];
  let licencesUsed = 0;
  let licencesMost = 0;
  let slotSeconds = 0;
  let done = 0;
  let isDue = false;

  // What is asked for in one moment leaves in one request.
  const pumpSoon = () => {
    if (isDue) return;
    isDue = true;
    events.at(events.time, () => {
      isDue = false;
      pump();
    });
  };
  const pump = () => {
    if (queue.length === 0) return;
    for (const host of hosts.filter((one) => one.inFlight < 2 * slots).sort((a, b) => a.inFlight - b.inFlight)) {
      const taken = queue.splice(0, Math.min(batch, 2 * slots - host.inFlight));
      if (taken.length === 0) return;
      host.inFlight += taken.length;
      events.at(events.time + networkS, () => {
        for (const program of taken) host.queue.push(program);
        startOn(host);
      });
    }
    if (queue.length > 0 && hosts.some((host) => host.inFlight < 2 * slots)) pumpSoon();
  };
  const startOn = (host) => {
    while (host.queue.length > 0 && host.running < slots && licencesUsed < licences) start(host, host.queue.shift());
  };
  // A licence that is given back may be another host's.
  const startNext = (host) => (licences === Number.POSITIVE_INFINITY ? startOn(host) : hosts.forEach(startOn));
  const start = (host, program) => {
    const began = events.time;
    waits.push(began - program.arrives);
    host.running += 1;
    licencesUsed += 1;
    licencesMost = Math.max(licencesMost, licencesUsed);
    events.at(began + program.waits, () =>
      host.machine.work(program.works, () => {
        host.running -= 1;
        licencesUsed -= 1;
        slotSeconds += events.time - began;
        startNext(host);
        host.node.work(nodeS, () =>
          events.at(events.time + networkS, () =>
            client.work(clientS, () => {
              host.inFlight -= 1;
              done += 1;
              pumpSoon();
            }),
          ),
        );
      }),
    );
  };

  for (const program of programs)
    events.at(program.arrives, () => {
      queue.push(program);
      pumpSoon();
    });
  events.run();
  const seconds = events.time;
  const machines = new Set(hosts.map((host) => host.machine));
  const sorted = waits.toSorted((a, b) => a - b);
  return {
    seconds,
    done,
    programsPerSecond: done / seconds,
    waitMean: waits.reduce((sum, value) => sum + value, 0) / waits.length,
    waitP95: sorted[Math.floor(0.95 * (sorted.length - 1))],
    slotsBusy: slotSeconds / (seconds * count * slots),
    coresBusy: [...machines].reduce((sum, one) => sum + one.used, 0) / (seconds * machines.size * machine.cores),
    clientBusy: client.used / seconds,
    licencesMost,
  };
}

/** One thread: work in the order in which it comes. */
class Line {
  #free = 0;
  used = 0;

  constructor(events) {
    this.events = events;
  }

  work(seconds, then) {
    this.#free = Math.max(this.#free, this.events.time) + seconds;
    this.used += seconds;
    this.events.at(this.#free, then);
  }
}

/** Cores that all who want them share alike; nobody has more than one. */
class Machine {
  /** Work done so far by each who was there all the time, in seconds. */
  #level = 0;
  #at = 0;
  /** Of those who work, `{ until: level, then }`, the next to end first. */
  #working = [];
  #turn = 0;
  used = 0;

  constructor(events, { cores, others = 0 }) {
    this.events = events;
    this.cores = cores;
    this.others = others;
  }

  work(seconds, then) {
    this.#advance();
    this.used += seconds;
    const until = this.#level + seconds;
    const place = this.#working.findIndex((one) => one.until > until);
    this.#working.splice(place < 0 ? this.#working.length : place, 0, { until, then });
    this.#next();
  }

  #rate() {
    return Math.min(1, this.cores / (this.#working.length + this.others));
  }

  #advance() {
    if (this.#working.length > 0) this.#level += (this.events.time - this.#at) * this.#rate();
    this.#at = this.events.time;
  }

  #next() {
    const turn = ++this.#turn;
    const first = this.#working[0];
    if (first === undefined) return;
    this.events.at(this.events.time + Math.max(0, first.until - this.#level) / this.#rate(), () => {
      if (turn !== this.#turn) return; // somebody came or went since
      this.#advance();
      const ended = this.#working.shift();
      this.#level = Math.max(this.#level, ended.until);
      this.#next();
      ended.then();
    });
  }
}
