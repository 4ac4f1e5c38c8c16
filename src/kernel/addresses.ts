/** E-mail addresses. */

/**
 * Exactly one mailbox, and nothing that a header or an envelope could take for more: no white space, no list, no quotes.
 * Whether it exists is for the mail server to say.
 */
export const isAddress = (text: string): boolean =>
  text.length <= 254 &&
  /^[^\s<>()[\]\\,;:"@\p{Cc}\p{Cf}]{1,64}@[^\s<>()[\]\\,;:"@\p{Cc}\p{Cf}.]+(\.[^\s<>()[\]\\,;:"@\p{Cc}\p{Cf}.]+)*$/u.test(
    text,
  );
