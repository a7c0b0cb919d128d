/** MLflow by its REST API (3.x): no package of it is needed. */
import { HttpFault, type HttpOptions, requestJson } from '../lib/http.ts';
import type { Tracker } from './tracker.ts';

export interface MlflowOptions {
  /** Tracking server, e.g. `http://127.0.0.1:5000`. */
  readonly url: string;
  readonly token: string | null;
  readonly experiment: string;
  readonly run: string;
  /** Tag by which the run is found again on a resume. */
  readonly runId: string;
  readonly config: Readonly<Record<string, string>>;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
}

/** What one request may hold, by the server. */
const mostParams = 100;
const mostMetrics = 1000;
const longestParam = 500;
const timeoutMs = 10_000;

interface Run {
  readonly info: { readonly run_id: string };
  readonly data?: { readonly metrics?: readonly { readonly step?: number | string }[] };
}

/** A run that was resumed is found by its tag, and steps that the server has are not sent again. */
export function mlflowTracker({ url, token, experiment, run, runId, config, now }: MlflowOptions): Tracker {
  const ask = <T>(path: string, options: Pick<HttpOptions, 'method' | 'body'> = {}): Promise<T> =>
    requestJson<T>(`${url.replace(/\/$/, '')}/api/2.0/mlflow/${path}`, { ...options, token, timeoutMs, code: 'E_SETUP' });
  const post = <T>(path: string, body: unknown): Promise<T> => ask<T>(path, { method: 'POST', body });

  const experimentId = async (): Promise<string> => {
    try {
      const path = `experiments/get-by-name?experiment_name=${encodeURIComponent(experiment)}`;
      return (await ask<{ experiment: { experiment_id: string } }>(path)).experiment.experiment_id;
    } catch (error) {
      if (!(error instanceof HttpFault && error.status === 404)) throw error;
      return (await post<{ experiment_id: string }>('experiments/create', { name: experiment })).experiment_id;
    }
  };
  const begin = async (): Promise<{ readonly id: string; last: number }> => {
    const experiment_id = await experimentId();
    const filter = `tags.evom_run_id = '${runId}'`;
    const found = await post<{ runs?: Run[] }>('runs/search', { experiment_ids: [experiment_id], filter, max_results: 1 });
    const known = found.runs?.[0];
    if (known !== undefined) {
      const steps = (known.data?.metrics ?? []).map(({ step }) => Number(step ?? 0));
      await post('runs/update', { run_id: known.info.run_id, status: 'RUNNING' });
      return { id: known.info.run_id, last: steps.reduce((most, step) => Math.max(most, step), 0) };
    }
    const tags = [{ key: 'evom_run_id', value: runId }];
    const made = await post<{ run: Run }>('runs/create', { experiment_id, run_name: run, start_time: now(), tags });
    const id = made.run.info.run_id;
    const params = Object.entries(config).map(([key, value]) => ({ key, value: value.slice(0, longestParam) }));
    for (let at = 0; at < params.length; at += mostParams)
      await post('runs/log-batch', { run_id: id, params: params.slice(at, at + mostParams) });
    return { id, last: 0 };
  };

  let begun: { readonly id: string; last: number } | null = null;
  return {
    name: 'mlflow',
    lastStep: async () => {
      begun ??= await begin();
      return begun.last;
    },
    write: async ({ step, metrics }) => {
      begun ??= await begin();
      if (step <= begun.last) return;
      const timestamp = now();
      const finite = Object.entries(metrics).flatMap(([key, value]) => (Number.isFinite(value) ? [{ key, value, timestamp, step }] : []));
      // Where the answer to this is lost, the server may have the step: it is asked before the next try.
      const { id } = begun;
      begun = null;
      for (let at = 0; at < finite.length; at += mostMetrics)
        await post('runs/log-batch', { run_id: id, metrics: finite.slice(at, at + mostMetrics) });
      begun = { id, last: step };
    },
    close: async () => {
      if (begun !== null) await post('runs/update', { run_id: begun.id, status: 'FINISHED', end_time: now() });
    },
  };
}
