import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';
import type { MailObserver, MailSender } from './mail/index.ts';

/** What /metrics tells: requests by operation and status, seconds per stage of the pipeline, what becomes of mail. */
export class Metrics implements MailObserver {
  readonly #registry = new Registry();
  readonly #requests = new Counter({
    name: 'rollbook_requests_total',
    help: 'Requests answered, by operation and status',
    labelNames: ['operation', 'status'] as const,
    registers: [this.#registry],
  });
  readonly #stages = new Histogram({
    name: 'rollbook_stage_seconds',
    help: 'Seconds a request spent in each stage of the pipeline',
    labelNames: ['stage'] as const,
    buckets: [0.0005, 0.002, 0.01, 0.05, 0.25, 1, 5, 30],
    registers: [this.#registry],
  });

  readonly #mail = new Counter({
    name: 'rollbook_mail_messages_total',
    help: 'Messages by what became of them (sent, dropped, failed) and why',
    labelNames: ['state', 'reason'] as const,
    registers: [this.#registry],
  });
  readonly #mailServer = new Counter({
    name: 'rollbook_mail_server_failures_total',
    help: 'Handovers that failed because of the mail server or the way to it, by status',
    labelNames: ['status'] as const,
    registers: [this.#registry],
  });

  constructor() {
    collectDefaultMetrics({ register: this.#registry });
  }

  observe(operation: string, status: number, stages: Readonly<Record<string, number>>): void {
    this.#requests.inc({ operation, status: String(status) });
    for (const [stage, ms] of Object.entries(stages)) this.#stages.observe({ stage }, ms / 1000);
  }

  settled(state: string, reason: string, messages: number): void {
    this.#mail.inc({ state, reason }, messages);
  }

  serverFailed(status: string): void {
    this.#mailServer.inc({ status });
  }

  /** What is asked of mail when somebody looks. */
  watchMail(mail: Pick<MailSender, 'server' | 'countWaiting'>): void {
    const registers = [this.#registry];
    new Gauge({
      name: 'rollbook_mail_waiting',
      help: 'Messages that wait to be sent, in all accounts',
      registers,
      async collect() {
        this.set(await mail.countWaiting());
      },
    });
    new Gauge({
      name: 'rollbook_mail_server_up',
      help: '1 while the mail server works as far as this process knows, 0 while it does not, or there is none',
      registers,
      collect() {
        this.set(mail.server === 'up' ? 1 : 0);
      },
    });
  }

  get contentType(): string {
    return this.#registry.contentType;
  }

  text(): Promise<string> {
    return this.#registry.metrics();
  }
}
