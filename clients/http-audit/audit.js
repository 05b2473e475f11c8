// Audits the gateway at a URL: `npm run audit -- http://127.0.0.1:8080/graphql`.
// Every audit has to pass, also those of what a server should or may do.
import { auditServer } from 'graphql-http';

const [url] = process.argv.slice(2);
const results = await auditServer({ url });
const missed = results.filter((result) => result.status !== 'ok');
for (const { id, name, status, reason } of missed) {
  console.error(`${status} ${id} ${name}: ${reason}`);
}
console.log(`${results.length - missed.length} of ${results.length} audits are passed`);
process.exitCode = missed.length === 0 && results.length >= 61 ? 0 : 1;
