import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';
import type { Ending, JobCounts } from './jobs/index.ts';
import type { MailObserver, MailSender } from './mail/index.ts';
import type { Outcome, WebhookCounts } from './webhooks/index.ts';

/**
 * What /metrics tells: requests by operation and status, seconds per stage of the pipeline, the queue of jobs, what becomes
 * of mail, and of messages to subscribers.
 */
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

  readonly #attempts = new Counter({
    name: 'rollbook_job_attempts_total',
    help: 'Attempts at jobs that ended in this process, by kind and ending',
    labelNames: ['kind', 'ending'] as const,
    registers: [this.#registry],
  });
  readonly #jobs = {
    waiting: this.#jobGauge(
      'rollbook_jobs_waiting',
      'Jobs that wait, due or not; at most 10000 of an account',
    ),
    due: this.#jobGauge('rollbook_jobs_due', 'Jobs that are due and not begun; at most 10000 of an account'),
    running: this.#jobGauge('rollbook_jobs_running', 'Jobs that are being done'),
    dead: this.#jobGauge('rollbook_jobs_dead', 'Jobs that are not tried any more'),
    age: this.#jobGauge('rollbook_jobs_oldest_due_seconds', 'How long the longest has been due'),
  };
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

  readonly #deliveries = new Counter({
    name: 'rollbook_webhook_deliveries_total',
    help: 'Attempts to deliver a message to a subscriber, by outcome: answered 200, answered otherwise, not answered',
    labelNames: ['outcome'] as const,
    registers: [this.#registry],
  });
  readonly #suspended = new Gauge({
    name: 'rollbook_webhook_suspended_subscribers',
    help: 'Subscribers whose last delivery failed, and that are tried again later',
    registers: [this.#registry],
  });
  readonly #undelivered = new Gauge({
    name: 'rollbook_webhook_oldest_undelivered_seconds',
    help: 'How long the oldest event has been waiting that a subscriber is still to be told of',
    registers: [this.#registry],
  });

  constructor() {
    collectDefaultMetrics({ register: this.#registry });
  }

  #jobGauge(name: string, help: string): Gauge<'kind'> {
    return new Gauge({ name, help, labelNames: ['kind'] as const, registers: [this.#registry] });
  }

  /** An attempt at a job has ended. */
  observeJob(kind: string, ending: Ending): void {
    this.#attempts.inc({ kind, ending });
  }

  /** How the queue stands; nothing is known of it while the database does not answer. */
  setJobs(counts: readonly JobCounts[], now: Date): void {
    for (const gauge of Object.values(this.#jobs)) gauge.reset();
    for (const { kind, waiting, due, running, dead, oldestDueAt } of counts) {
      this.#jobs.waiting.set({ kind }, waiting);
      this.#jobs.due.set({ kind }, due);
      this.#jobs.running.set({ kind }, running);
      this.#jobs.dead.set({ kind }, dead);
      this.#jobs.age.set({ kind }, oldestDueAt ? (now.getTime() - oldestDueAt.getTime()) / 1000 : 0);
    }
  }

  observeDelivery(outcome: Outcome): void {
    this.#deliveries.inc({ outcome });
  }

  /** How the subscribers stand; null while nothing is known of them. */
  setWebhooks(counts: WebhookCounts | null, now: Date): void {
    const { suspended, oldestAt } = counts ?? { suspended: Number.NaN, oldestAt: null };
    this.#suspended.set(suspended);
    this.#undelivered.set(oldestAt ? (now.getTime() - oldestAt.getTime()) / 1000 : counts ? 0 : Number.NaN);
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
        // Nothing is known while the database does not answer.
        this.set(await mail.countWaiting().catch(() => Number.NaN));
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
