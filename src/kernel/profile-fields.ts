/** Profile fields that every account has, in the order in which they are answered. LOGIN and EMAIL have columns of their own. */
export const STANDARD_FIELDS = [
  'LOGIN',
  'EMAIL',
  'FIRST_NAME',
  'LAST_NAME',
  'PHONE',
  'JOB_TITLE',
  'COUNTRY',
] as const;

/** Whether a field, named in upper case, is one of those. */
export const isStandardField = (name: string): boolean =>
  (STANDARD_FIELDS as readonly string[]).includes(name);
