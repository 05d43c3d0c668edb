/** Runs one of the examples: `npm run example quick-start [argument...]`; without a name it lists them. */
import { register } from 'tsx/esm/api';

register();
const { runExample } = await import('../examples/support/run-example.ts');
try {
  process.exitCode = await runExample(process.argv.slice(2));
} catch (error) {
  // Errors of the library say what to do; the stack would only hide it.
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
}
