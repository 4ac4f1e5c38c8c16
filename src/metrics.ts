import { Counter, collectDefaultMetrics, Histogram, Registry } from 'prom-client';

/** What /metrics tells: requests by operation and status, and seconds per stage of the pipeline. */
export class Metrics {
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

  constructor() {
    collectDefaultMetrics({ register: this.#registry });
  }

  observe(operation: string, status: number, stages: Readonly<Record<string, number>>): void {
    this.#requests.inc({ operation, status: String(status) });
    for (const [stage, ms] of Object.entries(stages)) this.#stages.observe({ stage }, ms / 1000);
  }

  get contentType(): string {
    return this.#registry.contentType;
  }

  text(): Promise<string> {
    return this.#registry.metrics();
  }
}
