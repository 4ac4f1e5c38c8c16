/** How a login or e-mail is compared: case and Unicode spelling do not matter. */
export const keyOf = (text: string): string => text.trim().normalize('NFC').toLowerCase();
