// Bundles the program for the npm package: dist/cli.js and its chunks, no dependency at run time.
import { bundle } from './build/bundle.ts';

await bundle();
