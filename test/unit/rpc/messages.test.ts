import { expect } from 'chai';

import { ProtocolError } from '../../../lib/errors.js';
import {
  classifyMessage,
  toJsonRpcResponse,
  toRpcError,
  toWireReply,
  toWireRequest,
} from '../../../lib/rpc/messages.js';

describe('classifyMessage', () => {
  it('tells messages apart by what they hold, a missing member being null', () => {
    expect(classifyMessage({ id: 1, result: [], error: null })).to.deep.equal({ kind: 'reply', id: 1, result: [] });
    expect(classifyMessage({ id: 1, result: false })).to.deep.equal({ kind: 'reply', id: 1, result: false });
    expect(classifyMessage({ id: 1, error: 'canceled' })).to.deep.equal({ kind: 'error', id: 1, error: 'canceled' });
    expect(classifyMessage({ id: 'echo', method: 'echo', params: [] })).to.deep.equal({
      kind: 'request',
      id: 'echo',
      method: 'echo',
      params: [],
    });
    expect(classifyMessage({ id: null, method: 'update', params: [1] })).to.deep.equal({
      kind: 'notification',
      method: 'update',
      params: [1],
    });
    expect(classifyMessage({ method: 'locked' })).to.deep.equal({ kind: 'notification', method: 'locked', params: [] });
  });

  it('takes an id with neither result, error nor method for a reply whose result is null', () => {
    expect(classifyMessage({ id: 0, result: null, error: null })).to.deep.equal({ kind: 'reply', id: 0, result: null });
  });

  for (const message of [null, 7, [], 'x', {}, { id: null }, { method: 7 }, { method: 'm', params: {} }]) {
    it(`refuses ${JSON.stringify(message)}`, () => {
      expect(() => classifyMessage(message)).to.throw(ProtocolError, /JSON-RPC/);
    });
  }
});

describe('messages to the server', () => {
  it('have the members of JSON-RPC 1.0 and no others', () => {
    expect(toWireRequest({ jsonrpc: '2.0', id: 7, method: 'echo', params: [1] })).to.deep.equal({
      method: 'echo',
      params: [1],
      id: 7,
    });
    expect(toWireRequest({ jsonrpc: '2.0', method: 'cancel' })).to.deep.equal({
      method: 'cancel',
      params: [],
      id: null,
    });
    expect(toWireReply('echo', [], null)).to.deep.equal({ id: 'echo', result: [], error: null });
  });
});

describe('errors of the server', () => {
  it('keep their tag, details and offending syntax on the way through json-rpc-2.0', () => {
    const error = { error: 'syntax error', details: 'no such table', syntax: '{"op":1}' };
    const response = toJsonRpcResponse(3, { kind: 'error', id: 3, error });
    expect(response).to.deep.include({ jsonrpc: '2.0', id: 3 });
    expect(response.error?.message).to.equal('syntax error');
    const restored = toRpcError('transact', response.error?.data);
    expect(restored).to.include({
      code: 'Rpc',
      method: 'transact',
      error: 'syntax error',
      details: 'no such table; syntax: {"op":1}',
    });
  });

  it('may be a text, or something else altogether', () => {
    expect(toRpcError('foo', 'unknown method')).to.include({ error: 'unknown method', details: undefined });
    expect(toRpcError('foo', { reason: 7 }).error).to.equal('{"reason":7}');
  });

  it('are cut where they are very long', () => {
    const long = 'x'.repeat(1_000_000);
    for (const error of [long, { error: 'syntax error', details: long, syntax: long }, { error: long }]) {
      const fault = toRpcError('foo', error);
      expect(fault.message).to.include('(1000000 characters)').and.have.length.below(2200);
    }
    const response = toJsonRpcResponse(3, { kind: 'error', id: 3, error: long });
    expect(response.error?.message).to.have.length.below(1100);
  });
});
