/**
 * TLS: a client certificate, a server that is known by its authority, and what goes wrong without them.
 * Works on the database of OVN_NB_REMOTE if that is an `ssl:` remote, with OVN_NB_PRIVATE_KEY, OVN_NB_CERTIFICATE
 * and OVN_NB_CA_CERT; else on a private server with certificates of its own.
 *
 *   npm run example -- tls
 */
import { connectNorthbound, OvsdbError, type TlsOptions } from 'ovn-northbound';
import { Sandbox } from 'ovn-northbound/testing';

const {
  OVN_NB_REMOTE: given,
  OVN_NB_PRIVATE_KEY: privateKeyFile,
  OVN_NB_CERTIFICATE: certificateFile,
  OVN_NB_CA_CERT: caCertFile,
} = process.env;
const isGiven = given?.startsWith('ssl:') === true && privateKeyFile && certificateFile && caCertFile;
await using sandbox = isGiven ? undefined : await Sandbox.start({ ssl: true });
const remotes = sandbox?.sslRemote ?? given ?? '';

// Files are read again for every connection, so rotated certificates are taken up on the next one. The server is
// verified by its authority alone, as Open vSwitch does: certificates of ovs-pki(8) carry no host name. Where they do,
// `verify: 'host-name'` checks it as well.
const tls: TlsOptions =
  sandbox === undefined
    ? { privateKeyFile: privateKeyFile ?? '', certificateFile: certificateFile ?? '', caCertFile: caCertFile ?? '' }
    : {
        privateKeyFile: sandbox.tls.privateKey,
        certificateFile: sandbox.tls.certificate,
        caCertFile: sandbox.tls.ca,
      };

{
  await using nb = await connectNorthbound({ remotes, tls });
  console.log(`connected over TLS to ${nb.schema.name} ${nb.schema.version} at ${remotes}`);
  console.log(
    `  ${nb.tables.Logical_Switch.size} switches, kept up to date by ${nb.state.name === 'synced' ? nb.state.method : ''}`,
  );
}

/** Connects with options that cannot work, and prints what the error says. */
async function refused(what: string, options: TlsOptions): Promise<void> {
  try {
    await using nb = await connectNorthbound({ remotes, tls: options, readyTimeoutMs: 2_000 });
    console.log(`${what}: connected to ${nb.schema.name} all the same`);
  } catch (error) {
    if (!(error instanceof OvsdbError)) throw error;
    console.log(`${what}:\n  ${error.code}: ${error.message}`);
  }
}

if (sandbox !== undefined) {
  const { rogueCa, roguePrivateKey, rogueCertificate } = sandbox.tls;
  await refused('an authority that did not sign the server', { ...tls, caCertFile: rogueCa });
  await refused('a certificate of another authority', {
    ...tls,
    privateKeyFile: roguePrivateKey,
    certificateFile: rogueCertificate,
  });
  await refused('a file that is not there', { ...tls, caCertFile: `${sandbox.directory}/missing.pem` });
}
