import { expect } from 'chai';

import { Flight, GENERATION_KEY, SwitchFlights } from '../../../../lib/statefulset/switches/switch-flights.js';

const UUID = '00000000-0000-4000-8000-000000000001';

/** Notes what the flights ask of transactions, and which addresses they hold. */
class Airport {
  readonly held: string[] = [];
  /** The generation that the replica shows. */
  generation: string | undefined = '7-aa';
  readonly flights = new SwitchFlights({
    hold: (address: string) => void this.held.push(address),
    unhold: (address: string) => void this.held.splice(this.held.indexOf(address), 1),
  } as never);

  /** Plans a transaction; returns the generation that it waits for, and the one that it leaves. */
  plan(flight: Flight): { expected: string | undefined; left: string } {
    const externalIds: Record<string, string> =
      this.generation === undefined ? {} : { [GENERATION_KEY]: this.generation };
    let expected: string | undefined;
    const tx = {
      wait: (_table: string, [, clause]: readonly (readonly [string, string, Record<string, string>])[]) =>
        (expected = clause?.[2][GENERATION_KEY]),
      verify: (_table: string, _row: object, columns: string[]) => (expected = `verify ${columns.join()}`),
    };
    this.flights.begin(flight);
    const row = { _uuid: UUID, name: 'switch', external_ids: externalIds };
    const left = this.flights.guard(tx as never, row as never, flight);
    return { expected, left };
  }
}

describe('SwitchFlights', () => {
  it('plans on the generation of the replica when nothing is on its way', () => {
    const airport = new Airport();
    const { expected, left } = airport.plan(new Flight());
    expect(expected).to.equal('7-aa');
    expect(left).to.match(/^8-[0-9a-f]{12}$/);
  });

  it('verifies the whole of external_ids while the switch has no generation, and starts from one if it is not ours', () => {
    const airport = new Airport();
    airport.generation = undefined;
    expect(airport.plan(new Flight())).to.have.property('expected', 'verify external_ids');
    const other = new Airport();
    other.generation = 'by hand';
    expect(other.plan(new Flight()).left).to.match(/^1-/);
  });

  it('plans each upon the one before it while they are on their way', () => {
    const airport = new Airport();
    const flights = [new Flight(), new Flight(), new Flight()];
    const plans = flights.map((flight) => airport.plan(flight));
    expect(plans.map(({ expected }) => expected)).to.deep.equal(['7-aa', plans[0]!.left, plans[1]!.left]);
    airport.flights.end(flights[0]!, true);
    airport.generation = plans[0]!.left;
    expect(airport.plan(new Flight()).expected).to.equal(plans[2]!.left);
  });

  it('starts again from the replica when one of the chain failed', () => {
    const airport = new Airport();
    const [first, second] = [new Flight(), new Flight()];
    airport.plan(first);
    airport.plan(second);
    airport.generation = '9-else';
    const anew = airport.plan(first);
    expect(anew.expected).to.equal('9-else');
    expect(airport.plan(second).expected).to.equal(anew.left);
  });

  it('starts again from the replica when one gave up', () => {
    const airport = new Airport();
    const [first, second] = [new Flight(), new Flight()];
    airport.plan(first);
    airport.plan(second);
    airport.flights.end(first, false);
    expect(airport.plan(new Flight()).expected).to.equal('7-aa');
  });

  it('does not break the chain of others when one that succeeded begins another transaction', () => {
    const airport = new Airport();
    const [first, second] = [new Flight(), new Flight()];
    airport.plan(first);
    const { left } = airport.plan(second);
    airport.flights.end(first, true);
    expect(airport.plan(first).expected).to.equal(left);
  });

  it('never leaves the same generation twice', () => {
    const airport = new Airport();
    const flight = new Flight();
    const seen = new Set<string>();
    for (let i = 0; i < 1000; i++) seen.add(airport.plan(i % 2 === 0 ? flight : new Flight()).left);
    expect(seen.size).to.equal(1000);
  });

  it('takes back a rehearsal as if it had not been', () => {
    const airport = new Airport();
    const real = new Flight();
    const { left } = airport.plan(real);
    const [one, two] = [new Flight(), new Flight()];
    const rehearsed = airport.plan(one);
    expect(rehearsed.expected).to.equal(left);
    expect(airport.plan(two).expected).to.equal(rehearsed.left);
    airport.flights.claim('10.0.0.1', 'p', two);
    airport.flights.withdraw(two);
    airport.flights.withdraw(one);
    expect(airport.held).to.deep.equal([]);
    expect(airport.plan(new Flight()).expected).to.equal(left);
  });

  it('holds claims until their transaction has ended, or is planned anew', () => {
    const airport = new Airport();
    const [flight, other] = [new Flight(), new Flight()];
    airport.plan(flight);
    airport.flights.claim('10.0.0.1', 'p', flight);
    expect(airport.flights.claimant('10.0.0.1', other)).to.equal('p');
    expect([...other.blockers]).to.deep.equal([flight]);
    airport.plan(flight);
    expect(airport.flights.claimant('10.0.0.1', new Flight())).to.equal(undefined);
    airport.flights.claim('10.0.0.2', 'p', flight);
    expect(airport.held).to.deep.equal(['10.0.0.2']);
    airport.flights.end(flight, true);
    expect(airport.held).to.deep.equal([]);
  });

  it('tells when those that are in the way have ended, and of none that claims nothing', async () => {
    const airport = new Airport();
    const [claiming, idle, waiting] = [new Flight(), new Flight(), new Flight()];
    for (const flight of [claiming, idle, waiting]) airport.plan(flight);
    airport.flights.claim('10.0.0.1', 'p', claiming);
    airport.flights.noteExhausted(waiting);
    expect([...waiting.blockers]).to.deep.equal([claiming]);
    let landed = false;
    const wait = airport.flights.landed(waiting.blockers).then(() => (landed = true));
    await Promise.resolve();
    expect(landed).to.equal(false);
    airport.flights.end(claiming, true);
    await wait;
    await airport.flights.landed(waiting.blockers);
  });
});
