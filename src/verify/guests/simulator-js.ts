/** What a simulator finds in the sandbox: no library at all. It solves nothing, and what it says is printed. */
import { type Guest, GuestRefusal } from '../../sandbox/guest.ts';

export async function createGuest(): Promise<Guest> {
  return {
    backend: 'none',
    solverVersion: '',
    libraries: {},
    begin: () => ({
      call: (method) => {
        throw new GuestRefusal('TypeError', `a simulator has no solver to call ${method} of`);
      },
      record: () => ({
        status: null,
        objective: null,
        certificate: 'none',
        solution: null,
        model: null,
        solves: [],
        options: {},
        message: null,
        wallLimited: false,
      }),
    }),
    maintain: async () => undefined,
    close: () => undefined,
  };
}
