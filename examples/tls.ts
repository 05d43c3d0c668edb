/**
 * TLS: a client certificate, a server that is known by its authority, and what one sees when something is wrong.
 *
 *   npm install ovn-northbound
 *   npx tsx tls.ts ssl:10.0.0.1:6641 client-privkey.pem client-cert.pem cacert.pem
 *
 * The remote may also be in OVN_NB_DB, the files in OVN_NB_PRIVATE_KEY, OVN_NB_CERTIFICATE and OVN_NB_CA_CERT.
 * In a checkout, `npm run example tls` runs it on a private database with certificates of its own.
 */
import { connectNorthbound, OvsdbError, type TlsOptions } from 'ovn-northbound';

const { OVN_NB_DB, OVN_NB_PRIVATE_KEY, OVN_NB_CERTIFICATE, OVN_NB_CA_CERT } = process.env;
const [
  remotes = OVN_NB_DB ?? 'ssl:127.0.0.1:6641',
  privateKeyFile = OVN_NB_PRIVATE_KEY ?? 'client-privkey.pem',
  certificateFile = OVN_NB_CERTIFICATE ?? 'client-cert.pem',
  caCertFile = OVN_NB_CA_CERT ?? 'cacert.pem',
] = process.argv.slice(2);

// Files are read again for every connection: rotated certificates are taken up on the next one. What is in memory
// instead, such as a Kubernetes Secret, goes into `privateKey`, `certificate` and `caCert` as PEM.
const tls: TlsOptions = { privateKeyFile, certificateFile, caCertFile };

const nb = await connectNorthbound({ remotes, tls });
console.log(`connected to ${nb.schema.name} ${nb.schema.version} at ${remotes}`);
console.log(`  the server knows us by ${certificateFile}, and we know it by ${caCertFile}`);
nb.close();

// Now four mistakes. connectNorthbound goes on trying for `readyTimeoutMs` where trying again may help, as it may when an
// authority is being replaced; where it cannot, as with a file that is not there, it gives up at once.
await refused('without certificates', undefined);
await refused('a file that is not there', { ...tls, caCertFile: 'missing.pem' });
await refused('an authority that did not sign the server', { ...tls, caCertFile: certificateFile });

// Certificates of ovs-pki(8) carry no host name, so only the authority is verified. Where yours do, ask for the name
// too: then nobody who has another certificate of the same authority can pass for the server.
await refused('a certificate that does not name the host', { ...tls, verify: 'host-name' });

async function refused(mistake: string, options: TlsOptions | undefined): Promise<void> {
  try {
    const client = await connectNorthbound({ remotes, tls: options, readyTimeoutMs: 1_000 });
    console.log(`${mistake}:\n  not here: the server's certificate was accepted all the same`);
    client.close();
  } catch (error) {
    if (!(error instanceof OvsdbError)) throw error;
    console.log(`${mistake}:\n  ${error.code}: ${error.message}`);
  }
}
