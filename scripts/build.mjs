// npm run build: everything that is shipped, into dist/ and runtime/dist/.

import { build, exitOnFailure, install } from './bootstrap.mjs';

try {
  install();
  build();
} catch (error) {
  exitOnFailure(error);
}
