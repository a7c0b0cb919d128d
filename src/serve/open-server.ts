/** The parts of a server of rewards, opened together and closed together. */
import type { Verification } from '../config/build/verify-settings.ts';
import type { Service, ServiceOptions } from '../lib/http-server.ts';
import type { ServeParts, UnscorablePolicy } from './format.ts';
import { type Asking, type NamedProblems, ProblemStore } from './problem-store.ts';
import { Scorer, type ScorerCounts } from './scorer.ts';
import { serveRewards } from './server.ts';
import { Sessions } from './sessions.ts';

export interface RewardServerOptions extends ServiceOptions {
  readonly sets: readonly NamedProblems[];
  readonly asking: Asking;
  /** Runs and scores a program; it belongs to the caller, who closes it after the server. */
  readonly verify: Verification['verify'];
  /** Programs handed to the verifier at once. */
  readonly atOnce: number;
  readonly maxWaiting: number;
  /** Milliseconds from a request to its answer where a client waits 60 s, waiting included. */
  readonly deadlineMs: number;
  readonly maxSessions: number;
  /** Milliseconds after which an idle episode or connection is dropped. */
  readonly idleMs: number;
  readonly unscorable: UnscorablePolicy;
  /** Programs that an episode may run, the submitted one included; 1: no program is run before it is submitted. */
  readonly turns: number;
  readonly version: string;
  readonly runCode: ServeParts['runCode'];
}

/** What GET /v1/health answers. */
export interface ServeHealth extends ScorerCounts {
  readonly service: 'evom-serve';
  readonly version: string;
  readonly problems: number;
  readonly splits: Readonly<Record<string, number>>;
  readonly dialect: string;
  readonly turns: number;
  readonly sessions: number;
  readonly reaped: number;
  readonly unscorable_policy: UnscorablePolicy;
  /** Faults that were sent as 0, as `--unscorable zero` says. */
  readonly zeroed: number;
}

export interface RewardServer extends Service {
  readonly health: () => ServeHealth;
}

/**
 * Serves rewards for the completions of a set of problems, in every format of `formats.ts`.
 *
 * @throws {EvomError} E_DATA when an id comes twice, E_CONFIG when the port is taken.
 */
export async function openRewardServer(options: RewardServerOptions): Promise<RewardServer> {
  const { asking, verify, atOnce, maxWaiting, deadlineMs, maxSessions, idleMs, unscorable, turns, version, runCode } = options;
  const store = new ProblemStore(options.sets, asking);
  const scorer = new Scorer({ verify, dialect: asking.dialect, atOnce, maxWaiting, deadlineMs });
  const sessions = new Sessions({ maxSessions, idleMs });
  let zeroed = 0;
  const health = (): ServeHealth => {
    const { open, reaped } = sessions.counts();
    return {
      service: 'evom-serve',
      version,
      problems: store.size,
      splits: Object.fromEntries(store.splits().map(({ name, size }) => [name, size])),
      dialect: asking.dialect,
      turns,
      sessions: open,
      reaped,
      unscorable_policy: unscorable,
      zeroed,
      ...scorer.counts(),
    };
  };
  const countZero = (): void => {
    zeroed += 1;
  };
  const parts: ServeParts = { store, scorer, sessions, unscorable, turns, version, countZero, runCode, health: () => ({ ...health() }) };
  try {
    const service = await serveRewards(parts, options);
    return {
      url: service.url,
      health,
      close: async () => {
        scorer.close();
        sessions.stop();
        await service.close();
      },
    };
  } catch (error) {
    sessions.stop();
    throw error;
  }
}
