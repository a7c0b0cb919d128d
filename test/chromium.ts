/** The Chromium that tests of pages drive: EVOM_CHROMIUM, or the system's own. */
import { existsSync } from 'node:fs';
import { type Browser, chromium } from 'playwright-core';

const places = [process.env.EVOM_CHROMIUM ?? '', '/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'];

const found = places.find((place) => place !== '' && existsSync(place));

/** Why such tests are skipped; null where they run. */
export const noChromium = found === undefined ? 'no Chromium: apt-get install chromium, or EVOM_CHROMIUM names one' : null;

/** A browser that asks nobody but the page's own server. */
export const launchChromium = (): Promise<Browser> =>
  chromium.launch({
    executablePath: found ?? '',
    args: ['--no-sandbox', '--disable-quic', '--disable-background-networking', '--disable-component-update', '--disable-sync'],
  });
