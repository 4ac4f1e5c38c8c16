/** One refusal of the table (errors.ts). */
export interface ErrorEntry {
  readonly status: number;
  readonly message: string;
  /** What it means and what the caller can do; printed in docs/errors.md. */
  readonly about: string;
}

export const entry = (status: number, message: string, about: string): ErrorEntry => ({
  status,
  message,
  about,
});
