/** The site: every Markdown page of the repository that a reader may want, where it lies. `npm run site` builds it; a dead link ends the build. */
import { readdirSync } from 'node:fs';
import { defineConfig } from 'vitepress';
import { copyLinkedFiles, headingSlug, repositoryLinks } from './links.mjs';
import { root, sidebar } from './sidebar.mjs';

/** Files and folders of the root that the site shows; `site/` has the pages that are made of the schema. */
const shown = ['README.md', 'ARCHITECTURE.md', 'CONTRIBUTING.md', 'CHANGELOG.md', 'docs', 'recipes', 'examples', 'site'];
const hidden = readdirSync(root, { withFileTypes: true })
  .filter(({ name }) => !shown.includes(name))
  .map((entry) => (entry.isDirectory() ? `${entry.name}/**` : entry.name));

// A page's imports are looked for from the page's own folder, and these packages lie in site/: leave them to Node, which starts there.
const vueOfTheSite = {
  name: 'vue-of-the-site',
  enforce: 'pre',
  resolveId: (id, _importer, { ssr }) => (ssr && /^vue(?:$|\/)/.test(id) ? { id, external: true } : null),
};

export default defineConfig({
  title: 'evom',
  description: 'Reinforcement learning with execution-verified rewards for language models that write optimization programs',
  base: process.env.EVOM_SITE_BASE ?? '/',
  srcDir: root,
  srcExclude: hidden,
  outDir: 'dist',
  cacheDir: 'cache',
  rewrites: (page) => page.replace(/(^|\/)README\.md$/, '$1index.md').replace(/^site\/configuration\//, 'docs/reference/configuration-'),
  head: [['link', { rel: 'icon', href: 'data:,' }]],
  ignoreDeadLinks: [/^http:\/\/(?:127\.0\.0\.1|localhost)/],
  markdown: {
    anchor: { slugify: headingSlug },
    toc: { slugify: headingSlug },
    config: repositoryLinks,
  },
  buildEnd: copyLinkedFiles,
  vite: { plugins: [vueOfTheSite] },
  themeConfig: {
    nav: [
      { text: 'Start', link: '/' },
      { text: 'Guide', link: '/docs/' },
      { text: 'Commands', link: '/docs/reference/commands' },
      { text: 'Changes', link: '/CHANGELOG' },
    ],
    sidebar: sidebar(),
    outline: [2, 3],
    search: { provider: 'local' },
  },
});
