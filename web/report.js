/** The page of `evom report` and `evom dashboard`: draws `#data`; unpacks samples when a step is looked at. No network but its own server. */
'use strict';
(() => {
  const $ = (id) => document.getElementById(id);
  let data = JSON.parse($('data').textContent);
  const palette = { light: ['#1b6ca8', '#c8553d', '#2b7a3d', '#7b4b94', '#a87a08', '#4d7f86', '#9c3d6c', '#6b6b6b'], dark: ['#6cb2e8', '#f0937d', '#7cc48b', '#c39be0', '#e0b45c', '#7fbcc4', '#e38ab4', '#b5b5b5'] };
  const theme = () => document.documentElement.dataset.theme ?? 'light';
  const color = (i) => palette[theme()][i % 8];
  const css = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

  // ---- elements: texts are set as text, never as HTML
  /** One by one: a list may be longer than a call may have arguments. */
  const add = (node, children) => {
    for (const child of children.flat()) if (child !== null && child !== undefined) node.append(child);
    return node;
  };
  const fill = (node, ...children) => { node.replaceChildren(); return add(node, children); };
  const el = (name, attributes = {}, ...children) => {
    const node = document.createElement(name);
    for (const [key, value] of Object.entries(attributes)) {
      if (value === undefined || value === null || value === false) continue;
      if (key.startsWith('on')) node.addEventListener(key.slice(2), value);
      else if (key === 'style') node.style.cssText = value;
      else node.setAttribute(key, value === true ? '' : value);
    }
    return add(node, children);
  };
  const number = (value, digits = 4) => (value === null || value === undefined ? '–' : String(Number(Number(value).toPrecision(digits))));
  const percent = (value) => (value === null || value === undefined ? '–' : `${(100 * value).toFixed(1)} %`);
  const pText = (p) => (p === null || p === undefined ? '–' : p < 0.0001 ? '< 0.0001' : p.toFixed(4));
  const points = (gain) => (gain === null || gain === undefined ? '–' : `${gain >= 0 ? '+' : '−'}${Math.abs(100 * gain).toFixed(1)}`);
  const words = (name) => name.replaceAll('_', ' ');
  const dot = (i) => el('span', { class: 'dot', style: `background:${color(i)}` });

  // ---- charts
  let smoothing = 1;
  let charts = [];
  const watcher = new IntersectionObserver((entries) => { for (const entry of entries) if (entry.isIntersecting) entry.target.draw?.(); }, { rootMargin: '300px' });
  const smooth = (values) => {
    if (smoothing === 1) return values;
    let mean = null;
    return values.map((value) => { if (value === null) return null; mean = mean === null ? value : mean + (value - mean) * (2 / (smoothing + 1)); return mean; });
  };

  /** A range of the y axis around the values: never a flat curve on an edge, shares inside 0 to 1. */
  function fitted(low, high, isShare) {
    if (low === null || high === null) return [0, 1];
    const pad = (high - low) * 0.07 || Math.abs(high) * 0.1 || (isShare ? 0.05 : 1);
    const bottom = low >= 0 && low - pad < 0.15 * high ? 0 : low - pad;
    return isShare ? [Math.max(0, bottom), Math.min(1, high + pad)] : [bottom, high + pad];
  }

  /** Lines `{label, x, y, low?, high?, hue}` on shared steps; `stacked` lays shares on one another. */
  function chart(title, lines, { unit = number, stacked = false, note = null } = {}) {
    const drawn = lines.filter(({ y }) => y.some((value) => value !== null));
    if (drawn.length === 0) return null;
    const keys = el('div', { class: 'keys' });
    const plot = el('div', { class: 'plot' });
    const card = el('div', { class: 'card chart' }, el('h3', { title: note }, title), keys, plot);
    const xs = [...new Set(drawn.flatMap(({ x }) => x))].sort((a, b) => a - b);
    const place = new Map(xs.map((x, i) => [x, i]));
    const spread = (x, y) => { if (x.length === xs.length) return y; const out = new Array(xs.length).fill(null); x.forEach((step, i) => { out[place.get(step)] = y[i]; }); return out; };
    const shownKeys = (at) => fill(keys, drawn.map(({ label, hue, full }) => {
      const last = full.findLastIndex((value) => value !== null);
      const value = full[at ?? last];
      return el('span', {}, el('i', { style: `background:${color(hue)}` }), `${label} `, el('b', {}, value === null || value === undefined ? '' : unit(value)));
    }), at === null ? '' : el('span', {}, `step ${xs[at]}`));
    for (const line of drawn) line.full = smooth(spread(line.x, line.y));
    let made = null;
    plot.draw = () => {
      if (made !== null && made.theme === theme()) return;
      made?.chart.destroy();
      const columns = [xs];
      const series = [{}];
      const bands = [];
      const base = new Array(xs.length).fill(0);
      for (const line of drawn) {
        const stroke = color(line.hue);
        if (stacked) {
          line.full.forEach((value, i) => { base[i] += value ?? 0; });
          columns.push([...base]);
          series.push({ stroke, width: 1, fill: series.length === 1 ? `${stroke}66` : undefined, points: { show: false } });
          if (series.length > 2) bands.push({ series: [series.length - 1, series.length - 2], fill: `${stroke}66` });
          continue;
        }
        columns.push(line.full);
        series.push({ stroke, width: 1.75, spanGaps: true, dash: line.dash, points: { show: line.full.filter((value) => value !== null).length < 16, size: 6, fill: stroke } });
        if (line.low) {
          columns.push(smooth(spread(line.x, line.high)), smooth(spread(line.x, line.low)));
          series.push({ stroke: 'transparent', spanGaps: true, points: { show: false } }, { stroke: 'transparent', spanGaps: true, points: { show: false } });
          bands.push({ series: [series.length - 2, series.length - 1], fill: `${stroke}2e` });
        }
      }
      const axis = { stroke: css('--soft'), grid: { stroke: css('--grid'), width: 1 }, ticks: { show: false }, font: '11px system-ui' };
      made = { theme: theme(), chart: new uPlot({
        width: plot.clientWidth || 360, height: 200, series, bands, legend: { show: false }, cursor: { sync: { key: 'steps' }, points: { show: false }, drag: { x: true, y: false } },
        scales: { x: { time: false, range: (_, low, high) => (xs.length === 1 ? [xs[0] - 1, xs[0] + 1] : [low, high]) }, y: { range: stacked ? [0, 1] : (_, low, high) => fitted(low, high, unit === percent) } },
        axes: [{ ...axis, size: 26, incrs: [1, 2, 5, 10, 20, 25, 50, 100, 200, 250, 500, 1000, 2000, 5000, 10000] }, { ...axis, size: 52, values: (_, ticks) => ticks.map((tick) => (tick === null ? '' : unit(tick).replace('.0 %', ' %'))) }],
        hooks: { setCursor: [(u) => shownKeys(u.cursor.idx ?? null)] },
      }, columns, plot) };
    };
    plot.resize = () => made?.chart.setSize({ width: plot.clientWidth, height: 200 });
    shownKeys(null);
    charts.push(plot);
    watcher.observe(plot);
    return card;
  }

  /** One line an experiment: runs that differ in their seed are a mean, with a band from the lowest to the highest. */
  function perExperiment(name) {
    const families = new Map();
    data.runs.forEach((run, i) => { if (run.columns[name]) families.set(run.family, [...(families.get(run.family) ?? []), i]); });
    return [...families.values()].map((members) => {
      const first = data.runs[members[0]];
      if (members.length === 1) return { label: first.name, hue: members[0], x: first.x, y: first.columns[name] };
      const xs = [...new Set(members.flatMap((i) => data.runs[i].x))].sort((a, b) => a - b);
      const at = members.map((i) => new Map(data.runs[i].x.map((x, j) => [x, data.runs[i].columns[name][j]])));
      const values = xs.map((x) => at.map((map) => map.get(x)).filter((value) => value !== null && value !== undefined));
      const fold = (some, f) => (some.length === 0 ? null : f(some));
      return { label: `${first.name} and ${members.length - 1} more seed${members.length > 2 ? 's' : ''}`, hue: members[0], x: xs, y: values.map((v) => fold(v, (s) => s.reduce((a, b) => a + b, 0) / s.length)), low: values.map((v) => fold(v, (s) => s.reduce((least, value) => Math.min(least, value)))), high: values.map((v) => fold(v, (s) => s.reduce((most, value) => Math.max(most, value)))) };
    });
  }
  const curve = (title, name, options) => chart(title, perExperiment(name), options);
  const severalOf = (title, names, options) => data.runs.length === 1
    ? chart(title, names.filter(([name]) => data.runs[0].columns[name]).map(([name, label], i) => ({ label, hue: i, x: data.runs[0].x, y: data.runs[0].columns[name] })), options)
    : null;
  /** All columns below a prefix, one chart a run. */
  function families(prefix, title, options) {
    return data.runs.map((run, r) => {
      const names = Object.keys(run.columns).filter((name) => name.startsWith(`${prefix}/`));
      const mean = (name) => run.columns[name].reduce((sum, value) => sum + (value ?? 0), 0);
      const kept = names.filter((name) => mean(name) !== 0).sort((a, b) => mean(b) - mean(a)).slice(0, 8);
      const total = run.x.map((_, i) => (options?.share ? names.reduce((sum, name) => sum + (run.columns[name][i] ?? 0), 0) : 1));
      return chart(data.runs.length === 1 ? title : `${title}: ${run.name}`, kept.map((name, i) => ({ label: words(name.slice(prefix.length + 1)), hue: i, x: run.x, y: run.columns[name].map((value, j) => (total[j] > 0 ? (value ?? 0) / total[j] : null)) /* a name that nobody had is left out of its step */ })), options);
    }).filter(Boolean);
  }
  const evaluationCharts = () => {
    const sets = [...new Set(data.runs.flatMap((run) => run.evaluations.flatMap(({ sets: some }) => some.map(({ set }) => set))))];
    return sets.map((set) => chart(`pass@1 on ${words(set)}`, data.runs.map((run, hue) => {
      const found = run.evaluations.flatMap(({ step, sets: some }) => some.filter((one) => one.set === set).map((one) => ({ step, ...one })));
      return { label: run.name, hue, x: found.map(({ step }) => step), y: found.map(({ pass }) => pass), low: found.map(({ interval }) => interval?.[0] ?? null), high: found.map(({ interval }) => interval?.[1] ?? null) };
    }), { unit: percent, note: 'band: 95 % interval' })).filter(Boolean);
  };

  // ---- sections
  const section = (id, title, lead, ...children) => {
    const inner = children.flat().filter(Boolean);
    return inner.length === 0 ? null : el('section', { id }, el('h2', {}, title), lead ? el('p', { class: 'lead' }, lead) : null, inner);
  };
  const grid = (some) => { const cards = some.flat().filter(Boolean); return cards.length === 0 ? null : el('div', { class: 'charts' }, cards); };
  const table = (head, rows) => el('div', { class: 'card scroll' }, el('table', {}, el('thead', {}, el('tr', {}, head.map(([name, kind]) => el('th', { class: kind }, name)))), el('tbody', {}, rows.map((row) => el('tr', {}, row.map((cell, i) => el('td', { class: head[i][1] }, cell)))))));
  const tile = (run, i) => {
    const last = (name) => run.columns[name]?.findLast((value) => value !== null);
    const final = run.evaluations.at(-1)?.sets[0];
    const shown = [['reward', last('reward'), number], ['right', last('accuracy'), percent], ['identical', last('identical'), percent], ['entropy', last('entropy'), number], [final ? `pass@1, ${words(final.set)}` : '', final?.pass, percent]];
    return el('div', { class: 'card' },
      el('div', { class: 'run-name' }, dot(i), run.name, el('span', { class: `state ${run.state}` }, `${run.state}, step ${run.x.at(-1) ?? 0}${run.steps ? ` of ${run.steps}` : ''}`)),
      el('div', { class: 'figures' }, shown.filter(([, value]) => value !== undefined && value !== null).map(([name, value, text]) => el('div', {}, el('b', {}, text(value, 3)), el('span', {}, name)))));
  };
  const verdict = (gain, p) => gain === null || p === null ? el('span', { class: 'soft' }, 'not comparable') : p >= 0.05 ? el('span', { class: 'soft' }, 'no clear difference') : el('span', { class: gain > 0 ? 'good' : 'bad' }, gain > 0 ? 'better' : 'worse');
  const scored = (set) => `${percent(set.pass)}${set.interval ? ` [${(100 * set.interval[0]).toFixed(1)}, ${(100 * set.interval[1]).toFixed(1)}]` : ''}`;
  const comparisonHead = [['run'], ['set'], ['before', 'n'], ['after', 'n'], ['change, points', 'n'], ['p', 'n'], ['verdict'], ['identical, points', 'n'], ['p', 'n'], ['problems', 'n']];
  const comparisonRow = (name, one) => [name, words(one.set), scored(one.before), scored(one.after), points(one.pass_at_1_gain), pText(one.p_value), verdict(one.pass_at_1_gain, one.p_value), points(one.identical_gain), pText(one.identical_p_value), String(one.after.problems)];

  function compareSection() {
    const own = data.runs.flatMap((run, i) => run.beforeAfter.map((one) => comparisonRow(el('span', { class: 'run-name' }, dot(i), run.name), one)));
    const between = data.between.map(({ first, second, comparison, ...one }) => comparisonRow(`${data.runs[second].name} against ${data.runs[first].name}`, { ...one, ...(comparison ?? { pass_at_1_gain: null, p_value: null, identical_gain: null, identical_p_value: null }) }));
    return section('scores', 'Scores', 'pass@1 with its 95 % interval; p of a paired permutation test over problems, two-sided.',
      own.length ? table(comparisonHead, own) : null,
      between.length ? [el('h3', { style: 'margin:1.1rem 0 .4rem' }, 'Run against run, last evaluations'), table(comparisonHead, between)] : null);
  }
  function answersSection() {
    const many = data.runs.length > 1;
    const asked = [...data.answers, ...data.runs.flatMap((run) => run.answers.map((one) => (many ? { ...one, run: run.name } : one)))];
    const rows = asked.map((one, i) => {
      const isAgain = asked[i - 1]?.question === one.question && asked[i - 1]?.run === one.run;
      return [isAgain ? '' : one.run ? `${one.run}: ${one.question.charAt(0).toLowerCase()}${one.question.slice(1)}` : one.question, el('span', { class: one.tone === 'plain' ? undefined : one.tone }, one.answer)];
    });
    const sampled = data.runs.flatMap((run, i) => (run.sampled.length === 0 ? [] : [{ run, i }]));
    if (sampled.length > 0) {
      const { run, i } = sampled[0];
      const chosen = el('select', { 'aria-label': 'run' }, sampled.map((one) => el('option', { value: one.i }, one.run.name)));
      const step = el('input', { type: 'number', 'aria-label': 'step to look at', value: run.sampled.at(-1).step, min: 1 });
      const look = () => best(many ? Number(chosen.value) : i, Number(step.value));
      rows.push([el('span', {}, 'Which program of a step earned most, and why?'), el('span', { class: 'ask' }, many ? chosen : null, 'step', step, el('button', { onclick: look }, 'show'))]);
    }
    return section('answers', 'Answers', null, el('div', { class: 'card scroll answers' }, el('table', {}, el('tbody', {}, rows.map(([question, answer]) => el('tr', {}, el('th', {}, question), el('td', {}, answer)))))));
  }
  const nearest = (run, wanted) => data.runs[run].sampled.reduce((found, { step }) => (Math.abs(step - wanted) < Math.abs(found - wanted) ? step : found), data.runs[run].sampled[0].step);
  /** The sample of a step that earned most, on top of its list. */
  function best(run, step) {
    view.sort = 'reward';
    parts.sort.value = 'reward';
    browse({ run, step: nearest(run, step), problem: '', sample: null });
  }
  const slowTable = () => {
    const rows = data.runs.flatMap((run, r) => run.slowest.map((slow) => ({ ...slow, r }))).sort((a, b) => b.seconds - a.seconds).slice(0, 10);
    return rows.length === 0 ? null : [el('h3', { style: 'margin:1.1rem 0 .4rem' }, 'Slowest programs'), table([['run'], ['step', 'n'], ['problem'], ['time', 'n'], ['']], rows.map((slow) => [data.runs[slow.r].name, String(slow.step), el('code', {}, slow.problem), `${number(slow.seconds, 3)} s`, el('button', { onclick: () => browse({ run: slow.r, step: slow.step, problem: slow.problem, sample: slow.sample }) }, 'show')]))];
  };

  // ---- samples
  const view = { run: 0, step: null, problem: '', verdict: '', status: '', flag: '', text: '', sort: 'reward', sample: null };
  const cache = new Map();
  /** An element that the browser may not have read yet, since samples lie behind the script; null where the page ends without it. */
  const parsed = (id) => new Promise((done) => {
    let watching = null;
    const look = () => {
      const node = $(id);
      const isWhole = document.readyState !== 'loading' || (node && node.nextSibling);
      if (!isWhole) return false;
      watching?.disconnect();
      done(node);
      return true;
    };
    if (look()) return;
    watching = new MutationObserver(look);
    watching.observe(document.body, { childList: true });
    document.addEventListener('DOMContentLoaded', look, { once: true });
  });
  async function unpack(run, step) {
    const key = `${run}/${step}`;
    if (cache.has(key)) return cache.get(key);
    const node = data.live ? null : await parsed(`samples-${run}-${step}`);
    let bytes;
    if (node) bytes = Uint8Array.from(atob(node.content.textContent), (c) => c.charCodeAt(0));
    else {
      const answer = await fetch(`samples?run=${run}&step=${step}${location.search.replace('?', '&')}`);
      if (!answer.ok) throw new Error((await answer.json()).error);
      bytes = new Uint8Array(await answer.arrayBuffer());
    }
    const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream('gzip'));
    const { groups, of, columns } = await new Response(stream).json();
    const names = Object.keys(columns);
    const samples = of.map((group, i) => {
      const sample = { ...groups[group] };
      for (const name of names) sample[name] = columns[name][i];
      if (sample.program === true) sample.program = sample.completion;
      return sample;
    });
    if (cache.size > 24) cache.delete(cache.keys().next().value);
    cache.set(key, samples);
    return samples;
  }
  const verdicts = { right: (s) => s.correct, wrong: (s) => s.correct === false, identical: (s) => s.correct && s.identical, 'right, other model': (s) => s.correct && s.identical === false, flagged: (s) => s.flags.length > 0, unscored: (s) => s.reward === null };
  const orders = { reward: (a, b) => (b.reward ?? -9) - (a.reward ?? -9) || (b.advantage ?? -99) - (a.advantage ?? -99), 'lowest reward': (a, b) => (a.reward ?? 9) - (b.reward ?? 9), advantage: (a, b) => (b.advantage ?? -99) - (a.advantage ?? -99), longest: (a, b) => b.tokens - a.tokens };
  const options = (select, names, chosen, all) => fill(select, el('option', { value: '' }, all), names.map((name) => el('option', { value: name, selected: name === chosen }, words(name))));
  let parts = null;

  function samplesSection() {
    if (!data.runs.some((run) => run.sampled.length > 0)) return null;
    const pick = (key, node) => { node.addEventListener('change', () => { view[key] = node.value; view.sample = null; void show(); }); return node; };
    const label = (text, ...nodes) => el('label', {}, text, nodes);
    parts = {
      run: el('select'), slider: el('input', { type: 'range', 'aria-label': 'step' }), step: el('input', { type: 'number', 'aria-label': 'step' }), problem: pick('problem', el('select')), verdict: pick('verdict', el('select')), status: pick('status', el('select')), flag: pick('flag', el('select')), sort: el('select'),
      text: el('input', { type: 'search', placeholder: 'text in program' }), list: el('div', { class: 'card list' }), detail: el('div', { class: 'card detail' }), also: el('div', { class: 'parts' }), count: el('span', { class: 'soft' }),
    };
    add(parts.run, data.runs.map((run, i) => el('option', { value: i }, run.name)));
    parts.run.addEventListener('change', () => { Object.assign(view, { run: Number(parts.run.value), step: null, problem: '', sample: null }); void show(); });
    add(parts.sort, Object.keys(orders).map((name) => el('option', { value: name }, name)));
    parts.sort.addEventListener('change', () => { view.sort = parts.sort.value; void show(); });
    parts.text.addEventListener('input', () => { view.text = parts.text.value.toLowerCase(); void show(); });
    const steps = () => data.runs[view.run].sampled;
    parts.slider.addEventListener('input', () => { Object.assign(view, { step: steps()[Number(parts.slider.value)].step, sample: null }); void show(); });
    parts.step.addEventListener('change', () => { Object.assign(view, { step: nearest(view.run, Number(parts.step.value)), sample: null }); void show(); });
    return section('samples', 'Samples', 'What the policy wrote, what came of it, and what it earned.',
      el('div', { class: 'filters' }, data.runs.length > 1 ? label('run', parts.run) : null, label('step', parts.slider, parts.step), label('problem', parts.problem), label('verdict', parts.verdict), label('ended', parts.status), label('flag', parts.flag), label('order', parts.sort), parts.text, parts.count),
      parts.also, el('div', { class: 'browser' }, parts.list, parts.detail));
  }
  let showing = 0;
  async function show() {
    if (parts === null) return;
    const turn = ++showing;
    const run = data.runs[view.run];
    const steps = run.sampled.map(({ step }) => step);
    if (steps.length === 0) { parts.list.replaceChildren('this run has no samples'); parts.detail.replaceChildren(); return; }
    if (!steps.includes(view.step)) view.step = steps.at(-1);
    parts.run.value = view.run;
    Object.assign(parts.slider, { min: 0, max: steps.length - 1, value: steps.indexOf(view.step) });
    Object.assign(parts.step, { min: steps[0], max: steps.at(-1), value: view.step });
    let all;
    try { all = await unpack(view.run, view.step); } catch (error) { parts.list.replaceChildren(`step ${view.step}: ${error.message}`); return; }
    if (turn !== showing) return;
    const count = (values) => [...new Set(values)].sort();
    const problems = count(all.map((s) => s.problem));
    if (view.problem && !problems.includes(view.problem)) problems.unshift(view.problem);
    options(parts.problem, problems, view.problem, `all ${problems.length}`);
    for (const option of [...parts.problem.options].slice(1)) option.textContent = option.value;
    options(parts.verdict, Object.keys(verdicts), view.verdict, 'all');
    options(parts.status, count(all.map((s) => s.status)), view.status, 'all');
    options(parts.flag, count(all.flatMap((s) => s.flags)), view.flag, 'all');
    const chosen = all.filter((s) => (!view.problem || s.problem === view.problem) && (!view.verdict || verdicts[view.verdict](s)) && (!view.status || s.status === view.status) && (!view.flag || s.flags.includes(view.flag)) && (!view.text || s.completion.toLowerCase().includes(view.text))).sort(orders[view.sort]);
    parts.count.textContent = `${chosen.length} of ${all.length}`;
    const place = run.problemIds.indexOf(view.problem);
    const others = place < 0 ? [] : run.sampled.filter(({ step, problems: some }) => step !== view.step && some?.includes(place));
    fill(parts.also, (others.length === 0 ? [] : [el('span', { class: 'soft' }, 'this problem also in step'), ...others.slice(0, 24).map(({ step }) => el('button', { class: 'chip link', onclick: () => { Object.assign(view, { step, sample: null }); void show(); } }, String(step)))]));
    const isShown = (s) => view.sample !== null && s.sample === view.sample.sample && s.problem === view.sample.problem;
    const current = chosen.find(isShown) ?? chosen[0];
    fill(parts.list, chosen.map((s) => el('button', { class: 'row', 'aria-current': s === current, onclick: () => { view.sample = { problem: s.problem, sample: s.sample }; for (const row of parts.list.children) row.setAttribute('aria-current', 'false'); parts.list.children[chosen.indexOf(s)].setAttribute('aria-current', 'true'); detail(s); } },
      el('b', { class: s.correct ? 'good' : s.correct === false ? 'bad' : 'soft' }, s.reward === null ? '–' : s.reward.toFixed(2)), el('span', { class: 'name mono', title: s.problem }, `${s.problem} #${s.sample}`), el('span', { class: 'status' }, `${s.flags.length ? '⚑ ' : ''}${words(s.status)}`))));
    if (current) detail(current); else parts.detail.replaceChildren(el('p', { class: 'soft' }, 'no sample fits these filters'));
  }
  function detail(s) {
    const block = (name, text) => (text ? [el('h3', {}, name), el('pre', {}, text)] : []);
    const fact = (name, value) => (value === null || value === undefined || value === '' ? [] : [el('dt', {}, name), el('dd', {}, value)]);
    const isWhole = s.program !== null && s.completion.trim() === s.program.trim();
    const stated = s.prompt.includes(s.question);
    fill(parts.detail, [
      el('div', { class: 'run-name' }, el('span', { class: 'mono' }, `${s.problem} #${s.sample}`), el('span', { class: 'state' }, s.correct === null ? 'unscored' : el('b', { class: s.correct ? 'good' : 'bad' }, s.correct ? (s.identical ? 'right, identical model' : 'right') : 'wrong'))),
      el('div', { class: 'parts' }, el('span', { class: 'chip' }, el('b', {}, `reward ${number(s.reward)}`)), Object.entries(s.parts).map(([name, value]) => el('span', { class: 'chip' }, `${words(name)} ${number(value)}`)), s.flags.map((flag) => el('span', { class: 'chip warn' }, `⚑ ${words(flag)}`))),
      el('p', { class: 'why' }, s.why),
      el('dl', {}, fact('outcome', words(s.status)), fact('objective', s.objective === null ? null : `${number(s.objective, 8)} (wanted ${s.answer ?? 'unknown'})`), fact('certificate', words(s.certificate)), fact('advantage', s.advantage === null ? 'none: its group is not in this step\u2019s batch' : number(s.advantage)), fact('error', s.error), fact('length', `${s.tokens} tokens${s.truncated ? ', cut off' : ''}; entropy ${number(s.entropy, 3)} nats a token`)),
      block('problem', stated ? s.prompt : s.question), stated ? [] : block('prompt', s.prompt), block(`program${s.dialect ? ` (${s.dialect})` : ''}`, s.program), isWhole ? [] : block('completion', s.completion), block('printed', s.printed),
      s.differences === null ? [] : s.differences.length === 0 ? [el('p', { class: 'good' }, 'The model equals the reference.')] : [el('h3', {}, 'difference from the reference model'), el('div', { class: 'scroll' }, el('table', {}, el('thead', {}, el('tr', {}, ['kind', 'reference', 'program'].map((name) => el('th', {}, name)))), el('tbody', {}, s.differences.map((d) => el('tr', {}, el('td', {}, words(d.kind)), el('td', {}, el('code', {}, d.expected ?? '–')), el('td', {}, el('code', {}, d.found ?? '–')))))))],
    ].flat(3));
  }
  function browse(wanted) {
    Object.assign(view, { verdict: '', status: '', flag: '', text: '' }, { run: wanted.run, step: wanted.step, problem: wanted.problem, sample: wanted.sample === null ? null : { problem: wanted.problem, sample: wanted.sample } });
    parts.text.value = '';
    void show();
    $('samples').scrollIntoView();
  }

  // ---- the whole page
  const has = (prefix) => data.runs.some((run) => Object.keys(run.columns).some((name) => name === prefix || name.startsWith(`${prefix}/`)));
  /** What is seen first, then, in a task of its own, the rest: a long run is readable before all of it is drawn. */
  function draw(inOneGo) {
    charts = [];
    const many = data.runs.length > 1;
    const main = el('main', {},
      el('h1', {}, many ? `${data.runs.length} runs` : data.runs[0].name),
      el('div', { class: 'tiles' }, data.runs.map(tile)),
      answersSection(),
      compareSection(),
      section('curves', 'Learning', many ? 'One line an experiment; runs that differ in their seed alone are a mean with a band from the lowest to the highest.' : null, grid([
        curve('reward', 'reward'), curve('right answers', 'accuracy', { unit: percent }), curve('identical models', 'identical', { unit: percent }), ...evaluationCharts(), curve('entropy, nats a token', 'entropy'), curve('completion length, tokens', 'completions/mean_length'), curve('loss', 'learner/loss'), curve('gradient norm', 'learner/grad_norm')])));
    const nav = el('nav');
    const smoother = el('select', { 'aria-label': 'smoothing' }, [1, 5, 15, 40].map((n) => el('option', { value: n, selected: n === smoothing }, n === 1 ? 'every step' : `smoothed over ${n}`)));
    smoother.addEventListener('change', () => { smoothing = Number(smoother.value); redraw(); });
    const toggle = el('button', { title: 'light or dark', 'aria-label': 'light or dark', onclick: () => { document.documentElement.dataset.theme = theme() === 'dark' ? 'light' : 'dark'; redraw(); } }, theme() === 'dark' ? '☀' : '☾');
    $('app').replaceChildren(el('header', {}, el('b', {}, 'evom'), el('span', { class: 'soft', id: 'made' }, data.live ? 'live' : `${data.made.slice(0, 16).replace('T', ' ')} UTC`), nav, smoother, toggle), main);
    const rest = () => {
      add(main, [
        section('outcomes', 'Outcomes and reward', 'Shares of the programs sampled in a step.', grid([families('outcomes', 'how programs ended', { unit: percent, stacked: true }), families('reward_parts', 'parts of the reward'), families('flags', 'audit flags', { unit: percent }), families('certificates', 'how verdicts are known', { unit: percent, stacked: true, share: true }), curve('flagged', 'flag_rate', { unit: percent }), curve('lost to faults of ours', 'infra_rate', { unit: percent })])),
        section('groups', 'Groups', 'Groups without a signal teach nothing.', grid([curve('groups in the batch', 'groups_trained'), severalOf('groups left out', [['groups/too_easy', 'too easy'], ['groups/too_hard', 'too hard'], ['groups/unscorable', 'unscorable'], ['groups/stale', 'stale']]), curve('groups of one reward', 'frac_reward_zero_std', { unit: percent })])),
        section('mismatch', 'Sampler against learner', 'Before the update the two should agree.', grid([curve('KL, nats a token', 'learner/approx_kl'), curve('difference of log-probabilities, mean', 'learner/logprob_diff_mean'), curve('difference of log-probabilities, largest', 'learner/logprob_diff_max'), curve('effective sample size', 'learner/effective_sample_size', { unit: percent }), curve('clipped tokens', 'learner/clip_fraction', { unit: percent }), curve('age of samples, versions', 'staleness/mean')])),
        section('time', 'Verification and time', 'Wall clock.', grid([curve('verification of one program, median, s', 'time/verify_p50_s'), curve('verification of one program, 99th percentile, s', 'time/verify_p99_s'), curve('slowest program of the step, s', 'time/verify_slowest_1_s'), curve('step, s', 'time/step_s'), severalOf('parts of a step, s', [['time/sample_s', 'sampling'], ['time/verify_tail_s', 'verification after it'], ['time/learn_s', 'learning'], ['time/update_s', 'new weights']]), curve('tokens a second', 'time/tokens_per_s')]), slowTable()),
        samplesSection(),
        section('configuration', 'Configuration', null,
          table([['', ''], ...data.runs.map((run) => [run.name])], data.runs[0].facts.map(([name], i) => [el('span', { class: 'soft' }, name), ...data.runs.map((run) => el('code', {}, run.facts.find(([key]) => key === name)?.[1] ?? '–'))])),
          many ? [el('h3', { style: 'margin:1.1rem 0 .4rem' }, 'Values that differ'), data.differences.length === 0 ? el('p', { class: 'soft' }, 'none') : table([['key'], ...data.runs.map((run) => [run.name])], data.differences.map(({ key, values }) => [el('code', {}, key), ...values.map((value) => el('code', {}, value ?? '–'))]))] : null),
      ].filter(Boolean));
      add(nav, [...main.querySelectorAll('section')].map((one) => el('a', { href: `#${one.id}` }, one.id[0].toUpperCase() + one.id.slice(1))));
      void show();
    };
    if (inOneGo) rest();
    else requestAnimationFrame(() => setTimeout(() => { rest(); if (location.hash.length > 1) $(location.hash.slice(1).replace(/^(step|run|problem)=.*/, 'samples'))?.scrollIntoView(); }));
  }
  const redraw = () => { const top = scrollY; draw(true); scrollTo({ top, behavior: 'instant' }); };
  document.documentElement.dataset.theme = matchMedia('(prefers-color-scheme: dark)').matches ? 'dark' : 'light';
  const asked = Object.fromEntries(new URLSearchParams(location.hash.slice(1)));
  if (asked.step) Object.assign(view, { run: Number(asked.run ?? 0), step: Number(asked.step), problem: asked.problem ?? '' });
  draw(false);
  let resizing = 0;
  addEventListener('resize', () => { clearTimeout(resizing); resizing = setTimeout(() => charts.forEach((one) => { one.resize(); }), 120); });

  if (data.live) {
    const events = new EventSource(`events${location.search}`);
    events.addEventListener('changed', async () => {
      const answer = await fetch(`data${location.search}`);
      if (!answer.ok) return;
      const before = data.runs[view.run]?.sampled.at(-1)?.step;
      data = await answer.json();
      // Whoever looks at the newest step goes along; whoever reads an older one is left alone.
      if (view.step === before && view.sample === null) view.step = null;
      redraw();
    });
    const say = (text) => { $('made').textContent = text; };
    events.addEventListener('error', () => say('the dashboard has stopped; the run goes on'));
    events.addEventListener('open', () => say('live'));
  }
  document.documentElement.dataset.ready = 'true';
})();
