/** The page: one HTML file that holds its style, its script, the chart library and, unless it is live, all data. */
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { packageRoot } from '../config/load/find-file.ts';
import { EvomError } from '../lib/errors.ts';
import type { ReportData } from './report-data.ts';
import type { StepPack } from './step-pack.ts';

/** Nothing is fetched from anywhere but the page's own server; a sample's text is never run. */
const policyOf = (live: boolean): string =>
  `default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; img-src data:; connect-src ${live ? "'self'" : "'none'"}; base-uri 'none'; form-action 'none'`;

/**
 * The page in parts, in order.
 *
 * @param packs of each run of `data`; none for a live page, which asks its server.
 * @throws {EvomError} E_SETUP when the installation lacks the page's own files.
 */
export async function reportPage(data: ReportData, packs: readonly (readonly StepPack[])[]): Promise<string[]> {
  const uplot = join(dirname(createRequire(import.meta.url).resolve('uplot')), '');
  const [style, chartStyle, chart, script] = await Promise.all([
    asset(join(packageRoot, 'web/report.css')),
    asset(join(uplot, 'uPlot.min.css')),
    asset(join(uplot, 'uPlot.iife.min.js')),
    asset(join(packageRoot, 'web/report.js')),
  ]);
  const title = data.runs.map(({ name }) => name).join(', ');
  return [
    '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n',
    '<meta name="viewport" content="width=device-width, initial-scale=1">\n<meta name="color-scheme" content="light dark">\n',
    `<meta http-equiv="Content-Security-Policy" content="${policyOf(data.live)}">\n<title>${escaped(title)} - evom</title>\n`,
    `<style>${chartStyle}\n${style}</style>\n</head>\n<body>\n<div id="app"></div>\n`,
    `<script type="application/json" id="data">${jsonText(data)}</script>\n`,
    `<script>${inScript(chart)}</script>\n<script>${inScript(script)}</script>\n`,
    // The page is drawn before its samples are read: those that it shows first, of the last step, come first.
    ...packs.flatMap((some, run) =>
      [...some].reverse().map(({ step, bytes }) => `<template id="samples-${run}-${step}">${bytes.toString('base64')}</template>\n`),
    ),
    '</body>\n</html>\n',
  ];
}

async function asset(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch (cause) {
    throw new EvomError('E_SETUP', `${path} cannot be read; it comes with evom: install it again`, { cause });
  }
}

const escaped = (text: string): string => text.replace(/[&<>"]/g, (c) => `&#${c.charCodeAt(0)};`);

/** JSON inside HTML: a sample that says `</script>` ends nothing. */
const jsonText = (value: unknown): string => JSON.stringify(value).replaceAll('<', '\\u003c');

const inScript = (text: string): string => text.replaceAll('</script', '<\\/script');
