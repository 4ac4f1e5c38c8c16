import { plain, type Row, UNKNOWN } from './table.ts';

/** Who may undo and cancel at all; whose operation it is, and whom it concerned, is in test/behaviour/{undo,jobs}.test.ts. */
export const undoRows: Record<string, Row> = {
  UndoOperation: plain('people', 404, () => ({ path: `/operations/${UNKNOWN}/undo` })),
  CancelOperation: plain('people', 404, () => ({ path: `/operations/${UNKNOWN}/cancel` })),
};
