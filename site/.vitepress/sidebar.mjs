/** The sidebar: the four rooms of docs/, in the order of their map docs/README.md, each page by its own title. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join, normalize } from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = fileURLToPath(new URL('../../', import.meta.url));

const read = (path) => readFileSync(join(root, path), 'utf8');
const titleOf = (path) => (/^# (.*)$/m.exec(read(path))?.[1] ?? path).replaceAll('`', '');
const addressOf = (path) => `/${path.replace(/(?:(^|\/)README)?\.md$/, '$1')}`;
const item = (path) => ({ text: titleOf(path), link: addressOf(path) });

/** Pages that the map names under a heading, without repeats. */
function pagesUnder(heading) {
  const part = read('docs/README.md')
    .split(/^## /m)
    .find((text) => text.startsWith(heading));
  if (part === undefined) throw new Error(`docs/README.md has no heading "${heading}"; the sidebar is made of it`);
  const paths = [...part.matchAll(/\]\(([^)#]+\.md)/g)].map(([, link]) => normalize(join('docs', link)));
  return [...new Set(paths)].filter((path) => existsSync(join(root, path)));
}

export function sidebar() {
  const decisions = readdirSync(join(root, 'docs/decisions')).filter((name) => /^\d/.test(name));
  const configuration = [
    { text: 'Every key of a training run', link: '/docs/reference/configuration-train' },
    { text: 'Every key of supervised training', link: '/docs/reference/configuration-sft' },
  ];
  return [
    { text: 'Start', link: '/' },
    { text: 'Guide', items: pagesUnder('Guide').map(item) },
    { text: 'Reference', items: [...pagesUnder('Reference').map(item), ...configuration] },
    { text: 'Laboratory', collapsed: true, items: pagesUnder('Laboratory').map(item) },
    { text: 'Decisions', collapsed: true, items: decisions.map((name) => item(`docs/decisions/${name}`)) },
    { text: 'Contribute', collapsed: true, items: ['CONTRIBUTING.md', 'ARCHITECTURE.md', 'docs/STYLE.md', 'CHANGELOG.md'].map(item) },
  ];
}
