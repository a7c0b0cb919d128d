/**
 * Links as the repository has them, on the site: a README is its folder's page, and a file that is no page (a program, a licence) is copied beside
 * the pages and opened as it is. VitePress checks the pages; a file or a heading that is not there ends the build here.
 */
import { copyFileSync, existsSync, mkdirSync, readFileSync, statSync } from 'node:fs';
import { dirname, join, posix, relative } from 'node:path';
import { root } from './sidebar.mjs';

/** As GitHub names headings, so that one anchor works in both places. */
export const headingSlug = (text) =>
  text
    .trim()
    .toLowerCase()
    .replace(/[^\p{L}\p{N}\p{M}_ -]/gu, '')
    .replaceAll(' ', '-');

const linked = new Set();

/** A markdown-it plugin. */
export function repositoryLinks(markdown) {
  markdown.core.ruler.push('repository-links', ({ tokens, env }) => {
    for (const token of tokens.flatMap(({ children }) => children ?? [])) {
      const href = token.type === 'link_open' ? token.attrGet('href') : null;
      if (href === null || /^(?:[a-z]+:|\/\/|#)/.test(href)) continue;
      const page = relative(root, env.realPath ?? env.path);
      const [path, anchor] = href.split('#');
      const target = posix.normalize(posix.join(posix.dirname(page), decodeURI(path)));
      const isFolder = existsSync(join(root, target)) && statSync(join(root, target)).isDirectory();
      const file = isFolder ? posix.join(target, 'README.md') : target;
      if (!existsSync(join(root, file))) throw new Error(`${page}: dead link ${href}`);
      if (file.endsWith('.md')) {
        if (anchor !== undefined) checkAnchor(page, href, file, anchor);
        const address = file.replace(/(^|\/)README\.md$/, '$1index.md');
        token.attrSet('href', `/${address}${anchor === undefined ? '' : `#${anchor}`}`);
      } else {
        linked.add(file);
        token.type = 'html_inline';
        token.content = `<a href="${(process.env.EVOM_SITE_BASE ?? '/') + encodeURI(file)}" target="_blank">`;
      }
    }
  });
}

function checkAnchor(page, href, file, anchor) {
  const text = readFileSync(join(root, file), 'utf8').replace(/^```[\s\S]*?^```$/gm, '');
  const headings = [...text.matchAll(/^#+ (.*)$/gm)].map(([, title]) => headingSlug(title.replace(/\[([^\]]*)\]\([^)]*\)/g, '$1')));
  if (!headings.includes(anchor)) throw new Error(`${page}: ${href} names no heading of ${file}`);
}

/** VitePress's `buildEnd`. */
export function copyLinkedFiles({ outDir }) {
  for (const file of linked) {
    mkdirSync(dirname(join(outDir, file)), { recursive: true });
    copyFileSync(join(root, file), join(outDir, file));
  }
}
