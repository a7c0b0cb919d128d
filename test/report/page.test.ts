/** The page in a real browser: what it draws, that it asks nobody, and that it follows a run. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { get } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { gunzipSync } from 'node:zlib';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { serveDashboard } from '../../src/report/dashboard.ts';
import { readSamples } from '../../src/report/samples.ts';
import { type PackedStep, packStep } from '../../src/report/step-pack.ts';
import { withinBudget, writeReport } from '../../src/report/write-report.ts';
import { openMetricsLog } from '../../src/runs/metrics.ts';
import { launchChromium, noChromium } from '../chromium.ts';
import { runOnDisk } from './run-on-disk.ts';

let folder: string;
let runs: string[];
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'evom-page-'));
  runs = [await runOnDisk(join(folder, 'first'), 7), await runOnDisk(join(folder, 'second'), 8)];
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const write = (out: string) => writeReport(runs, { out, now: new Date(0), maxSampleBytes: 1e6 });

describe('writeReport', () => {
  it('writes one file without a link to anywhere', async () => {
    const out = join(folder, 'plain.html');
    expect(await write(out)).toEqual({ out, runs: 2, steps: 8, stepsOnDisk: 8 });
    const page = readFileSync(out, 'utf8');
    expect(page).toContain("default-src 'none'");
    expect(page.match(/<(?:link|img|iframe|script[^>]+src)/g)).toBeNull();
    // A long run is drawn before its samples are read: they lie behind the script, the last step's first.
    const places = [...page.matchAll(/<template id="samples-0-(\d+)">/g)];
    expect(places.map(([, step]) => step)).toEqual(['4', '3', '2', '1']);
    expect(places[0]?.index).toBeGreaterThan(page.lastIndexOf('<script>'));
  });

  it('packs a step whole, prompts once a group', async () => {
    const { bytes, problems } = await packStep(runs[0] ?? '', 1);
    const { groups, of, columns } = JSON.parse(gunzipSync(bytes).toString()) as PackedStep;
    expect(groups.map(({ problem }) => problem)).toEqual(problems);
    expect(of).toEqual([0, 0, 1, 1]);
    expect(columns.reward).toEqual((await readSamples(runs[0] ?? '', 1)).map(({ reward }) => reward));
    for (const column of Object.values(columns)) expect(column).toHaveLength(4);
  });

  it('leaves out steps, evenly and never the first or the last, where they do not fit', () => {
    const packs = Array.from({ length: 10 }, (_, i) => ({ step: i, bytes: { length: 10 } }));
    const steps = (bytes: number) => withinBudget(packs, bytes).map(({ step }) => step);
    expect(steps(100)).toHaveLength(10);
    expect(steps(60)).toEqual([0, 2, 4, 6, 8, 9]);
    expect(steps(0)).toEqual([0, 9]);
  });
});

describe.skipIf(noChromium !== null)(`the page in Chromium${noChromium === null ? '' : ` (${noChromium})`}`, () => {
  let browser: Browser;
  beforeAll(async () => {
    browser = await launchChromium();
  });
  afterAll(() => browser.close());

  async function opened(url: string, width: number): Promise<{ page: Page; faults: string[]; requests: string[] }> {
    const page = await browser.newPage({ viewport: { width, height: 900 } });
    const [faults, requests]: [string[], string[]] = [[], []];
    page.on('pageerror', (error) => faults.push(String(error)));
    page.on('console', (message) => message.type() === 'error' && faults.push(message.text()));
    page.on('request', (request) => requests.push(request.url()));
    await page.goto(url);
    await page.waitForSelector('.row');
    return { page, faults, requests };
  }

  it.each([1360, 430])(
    'draws curves, samples and differences at %i pixels, and asks nobody',
    async (width) => {
      const out = join(folder, `${width}.html`);
      await write(out);
      const url = pathToFileURL(out).href;
      const { page, faults, requests } = await opened(url, width);
      expect(requests).toEqual([url]);
      expect(faults).toEqual([]);
      await page.locator('#curves .chart').first().scrollIntoViewIfNeeded();
      await expect.poll(() => page.locator('.u-wrap').count()).toBeGreaterThan(0);
      expect(await page.evaluate('document.documentElement.scrollWidth <= innerWidth')).toBe(true);
      expect(await page.locator('.row').count()).toBe(4);
      await page.locator('#samples select').nth(2).selectOption('wrong');
      await expect.poll(() => page.locator('.row').count()).toBe(2);
      expect(await page.locator('.detail').innerText()).toMatch(/wrong/);
      expect(await page.locator('#configuration').innerText()).toMatch(/run\.seed/);
      expect(await page.locator('#answers').innerText()).toMatch(/second: did entropy collapse\?\s+no, /);
      await page.locator('#answers select').selectOption('1');
      await page.locator('#answers input').fill('2');
      await page.locator('#answers button').click();
      await expect.poll(() => page.locator('.detail .why').innerText()).toMatch(/= .*right: /);
      expect(await page.locator('#samples input[type="number"]').inputValue()).toBe('2');
      // Two seeds of one experiment are one curve with a band.
      expect(await page.locator('#curves .keys').first().innerText()).toMatch(/first and 1 more seed/);
      await page.close();
    },
    60_000,
  );

  it('follows a run over the dashboard', async () => {
    const dashboard = await serveDashboard([runs[0] ?? ''], { port: 0, address: '127.0.0.1', token: 'secret', pollMs: 50 });
    const { page, faults, requests } = await opened(dashboard.url, 1360);
    const log = await openMetricsLog(runs[0] ?? '', { lastStep: 4 });
    await log.append(5, { reward: 0.125 });
    await log.close();
    await page.locator('#curves .keys', { hasText: '0.125' }).first().waitFor();
    expect(faults).toEqual([]);
    expect(requests.every((url) => url.startsWith(dashboard.url.split('?')[0] ?? '-'))).toBe(true);
    await page.close();
    await dashboard.close();
  }, 60_000);
});

describe('serveDashboard', () => {
  it('asks for its token, refuses pages of other sites, and serves nothing else', async () => {
    const dashboard = await serveDashboard([runs[0] ?? ''], { port: 0, address: '127.0.0.1', token: 'secret' });
    const base = dashboard.url.split('?')[0] ?? '';
    const status = async (path: string, headers: Record<string, string> = {}) => (await fetch(`${base}${path}`, { headers })).status;
    expect(await status('data')).toBe(401);
    expect(await status('data?token=secreT')).toBe(401);
    expect(await status('data?token=secret')).toBe(200);
    expect(await status('samples?run=0&step=2&token=secret')).toBe(200);
    expect(await status('samples?run=9&step=2&token=secret')).toBe(404);
    expect(await status('samples?run=0&step=../1&token=secret')).toBe(404);
    expect(await status('etc/passwd?token=secret')).toBe(404);
    expect(await status('data?token=secret', { origin: 'http://elsewhere.example' })).toBe(403);
    expect(await status('data?token=secret', { 'sec-fetch-site': 'cross-site' })).toBe(403);
    const refused = await fetch(`${base}data`);
    expect([refused.headers.get('x-frame-options'), refused.headers.get('cache-control')]).toEqual(['DENY', 'no-store']);
    await dashboard.close();
  });

  it('is not led to by the name of another site, where nobody needs a token', async () => {
    const dashboard = await serveDashboard([runs[0] ?? ''], { port: 0, address: '127.0.0.1', token: null });
    const { port } = new URL(dashboard.url);
    const statusAs = (host: string) =>
      new Promise((resolve) => {
        get({ port, host: '127.0.0.1', path: '/data', headers: { host } }, ({ statusCode }) => resolve(statusCode)).end();
      });
    expect(await Promise.all(['rebound.example', `127.0.0.1:${port}`, `localhost:${port}`].map(statusAs))).toEqual([403, 200, 200]);
    await dashboard.close();
  });

  it('lets no other machine look without a token', async () => {
    await expect(serveDashboard([runs[0] ?? ''], { port: 0, address: '0.0.0.0', token: null })).rejects.toThrow(/EVOM_DASHBOARD_TOKEN/);
  });
});
