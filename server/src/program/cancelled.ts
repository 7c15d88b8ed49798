// The only exception that crosses rooms: the caller no longer wants the answer.
export class Cancelled extends Error {
  override readonly name = 'Cancelled';
}
