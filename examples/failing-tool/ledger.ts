// The ledger that invoices are booked in. The period of the invoice is closed, and trying again does not open it.

export type Booking = { supplier: string; amount: number; currency: string };

export async function book(_booking: Booking): Promise<string> {
  throw new Error(`409 Conflict: the booking period is closed`);
}
