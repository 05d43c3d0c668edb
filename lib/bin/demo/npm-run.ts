/** Variables of the environment. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** Was it `npm run demo`, in a checkout of this package? */
export function calledByNpmRun({ npm_lifecycle_event: script, npm_package_name: name }: Environment): boolean {
  return script === 'demo' && name === 'ovn-northbound';
}
