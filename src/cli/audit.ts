import { ConfigError, DATABASE_OPTIONS } from '../config.ts';
import { type Audited, auditEnrollments } from '../enrollment/index.ts';
import { auditChain, auditOperations, type ChainEnd, type Fault } from '../operations/index.ts';
import { accountsOf } from '../people/index.ts';
import type { Database } from '../storage/index.ts';
import type { Command } from './main.ts';
import { configOf, EXIT, withDatabase } from './support.ts';

const OPTIONS = { ...DATABASE_OPTIONS, account: { type: 'string' } } as const;

export const auditVerify: Command = {
  name: 'audit verify',
  summary:
    'Walk the log of every account, or of one, and hold what is stored against it. Ends with 1 if anything was changed; docs/history.md says what is covered.',
  usage: '[--account URL] [--data FOLDER | --database-url URL] [--json]',
  run: async (argv) => {
    const { flags, config } = configOf(argv, OPTIONS);
    const url = flags['account'];
    const report = flags['json'] ? new JsonReport() : new LineReport();
    await withDatabase(config, async (db) => {
      const accounts = await accountsOf(db, typeof url === 'string' ? url : null);
      if (accounts.length === 0 && url) throw new ConfigError(`--account: there is no account ${url}.`);
      for (const account of accounts) await auditAccount(db, account, report);
    });
    report.end();
    if (report.faults > 0) process.exitCode = EXIT.failed;
  },
};

interface Account {
  readonly accountId: number;
  readonly url: string;
}

async function auditAccount(db: Database, account: Account, report: Report): Promise<void> {
  const told = async <T>(faults: AsyncGenerator<Fault, T>): Promise<T> => {
    for (;;) {
      const next = await faults.next();
      if (next.done) return next.value;
      report.fault(account.url, next.value);
    }
  };
  const end = await told(auditChain(db, account.accountId));
  await told(auditOperations(db, account.accountId));
  report.account(account.url, end, await told(auditEnrollments(db, account.accountId)));
}

/** Told as it is found, so that no number of faults is held in memory. */
abstract class Report {
  faults = 0;
  fault(url: string, fault: Fault): void {
    this.faults++;
    this.writeFault(url, fault);
  }
  protected abstract writeFault(url: string, fault: Fault): void;
  abstract account(url: string, end: ChainEnd, audited: Audited): void;
  abstract end(): void;
}

class LineReport extends Report {
  protected writeFault(url: string, { position, operationId, detail }: Fault): void {
    const place = position === null ? '' : ` position ${position}`;
    process.stdout.write(`${url}:${place}${operationId ? ` operation ${operationId}` : ''}: ${detail}\n`);
  }

  account(url: string, end: ChainEnd, { chunks, old, versions, unsealed }: Audited): void {
    process.stdout.write(
      `${url}: verified to position ${end.position}, hash ${end.hash}; ${chunks} chunks (${old} old, ${unsealed} not sealed yet), ${versions} versions of enrollments\n`,
    );
  }

  end(): void {
    process.stdout.write(this.faults === 0 ? 'Nothing was changed.\n' : `Faults: ${this.faults}\n`);
  }
}

/** One object; its faults are written as they come. */
class JsonReport extends Report {
  readonly #accounts: unknown[] = [];
  protected writeFault(account: string, fault: Fault): void {
    const position = fault.position === null ? null : Number(fault.position);
    process.stdout.write(
      `${this.faults === 1 ? '{"faults":[' : ','}${JSON.stringify({ account, ...fault, position })}`,
    );
  }

  account(account: string, end: ChainEnd, audited: Audited): void {
    this.#accounts.push({ account, position: Number(end.position), hash: end.hash, ...audited });
  }

  end(): void {
    process.stdout.write(
      `${this.faults === 0 ? '{"faults":[' : ''}],"accounts":${JSON.stringify(this.#accounts)}}\n`,
    );
  }
}
