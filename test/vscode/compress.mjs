// Makes the walkthrough's pictures small enough to ship: Chromium turns a PNG into WebP.

import fs from 'node:fs';
import { createRequire } from 'node:module';

const { chromium: browser } = createRequire(import.meta.url)('playwright-core');

/** The picture as WebP. */
export const compress = async (chromium, png) => {
  const chrome = await browser.launch({ executablePath: chromium, args: ['--no-sandbox', '--disable-gpu'] });
  try {
    const page = await chrome.newPage();
    const data = await page.evaluate(
      async source => {
        const image = new Image();
        image.src = source;
        await image.decode();
        const canvas = document.createElement('canvas');
        canvas.width = image.width;
        canvas.height = image.height;
        canvas.getContext('2d').drawImage(image, 0, 0);
        return canvas.toDataURL('image/webp', 0.85);
      },
      `data:image/png;base64,${fs.readFileSync(png, 'base64')}`,
    );
    return Buffer.from(data.split(',')[1], 'base64');
  } finally {
    await chrome.close();
  }
};
