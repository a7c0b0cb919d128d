/** The task routes that OpenEnv and ORS share: which problems there are, by split and index. */
import type { Problem } from '../../core/problem.ts';
import { HttpRefusal } from '../../lib/http-server.ts';
import { type Body, type Call, type Format, json, type Route, type ServeParts } from '../format.ts';
import type { ProblemStore } from '../problem-store.ts';

export const environmentName = 'evom';

/** What a client may know of a task; `id` is what it is asked for again by. */
export function taskOf(store: ProblemStore, problem: Problem) {
  const { prompt, ...known } = store.publicOf(problem);
  return { ...known, prompt: prompt.map(({ role, content }) => ({ role, content })) };
}

/** The routes of tasks, with the environment in the path and without it. */
export function tasksFormat({ store }: ServeParts): Format {
  const ofBody = ({ body }: Call): readonly Problem[] => problemsOf(store, body.split);
  const routes: Route[] = [
    { method: 'GET', path: '/splits', handle: () => json(store.splits().map(({ name }) => ({ name, type: name }))) },
    {
      method: 'POST',
      path: '/tasks',
      handle: (call) => json({ tasks: ofBody(call).map((problem) => taskOf(store, problem)), env_name: environmentName }),
    },
    { method: 'POST', path: '/num_tasks', handle: (call) => json({ num_tasks: ofBody(call).length }) },
    { method: 'POST', path: '/task', handle: ({ body }) => json({ task: taskOf(store, problemAt(store, body)) }) },
    {
      method: 'POST',
      path: '/task_range',
      handle: (call) => {
        const { start, stop } = call.body;
        const problems = ofBody(call).slice(typeof start === 'number' ? start : 0, typeof stop === 'number' ? stop : undefined);
        return json({ tasks: problems.map((problem) => taskOf(store, problem)) });
      },
    },
  ];
  return {
    name: 'tasks',
    routes: [{ method: 'GET', path: '/list_environments', handle: () => json([environmentName]) }, ...inEnvironment(routes)],
  };
}

/** Each route also below the environment's name, as clients ask for it. */
export const inEnvironment = (routes: readonly Route[]): Route[] =>
  routes.flatMap((route) => [
    route,
    {
      ...route,
      path: `/{env}${route.path}`,
      handle: (call) => {
        const env = call.params.env ?? '';
        if (env.toLowerCase() !== environmentName) throw new HttpRefusal(404, `no environment is called "${env}"; ${environmentName} is`);
        return route.handle(call);
      },
    },
  ]);

/** @throws {HttpRefusal} 400 for a split that there is not. */
export function problemsOf(store: ProblemStore, split: unknown): readonly Problem[] {
  const names = store.splits().map(({ name }) => name);
  if (names.some((name) => name === split)) return store.ofSplit(split as string);
  throw new HttpRefusal(400, `split ${JSON.stringify(split)} is not one of ${names.join(', ')}`);
}

/** The problem at an index of a split. @throws {HttpRefusal} 400 */
export function problemAt(store: ProblemStore, { split, index }: Body): Problem {
  const problems = split === undefined || split === null ? store.ofSplit() : problemsOf(store, split);
  const problem = Number.isInteger(index) ? problems[index as number] : undefined;
  if (problem !== undefined) return problem;
  throw new HttpRefusal(400, `index ${JSON.stringify(index)} is not a whole number from 0 to ${problems.length - 1}`);
}
